"""How long the loop is held by a tick, and whether one who never reads delays others. The service only.

How long it is held is measured in the service's own process, step by step of its tasks (benchmarks/watched.py): by the
clock, and by the CPU of the loop's thread, which no neighbour spoils. Beside it a probe of its own process, which goes
before everything else on the generator's core, asks `/healthz` a hundred times a second and notes how old each tally is
when it comes.
"""

from statistics import median
from typing import Any

from benchmarks.contestants import ARENA, RUN_DIR
from benchmarks.fanout import connect
from benchmarks.results import Outcome, Table, figure, progress
from benchmarks.servers import Generator, Server, running
from benchmarks.watched import steps_of

STALLED = 50
TICKS = ("arena-ticker", "arena-tick")
"""The tasks that tell: the tick's own, and those that it begins."""
STEPS = RUN_DIR / "steps.json"
TITLES = {
    "idle": "no ticks",
    "ticks": "a tick each 200 ms",
    "stalled": f"the same, {STALLED} more who never read",
}


def run(sockets: int, passes: int, seconds: float) -> Outcome:
    found: dict[str, list[dict[str, float]]] = {key: [] for key in TITLES}
    RUN_DIR.mkdir(parents=True, exist_ok=True)
    with (
        running(ARENA, watched=STEPS) as server,
        Generator("listeners") as listeners,
        Generator("probe") as probe,
    ):
        progress(f"blocking: {sockets:,} sockets")
        connect(listeners, server, sockets)
        for number in range(passes):
            progress(f"blocking: pass {number + 1}")
            found["idle"].append(_probed(server, probe, seconds))
            found["ticks"].append(_during(server, listeners, probe, seconds))
            # Cut after ten seconds, so they are new in each pass.
            listeners.ask("stall", sockets=STALLED, path=server.path)
            found["stalled"].append(_during(server, listeners, probe, seconds))
            listeners.ask("unstall")
    figures = {key: {name: median(each[name] for each in all_) for name in all_[0]} for key, all_ in found.items()}
    figures["worst"] = {name: max(each[name] for each in found["ticks"] + found["stalled"]) for name in ("cpu", "wall")}
    return Outcome("blocking", [_table(sockets, passes, figures)], {"sockets": sockets, **figures})


def _during(server: Server, listeners: Generator, probe: Generator, seconds: float) -> dict[str, float]:
    listeners.begin("window", settle=0.3, seconds=seconds)
    answer = _probed(server, probe, seconds)
    listeners.end()
    return answer


def _probed(server: Server, probe: Generator, seconds: float) -> dict[str, float]:
    steps_of(server.pid, STEPS)
    answer = probe.ask("probe", port=server.port, path=server.path, seconds=seconds)
    steps = steps_of(server.pid, STEPS)
    told = [steps[name] for name in TICKS if name in steps]
    return {
        **{f"{kind}_{name}": answer[kind][name] for kind in ("held", "age") for name in ("p50", "p99", "max")},
        "cpu": max((each["cpu_ms"] for each in told), default=0.0),
        "wall": max((each["wall_ms"] for each in told), default=0.0),
        "share": sum(each["cpu_total_ms"] for each in told) / 1000 / seconds,
    }


def _table(sockets: int, passes: int, figures: dict[str, Any]) -> Table:
    table = Table(
        f"What a tick to {sockets:,} sockets delays, ms, median of {passes}",
        [
            "", "longest step of a tick: CPU", "by the clock", "ticks, of a core", "a request's answer: p50", "p99",
            "worst", "age of a tally: p50", "p99", "worst",
        ],
    )  # fmt: skip
    names = ["cpu", "wall", "share", *(f"{kind}_{name}" for kind in ("held", "age") for name in ("p50", "p99", "max"))]
    for key, title in TITLES.items():
        table.rows.append([title, *(figure(figures[key][name]) for name in names)])
    worst = figures["worst"]
    table.notes = [
        f"The longest step of all passes: {figure(worst['cpu'])} ms of CPU, {figure(worst['wall'])} ms by the clock, "
        "in which the core may have been another process's.",
        "“Worst” is the median of the passes' worst. Without ticks only presence makes a new tally.",
    ]
    return table
