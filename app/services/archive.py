"""Many sessions at once, as standings and the card want them: read whole, at most once a revision.

What a round counted is taken from the result that stands, and only where the asker may see it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Row

from app.domain.lifecycle import COUNTED, Phase
from app.domain.session import Round, Session, View, may_see_tally
from app.domain.standings import TIE, Played, RoundCount
from app.domain.tally import Counts, scores
from app.live.document import tally_figures
from app.services.arena import Arena
from app.services.identity import Bearer, Crew
from app.storage.sessions import load_session

SESSIONS_KEPT = 1_000
T = TypeVar("T")


@dataclass(slots=True)
class _Shelf:
    """What one arena keeps: sessions by code, and the work that is under way."""

    sessions: OrderedDict[str, Session] = field(default_factory=OrderedDict)
    working: dict[Any, asyncio.Task[Any]] = field(default_factory=dict)


_SHELVES: WeakKeyDictionary[Arena, _Shelf] = WeakKeyDictionary()


def staff_of(bearer: Bearer) -> bool:
    """Say whether somebody sees the whole show as the crew does; a token for one session does not."""
    return isinstance(bearer, Crew) and bearer.session is None


async def sessions_whole(arena: Arena, rows: Sequence[Row[Any]]) -> list[Session]:
    """Return the sessions of these rows (`code`, `revision`), in their order."""
    shelf = _SHELVES.setdefault(arena, _Shelf())
    kept = shelf.sessions
    stale = [row.code for row in rows if row.code not in kept or kept[row.code].revision != row.revision]
    fresh = {each.code: each for each in await arena.read(_load, stale)} if stale else {}
    found = [fresh.get(row.code) or kept[row.code] for row in rows]
    for each in found:
        kept[each.code] = each
        kept.move_to_end(each.code)
    while len(kept) > SESSIONS_KEPT:
        kept.popitem(last=False)
    return found


async def once_at_a_time(arena: Arena, key: Any, work: Callable[[], Awaitable[T]]) -> T:
    """Do a piece of work, or share the same that is under way: a herd must not count a season a thousand times."""
    working = _SHELVES.setdefault(arena, _Shelf()).working
    task: asyncio.Task[T] | None = working.get(key)
    if task is None:
        task = asyncio.create_task(_done(work), name="arena-count")
        working[key] = task
        task.add_done_callback(lambda _: working.pop(key, None))
    return await asyncio.shield(task)


def visible_rounds(session: Session, view: View) -> list[tuple[Round, Counts]]:
    """Return the rounds that are counted and that this view may see, with what stands."""
    return [
        (each, Counts.announced(each.standing, len(each.corrections)))
        for each in session.rounds
        if each.run.phase in COUNTED
        and each.standing is not None
        and may_see_tally(view, each.visibility, each.run.phase, False, each.seal_unbroken)
    ]


def is_over(session: Session, visible: Sequence[tuple[Round, Counts]]) -> bool:
    """Say whether nothing of a session is left to come, or hidden."""
    seen = {each.number for each, _ in visible}
    return bool(seen) and all(
        each.number in seen or each.run.phase is Phase.VOID or (each.run.phase is Phase.DRAFT and session.ended)
        for each in session.rounds
    )


def is_contested(round_: Round, session: Session) -> bool:
    """Say whether the choices are all the contestants, as in a final ballot."""
    return {(each.key, each.name) for each in round_.choices} == {(each.key, each.name) for each in session.contestants}


def contestants_in(round_: Round, session: Session) -> set[str]:
    """Return who of the contestants may be chosen. A round's own option may bear a contestant's key by chance: the name
    has to be the contestant's too.
    """
    names = {each.key: each.name for each in session.contestants}
    return {each.key for each in round_.choices if names.get(each.key) == each.name}


def played(session: Session, view: View, people: Mapping[str, str], said: str | None) -> Played:
    """Return a session as standings count it. `people` names the person of each contestant who is tied to one."""
    visible = visible_rounds(session, view)
    keys = tuple(each.key for each in session.contestants)
    return Played(
        code=session.code,
        kind=session.kind,
        contestants=keys,
        people=people,
        rounds=tuple(_round_count(session, round_, counts) for round_, counts in visible),
        over=is_over(session, visible),
        deciding=session.deciding,
        said=said if said == TIE or said in keys else None,
    )


def exact_scores(figures: Mapping[str, Any]) -> dict[str, Fraction]:
    """Return the score of each choice of a tally, exactly: what is shown of it parts equals by their remainders."""
    channels = {each["key"]: each for each in figures["channels"]}
    return scores(
        [each["key"] for each in figures["choices"]],
        {key: Counts(votes=each["votes"]) for key, each in channels.items()},
        {key: each["weight"] for key, each in channels.items() if each["weight"] is not None},
        [key for key, each in channels.items() if each["voided"]],
    )


def people_tied(session: Session, rows: Sequence[Row[Any]]) -> dict[str, Row[Any]]:
    """Return who the contestants are: a tie holds as long as the contestant keeps the name."""
    names = {each.key: each.name for each in session.contestants}
    return {row.contestant: row for row in rows if names.get(row.contestant) == row.tied_name}


def _round_count(session: Session, round_: Round, counts: Counts) -> RoundCount:
    keys = contestants_in(round_, session)
    leader = tally_figures(round_.choices, counts, session.channels)["leader"]
    return RoundCount(
        votes={key: counts.votes.get(key, 0) for key in keys},
        likes={key: counts.likes.get(key, 0) for key in keys},
        leads=leader if leader in keys else None,
    )


def _load(connection: Connection, codes: Sequence[str]) -> list[Session]:
    return [session for code in codes if (session := load_session(connection, code)) is not None]


async def _done(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
