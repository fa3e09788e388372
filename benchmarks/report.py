"""Writes up what was kept: benchmarks/RESULTS.md, newest first, the ratios in docs/performance.md, and the plots."""

import importlib.metadata
import json
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks import machine, plots, ratios
from benchmarks.contestants import BENCH_PYTHON, HERE, ROOT, node
from benchmarks.results import Table, kept

RESULTS = HERE / "RESULTS.md"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- ratios: written by `make bench` -->", "<!-- end of ratios -->"
HEADING = """# Results, newest first

Written by `python -m benchmarks write`; docs/performance.md says what is measured and how to read it. Each table names
its load: ratios count, absolute figures move from day to day.
"""
ORDER = ("fanout", "connections", "votes", "polling", "likes", "blocking", "evening", "pixels", "growth", "processes")
PACKAGES = ("fastapi", "uvicorn", "uvloop", "websockets", "sqlalchemy", "orjson")
PEERS = ("fastapi", "uvicorn", "sqlmodel", "python-socketio", "channels", "daphne", "aiosqlite")
NODE_PACKAGES = ("ws", "socket.io", "fastify")


def versions() -> str:
    own = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    peers = []
    if BENCH_PYTHON.exists():
        code = f"import importlib.metadata as m; print(*(f'{{n}} {{m.version(n)}}' for n in {PEERS!r}), sep=', ')"
        peers.append(
            subprocess.run([BENCH_PYTHON, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        )
    if node():
        peers.append(
            "Node " + subprocess.run([node(), "-v"], capture_output=True, text=True, check=True).stdout.strip()
        )
        for name in NODE_PACKAGES:
            path = HERE / "node_modules" / name / "package.json"
            if path.exists():
                peers.append(f"{name} {json.loads(path.read_text())['version']}")
    return f"Service: {own}. Peers: {', '.join(peers) or 'none installed'}."


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _table(table: Table) -> str:
    notes = "".join(f"\n\n{note}" for note in table.notes)
    return f"### {table.title}\n\n{markdown(table.columns, table.rows)}{notes}\n"


def write() -> list[Path]:
    """Write all up; return the files.

    Raises:
        FileNotFoundError: nothing was kept.
    """
    outcomes = kept()
    if not outcomes:
        raise FileNotFoundError("Nothing was measured yet: run `make bench`.")
    newest = max(each.date for each in outcomes.values())
    stands = (
        f"Machine: {machine.described()}, server on core {machine.cores()[0]}, generator on core {machine.cores()[1]}."
    )
    judged = markdown(ratios.COLUMNS, ratios.rows(outcomes))
    section = [f"## {newest}", stands, versions(), "### The ratios", judged]
    for suite in ORDER:
        if suite in outcomes:
            outcome = outcomes[suite]
            for i, table in enumerate(outcome.tables):
                sizes = list(outcome.origins)
                date, command, load = outcome.origin(sizes[i] if sizes else "")
                section += [_table(table).rstrip(), f"`{command}`, {date}, load {load}"]
    _put_first("\n\n".join(section) + "\n", newest)
    _put_ratios(f"Date: {newest}. {stands} {versions()}\n\n{judged}")
    return [RESULTS, PAGE, *plots.draw(outcomes)]


def _put_first(section: str, date: str) -> None:
    """Put a section before the earlier ones, in the place of one of the same date."""
    earlier = RESULTS.read_text().partition("\n## ")[2] if RESULTS.exists() else ""
    sections = [f"## {each}" for each in earlier.split("\n## ") if each]
    kept_sections = [each.rstrip() for each in sections if not each.startswith(f"## {date}")]
    RESULTS.write_text("\n\n".join([HEADING.rstrip(), section.rstrip(), *kept_sections]) + "\n")


def _put_ratios(content: str) -> None:
    if PAGE.exists() and BEGIN in (page := PAGE.read_text()):
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{content}\n{END}{rest.partition(END)[2]}")
