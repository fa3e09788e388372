"""The plots of the documentation, from kept outcomes: suites 1, 3, 6 and 7."""

from pathlib import Path
from typing import Any

from benchmarks import svg
from benchmarks.contestants import ARENA, ROOT, SOCKETS
from benchmarks.results import Outcome
from benchmarks.votes import WAYS

PLOTS = ROOT / "docs" / "plots"


def draw(outcomes: dict[str, Outcome], directory: Path = PLOTS) -> list[Path]:
    """Draw what there is; return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    drawn = []
    for suite, plot in {"fanout": _fanout, "votes": _votes, "evening": _evening, "growth": _growth}.items():
        if suite in outcomes:
            path = directory / f"{suite}.svg"
            path.write_text(plot(outcomes[suite].figures))
            drawn.append(path)
    return drawn


def _fanout(figures: dict[str, Any]) -> str:
    groups = []
    for size, found in figures.items():
        rows = [(each.title, found[each.key]["us"], each is ARENA) for each in SOCKETS if each.key in found]
        groups.append((f"{int(size):,} sockets", rows))
    return svg.bars("A tally to many sockets, five times a second", "µs of the server's CPU for each message", groups)


def _votes(figures: dict[str, Any]) -> str:
    groups = []
    for level, found in figures.items():
        rows = [
            (title, found[key]["per_second"], key.startswith("arena")) for key, title in WAYS.items() if key in found
        ]
        groups.append((f"{int(level):,} voters at once", rows))
    return svg.bars("Durable votes", "acknowledged votes a second, each committed with synchronous=FULL", groups)


def _evening(figures: dict[str, Any]) -> str:
    samples, seconds = figures["samples"], figures["by_second"]
    width, last = svg.WIDTH - 110.0, max(at for at, *_ in samples)
    title = f"One evening of {figures['phones']:,} phones"
    panels = {
        "Service, % of one core": [(at, 100 * share) for at, share, _ in samples if at >= 0],
        "Votes acknowledged, a second": [(at, votes) for at, _, votes in seconds],
        "From a vote's acknowledgement to the overlay, worst of the second, ms": [
            (at, worst) for at, worst, _ in seconds
        ],
    }
    parts = [svg.text(16, 26, title, 16, weight="bold")]
    for i, (name, rows) in enumerate(panels.items()):
        parts += svg.panel((70, 70 + 200 * i, width, 130), name, "seconds", [("", rows)], dots=False, x_high=last)
    parts.append(svg.text(70 + figures["storm_at"] / last * width, 62, "▼ storm", 11, "middle"))
    return svg.document(650, parts, title)


def _growth(figures: dict[str, Any]) -> str:
    width, height = svg.WIDTH / 2 - 90, 170.0
    boxes = [(60 + column * svg.WIDTH / 2, 80 + row * 270.0, width, height) for row in (0, 1) for column in (0, 1)]
    title = "How cost grows"
    parts = [svg.text(16, 26, title, 16, weight="bold")]
    told = [("sockets", "sockets"), ("choices", "choices, 500 sockets"), ("rounds", "rounds, 500 sockets")]
    for box, (key, name) in zip((boxes[0], boxes[2], boxes[3]), told, strict=True):
        rows = sorted((each[key], 100 * each["core"]) for each in figures[key])
        parts += svg.panel(box, "Tallies at 5 Hz, % of one core", name, [("", rows)])
    rows = [(each["x"], each["us"]) for each in figures["votes"]]
    parts += svg.panel(boxes[1], "µs of CPU a vote, 64 at once", "ballots stored in the round", [("", rows)])
    return svg.document(590, parts, title)
