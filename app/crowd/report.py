"""What a crowd found, as values and as a page of text.

`CrowdReport.ok` is what the command's exit code says. Nothing here asks the service.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.table import Table

from app.crowd.check import bounds_of
from app.crowd.history import Event
from app.crowd.options import LikeMark, Progress, ProgressSink, Reading, RunKey


class Percentiles(NamedTuple):
    """Milliseconds."""

    number: int
    p50: float
    p99: float
    most: float


class RunFigures(NamedTuple):
    """One run in the end: what was acknowledged beside what is counted."""

    round: int
    run: int
    phase: str
    choice: str
    votes_acked: int
    votes_unknown: int
    votes_counted: int | None
    likes_acked: int
    likes_sent: int
    likes_counted: int | None

    @classmethod
    def of(
        cls,
        history: Sequence[Event],
        likes: Mapping[RunKey, Mapping[int, LikeMark]],
        base: Mapping[RunKey, Reading],
        readings: Mapping[RunKey, Reading],
    ) -> "list[RunFigures]":
        bounds = bounds_of(history)
        figures = []
        for key in sorted({*bounds, *likes, *readings}):
            reading, before, bound = readings.get(key), base.get(key), bounds.get(key)
            marks = likes.get(key, {}).values()
            choices = {choice: None for mark in marks for choice in mark.sent}
            choices |= dict.fromkeys((*bound.acked, *bound.unknown) if bound else ())
            names = list(reading.votes) if reading else sorted(choices)
            figures += [
                cls(
                    *key,
                    reading.phase if reading else "?",
                    choice,
                    bound.acked.get(choice, 0) if bound else 0,
                    bound.unknown.get(choice, 0) if bound else 0,
                    reading.votes[choice] - (before.votes.get(choice, 0) if before else 0) if reading else None,
                    sum(mark.acked.get(choice, 0) for mark in marks),
                    sum(mark.sent.get(choice, 0) for mark in marks),
                    reading.likes[choice] - (before.likes.get(choice, 0) if before else 0) if reading else None,
                )
                for choice in names
            ]
        return figures


@dataclass(frozen=True, slots=True)
class CrowdReport:
    """The end of a simulation."""

    voters: int
    joined: int
    played_s: float
    cpu_share: float
    """CPU of the crowd's own process by time: near 1 the latencies tell of the crowd, not of the service."""
    counts: Mapping[str, int]
    refusals: Mapping[str, int]
    closes: Mapping[int, int]
    vote_ms: Percentiles
    like_ms: Percentiles
    runs: Sequence[RunFigures]
    converged_s: float | None
    """How long after the end the tally held all that was acknowledged; None where it did not."""
    problems: Sequence[str]
    notes: Sequence[str] = ()
    unchecked: int = 0
    """How many runs were played that could not be read in the end; the notes say why."""

    @property
    def ok(self) -> bool:
        """Say whether nothing was found wrong; `unchecked` says how much could not be looked at."""
        return not self.problems


def percentiles(values: Sequence[float]) -> Percentiles:
    """Return the median, the 99th percentile (nearest rank) and the greatest."""
    if not values:
        return Percentiles(0, 0.0, 0.0, 0.0)
    ordered = sorted(values)
    number = len(ordered)
    return Percentiles(number, ordered[(number - 1) // 2], ordered[-(-number * 99 // 100) - 1], ordered[-1])


def print_report(console: Console, report: CrowdReport) -> None:
    """Print a report for people."""

    def say(text: str) -> None:
        console.print(text, highlight=False)

    counts = report.counts
    get = counts.get
    console.print()
    say(
        f"[bold]{report.joined:,}[/] of {report.voters:,} voters joined and played {report.played_s:.1f} s; "
        f"{get('sockets_opened', 0):,} sockets opened, {get('frames', 0):,} frames read, "
        f"{get('polls', 0):,} polls ({get('polls_unchanged', 0):,} unchanged). "
        f"The crowd used {report.cpu_share:.0%} of a core."
    )
    say(
        f"Votes: {get('vote_invoke', 0):,} cast, {get('vote_ok', 0):,} receipts "
        f"({get('repeats', 0):,} of them repeats), {get('vote_fail', 0):,} refused, "
        f"{get('vote_unknown', 0):,} unknown; "
        f"{get('double_taps', 0):,} double taps, {get('retries', 0):,} retries, "
        f"{get('unanswered', 0):,} tries unanswered."
    )
    say(
        f"Acknowledged in: votes p50 {report.vote_ms.p50:.1f} ms, p99 {report.vote_ms.p99:.1f} ms; "
        f"likes p50 {report.like_ms.p50:.1f} ms, p99 {report.like_ms.p99:.1f} ms "
        f"({get('likes_acked', 0):,} likes in {report.like_ms.number:,} batches, "
        f"{get('clipped', 0):,} clipped)."
    )
    if report.runs:
        console.print(_table(report.runs))
    for title, found in (("Refusals", report.refusals), ("Sockets closed with", report.closes)):
        if found:
            say(f"{title}: " + ", ".join(f"{name} × {number:,}" for name, number in found.items()))
    for note in report.notes:
        say(f"[dim]Note: {escape(note)}[/]")
    if report.ok and report.unchecked:
        say(f"[bold yellow]Nothing wrong was found, but {report.unchecked} runs could not be checked.[/]")
        return
    if report.ok:
        took = f" (after {report.converged_s:.1f} s)" if report.converged_s is not None else ""
        say(f"[bold green]Every acknowledged vote and like is counted, once.[/]{took}")
        return
    say(f"[bold red]{len(report.problems)} problems:[/]")
    for problem in report.problems[:40]:
        say(f"[red]· {escape(problem)}[/]")
    if len(report.problems) > 40:
        say(f"[red]· and {len(report.problems) - 40} more[/]")


@contextmanager
def progress_bar(console: Console, seconds: float) -> Iterator[ProgressSink]:
    """Show a progress bar while the block runs; gives the function that `simulate` calls."""
    columns = (
        TextColumn("{task.fields[stage]:<9}"),
        BarColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[figures]}"),
    )
    with RichProgress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=seconds, stage="joining", figures="")

        def show(at: Progress) -> None:
            figures = f"{at.online:,}/{at.joined:,} online · {at.votes:,} votes · {at.likes:,} likes"
            figures += f" · {at.refused:,} refused"
            if at.reconnects:
                figures += f" · {at.reconnects:,} reconnects"
            bar.update(task, completed=min(at.elapsed_s, seconds), stage=at.stage, figures=figures)

        yield show


def _table(runs: Sequence[RunFigures]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("round", "phase", "choice"):
        table.add_column(name)
    for name in ("votes acked", "unknown", "counted", "likes acked", "sent", "counted"):
        table.add_column(name, justify="right")
    for row in runs:
        table.add_row(
            f"{row.round}·{row.run}",
            row.phase,
            row.choice,
            f"{row.votes_acked:,}",
            f"{row.votes_unknown:,}",
            "hidden" if row.votes_counted is None else f"{row.votes_counted:,}",
            f"{row.likes_acked:,}",
            f"{row.likes_sent:,}",
            "hidden" if row.likes_counted is None else f"{row.likes_counted:,}",
        )
    return table
