"""`python -m benchmarks SUITE`: run one suite, all of them, or write up what was kept."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from benchmarks import machine
from benchmarks.results import Outcome, progress, show
from benchmarks.servers import BenchmarkError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Benchmarks beside peers and the floor.")

OF_THE_RATIOS = ["floor", "arena", "ws", "fastapi", "fastapi-deflate", "socketio"]
"""Whom the fan-out to 10,000 is compared with; to open 10,000 sockets of all takes minutes."""

Passes = Annotated[int, typer.Option(min=1, help="Passes over all contestants; the median stands.")]
Seconds = Annotated[float, typer.Option(min=0.2, help="Length of a window.")]
Only = Annotated[list[str] | None, typer.Option(help="Contestants by key; all where none is named.")]


@app.callback()
def _benchmarks() -> None:
    """Measure the service beside its peers."""


def _done(outcome: Outcome) -> None:
    show(outcome)
    outcome.keep()


@app.command()
def fanout(
    sockets: Annotated[list[int] | None, typer.Option(help="How many; may be given more than once.")] = None,
    passes: Passes = 3,
    seconds: Seconds = 2,
    only: Only = None,
) -> None:
    """Suite 1: CPU for each tally delivered to many sockets."""
    from benchmarks.fanout import run

    _done(run(sockets or [1_000, 10_000], passes, seconds, only or ()))


@app.command()
def connections(
    sockets: Annotated[int, typer.Option(help="How many are opened.")] = 2_000, passes: Passes = 3, only: Only = None
) -> None:
    """Suite 2: handshakes a second and memory a connection."""
    from benchmarks.connections import run

    _done(run(sockets, passes, only or ()))


@app.command()
def votes(
    voters: Annotated[list[int] | None, typer.Option(help="How many at once; may be given more than once.")] = None,
    passes: Passes = 3,
    seconds: Seconds = 2,
    only: Only = None,
) -> None:
    """Suite 3: durable votes a second and the time to their acknowledgement."""
    from benchmarks.votes import run

    _done(run(voters or [1, 64, 1_000], passes, seconds, only or ()))


@app.command()
def polling(passes: Passes = 3, seconds: Seconds = 2, only: Only = None) -> None:
    """Suite 4: polling, 200 and 304."""
    from benchmarks.polling import run

    _done(run(passes, seconds, only or ()))


@app.command()
def likes(
    per_second: Annotated[int, typer.Option(min=30, help="Messages a second.")] = 6_000,
    passes: Passes = 3,
    seconds: Seconds = 3,
    only: Only = None,
) -> None:
    """Suite 5: likes over sockets."""
    from benchmarks.likes import run

    _done(run(per_second, passes, seconds, only or ()))


@app.command()
def blocking(
    sockets: Annotated[int, typer.Option(help="How many listen.")] = 10_000, passes: Passes = 3, seconds: Seconds = 3
) -> None:
    """How long a tick holds the loop, and what clients that never read do to others."""
    from benchmarks.blocking import run

    _done(run(sockets, passes, seconds))


@app.command()
def evening(
    phones: Annotated[int, typer.Option(min=10, max=19_000)] = 19_000,
    seconds: Annotated[float, typer.Option(min=20, help="Of the rounds; the arrivals come before.")] = 90,
    rounds: Annotated[int, typer.Option(min=1, max=20)] = 2,
    likes: Annotated[int, typer.Option(help="Over the whole evening.")] = 60_000,
    per_second: Annotated[int, typer.Option(help="Arrivals a second before the first round.")] = 800,
    tick_ms: Annotated[int, typer.Option(help="ARENA_TICK_MS; its default is 200.")] = 200,
) -> None:
    """Suite 6: one whole evening."""
    from benchmarks.evening import Evening, run

    _done(run(Evening(phones, seconds, rounds, tick_ms, likes, per_second)))


@app.command()
def pixels(votes: Annotated[int, typer.Option(min=1, help="One at a time.")] = 40) -> None:
    """From a vote's acknowledgement to the overlay's pixel, in Chromium."""
    from benchmarks.pixels import run

    _done(run(votes))


@app.command()
def growth(
    full: Annotated[bool, typer.Option("--full", help="Up to 19,000 sockets and 100,000 ballots.")] = False,
) -> None:
    """Suite 7: how cost grows."""
    from benchmarks.growth import run

    if full:
        sizes, stored = [500, 2_000, 5_000, 10_000, 19_000], [0, 20_000, 50_000, 100_000]
        _done(run(sizes, stored, [2, 8, 16, 32, 64], [1, 10, 50, 100], passes=3, seconds=3))
    else:
        _done(run([500, 2_000, 5_000], [0, 20_000, 40_000], [2, 16, 64], [1, 10, 100], passes=1, seconds=2))


@app.command()
def processes(
    workers: Annotated[int, typer.Option(min=2, max=16, help="Of the arena, each on its own port.")] = 4,
    passes: Passes = 3,
    seconds: Seconds = 4,
) -> None:
    """Suite 8: several processes against one, on PostgreSQL and Redis."""
    from benchmarks.processes import run

    _done(run(workers, passes, seconds))


@app.command()
def write() -> None:
    """Write what was kept into RESULTS.md, docs/performance.md and the plots."""
    from benchmarks.report import write as write_up

    for path in write_up():
        typer.echo(path)


@contextmanager
def _timed(part: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    progress(f"{part} took {time.monotonic() - began:.0f} s")


@app.command("all")
def all_(
    full: Annotated[bool, typer.Option("--full", help="All sizes, 19,000 sockets, ten minutes of evening.")] = False,
) -> None:
    """Run all suites, then write them up. Under ten minutes in two passes; about forty with --full, in three."""
    passes = 3 if full else 2
    with _timed("fanout"):
        if full:
            fanout(sockets=[1_000, 10_000, 19_000], passes=passes, seconds=4)
        else:
            fanout(sockets=[1_000], passes=passes, seconds=1)
            fanout(sockets=[10_000], passes=passes, seconds=2, only=OF_THE_RATIOS)
    with _timed("connections"):
        connections(sockets=5_000 if full else 1_500, passes=passes)
    with _timed("votes"):
        votes(passes=passes, seconds=5 if full else 1)
    with _timed("polling"):
        polling(passes=passes, seconds=4 if full else 1)
    with _timed("likes"):
        likes(passes=passes, seconds=4 if full else 2)
    with _timed("blocking"):
        blocking(passes=passes, seconds=5 if full else 2)
    with _timed("evening"):
        # The same intensity in both: 670 likes a second, each phone a vote a round.
        evening(seconds=600 if full else 90, rounds=4 if full else 2, likes=400_000 if full else 60_000)
    if full:
        try:
            pixels()
        except BenchmarkError as missing:
            progress(f"pixels are left out: {missing}")
    with _timed("growth"):
        growth(full=full)
    if full:
        with _timed("processes"):
            processes(passes=passes)
    write()


if __name__ == "__main__":
    # Told to stop, it still stops the servers that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    machine.raise_open_files()
    app()
