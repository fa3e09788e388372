"""Builds a gala of a season's stage: a window for each contestant on stage, then the ballot over all of them."""

from typing import Any

from sqlalchemy import Row

from app.domain.errors import InvalidSession
from app.domain.roles import Verb
from app.domain.session import CHOICES_MAX, Session
from app.schemas.gala import GalaCreate
from app.schemas.session import ChoiceFields, ContestantFields, RoundFields, SessionCreate
from app.services.arena import Arena
from app.services.identity import Crew
from app.services.season_sessions import put_into_season
from app.services.seasons import required_season
from app.services.sessions import make_session
from app.services.shows import required_show
from app.storage import seasons
from app.storage.writer import Transaction

PASS = "pass"  # noqa: S105 - the choice of who does not vote for the one on stage


async def create(arena: Arena, actor: Crew, show: str, season: str, wanted: GalaCreate) -> Session:
    """Make the session, its rounds and its ties to people in one. Returns after the commit.

    Raises:
        SeasonNotFound; InvalidSession: too few or too many stand at the stage, or the order is not theirs; CodeTaken.
    """
    actor.require(Verb.EDIT)
    return await arena.write(_create, actor, show, season, wanted)


def _create(transaction: Transaction, actor: Crew, show: str, season: str, wanted: GalaCreate) -> Session:
    connection = transaction.connection
    of = required_show(connection, show)
    row = required_season(connection, of.id, season)
    people = _in_order(seasons.entries_at(connection, row.id, str(wanted.stage)), wanted)
    contestants = [
        ContestantFields(
            key=f"c{place}",
            name=each.name,
            title=each.title,
            organisation=each.organisation,
            sector=each.sector,
            role="",
            portrait_url=each.portrait_url,
            slogan=each.slogan,
        )
        for place, each in enumerate(people, 1)
    ]
    body = SessionCreate(
        show=of.slug,
        code=wanted.code,
        number=wanted.number,
        title=wanted.title or row.name,
        topic=wanted.topic,
        kind="gala",
        deciding=wanted.deciding,
        starts_at_ms=wanted.starts_at_ms,
        channels=wanted.channels,
        contestants=contestants,
        rounds=[*(_window(each, wanted) for each in contestants), _final(wanted)],
    )
    session = make_session(transaction, actor, body, wanted.code.upper() if wanted.code else None)
    tied = {each.key or "": (each.name, person.person_id) for each, person in zip(contestants, people, strict=True)}
    put_into_season(transaction, actor, session, row, tied, str(wanted.stage))
    return session


def _in_order(entries: list[Row[Any]], wanted: GalaCreate) -> list[Row[Any]]:
    if not 2 <= len(entries) <= CHOICES_MAX:
        raise InvalidSession(f"{len(entries)} stand at {wanted.stage}; a gala takes 2 to {CHOICES_MAX}.")
    if wanted.order is None:
        return entries
    by_key = {each.key: each for each in entries}
    if len(wanted.order) != len(entries) or set(wanted.order) != by_key.keys():
        missing = sorted(by_key.keys() - set(wanted.order))
        raise InvalidSession("The order names each of the stage once and nobody else.", missing=missing)
    return [by_key[key] for key in wanted.order]


def _window(contestant: ContestantFields, wanted: GalaCreate) -> RoundFields:
    window = wanted.window
    return RoundFields(
        title=contestant.name,
        question=window.question,
        choices=[
            ChoiceFields(key=contestant.key or "", name=contestant.name),
            ChoiceFields(key=PASS, name=window.otherwise),
        ],
        duration_ms=window.duration_ms,
        likes_per_second=window.likes_per_second,
        visibility=window.visibility,
    )


def _final(wanted: GalaCreate) -> RoundFields:
    return RoundFields.model_validate(wanted.final.model_dump())
