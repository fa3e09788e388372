"""The profile card of a show: what everybody may see of its sessions, added up, and stars by a formula beside them."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Row

from app.domain.lifecycle import COUNTED
from app.domain.roles import Verb
from app.domain.session import Session
from app.domain.stars import DEFAULT, StarRule, measures
from app.domain.tally import count_text
from app.domain.visit import State
from app.schemas.card import Card, CardVisits, FormulaWanted, StarDocument, Views
from app.schemas.session import ShowDocument
from app.services.archive import once_at_a_time, sessions_whole, visible_rounds
from app.services.arena import Arena
from app.services.identity import Crew, audit
from app.services.seasons import required_season
from app.services.shows import required_show
from app.storage import card as stored
from app.storage import seasons, visits
from app.storage.writer import Transaction

CARDS_KEPT = 64
MINUTE_MS = 60_000

_CARDS: WeakKeyDictionary[Arena, OrderedDict[Any, tuple[Any, Card]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class _Read:
    """What one look at the database says of a show."""

    show: Row[Any]
    season: Row[Any] | None
    rows: Sequence[Row[Any]]
    rules: Sequence[dict[str, Any]] | None
    stamp: Any
    """Changes whenever the card may: with a session, a visit, the formula."""


async def card(arena: Arena, show: str, season: str | None) -> Card:
    """Return a show's card, or one season's; the same for whoever asks.

    Raises:
        ShowNotFound, SeasonNotFound
    """
    return await once_at_a_time(arena, ("card", show, season), lambda: _card(arena, show, season))


async def put_formula(arena: Arena, actor: Crew, show: str, wanted: FormulaWanted) -> Card:
    """Say how the show's stars are counted."""
    actor.require(Verb.EDIT)
    await arena.write(_put_formula, actor, show, [each.model_dump() for each in wanted.stars])
    return await _card(arena, show, None)


async def remove_formula(arena: Arena, actor: Crew, show: str) -> None:
    """Count the show's stars by default again."""
    actor.require(Verb.EDIT)
    await arena.write(_put_formula, actor, show, None)


async def _card(arena: Arena, show: str, season: str | None) -> Card:
    found = await arena.read(_read, show, season)
    # The audience's figures grow without any command; they are looked at again each minute.
    stamp = (*found.stamp, arena.clock.now_ms() // MINUTE_MS)
    kept = _CARDS.setdefault(arena, OrderedDict())
    known = kept.get((show, season))
    if known is not None and known[0] == stamp:
        return known[1]
    sessions = await sessions_whole(arena, found.rows)
    made = await arena.read(_count, found, sessions)
    kept[show, season] = stamp, made
    kept.move_to_end((show, season))
    while len(kept) > CARDS_KEPT:
        kept.popitem(last=False)
    return made


def _read(connection: Connection, show: str, season: str | None) -> _Read:
    of = required_show(connection, show)
    row = None if season is None else required_season(connection, of.id, season)
    rows = seasons.codes_of_show(connection, of.id, None if row is None else row.id)
    rules = stored.read_formula(connection, of.id)
    stamp = (
        tuple((each.code, each.revision) for each in rows),
        visits.stamp_of_show(connection, of.id),
        of.name,
        repr(rules),
    )
    return _Read(of, row, rows, rules, stamp)


def _count(connection: Connection, found: _Read, sessions: Sequence[Session]) -> Card:
    aired = [each for each in sessions if any(round_.run.phase in COUNTED for round_ in each.rounds)]
    broadcasts = [each for each in aired if each.kind != "poll"]
    likes = {each.code: _sum(each, "likes") for each in aired}
    votes = sum(_sum(each, "votes") for each in aired)
    unique, online_peak = _views(connection, [each.id for each in aired])
    of_sessions = None if found.season is None else [each.id for each in sessions]
    states = visits.count_states(connection, found.show.id, of_sessions)
    delivered, taught = states.get(State.DELIVERED, (0, 0))
    figures = measures(
        [likes[each.code] for each in broadcasts],
        likes=sum(likes.values()),
        votes=votes,
        unique=unique,
        online_peak=online_peak,
        visits=delivered,
        taught=taught,
    )
    opened = [each for session in aired for each in _times(session)]
    return Card(
        show=ShowDocument(slug=found.show.slug, name=found.show.name),
        season=None if found.season is None else found.season.slug,
        broadcasts=len(broadcasts),
        polls=len(aired) - len(broadcasts),
        likes=figures["likes"],
        likes_text=count_text(figures["likes"]),
        votes=votes,
        votes_text=count_text(votes),
        views=Views(unique=unique, unique_text=count_text(unique), online_peak=online_peak),
        visits=CardVisits(
            asked=sum(count for count, _ in states.values()),
            scheduled=states.get(State.SCHEDULED, (0, 0))[0],
            delivered=delivered,
            taught=taught,
        ),
        first_at_ms=min(opened, default=None),
        last_at_ms=max(opened, default=None),
        stars=[_star(rule, figures[rule.measure]) for rule in _rules(found.rules)],
        measures=figures,
    )


def _sum(session: Session, what: str) -> int:
    """Add up a session's visible votes or likes; the one is never added to the other."""
    return sum(sum(getattr(counts, what).values()) for _, counts in visible_rounds(session, "public"))


def _views(connection: Connection, session_ids: Sequence[int]) -> tuple[int, int]:
    """Return how many took part, once a session, and the greatest number on line at once."""
    counted = stored.people_counted(connection, session_ids)
    seen = stored.seen_peaks(connection, session_ids)
    peaks = stored.online_peaks(connection, session_ids)
    unique = sum(max(counted.get(each, 0), seen.get(each, 0)) for each in session_ids)
    return unique, max(peaks.values(), default=0)


def _times(session: Session) -> list[int]:
    return [each.run.opened_at_ms for each in session.rounds if each.run.opened_at_ms is not None]


def _rules(rules: Sequence[dict[str, Any]] | None) -> Sequence[StarRule]:
    if rules is None:
        return DEFAULT
    return [StarRule(**{**each, "thresholds": tuple(each["thresholds"])}) for each in rules]


def _star(rule: StarRule, figure: int) -> StarDocument:
    return StarDocument(
        key=rule.key,
        name=rule.name,
        name_en=rule.name_en,
        stars=rule.stars(figure),
        measure=rule.measure,
        figure=figure,
        thresholds=list(rule.thresholds),
        text=rule.text,
        text_en=rule.text_en,
    )


def _put_formula(transaction: Transaction, actor: Crew, show: str, stars: list[dict[str, Any]] | None) -> None:
    connection = transaction.connection
    of = required_show(connection, show)
    before = stored.read_formula(connection, of.id)
    if before == stars:
        return
    if stars is None:
        stored.remove_formula(connection, of.id)
    else:
        stored.put_formula(connection, of.id, stars, transaction.now_ms)
    after = {"show": show, "stars": stars}
    audit(transaction, actor, "card_formula", before=None if before is None else {"stars": before}, after=after)
