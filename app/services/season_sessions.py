"""Which sessions belong to a season, who their contestants are, and who won them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row

from app.domain.errors import Conflict, InvalidRequest
from app.domain.roles import Verb
from app.domain.session import Session, View
from app.domain.standings import TIE, winner_of
from app.schemas.person import PersonFields
from app.schemas.season import (
    ContestantPerson,
    SeasonDocument,
    SeasonList,
    SeasonNamed,
    SeasonSessionDocument,
    SessionSeason,
    SessionSeasonWanted,
)
from app.services.archive import people_tied, played, sessions_whole, staff_of
from app.services.arena import Arena, required_session
from app.services.identity import Bearer, Crew, audit, may_read
from app.services.people import make_person, person_document, required_person
from app.services.seasons import required_season, season_document
from app.services.shows import required_show
from app.storage import people, seasons
from app.storage.writer import Transaction

Tied = Mapping[str, tuple[str, int]]
"""By contestant's key: the name, and the person's id."""


async def list_of_show(arena: Arena, show: str) -> SeasonList:
    """Return a show's seasons, newest first."""

    def rows(connection: Connection) -> tuple[Row[Any], list[Row[Any]], dict[tuple[int, str], int]]:
        of = required_show(connection, show)
        found = seasons.list_seasons(connection, of.id)
        return of, found, seasons.count_stages(connection, [row.id for row in found])

    of, found, counts = await arena.read(rows)
    return SeasonList(seasons=[season_document(of, row, counts) for row in found])


async def season(arena: Arena, bearer: Bearer, show: str, slug: str) -> SeasonDocument:
    """Return a season with its sessions; to the public without those that are still drafts."""

    def rows(connection: Connection) -> tuple[Any, ...]:
        of = required_show(connection, show)
        row = required_season(connection, of.id, slug)
        linked = seasons.sessions_of_season(connection, row.id)
        return of, row, seasons.count_stages(connection, [row.id]), linked

    of, row, counts, linked = await arena.read(rows)
    view: View = "staff" if staff_of(bearer) else "public"
    sessions = await sessions_whole(arena, linked)
    shown = [
        SeasonSessionDocument(
            code=each.code,
            number=each.number,
            title=each.title,
            kind=each.kind,
            status=each.status,
            stage=link.stage,
            starts_at_ms=each.starts_at_ms,
            winner=_winner(each, view, link.winner)[0],
        )
        for each, link in zip(sessions, linked, strict=True)
        if view == "staff" or each.status != "draft"
    ]
    return season_document(of, row, counts).model_copy(update={"sessions": shown})


async def season_of(arena: Arena, bearer: Bearer, code: str) -> SessionSeason:
    """Return a session's season and who its contestants are. Of a draft the public is told nothing.

    Raises:
        SessionNotFound
    """
    session = (await arena.live(code)).session
    staff = may_read(bearer, session.code)

    def rows(connection: Connection) -> tuple[Row[Any] | None, list[Row[Any]]]:
        tied = seasons.people_of_sessions(connection, [session.id]).get(session.id, [])
        return seasons.season_of_session(connection, session.id), tied

    row, tied = await arena.read(rows)
    shown = staff or session.status != "draft"
    if row is None or not shown:
        row, tied = None, []
    who = people_tied(session, tied)
    winner, decided_by = (None, None) if row is None else _winner(session, "staff" if staff else "public", row.winner)
    return SessionSeason(
        session=session.code,
        show=session.show_slug,
        season=None if row is None else SeasonNamed(season=row.slug, name=row.name),
        stage=None if row is None else row.stage,
        winner=winner,
        decided_by=decided_by,
        people=[
            ContestantPerson(contestant=each.key, person=person_document(who[each.key]) if each.key in who else None)
            for each in session.contestants
        ],
    )


async def put(arena: Arena, actor: Crew, code: str, wanted: SessionSeasonWanted) -> SessionSeason:
    """Put a session into a season, and say who its contestants are; whole each time.

    Raises:
        SessionNotFound, SeasonNotFound, PersonNotFound; Conflict: the season is another show's; InvalidRequest: a key
            is no contestant's, or two contestants would be one person; WrongSession: the token is for this session,
            and people are of the whole show.
    """
    actor.require(Verb.EDIT, code)
    if wanted.people or wanted.make_people:
        actor.require(Verb.EDIT)
    await arena.write(_put, actor, code, wanted)
    return await season_of(arena, actor, code)


