"""Suite 7: how the service's cost grows with sockets, with ballots already stored, with choices and with rounds."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.contestants import ARENA
from benchmarks.fanout import connect
from benchmarks.results import Outcome, Table, figure, percent, progress
from benchmarks.servers import Generator, running

LISTENERS = 500
AT_ONCE = 64
VOTES_MAX = 40_000
"""Tokens for one window of votes."""


def run(
    sockets: Sequence[int], votes: Sequence[int], choices: Sequence[int], rounds: Sequence[int], passes: int,
    seconds: float,
) -> Outcome:  # fmt: skip
    figures = {
        "sockets": [_told(each, passes, seconds) for each in sockets],
        "votes": _voted(votes, seconds),
        "choices": [_told(LISTENERS, passes, seconds, choices=each) for each in choices],
        "rounds": [_told(LISTENERS, passes, seconds, rounds=each) for each in rounds],
    }
    return Outcome("growth", _tables(figures), figures)


def _told(sockets: int, passes: int, seconds: float, choices: int = 2, rounds: int = 1) -> dict[str, Any]:
    progress(f"growth: {sockets:,} sockets, {choices} choices, {rounds} rounds")
    one: dict[str, Any] = {"title": "第1回合"}
    if choices > 2:
        names = ["red", *(f"c{i}" for i in range(2, choices + 1))]
        one["choices"] = [{"key": key, "name": f"选项{i}"} for i, key in enumerate(names, 1)]
    more = [{"title": f"第{i}回合"} for i in range(2, rounds + 1)]
    with running(ARENA, rounds=[one, *more]) as server, Generator("listeners") as generator:
        connect(generator, server, sockets)
        windows = [generator.ask("window", settle=0.7, seconds=seconds) for _ in range(passes)]
        return {
            "us": median(1e6 * each["server_cpu_s"] / each["messages"] for each in windows),
            "core": median(each["server_cpu_s"] / each["seconds"] for each in windows),
            "bytes": median(each["bytes"] for each in windows),
            "generator": median(each["generator_busy"] for each in windows),
            "sockets": sockets,
            "choices": choices,
            "rounds": rounds,
        }


def _voted(stored: Sequence[int], seconds: float) -> list[dict[str, Any]]:
    """Vote over HTTP until so many ballots are stored in one round, and measure there."""
    found, standing = [], 0
    with running(ARENA) as server, Generator("http-voters") as generator:
        assert server.arena is not None
        path = f"{server.arena.path}/rounds/1/vote"
        common = {"port": server.port, "pid": server.pid, "path": path, "at_once": AT_ONCE}
        for each in stored:
            progress(f"growth: votes upon {each:,}")
            if each > standing:
                taken = generator.ask("vote", **common, tokens=server.arena.tokens(each - standing), seconds=120)
                standing += taken["votes"]
            taken = generator.ask("vote", **common, tokens=server.arena.tokens(VOTES_MAX), seconds=seconds)
            standing += taken["votes"]
            found.append(
                {
                    "x": each,
                    "us": 1e6 * taken["server_cpu_s"] / taken["votes"],
                    "per_second": taken["votes"] / taken["seconds"],
                    "p99": taken["p99"],
                }
            )
    return found


def _tables(figures: dict[str, Any]) -> list[Table]:
    told = Table(
        "Growth of a tally's cost", ["sockets", "choices", "rounds", "µs a message", "of a core", "bytes", "generator"]
    )
    for each in (*figures["sockets"], *figures["choices"], *figures["rounds"]):
        told.rows.append(
            [f"{each['sockets']:,}", str(each["choices"]), str(each["rounds"]), figure(each["us"]),
             percent(each["core"]), figure(each["bytes"], 4), percent(each["generator"])]
        )  # fmt: skip
    voted = Table(
        f"Growth of a vote's cost, HTTP, {AT_ONCE} at once", ["ballots stored", "µs of CPU a vote", "votes/s", "p99 ms"]
    )
    for each in figures["votes"]:
        voted.rows.append([f"{each['x']:,}", figure(each["us"]), figure(each["per_second"]), figure(each["p99"])])
    return [told, voted]
