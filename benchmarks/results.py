"""What a suite brings home: tables, and figures for plots and ratios; printed, and kept until written up."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.contestants import ROOT

KEPT = ROOT / ".venv-bench" / "results"
IN_SIZES = ("fanout", "votes")
"""Suites whose figures are by size, one table a size."""


@dataclass
class Table:
    title: str
    columns: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    suite: str
    tables: list[Table]
    figures: dict[str, Any]
    """By name, for plots and ratios; plain values."""
    date: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))
    command: str = field(default_factory=lambda: "python -m benchmarks " + " ".join(sys.argv[1:]))

    load: str = field(default_factory=lambda: f"{os.getloadavg()[1]:.1f}")
    """The machine's load over the last five minutes: about 2 where nothing else ran."""

    origins: dict[str, list[str]] = field(default_factory=dict)
    """Of a suite in sizes that were run apart: by size its date, command and load."""

    def origin(self, size: str = "") -> list[str]:
        """Return date, command and load."""
        return self.origins.get(size, [self.date, self.command, self.load])

    def keep(self) -> None:
        """Keep it in the place of what was kept of the same suite; of a suite in sizes, size by size."""
        KEPT.mkdir(parents=True, exist_ok=True)
        shared = {"suite": self.suite, "date": self.date, "command": self.command, "load": self.load}
        if self.suite not in IN_SIZES:
            _put(self.suite, shared, self.tables, self.figures)
            return
        for table, (size, found) in zip(self.tables, self.figures.items(), strict=True):
            _put(f"{self.suite}-{int(size):05}", shared, [table], {size: found})


def _put(name: str, shared: dict[str, str], tables: list[Table], figures: dict[str, Any]) -> None:
    content = {**shared, "tables": [asdict(each) for each in tables], "figures": figures}
    (KEPT / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1))


def kept() -> dict[str, Outcome]:
    """Return the newest outcome of each suite that was kept; the sizes of a suite together."""
    found: dict[str, Outcome] = {}
    for path in sorted(KEPT.glob("*.json")):
        fields = json.loads(path.read_text())
        fields["tables"] = [Table(**each) for each in fields["tables"]]
        one = Outcome(**fields)
        if one.suite in IN_SIZES:
            one.origins = dict.fromkeys(one.figures, one.origin())
        if one.suite in found:
            before = found[one.suite]
            newest = max(before, one, key=lambda each: each.date)
            one = replace(
                newest,
                tables=before.tables + one.tables,
                figures=before.figures | one.figures,
                origins=before.origins | one.origins,
            )
        found[one.suite] = one
    return found


def show(outcome: Outcome) -> None:
    console = Console(width=None if sys.stdout.isatty() else 150)
    for table in outcome.tables:
        drawn = RichTable(*table.columns, title=table.title, title_justify="left")
        for each in drawn.columns[1:]:
            each.justify = "right"
        for row in table.rows:
            drawn.add_row(*row)
        console.print(drawn)
        for note in table.notes:
            console.print(f"  {note}", highlight=False)


def figure(value: float | None, digits: int = 3) -> str:
    """Write a number with so many digits that count; a dash where there is none."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def times(value: float | None, other: float | None) -> str:
    """Write how many times the other it is."""
    return "–" if not value or not other else f"{figure(value / other)} ×"


def percent(share: float) -> str:
    return f"{share:.0%}"


def progress(text: str) -> None:
    """Tell who waits what goes on; not part of the tables."""
    print(f"· {datetime.now(UTC):%H:%M:%S} {text}", file=sys.stderr, flush=True)
