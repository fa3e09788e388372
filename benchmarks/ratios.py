"""The seven ratios to reach, from kept outcomes. Each row: target, measured, baseline, whether it holds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.results import Outcome, figure, percent

_Figures = dict[str, Any]


@dataclass(frozen=True)
class Ratio:
    number: int
    suite: str
    what: str
    target: str
    measure: Callable[[_Figures], tuple[str, str, bool | None]]
    """Returns what was measured, the baseline, and whether it holds; None where a part is missing."""
    size: str = ""


def _at_most(own: float, other: float, bound: float, unit: str) -> tuple[str, str, bool]:
    return f"{figure(own / other)} × ({figure(own)} {unit})", f"{figure(other)} {unit}", own / other <= bound


def _at_least(own: float, other: float, bound: float, unit: str) -> tuple[str, str, bool]:
    return f"{figure(own / other)} × ({figure(own)} {unit})", f"{figure(other)} {unit}", own / other >= bound


def _fanout(key: str, bound: float) -> Callable[[_Figures], tuple[str, str, bool]]:
    def measure(figures: _Figures) -> tuple[str, str, bool]:
        found = figures["10000"]
        return _at_most(found["arena"]["us"], found[key]["us"], bound, "µs")

    return measure


def _memory(figures: _Figures) -> tuple[str, str, bool]:
    own = max(figures[key]["kb"] for key in ("arena", "arena-phones"))
    return f"{figure(own)} kB", f"{figure(figures['fastapi']['kb'])} kB (FastAPI)", own <= 6


def _handshakes(key: str, bound: float) -> Callable[[_Figures], tuple[str, str, bool]]:
    """By the server's CPU: by the clock they are also what else the machine does."""
    return lambda f: _at_least(1e6 / f["arena"]["us"], 1e6 / f[key]["us"], bound, "/s of CPU")


def _votes(own: str, naive: str, level: str, bound: float) -> Callable[[_Figures], tuple[str, str, bool]]:
    def measure(f: _Figures) -> tuple[str, str, bool]:
        found = f[level]
        measured, baseline, holds = _at_least(found[own]["per_second"], found[naive]["per_second"], bound, "votes/s")
        cpu = figure(found[naive]["us"] / found[own]["us"])
        return f"{measured}; by CPU a vote {cpu} ×", f"{baseline}, {figure(found[naive]['us'])} µs", holds

    return measure


def _p99(own: str, naive: str) -> Callable[[_Figures], tuple[str, str, bool]]:
    def measure(f: _Figures) -> tuple[str, str, bool]:
        found = f["64"]
        return f"{figure(found[own]['p99'])} ms", f"{figure(found[naive]['p99'])} ms (naive)", found[own]["p99"] <= 15

    return measure


def _cheaper(status: str, key: str, bound: float) -> Callable[[_Figures], tuple[str, str, bool]]:
    """How many times cheaper ours is than the other."""

    def measure(f: _Figures) -> tuple[str, str, bool]:
        own, other = f[status]["arena"]["us"], f[status][key]["us"]
        return f"{figure(other / own)} × ({figure(own)} µs)", f"{figure(other)} µs", other / own >= bound

    return measure


def _likes(f: _Figures) -> tuple[str, str, bool]:
    own, other = f["arena"]["us"], f["naive-likes"]["us"]
    return f"{figure(other / own)} × ({figure(own)} µs)", f"{figure(other)} µs", other / own >= 4


def _held(f: _Figures) -> tuple[str, str, bool]:
    # By the CPU of the loop's thread: by the clock it is also what else the machine does.
    own = f["worst"]
    measured = f"{figure(own['cpu'])} ms of CPU at most, {figure(own['wall'])} ms by the clock"
    return measured, f"{figure(f['idle']['cpu'])} ms without ticks", own["cpu"] <= 20


def _stalled(f: _Figures) -> tuple[str, str, bool]:
    own, other = f["stalled"]["age_p99"], f["ticks"]["age_p99"]
    return f"{figure(own)} ms p99 of a tally's age", f"{figure(other)} ms without them", own <= other * 1.25 + 2


def _core(f: _Figures) -> tuple[str, str, bool]:
    measured = f"{percent(f['core_mean'])} of a core, {f['phones']:,} phones"
    return measured, "one core", f["core_mean"] < 1 and f["phones"] >= 19_000


def _nothing_lost(f: _Figures) -> tuple[str, str, bool]:
    wrong = f["lost"] + f["doubled"] + f["unanswered"] + (f["in_ledger"] - f["votes"])
    return f"lost {f['lost']}, doubled {f['doubled']}", f"{f['votes']:,} votes acknowledged", wrong == 0


