"""Visits in the database. Every function works in its caller's transaction."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from app.storage.tables import PERSON, SESSION, SESSION_PERSON, VISIT

PERSONAL = ("asker_name", "asker_phone", "wanted", "message", "note")
"""The columns that the purge empties. The crew's note may name whom to call."""


def _visits() -> Any:
    """Select visits with their session, and with the person where the contestant is still the one who was asked for."""
    return (
        select(
            VISIT, SESSION.c.code, SESSION.c.title, SESSION.c.number, SESSION.c.show_id, PERSON.c.key.label("person")
        )
        .join(SESSION, SESSION.c.id == VISIT.c.session_id)
        .outerjoin(
            SESSION_PERSON,
            (SESSION_PERSON.c.session_id == VISIT.c.session_id)
            & (SESSION_PERSON.c.contestant == VISIT.c.contestant)
            & (SESSION_PERSON.c.name == VISIT.c.contestant_name),
        )
        .outerjoin(PERSON, PERSON.c.id == SESSION_PERSON.c.person_id)
    )


def find_by_digest(connection: Connection, digest: str) -> Row[Any] | None:
    found: Row[Any] | None = connection.execute(_visits().where(VISIT.c.digest == digest)).one_or_none()
    return found


def find_visit(connection: Connection, session_id: int, visit_id: int) -> Row[Any] | None:
    found: Row[Any] | None = connection.execute(
        _visits().where(VISIT.c.id == visit_id, VISIT.c.session_id == session_id)
    ).one_or_none()
    return found


def list_visits(
    connection: Connection, show_id: int, session_id: int | None, states: Collection[str], after: int, limit: int
) -> list[Row[Any]]:
    """Return the visits of a show, or of one session of it, oldest first."""
    statement = _visits().where(SESSION.c.show_id == show_id, VISIT.c.state.in_(states), VISIT.c.id > after)
    if session_id is not None:
        statement = statement.where(VISIT.c.session_id == session_id)
    return list(connection.execute(statement.order_by(VISIT.c.id).limit(limit)))


def latest_visits(connection: Connection, show_id: int, states: Collection[str], limit: int) -> list[Row[Any]]:
    """Return the visits of a show that begin last, in the order of their times."""
    statement = _visits().where(SESSION.c.show_id == show_id, VISIT.c.state.in_(states))
    rows = connection.execute(statement.order_by(VISIT.c.starts_at_ms.desc(), VISIT.c.id.desc()).limit(limit)).all()
    return list(reversed(rows))


def count_states(
    connection: Connection, show_id: int, session_ids: Collection[int] | None = None
) -> dict[str, tuple[int, int]]:
    """Return how many visits stand in each state, and how many were taught in them."""
    statement = (
        select(VISIT.c.state, func.count().label("visits"), func.coalesce(func.sum(VISIT.c.taught), 0).label("taught"))
        .join(SESSION, SESSION.c.id == VISIT.c.session_id)
        .where(SESSION.c.show_id == show_id)
        .group_by(VISIT.c.state)
    )
    if session_ids is not None:
        statement = statement.where(VISIT.c.session_id.in_(session_ids))
    return {row.state: (row.visits, int(row.taught)) for row in connection.execute(statement)}


def count_in_states(connection: Connection, session_id: int, states: Collection[str]) -> int:
    """Return how many of a session's visits stand in one of these states."""
    statement = select(func.count()).where(VISIT.c.session_id == session_id, VISIT.c.state.in_(states))
    return connection.scalar(statement) or 0


def stamp_of_show(connection: Connection, show_id: int) -> tuple[int, int]:
    """Return what changes whenever a visit of the show does: their number, and the sum of their sequences."""
    row = connection.execute(
        select(func.count().label("visits"), func.coalesce(func.sum(VISIT.c.sequence), 0).label("changes"))
        .join(SESSION, SESSION.c.id == VISIT.c.session_id)
        .where(SESSION.c.show_id == show_id)
    ).one()
    return int(row.visits), int(row.changes)


def add_visit(connection: Connection, **values: Any) -> None:
    connection.execute(insert(VISIT).values(**values))


def change_visit(connection: Connection, visit_id: int, sequence: int, **values: Any) -> bool:
    """Change a visit that is still at `sequence`, and raise it. Returns False where it is not."""
    changed = connection.execute(
        update(VISIT)
        .where(VISIT.c.id == visit_id, VISIT.c.sequence == sequence)
        .values(sequence=sequence + 1, **values)
    )
    return changed.rowcount == 1


def due_for_purge(connection: Connection, now_ms: int) -> list[tuple[str, int]]:
    """List the visits whose date has come: the session's code and the visit's id."""
    rows = connection.execute(
        select(SESSION.c.code, VISIT.c.id)
        .join(SESSION, SESSION.c.id == VISIT.c.session_id)
        .where(VISIT.c.purge_at_ms <= now_ms, VISIT.c.purged_at_ms.is_(None))
        .order_by(VISIT.c.id)
    )
    return [(row.code, row.id) for row in rows]