async def remove(arena: Arena, actor: Crew, code: str) -> None:
    """Take a session out of its season; nothing happens where it is in none."""
    actor.require(Verb.EDIT, code)
    await arena.write(_remove, actor, code)


def put_into_season(
    transaction: Transaction, actor: Crew, session: Session, season: Row[Any], tied: Tied, stage: str | None
) -> None:
    """Put a session into a season in its caller's transaction; for who has just made it."""
    seasons.put_season_session(transaction.connection, session.id, season.id, stage, None)
    seasons.put_session_people(transaction.connection, session.id, tied)
    after = {"season": season.slug, "stage": stage, "people": len(tied)}
    audit(transaction, actor, "session_in_season", session_id=session.id, after=after)


def _winner(session: Session, view: View, said: str | None) -> tuple[str | None, Any]:
    """Return who won as far as this view may know it, `tie` for nobody, and who decided."""
    decided = winner_of(played(session, view, {}, said))
    return (None, None) if decided is None else (decided[0] or TIE, decided[1])


def _put(transaction: Transaction, actor: Crew, code: str, wanted: SessionSeasonWanted) -> None:
    connection = transaction.connection
    session = required_session(connection, code)
    if session.rehearsal:
        raise Conflict(f"{code} is a rehearsal and counts in no season; put {session.rehearsal_of} into it.")
    if wanted.show not in (None, session.show_slug):
        raise Conflict(f"The session is of the show “{session.show_slug}”, the season of another.")
    show = required_show(connection, session.show_slug)
    row = required_season(connection, show.id, wanted.season)
    keys = {each.key for each in session.contestants}
    if unknown := sorted(wanted.people.keys() - keys):
        raise InvalidRequest(f"The session has no contestant “{unknown[0]}”; it has {', '.join(sorted(keys))}.")
    if wanted.winner is not None and (session.kind != "pk" or wanted.winner not in (*keys, TIE)):
        raise InvalidRequest("A winner is a contestant of a pk, or “tie”.")
    stage = None if wanted.stage is None else str(wanted.stage)
    before = seasons.season_of_session(connection, session.id)
    known = seasons.people_of_sessions(connection, [session.id]).get(session.id, [])
    was = {each.contestant: (each.tied_name, each.id) for each in known}
    # People are of the whole show: a token for one session leaves who its contestants are as it stands.
    tied = _people_of(transaction, actor, session, show, wanted) if actor.session is None else was
    if (
        before is not None
        and (before.id, before.stage, before.winner) == (row.id, stage, wanted.winner)
        and was == tied
    ):
        return
    seasons.put_season_session(connection, session.id, row.id, stage, wanted.winner)
    seasons.put_session_people(connection, session.id, tied)
    audit(
        transaction,
        actor,
        "session_in_season",
        session_id=session.id,
        before=None if before is None else {"season": before.slug, "stage": before.stage, "winner": before.winner},
        after={"season": row.slug, "stage": stage, "winner": wanted.winner, "people": len(tied)},
    )


def _people_of(
    transaction: Transaction, actor: Crew, session: Session, show: Row[Any], wanted: SessionSeasonWanted
) -> dict[str, tuple[str, int]]:
    connection = transaction.connection
    tied: dict[str, tuple[str, int]] = {}
    for each in session.contestants:
        if each.key in wanted.people:
            tied[each.key] = each.name, required_person(connection, show.id, wanted.people[each.key]).id
            continue
        same = people.people_named(connection, show.id, each.name, each.organisation)
        if len(same) == 1:
            tied[each.key] = each.name, same[0].id
        elif not same and wanted.make_people:
            fields = PersonFields(
                name=each.name,
                title=each.title,
                organisation=each.organisation,
                sector=each.sector,
                portrait_url=each.portrait_url,
                slogan=each.slogan,
            )
            tied[each.key] = each.name, make_person(transaction, actor, show, fields).id
    contestant_of: dict[int, str] = {}
    for key, (_, person) in tied.items():
        if (other := contestant_of.setdefault(person, key)) != key:
            raise InvalidRequest(
                f"“{other}” and “{key}” would be one person; name another in `people`.", contestants=[other, key]
            )
    return tied


def _remove(transaction: Transaction, actor: Crew, code: str) -> None:
    session = required_session(transaction.connection, code)
    before = seasons.season_of_session(transaction.connection, session.id)
    if before is not None:
        seasons.remove_season_session(transaction.connection, session.id)
        audit(transaction, actor, "session_out_of_season", session_id=session.id, before={"season": before.slug})