def _delay(f: _Figures) -> tuple[str, str, bool]:
    return (
        f"{figure(f['delay']['p99'])} ms",
        f"tick of 200 ms; storm {figure(f['delay_storm']['p99'])} ms",
        (f["delay"]["p99"] <= 500),
    )


RATIOS = (
    Ratio(1, "fanout", "fan-out to 10,000 at 5 Hz: CPU to the send() loop", "≤ 1.3 ×", _fanout("floor", 1.3), "10000"),
    Ratio(1, "fanout", "the same, to Node ws", "< 1 ×", _fanout("ws", 1), "10000"),
    Ratio(1, "fanout", "the same, to the FastAPI loop", "≤ 0.5 ×", _fanout("fastapi", 0.5), "10000"),
    Ratio(
        1, "fanout", "the same, to FastAPI with deflate offered", "≤ 0.33 ×", _fanout("fastapi-deflate", 1 / 3), "10000"
    ),
    Ratio(1, "fanout", "the same, to python-socketio", "≤ 0.17 ×", _fanout("socketio", 1 / 6), "10000"),
    Ratio(2, "connections", "memory a connection, of phones that said hello", "≤ 6 kB", _memory),
    Ratio(2, "connections", "handshakes to a FastAPI route", "≥ 4 ×", _handshakes("fastapi", 4)),
    Ratio(2, "connections", "handshakes to Node ws", "> 1 ×", _handshakes("ws", 1)),
    Ratio(
        3,
        "votes",
        "socket, 64 voters, to the naive socket",
        "≥ 25 ×",
        _votes("arena-socket", "naive-socket", "64", 25),
        "64",
    ),
    Ratio(
        3, "votes", "socket, 1,000 voters, to it", "≥ 25 ×", _votes("arena-socket", "naive-socket", "1000", 25), "1000"
    ),
    Ratio(3, "votes", "socket, 64 voters: p99", "≤ 15 ms", _p99("arena-socket", "naive-socket"), "64"),
    Ratio(
        3, "votes", "HTTP, 64 voters, to the naive way", "≥ 20 ×", _votes("arena-http", "naive-http", "64", 20), "64"
    ),
    Ratio(3, "votes", "HTTP, 1,000 voters, to it", "≥ 20 ×", _votes("arena-http", "naive-http", "1000", 20), "1000"),
    Ratio(3, "votes", "HTTP, 64 voters: p99", "≤ 15 ms", _p99("arena-http", "naive-http"), "64"),
    Ratio(4, "polling", "200: cheaper than a FastAPI response model", "≥ 4 ×", _cheaper("200", "fastapi-model", 4)),
    Ratio(4, "polling", "304: cheaper than it", "≥ 4 ×", _cheaper("304", "fastapi-model", 4)),
    Ratio(4, "polling", "200: Fastify's cost to ours", "≥ 0.67 ×", _cheaper("200", "fastify", 1 / 1.5)),
    Ratio(4, "polling", "304: Fastify's cost to ours", "≥ 0.67 ×", _cheaper("304", "fastify", 1 / 1.5)),
    Ratio(5, "likes", "a durable like cheaper than receive_json in memory", "≥ 4 ×", _likes),
    Ratio(6, "blocking", "the loop held by a tick to 10,000", "≤ 20 ms", _held),
    Ratio(6, "blocking", "clients that never read change nobody's latency", "the same", _stalled),
    Ratio(7, "evening", "one evening of 19,000 phones in one process", "< 1 core", _core),
    Ratio(7, "evening", "p99 from acknowledgement to overlay outside the storm", "≤ 500 ms", _delay),
    Ratio(7, "evening", "nothing lost, nothing doubled", "0", _nothing_lost),
)


def rows(outcomes: dict[str, Outcome]) -> list[list[str]]:
    """Return a row of text for each ratio; a dash where its suite was not run."""
    found = []
    for each in RATIOS:
        outcome = outcomes.get(each.suite)
        try:
            measured, baseline, holds = each.measure(outcome.figures) if outcome else ("–", "–", None)
        except (KeyError, ZeroDivisionError):
            measured, baseline, holds = "–", "–", None
        verdict = {True: "yes", False: "**no**", None: "not measured"}[holds]
        date, command, _ = outcome.origin(each.size) if outcome else ("", "", "")
        found.append([str(each.number), each.what, each.target, measured, baseline, verdict, date, f"`{command}`"])
    return found


COLUMNS = ("", "what", "target", "measured", "baseline", "holds", "date", "command")
