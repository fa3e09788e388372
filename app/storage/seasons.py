"""Seasons, entries, moves and the sessions that belong. Every function works in its caller's transaction."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from app.storage.tables import ENTRY, MOVE, PERSON, SEASON, SEASON_SESSION, SESSION, SESSION_PERSON, SHOW, upsert

_IN_MAX = 500


def find_show(connection: Connection, slug: str) -> Row[Any] | None:
    return connection.execute(select(SHOW).where(SHOW.c.slug == slug)).one_or_none()


def find_season(connection: Connection, show_id: int, slug: str) -> Row[Any] | None:
    return connection.execute(select(SEASON).where(SEASON.c.show_id == show_id, SEASON.c.slug == slug)).one_or_none()


def list_seasons(connection: Connection, show_id: int) -> list[Row[Any]]:
    """Return a show's seasons, newest first."""
    return list(connection.execute(select(SEASON).where(SEASON.c.show_id == show_id).order_by(SEASON.c.id.desc())))


def add_season(connection: Connection, **values: Any) -> None:
    connection.execute(insert(SEASON).values(**values))


def change_season(connection: Connection, season_id: int, **values: Any) -> None:
    connection.execute(update(SEASON).where(SEASON.c.id == season_id).values(**values))


def count_stages(connection: Connection, season_ids: Collection[int]) -> dict[tuple[int, str], int]:
    """Return how many stand at each stage of these seasons."""
    rows = connection.execute(
        select(ENTRY.c.season_id, ENTRY.c.stage, func.count().label("entries"))
        .where(ENTRY.c.season_id.in_(season_ids))
        .group_by(ENTRY.c.season_id, ENTRY.c.stage)
    )
    return {(row.season_id, row.stage): row.entries for row in rows}


def list_entries(
    connection: Connection, season_id: int, stages: Collection[str], after: int, limit: int
) -> list[Row[Any]]:
    """Return entries with their people, oldest first."""
    return list(
        connection.execute(
            _entries()
            .where(ENTRY.c.season_id == season_id, ENTRY.c.stage.in_(stages), ENTRY.c.id > after)
            .order_by(ENTRY.c.id)
            .limit(limit)
        )
    )


def entries_at(connection: Connection, season_id: int, stage: str) -> list[Row[Any]]:
    """Return who stands at a stage, in the order in which they came there."""
    return list(
        connection.execute(
            _entries()
            .where(ENTRY.c.season_id == season_id, ENTRY.c.stage == stage)
            .order_by(ENTRY.c.moved_at_ms, ENTRY.c.id)
        )
    )


