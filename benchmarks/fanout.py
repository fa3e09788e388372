"""Suite 1: one changed tally to many sockets, five times a second. CPU of the server for each message delivered.

All contestants stand with their sockets open, and tell in turns: A B C A B C. So each window of one lies beside the
windows of the others, whatever else the machine does meanwhile.
"""

import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contestants import ARENA, FLOOR, RUN_DIR, SOCKETS, Contestant, lacking
from benchmarks.results import Outcome, Table, figure, percent, progress, times
from benchmarks.servers import BenchmarkError, Generator, Server, running


def run(sizes: Sequence[int], passes: int, seconds: float, only: Sequence[str] = ()) -> Outcome:
    tables, figures = [], {}
    for size in sizes:
        measured, left_out = _measure(size, passes, seconds, only)
        figures[str(size)] = measured
        tables.append(_table(size, passes, measured, left_out))
        Outcome("fanout", tables[-1:], {str(size): measured}).keep()  # whatever becomes of the next size
    return Outcome("fanout", tables, figures)


def taking_part(
    contestants: Sequence[Contestant], size: int, only: Sequence[str]
) -> tuple[list[Contestant], list[str]]:
    """Return who takes part, and a sentence on each who does not."""
    found, left_out = [], []
    for each in contestants:
        if only and each.key not in only:
            continue
        if why := lacking(each):
            left_out.append(f"{each.title} is left out: {why}.")
        elif size > each.sockets_max:
            left_out.append(f"{each.title} is left out: it is measured with at most {each.sockets_max:,} sockets.")
        else:
            found.append(each)
    return found, left_out


def tally_payload(server: Server | None = None) -> Path:
    """Take the public tally of a service, for the others to tell; without one, of one that is run for it."""
    if server is None:
        with running(ARENA) as own:
            return tally_payload(own)
    assert server.arena is not None
    document = server.arena.ask("GET", f"{server.arena.path}/tally?token={server.arena.tokens(1)[0]}")
    document.pop("staff", None)
    path = RUN_DIR / "tally.json"
    path.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")))
    return path


def _measure(size: int, passes: int, seconds: float, only: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    contestants, left_out = taking_part(SOCKETS, size, only)
    payload = tally_payload()
    windows: dict[str, list[dict[str, Any]]] = {}
    with ExitStack() as stack:
        stage: list[tuple[Server, Generator]] = []
        for each in contestants:
            progress(f"fan-out, {size:,} sockets: {each.title} opens them")
            try:
                server = stack.enter_context(running(each, payload))
                generator = stack.enter_context(Generator("listeners"))
                connect(generator, server, size)
            except BenchmarkError as error:
                left_out.append(f"{each.title} is left out: {error}.")
                continue
            stage.append((server, generator))
        for number in range(passes):
            for server, generator in stage:
                progress(f"fan-out, {size:,} sockets, pass {number + 1}: {server.contestant.title}")
                windows.setdefault(server.contestant.key, []).append(_tell(server, generator, seconds))
    return {key: _summed(taken, size) for key, taken in windows.items()}, left_out


def _tell(server: Server, generator: Generator, seconds: float) -> dict[str, Any]:
    """Let a server tell for so long, and wait until it has told all: one slower than 5 Hz may be in the midst of it."""
    generator.ask("begin", seconds=seconds)
    server.turn_telling()
    try:
        time.sleep(seconds)
    finally:
        server.turn_telling()
    return {**generator.ask("finish"), "told_s": seconds}


def connect(generator: Generator, server: Server, size: int, **more: Any) -> dict[str, Any]:
    """Open so many sockets; where it is the service, also a phone whose taps make news."""
    if server.arena is not None:
        more.setdefault("tapper", server.arena.tokens(1)[0])
    return generator.ask(
        "connect",
        port=server.port,
        pid=server.pid,
        path=server.path,
        sockets=size,
        deflate=server.contestant.deflate,
        greeting=server.contestant.greeting,
        **more,
    )


def _summed(windows: Sequence[dict[str, Any]], size: int) -> dict[str, float]:
    each_us = [1e6 * each["server_cpu_s"] / each["messages"] for each in windows if each["messages"]]
    return {
        "us": median(each_us) if each_us else 0.0,
        "us_min": min(each_us, default=0.0),
        "us_max": max(each_us, default=0.0),
        "hz": median(each["messages"] / max(each["told_s"], each["seconds"]) / size for each in windows),
        "core": median(each["server_cpu_s"] / max(each["told_s"], each["seconds"]) for each in windows),
        "generator": median(each["generator_busy"] for each in windows),
        "bytes": median(each["bytes"] for each in windows),
    }


def _table(size: int, passes: int, measured: dict[str, Any], left_out: list[str]) -> Table:
    table = Table(
        f"Fan-out to {size:,} sockets at 5 Hz, median of {passes}",
        [
            "server",
            "µs a message",
            "min to max",
            "to the floor",
            "to Arena",
            "told, Hz",
            "of a core",
            "bytes",
            "generator",
        ],
    )
    floor, own = (measured.get(each.key, {}).get("us") for each in (FLOOR, ARENA))
    for each in SOCKETS:
        if each.key in measured:
            found = measured[each.key]
            table.rows.append(
                [
                    each.title,
                    figure(found["us"]),
                    f"{figure(found['us_min'])} to {figure(found['us_max'])}",
                    times(found["us"], floor),
                    times(found["us"], own),
                    figure(found["hz"]),
                    percent(found["core"]),
                    figure(found["bytes"], 4),
                    percent(found["generator"]),
                ]
            )
    table.notes = [
        "Pioneer Arena's include ten durable likes a second, which make the news, and building the document.",
        *left_out,
    ]
    return table
