"""The life of a visit: `asked → accepted → scheduled → delivered`, or `declined`, `withdrawn`, `lapsed`. Pure.

A command that is already true gives back the very same state, so that a button pressed twice does no harm.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from app.domain.clock import DAY_MS
from app.domain.errors import VisitNotAllowed

OPEN_DAYS = 180
"""How long a visit may stay open after its last change, or after its time, before what is personal in it is purged."""
DURATION_MIN = 90


class State(StrEnum):
    ASKED = "asked"
    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    DELIVERED = "delivered"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class Act(StrEnum):
    ACCEPT = "accept"
    DECLINE = "decline"
    SCHEDULE = "schedule"
    DELIVER = "deliver"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"


OPEN = frozenset({State.ASKED, State.ACCEPTED, State.SCHEDULED})
CREW = (Act.ACCEPT, Act.SCHEDULE, Act.DELIVER, Act.DECLINE)
"""What the crew may do; who asked may withdraw, and the clock lets it lapse."""

_FROM: dict[Act, frozenset[State]] = {
    Act.ACCEPT: frozenset({State.ASKED}),
    Act.DECLINE: OPEN,
    Act.SCHEDULE: OPEN,
    Act.DELIVER: frozenset({State.SCHEDULED, State.DELIVERED}),
    Act.WITHDRAW: OPEN,
    Act.LAPSE: OPEN,
}
_TO = {
    Act.ACCEPT: State.ACCEPTED,
    Act.DECLINE: State.DECLINED,
    Act.SCHEDULE: State.SCHEDULED,
    Act.DELIVER: State.DELIVERED,
    Act.WITHDRAW: State.WITHDRAWN,
    Act.LAPSE: State.LAPSED,
}


@dataclass(frozen=True, slots=True)
class VisitState:
    """Where a visit stands. Times are Unix milliseconds."""

    state: State = State.ASKED
    changed_at_ms: int = 0
    reason: str = ""
    starts_at_ms: int | None = None
    duration_min: int | None = None
    place: str = ""
    note: str = ""
    taught: int | None = None
    delivered_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """What a command brings; each reads its own."""

    reason: str = ""
    starts_at_ms: int | None = None
    duration_min: int = DURATION_MIN
    place: str = ""
    note: str = ""
    taught: int = 0


def allowed(state: State) -> tuple[Act, ...]:
    """List what the crew may do now and would change something, scheduling and counting anew included."""
    return tuple(act for act in CREW if state in _FROM[act])


def allowed_to_asker(state: State) -> tuple[Act, ...]:
    return (Act.WITHDRAW,) if state in OPEN else ()


def apply(before: VisitState, act: Act, details: Details, now_ms: int) -> VisitState:
    """Return the visit after a command; the very same where it is true already.

    Raises:
        VisitNotAllowed: it does not fit; carries the state and what does.
    """
    fields = _fields(act, details)
    if before.state is _TO[act] and all(getattr(before, name) == value for name, value in fields.items()):
        return before
    if act is Act.ACCEPT and before.state is State.SCHEDULED:
        # To schedule is to accept.
        return before
    if before.state not in _FROM[act]:
        raise VisitNotAllowed(
            f"The visit is {before.state}; it takes no {act} any more.",
            state=str(before.state),
            allowed=[str(each) for each in allowed(before.state)],
        )
    if act is Act.DELIVER:
        fields["delivered_at_ms"] = before.delivered_at_ms or now_ms
    return replace(before, state=_TO[act], changed_at_ms=now_ms, **fields)


def purge_at_ms(visit: VisitState, purge_days: int) -> int:
    """Return when what is personal in a visit is destroyed."""
    if visit.state in OPEN:
        return max(visit.changed_at_ms, visit.starts_at_ms or 0) + OPEN_DAYS * DAY_MS
    # A number put right later does not put the date off.
    closed_at_ms = visit.delivered_at_ms or visit.changed_at_ms
    return closed_at_ms + purge_days * DAY_MS


def _fields(act: Act, details: Details) -> dict[str, Any]:
    match act:
        case Act.DECLINE:
            return {"reason": details.reason}
        case Act.SCHEDULE:
            return {
                "starts_at_ms": details.starts_at_ms,
                "duration_min": details.duration_min,
                "place": details.place,
                "note": details.note,
            }
        case Act.DELIVER:
            return {"taught": details.taught, "note": details.note}
        case _:
            return {}
