"""Suite 2: handshakes a second, and what an open connection takes of memory. Each pass starts every server anew."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.contestants import ARENA, SOCKETS, Contestant
from benchmarks.fanout import connect, taking_part, tally_payload
from benchmarks.results import Outcome, Table, figure, percent, progress, times
from benchmarks.servers import Generator, running

WARM = 100
"""Sockets before those that are measured: what a server loads at its first ones is not theirs."""
PHONES = "arena-phones"


def run(sockets: int, passes: int, only: Sequence[str] = ()) -> Outcome:
    contestants, left_out = taking_part(SOCKETS, min(sockets, 1_000), only)
    payload = tally_payload()
    found: dict[str, list[dict[str, float]]] = {}
    for number in range(passes):
        for each in contestants:
            progress(f"connections, pass {number + 1}: {each.title}")
            found.setdefault(each.key, []).append(_open(each, payload, min(sockets, each.sockets_max)))
            if each is ARENA:
                found.setdefault(PHONES, []).append(_open(each, payload, sockets, phones=True))
    figures = {key: {name: median(each[name] for each in taken) for name in taken[0]} for key, taken in found.items()}
    return Outcome("connections", [_table(sockets, passes, figures, left_out)], figures)


def _open(contestant: Contestant, payload: Any, sockets: int, phones: bool = False) -> dict[str, float]:
    with running(contestant, payload) as server, Generator("listeners") as generator:
        tokens = server.arena.tokens(WARM + sockets) if phones and server.arena else []
        warm = connect(generator, server, WARM, **({"tokens": tokens[:WARM]} if tokens else {}))
        more: dict[str, Any] = {"tokens": tokens[WARM:]} if tokens else {}
        if server.arena is not None:
            more["tapper"] = server.arena.tokens(1)[0]
        taken = connect(generator, server, sockets, **more)
        generator.ask("window", settle=0.3, seconds=0.2)
        return {
            "per_second": sockets / taken["seconds"],
            "us": 1e6 * taken["server_cpu_s"] / sockets,
            "kb": (taken["resident_kb"] - warm["resident_kb"]) / sockets,
            "generator": taken["generator_busy"],
        }


def _table(sockets: int, passes: int, figures: dict[str, Any], left_out: list[str]) -> Table:
    table = Table(
        f"{sockets:,} handshakes, median of {passes}",
        ["server", "µs of CPU each", "to Arena", "handshakes/s", "kB a connection", "generator"],
    )
    own = figures.get(ARENA.key, {}).get("us")
    rows = [(each.key, each.title) for each in SOCKETS]
    rows.insert(2, (PHONES, "Pioneer Arena, each says hello"))
    for key, title in rows:
        if key in figures:
            each = figures[key]
            table.rows.append(
                [
                    title,
                    figure(each["us"]),
                    times(each["us"], own),
                    figure(each["per_second"]),
                    figure(each["kb"]),
                    percent(each["generator"]),
                ]
            )
    table.notes = [
        "64 at a time. Pioneer Arena's and Socket.IO's include the first message; Pioneer Arena's also telling those "
        "who are there, once a second, how many have come.",
        *left_out,
    ]
    return table
