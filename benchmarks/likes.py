"""Suite 5: likes over open sockets at a fixed pace, each answered. The service's are durable, the peer's in memory."""

from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median
from typing import Any

from benchmarks.contestants import ARENA, NAIVE_LIKES, Contestant
from benchmarks.fanout import taking_part
from benchmarks.results import Outcome, Table, figure, percent, progress, times
from benchmarks.servers import Generator, Server, running

EACH_PER_SECOND = 30
"""Of one phone: above what it may send for long (20), within its burst of 100, so that few sockets bring many likes
and the tallies that they are told in turn weigh little."""
WINDOW_SECONDS_MAX = 5.0


def run(per_second: int, passes: int, seconds: float, only: Sequence[str] = ()) -> Outcome:
    contestants, left_out = taking_part((ARENA, NAIVE_LIKES), 1, only)
    seconds = min(seconds, WINDOW_SECONDS_MAX)
    found: dict[str, list[dict[str, float]]] = {}
    with ExitStack() as stack:
        stage: list[tuple[Contestant, Server, Generator]] = []
        for each in contestants:
            server = stack.enter_context(running(each, rounds=[{"title": "点赞", "likes_per_second": 50}]))
            stage.append((each, server, stack.enter_context(Generator("likers"))))
        for number in range(passes):
            for each, server, generator in stage:
                progress(f"likes, pass {number + 1}: {each.title}")
                found.setdefault(each.key, []).append(like(server, generator, per_second, seconds))
    figures = {key: {name: median(each[name] for each in all_) for name in all_[0]} for key, all_ in found.items()}
    return Outcome("likes", [_table(per_second, passes, figures, left_out)], figures)


def like(server: Server, generator: Generator, per_second: int, seconds: float) -> dict[str, float]:
    sockets = max(1, per_second // EACH_PER_SECOND)
    tokens = {"tokens": server.arena.tokens(sockets)} if server.arena else {}
    generator.ask("connect", port=server.port, pid=server.pid, path=server.path, sockets=sockets, **tokens)
    taken = generator.ask("like", per_second=per_second, seconds=seconds)
    return {
        "us": 1e6 * taken["server_cpu_s"] / taken["likes"],
        "per_second": taken["likes"] / taken["seconds"],
        "core": taken["server_cpu_s"] / taken["seconds"],
        "unanswered": taken["sent"] - taken["likes"],
        "generator": taken["generator_busy"],
    }


def _table(per_second: int, passes: int, figures: dict[str, Any], left_out: list[str]) -> Table:
    table = Table(
        f"{per_second:,} messages of likes a second over sockets, median of {passes}",
        ["server", "µs of CPU each", "to Arena", "answered/s", "unanswered", "of a core", "generator"],
    )
    own = figures.get(ARENA.key, {}).get("us")
    for title, key in ((f"{ARENA.title}, committed", ARENA.key), (f"{NAIVE_LIKES.title}, in memory", NAIVE_LIKES.key)):
        if key in figures:
            each = figures[key]
            row = [figure(each["us"]), times(each["us"], own), figure(each["per_second"]), figure(each["unanswered"])]
            table.rows.append([title, *row, percent(each["core"]), percent(each["generator"])])
    table.notes = left_out
    return table
