"""The log of the air in the database. Every function works in its caller's transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select

from app.storage.tables import AIR_ENTRY

SEEN_MAX = 20_000
"""Entries of a session after which no more sights of overlays are kept; commands are kept always."""

_LAST = select(func.max(AIR_ENTRY.c.number)).where(AIR_ENTRY.c.session_id == bindparam("of_session"))
_NO_SIGHT = dict.fromkeys(("epoch", "version", "fps", "visible", "behind_ms", "stale_ms"))
_DEFAULTS: dict[str, Any] = {"actor": "", "overlay": "", "name": "", **_NO_SIGHT}


def last_number(connection: Connection, session_id: int) -> int:
    return connection.scalar(_LAST, {"of_session": session_id}) or 0


def add_act(connection: Connection, session_id: int, **values: Any) -> None:
    """Write down a command, however full the log is."""
    _add(connection, session_id, [values])


def add_sights(connection: Connection, session_id: int, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write down sights of overlays as far as there is room; return how many were kept."""
    room = max(0, SEEN_MAX - last_number(connection, session_id))
    kept = rows[:room]
    if kept:
        _add(connection, session_id, kept)
    return len(kept)


def _add(connection: Connection, session_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    first = last_number(connection, session_id) + 1
    numbered = [
        {**_DEFAULTS, **row, "session_id": session_id, "number": number} for number, row in enumerate(rows, first)
    ]
    connection.execute(insert(AIR_ENTRY), numbered)


def read_air(connection: Connection, session_id: int, after: int, limit: int) -> list[Row[Any]]:
    """Return entries with a greater number than `after`, oldest first."""
    return list(
        connection.execute(
            select(AIR_ENTRY)
            .where(AIR_ENTRY.c.session_id == session_id, AIR_ENTRY.c.number > after)
            .order_by(AIR_ENTRY.c.number)
            .limit(limit)
        )
    )
