"""Of the preflight, what concerns the session itself: its people, its options, its times. Pure.

Each function returns what is wrong as (level, key of its words, values), nothing where all is right.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from app.domain.lifecycle import ON_AIR
from app.domain.session import Choice, Contestant, Round, Session

SHORT_MS = 10_000
"""In less time most people do not find the button."""
OVERDUE_MS = 6 * 3_600_000
EARLY_MS = 24 * 3_600_000
PEOPLE_MIN = 2


class Level(StrEnum):
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


Said = tuple[Level, str, dict[str, Any]]


def contestants_wrong(session: Session) -> list[Said]:
    """Say where people are missing, unnamed, or the same twice."""
    n = len(session.contestants)
    said: list[Said] = []
    if session.kind == "pk" and n != PEOPLE_MIN:
        said.append((Level.RED, "pk_people", {"n": n}))
    elif n < PEOPLE_MIN:
        said.append((Level.RED, "few_people", {"n": n}))
    if any(not each.name.strip() for each in session.contestants):
        said.append((Level.RED, "unnamed", {}))
    return said + [(Level.RED, "same_person", {"name": name}) for name in _twice(session.contestants)]


def options_wrong(session: Session) -> list[Said]:
    """Say where a round is missing, or its options are too few, unnamed, or the same twice."""
    said: list[Said] = [] if session.rounds else [(Level.RED, "no_round", {})]
    for each in session.rounds:
        n = each.number
        if len(each.choices) < PEOPLE_MIN:
            said.append((Level.RED, "few_options", {"n": n}))
        if any(not choice.name.strip() for choice in each.choices):
            said.append((Level.RED, "empty_option", {"n": n}))
        said += [(Level.RED, "same_option", {"n": n, "name": name}) for name in _twice(each.choices)]
    return said


def timings_wrong(session: Session, now_ms: int) -> list[Said]:
    """Say where durations, graces, delays, deadlines and the session's start do not fit."""
    said = _start_wrong(session, now_ms)
    for each in session.rounds:
        said += _times_wrong(session, each)
    return said


def _start_wrong(session: Session, now_ms: int) -> list[Said]:
    if session.starts_at_ms is None:
        return []
    ahead_ms = session.starts_at_ms - now_ms
    values = {"at": _shanghai(session.starts_at_ms)}
    if ahead_ms < -OVERDUE_MS:
        return [(Level.RED, "start_past", values)]
    return [(Level.AMBER, "start_far", values)] if ahead_ms > EARLY_MS else []


def _times_wrong(session: Session, round_: Round) -> list[Said]:
    said: list[Said] = []
    n, long_ms, closes_ms = round_.number, round_.duration_ms, round_.run.closes_at_ms
    if long_ms is not None:
        late = [each for each in session.channels if each.delay_ms >= long_ms]
        for each in late[:1]:
            values = {"n": n, "s": _s(long_ms), "name": each.name or each.key, "late": _s(each.delay_ms)}
            said.append((Level.RED, "seen_late", values))
        if long_ms < SHORT_MS:
            said.append((Level.AMBER, "short", {"n": n, "s": _s(long_ms)}))
        if round_.grace_ms > long_ms:
            said.append((Level.AMBER, "long_grace", {"n": n}))
    starts_ms = session.starts_at_ms
    if round_.run.phase in ON_AIR and closes_ms is not None and starts_ms is not None and closes_ms < starts_ms:
        said.append((Level.RED, "locks_early", {"n": n}))
    return said


def _twice(named: Iterable[Contestant | Choice]) -> list[str]:
    """Return the names that stand there more than once, spaces and case aside; each once."""
    seen: dict[str, int] = {}
    for each in named:
        name = " ".join(each.name.split()).casefold()
        seen[name] = seen.get(name, 0) + 1
    return [name for name, times in seen.items() if times > 1 and name]


def _s(ms: int) -> str:
    return f"{ms / 1000:g}"


def _shanghai(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(hours=8):%m-%d %H:%M}"
