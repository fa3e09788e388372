"""Automations in the database. Every function works in its caller's transaction."""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from app.storage.tables import AUTOMATION, SESSION


def automations_of(connection: Connection, session_id: int) -> list[Row[Any]]:
    """Return a session's automations, oldest first."""
    return list(
        connection.execute(select(AUTOMATION).where(AUTOMATION.c.session_id == session_id).order_by(AUTOMATION.c.id))
    )


def find_automation(connection: Connection, session_id: int, automation_id: int) -> Row[Any] | None:
    return connection.execute(
        select(AUTOMATION).where(AUTOMATION.c.id == automation_id, AUTOMATION.c.session_id == session_id)
    ).one_or_none()


def count_automations(connection: Connection, session_id: int) -> int:
    return connection.scalar(select(func.count()).where(AUTOMATION.c.session_id == session_id)) or 0


def add_automation(connection: Connection, session_id: int, **values: Any) -> int:
    """Add an automation and return its id."""
    added = connection.execute(insert(AUTOMATION).values(session_id=session_id, **values))
    assert added.inserted_primary_key is not None
    automation_id: int = added.inserted_primary_key[0]
    return automation_id


def change_automation(connection: Connection, automation_id: int, **values: Any) -> None:
    connection.execute(update(AUTOMATION).where(AUTOMATION.c.id == automation_id).values(**values))


def remove_automation(connection: Connection, automation_id: int) -> None:
    connection.execute(delete(AUTOMATION).where(AUTOMATION.c.id == automation_id))


def codes_with_automations(connection: Connection) -> list[str]:
    """List the sessions that have not ended and have an automation that is switched on."""
    statement = (
        select(SESSION.c.code)
        .join(AUTOMATION, AUTOMATION.c.session_id == SESSION.c.id)
        .where(SESSION.c.ended.is_(False), AUTOMATION.c.enabled)
        .distinct()
        .order_by(SESSION.c.code)
    )
    return list(connection.scalars(statement))
