"""Suite 3: durable votes a second, and how long until one is acknowledged, at 1, 64 and 1,000 voters at once."""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count
from statistics import median
from typing import Any

from benchmarks import machine
from benchmarks.contestants import ARENA, NAIVE_VOTES, RUN_DIR, lacking
from benchmarks.crowds.voters import shares
from benchmarks.results import Outcome, Table, figure, percent, progress, times
from benchmarks.servers import Generator, Server, running

POOL = {1: (200, 3), 64: (1_000, 8)}
POOL_ELSE = (2_500, 4)
"""How many sockets stand open, and in how many rounds each votes once. All are told each tally, which the peers' are
not; so as few as keep enough votes under way."""
VOTES_A_SECOND_MAX = 40_000
"""How many tokens are signed for a second of voting over HTTP; more would only be thrown away."""

WAYS = {
    "arena-http": "Pioneer Arena, HTTP",
    "arena-socket": "Pioneer Arena, WebSocket",
    "naive-http": "FastAPI + async SQLModel, HTTP",
    "naive-threads": "FastAPI + SQLModel in threads, HTTP",
    "naive-socket": "FastAPI + async SQLModel, WebSocket",
    "fsync": "floor: write and fdatasync, one after another",
}


Measure = Callable[[Server, int, float, int], dict[str, Any]]
"""Of a server, so many at once, for so long; the number of the first of a peer's voters."""


def run(levels: Sequence[int], passes: int, seconds: float, only: Sequence[str] = ()) -> Outcome:
    tables, figures, left_out = [], {}, []
    with ExitStack() as stack:
        arena = stack.enter_context(running(ARENA))
        measures: dict[str, tuple[Server, Measure]] = {
            "fsync": (arena, _fsync),
            "arena-http": (arena, _arena_http),
            "arena-socket": (arena, _arena_socket),
        }
        if why := lacking(NAIVE_VOTES):
            left_out.append(f"{NAIVE_VOTES.title} is left out: {why}.")
        else:
            naive = stack.enter_context(running(NAIVE_VOTES))
            measures |= {
                "naive-http": (naive, partial(_naive_http, "/async/votes")),
                "naive-threads": (naive, partial(_naive_http, "/votes")),
                "naive-socket": (naive, _naive_socket),
            }
        first_voter = count(1, 10_000_000)
        for level in levels:
            found: dict[str, list[dict[str, Any]]] = {}
            for number in range(passes):
                for key, (server, measure) in measures.items():
                    if (only and key not in only) or (key == "fsync" and level != 1):
                        continue
                    progress(f"votes, {level:,} at once, pass {number + 1}: {WAYS[key]}")
                    found.setdefault(key, []).append(measure(server, level, seconds, next(first_voter)))
            figures[str(level)] = {key: _summed(each) for key, each in found.items()}
            tables.append(_table(level, passes, figures[str(level)], left_out))
            Outcome("votes", tables[-1:], {str(level): figures[str(level)]}).keep()
    return Outcome("votes", tables, figures)


def _summed(passes: Sequence[dict[str, Any]]) -> dict[str, float]:
    return {
        "per_second": median(each["votes"] / each["seconds"] for each in passes),
        "us": median(1e6 * each["server_cpu_s"] / each["votes"] for each in passes),
        **{name: median(each[name] for each in passes) for name in ("p50", "p99", "max", "generator_busy")},
    }


def _arena_http(server: Server, at_once: int, seconds: float, _first: int) -> dict[str, Any]:
    """Vote in a session of its own."""
    assert server.arena is not None
    arena = server.arena.another()
    common = {"port": server.port, "pid": server.pid, "path": f"{arena.path}/rounds/1/vote", "at_once": at_once}
    with Generator("http-voters") as generator:
        generator.ask("vote", **common, tokens=arena.tokens(max(at_once, 50)), seconds=2)
        tokens = arena.tokens(int(seconds * min(VOTES_A_SECOND_MAX, 4_000 * at_once)))
        return generator.ask("vote", **common, tokens=tokens, seconds=seconds)