def entries_of_people(connection: Connection, season_id: int, person_ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Return the entries of these people, by the person's id."""
    found: dict[int, Row[Any]] = {}
    for start in range(0, len(person_ids), _IN_MAX):
        some = person_ids[start : start + _IN_MAX]
        for row in connection.execute(
            _entries().where(ENTRY.c.season_id == season_id, ENTRY.c.person_id.in_(some)).order_by(ENTRY.c.id)
        ):
            found[row.person_id] = row
    return found


def _entries() -> Any:
    people = [PERSON.c[name] for name in ("key", "name", "title", "organisation", "sector")]
    people += [PERSON.c[name] for name in ("portrait_url", "clip_url", "slogan")]
    return select(ENTRY, *people).join(PERSON, PERSON.c.id == ENTRY.c.person_id)


def add_entries(
    connection: Connection, season_id: int, entries: Sequence[tuple[int, str]], stage: str, now_ms: int
) -> None:
    """Enter people, each with who nominated them."""
    shared = {"season_id": season_id, "stage": stage, "entered_at_ms": now_ms, "moved_at_ms": now_ms}
    connection.execute(insert(ENTRY), [{**shared, "person_id": person, "unit": unit} for person, unit in entries])


def move_entry(connection: Connection, entry_id: int, before: str, after: str, now_ms: int) -> bool:
    """Move an entry that stands at `before`. Returns False where somebody else has moved it meanwhile."""
    moved = connection.execute(
        update(ENTRY).where(ENTRY.c.id == entry_id, ENTRY.c.stage == before).values(stage=after, moved_at_ms=now_ms)
    )
    return moved.rowcount == 1


def add_moves(connection: Connection, moves: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(insert(MOVE), list(moves))


def list_moves(connection: Connection, season_id: int, after: int, limit: int) -> list[Row[Any]]:
    """Return the record of a season with a greater id than `after`, oldest first."""
    return list(
        connection.execute(
            select(MOVE, PERSON.c.key, PERSON.c.name)
            .join(ENTRY, ENTRY.c.id == MOVE.c.entry_id)
            .join(PERSON, PERSON.c.id == ENTRY.c.person_id)
            .where(MOVE.c.season_id == season_id, MOVE.c.id > after)
            .order_by(MOVE.c.id)
            .limit(limit)
        )
    )


def season_of_session(connection: Connection, session_id: int) -> Row[Any] | None:
    """Return the season of a session, with what is said of the session in it."""
    return connection.execute(
        select(SEASON, SEASON_SESSION.c.stage, SEASON_SESSION.c.winner)
        .join(SEASON, SEASON.c.id == SEASON_SESSION.c.season_id)
        .where(SEASON_SESSION.c.session_id == session_id)
    ).one_or_none()


def put_season_session(
    connection: Connection, session_id: int, season_id: int, stage: str | None, winner: str | None
) -> None:
    values = {"season_id": season_id, "stage": stage, "winner": winner}
    statement = upsert(connection.dialect.name, SEASON_SESSION).values(session_id=session_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["session_id"], set_=values))


def remove_season_session(connection: Connection, session_id: int) -> None:
    connection.execute(SEASON_SESSION.delete().where(SEASON_SESSION.c.session_id == session_id))
    put_session_people(connection, session_id, {})


def put_session_people(connection: Connection, session_id: int, people: Mapping[str, tuple[str, int]]) -> None:
    """Replace who the contestants of a session are: by key, the contestant's name and the person's id."""
    connection.execute(SESSION_PERSON.delete().where(SESSION_PERSON.c.session_id == session_id))
    if people:
        connection.execute(
            insert(SESSION_PERSON),
            [
                {"session_id": session_id, "contestant": key, "name": name, "person_id": person_id}
                for key, (name, person_id) in people.items()
            ],
        )


def people_of_sessions(connection: Connection, session_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """Return who the contestants are, by session: each with the name under which they were tied."""
    found: dict[int, list[Row[Any]]] = {}
    columns = [PERSON.c[name] for name in ("id", "key", "title", "organisation", "sector")]
    columns += [PERSON.c[name] for name in ("portrait_url", "clip_url", "slogan")]
    for start in range(0, len(session_ids), _IN_MAX):
        for row in connection.execute(
            select(
                SESSION_PERSON.c.session_id,
                SESSION_PERSON.c.contestant,
                SESSION_PERSON.c.name.label("tied_name"),
                PERSON.c.name,
                *columns,
            )
            .join(PERSON, PERSON.c.id == SESSION_PERSON.c.person_id)
            .where(SESSION_PERSON.c.session_id.in_(session_ids[start : start + _IN_MAX]))
            .order_by(SESSION_PERSON.c.session_id, SESSION_PERSON.c.contestant)
        ):
            found.setdefault(row.session_id, []).append(row)
    return found


def sessions_of_season(connection: Connection, season_id: int) -> list[Row[Any]]:
    """Return the sessions of a season in the order of their numbers, then of their making."""
    return list(
        connection.execute(
            select(SESSION.c.id, SESSION.c.code, SESSION.c.revision, SEASON_SESSION.c.stage, SEASON_SESSION.c.winner)
            .join(SESSION, SESSION.c.id == SEASON_SESSION.c.session_id)
            .where(SEASON_SESSION.c.season_id == season_id)
            .order_by(func.coalesce(SESSION.c.number, 1_000_000), SESSION.c.id)
        )
    )


def codes_of_show(connection: Connection, show_id: int, season_id: int | None = None) -> list[Row[Any]]:
    """Return the sessions of a show, or of one season, each with its revision, in the order of their numbers. No
    rehearsals: they count in nothing.
    """
    statement = select(SESSION.c.id, SESSION.c.code, SESSION.c.revision).where(
        SESSION.c.show_id == show_id, SESSION.c.rehearsal_of.is_(None)
    )
    if season_id is not None:
        statement = statement.join(SEASON_SESSION, SEASON_SESSION.c.session_id == SESSION.c.id).where(
            SEASON_SESSION.c.season_id == season_id
        )
    return list(connection.execute(statement.order_by(func.coalesce(SESSION.c.number, 1_000_000), SESSION.c.id)))


def stamp_of_show(connection: Connection, show_id: int) -> tuple[int, int]:
    """Return what changes whenever a session of the show does: their number, and the sum of their revisions."""
    row = connection.execute(
        select(func.count().label("sessions"), func.coalesce(func.sum(SESSION.c.revision), 0).label("revisions")).where(
            SESSION.c.show_id == show_id, SESSION.c.rehearsal_of.is_(None)
        )
    ).one()
    return int(row.sessions), int(row.revisions)
