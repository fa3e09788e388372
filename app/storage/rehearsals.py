"""Rehearsals in the database: found, and deleted whole. Every function works in its caller's transaction.

The database lets what can only be added be deleted where the session bears the mark, and nowhere else.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, select
from sqlmodel import SQLModel

from app.storage.tables import CONTESTANT, PERSON, PORTRAIT, ROUND, RUN, SESSION

_PORTRAITS = "/api/v1/portraits/"


def rehearsal_of(connection: Connection, session_id: int) -> str | None:
    """Return the code of a session's rehearsal, or None."""
    return connection.scalar(select(SESSION.c.code).where(SESSION.c.rehearsal_of == session_id))


def gone(connection: Connection, codes: list[str]) -> list[str]:
    """Return those codes that no session has any more."""
    there = set(connection.scalars(select(SESSION.c.code).where(SESSION.c.code.in_(codes))))
    return [code for code in codes if code not in there]


def delete_rehearsal(connection: Connection, session_id: int) -> dict[str, int]:
    """Delete a rehearsal with everything that refers to it, directly or by its rounds and runs: whatever tables there
    are, by their foreign keys. Returns how many rows went, by table.

    Raises:
        sqlalchemy.exc.DBAPIError: the session is no rehearsal; the database's triggers refuse.
    """
    portraits = _own_portraits(connection, session_id)
    went: dict[str, int] = {}
    for table in reversed(SQLModel.metadata.sorted_tables):
        condition = SESSION.c.id == session_id if table is SESSION else _belongs(table, session_id)
        if condition is not None and (rows := connection.execute(delete(table).where(condition)).rowcount):
            went[str(table.name)] = rows
    if portraits:
        used = set(connection.scalars(select(CONTESTANT.c.portrait_url)))
        used |= set(connection.scalars(select(PERSON.c.portrait_url)))
        unused = [url.removeprefix(_PORTRAITS) for url in portraits if url not in used]
        if unused and (rows := connection.execute(delete(PORTRAIT).where(PORTRAIT.c.digest.in_(unused))).rowcount):
            went[str(PORTRAIT.name)] = rows
    return went


def _belongs(table: Table, session_id: int) -> ColumnElement[bool] | None:
    """Return which rows of a table are of a session; None where the table has none of any."""
    rounds = select(ROUND.c.id).where(ROUND.c.session_id == session_id)
    owners: dict[Table, Any] = {
        SESSION: [session_id],
        ROUND: rounds,
        RUN: select(RUN.c.id).where(RUN.c.round_id.in_(rounds)),
    }
    for key in table.foreign_keys:
        if key.column.table in owners and key.column.primary_key:
            return key.parent.in_(owners[key.column.table])
    return None


def _own_portraits(connection: Connection, session_id: int) -> list[str]:
    return list(
        connection.scalars(
            select(CONTESTANT.c.portrait_url).where(
                CONTESTANT.c.session_id == session_id, CONTESTANT.c.portrait_url.startswith(_PORTRAITS)
            )
        )
    )