def _arena_socket(server: Server, at_once: int, _seconds: float, _first: int) -> dict[str, Any]:
    """Let many open sockets vote in several rounds, each once in each; so many votes are under way at a time."""
    assert server.arena is not None
    sockets, rounds = POOL.get(at_once, POOL_ELSE)
    arena = server.arena.another(rounds=[{"title": f"第{i}回合"} for i in range(1, rounds + 2)])
    path = ARENA.path.format(code=arena.code)
    with Generator("socket-voters") as generator:
        common = {"port": server.port, "pid": server.pid, "path": path, "sockets": sockets}
        generator.ask("connect", **common, tokens=arena.tokens(sockets))
        taken = []
        for number in range(1, rounds + 2):
            if number > 1:
                arena.command(number - 1, "lock")
                arena.command(number, "open")
            taken.append(generator.ask("vote", round=number, at_once=at_once))
    taken = taken[1:]  # the first round warms it
    return {
        **{name: sum(each[name] for each in taken) for name in ("votes", "seconds", "server_cpu_s")},
        **{name: median(each[name] for each in taken) for name in ("p50", "p99", "generator_busy")},
        "max": max(each["max"] for each in taken),
    }


def _naive_http(path: str, server: Server, at_once: int, seconds: float, first: int) -> dict[str, Any]:
    with Generator("http-voters") as generator:
        common = {"port": server.port, "pid": server.pid, "path": path, "at_once": at_once, "first": first}
        generator.ask("vote", **common, seconds=0.2)
        return generator.ask("vote", **common, seconds=seconds)


def _naive_socket(server: Server, at_once: int, seconds: float, first: int) -> dict[str, Any]:
    with Generator("socket-voters") as generator:
        common = {"port": server.port, "pid": server.pid, "path": server.path}
        generator.ask("connect", **common, sockets=at_once, first=first)
        generator.ask("again", seconds=0.2)
        return generator.ask("again", seconds=seconds)


def _fsync(_server: Server, _at_once: int, seconds: float, _first: int) -> dict[str, Any]:
    """Append 200 bytes and wait for the disk, one after another."""
    waits = []
    RUN_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=RUN_DIR) as file:
        usage, ends = machine.Usage(os.getpid()), time.monotonic() + min(seconds, 1.0)
        while (began := time.monotonic()) < ends:
            os.write(file.fileno(), b"\0" * 200)
            os.fdatasync(file.fileno())
            waits.append(time.monotonic() - began)
        taken_s, (cpu,) = usage.taken()
    return {"votes": len(waits), "seconds": taken_s, "server_cpu_s": cpu, "generator_busy": 0, **shares(sorted(waits))}


def _table(level: int, passes: int, figures: dict[str, Any], left_out: list[str]) -> Table:
    table = Table(
        f"Durable votes, {level:,} under way at once, median of {passes}",
        ["way", "votes/s", "to the naive one", "p50 ms", "p99 ms", "worst ms", "µs of CPU a vote", "generator"],
    )
    for key, title in WAYS.items():
        if key in figures:
            each = figures[key]
            naive = {"arena-http": "naive-http", "arena-socket": "naive-socket"}.get(key)
            table.rows.append(
                [
                    title,
                    figure(each["per_second"]),
                    times(each["per_second"], figures.get(naive, {}).get("per_second")) if naive else "",
                    *(figure(each[name]) for name in ("p50", "p99", "max", "us")),
                    percent(each["generator_busy"]),
                ]
            )
    table.notes = [
        "Each vote is of another voter. Pioneer Arena checks a signed token, makes a receipt, extends the chained "
        "ledger "
        f"and tells the tally to every open socket ({POOL.get(level, POOL_ELSE)[0]:,}).",
        *left_out,
    ]
    return table
