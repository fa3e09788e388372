"""Standings of a season: what stands of its locked and revealed rounds, as far as the asker may see them."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Row

from app.domain.session import Session, View
from app.domain.standings import Bout, Close, Formula, Played, Ranked, Record, Standings, ranked, standings
from app.domain.tally import count_text
from app.schemas.season import FormulaDocument
from app.schemas.session import ShowDocument
from app.schemas.standings import (
    ArenaDocument,
    Boards,
    BoutDocument,
    ClosestBout,
    LongestRun,
    PersonRecord,
    Place,
    SessionNamed,
    StandingsDocument,
    Untied,
)
from app.services.archive import once_at_a_time, people_tied, played, sessions_whole, staff_of
from app.services.arena import Arena
from app.services.identity import Bearer
from app.services.people import person_document
from app.services.seasons import required_season
from app.services.shows import required_show
from app.storage import seasons


async def standings_of(arena: Arena, bearer: Bearer, show: str, season: str) -> StandingsDocument:
    """Count a season, in the view of the asker.

    Raises:
        ShowNotFound, SeasonNotFound
    """
    view: View = "staff" if staff_of(bearer) else "public"
    return await once_at_a_time(arena, ("standings", show, season, view), lambda: _count(arena, view, show, season))


async def _count(arena: Arena, view: View, show: str, season: str) -> StandingsDocument:
    def rows(connection: Connection) -> tuple[Any, ...]:
        of = required_show(connection, show)
        row = required_season(connection, of.id, season)
        linked = seasons.sessions_of_season(connection, row.id)
        return of, row, linked, seasons.people_of_sessions(connection, [each.id for each in linked])

    of, row, linked, tied_rows = await arena.read(rows)
    whole = await sessions_whole(arena, linked)
    sessions = {each.code: each for each in whole}
    tied = {each.code: people_tied(each, tied_rows.get(each.id, [])) for each in whole}
    people = {row.key: person_document(row) for of_session in tied.values() for row in of_session.values()}
    games = [
        played(each, view, {key: person.key for key, person in tied[each.code].items()}, link.winner)
        for each, link in zip(whole, linked, strict=True)
    ]
    games = [each for each in games if each.rounds]
    formula = None if row.formula is None else Formula(**row.formula)
    counted = standings(games)
    boards = _boards(counted.records, formula)
    return StandingsDocument(
        show=ShowDocument(slug=of.slug, name=of.name),
        season=row.slug,
        name=row.name,
        view=view,
        formula=None if formula is None else FormulaDocument(votes=formula.votes, likes=formula.likes),
        formula_text="" if formula is None else formula.text,
        sessions=len(games),
        people={key: people[key] for key in counted.records},
        boards=boards,
        records=_records(counted.records, formula),
        arena=_arena(counted, sessions),
        most_voted=[each.person for each in boards.votes if each.rank == 1],
        most_liked=[each.person for each in boards.likes if each.rank == 1],
        closest=[_closest(each, sessions) for each in counted.closest],
        untied=_untied(games, sessions, tied) if view == "staff" else [],
    )


def _boards(records: Mapping[str, Record], formula: Formula | None) -> Boards:
    def board(figures: Mapping[str, int]) -> list[Place]:
        # A place with nothing is no place.
        return [_place(each) for each in ranked({key: figure for key, figure in figures.items() if figure})]

    return Boards(
        votes=board({key: each.votes for key, each in records.items()}),
        likes=board({key: each.likes for key, each in records.items()}),
        wins=board({key: each.wins for key, each in records.items()}),
        score=None
        if formula is None
        else board({key: formula.score(each.votes, each.likes) for key, each in records.items()}),
    )


def _place(each: Ranked) -> Place:
    figure = int(each.figure)
    return Place(rank=each.rank, person=each.key, figure=figure, text=count_text(figure))


def _records(records: Mapping[str, Record], formula: Formula | None) -> list[PersonRecord]:
    return [
        PersonRecord(
            person=key,
            sessions=each.sessions,
            bouts=each.bouts,
            wins=each.wins,
            losses=each.losses,
            ties=each.ties,
            votes=each.votes,
            likes=each.likes,
            score=None if formula is None else formula.score(each.votes, each.likes),
        )
        for key, each in records.items()
    ]


def _arena(counted: Standings, sessions: Mapping[str, Session]) -> ArenaDocument:
    last = counted.bouts[-1] if counted.bouts else None
    longest = counted.longest
    return ArenaDocument(
        holder=last.holder if last else None,
        run=last.run if last else 0,
        since=None if counted.since is None else _named(sessions[counted.since]),
        longest=None
        if longest is None
        else LongestRun(
            person=longest.person,
            run=longest.wins,
            from_=_named(sessions[longest.first]),
            to=_named(sessions[longest.last]),
        ),
        bouts=[_bout(each, sessions) for each in counted.bouts],
    )


def _bout(bout: Bout, sessions: Mapping[str, Session]) -> BoutDocument:
    people = bout.played.people
    return BoutDocument(
        session=_named(sessions[bout.played.code]),
        red=people.get("red"),
        blue=people.get("blue"),
        winner=None if bout.winner is None else people.get(bout.winner),
        tie=bout.winner is None,
        decided_by=bout.decided_by,
        holder=bout.holder,
        run=bout.run,
        defended=bout.defended,
    )


def _closest(close: Close, sessions: Mapping[str, Session]) -> ClosestBout:
    return ClosestBout(
        session=_named(sessions[close.code]),
        votes=dict(close.votes),
        margin_votes=close.margin,
        margin_text=_percent(close.share),
    )


def _percent(share: Fraction) -> str:
    hundredths = int(share * 10_000)
    return f"{hundredths // 100}.{hundredths % 100:02}%"


def _untied(
    games: Sequence[Played], sessions: Mapping[str, Session], tied: Mapping[str, Mapping[str, Row[Any]]]
) -> list[Untied]:
    return [
        Untied(session=game.code, contestant=each.key, name=each.name)
        for game in games
        for each in sessions[game.code].contestants
        if each.key not in tied[game.code]
    ]


def _named(session: Session) -> SessionNamed:
    return SessionNamed(code=session.code, number=session.number, title=session.title)
