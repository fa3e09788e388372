"""Tickets in the database. Every function works in its caller's transaction; a ticket's secret is never here."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from app.storage.tables import TICKET


def add_tickets(
    connection: Connection,
    session_id: int,
    channel: str,
    sheet: str,
    first: int,
    digests: Sequence[str],
    now_ms: int,
) -> None:
    """Add tickets with the numbers from `first` on."""
    shared = {"session_id": session_id, "channel": channel, "sheet": sheet, "created_at_ms": now_ms, "used_nonce": ""}
    connection.execute(
        insert(TICKET), [{**shared, "number": number, "digest": digest} for number, digest in enumerate(digests, first)]
    )


def find_ticket(connection: Connection, session_id: int, digest: str) -> Row[Any] | None:
    return connection.execute(
        select(TICKET).where(TICKET.c.digest == digest, TICKET.c.session_id == session_id)
    ).one_or_none()


def ticket_at(connection: Connection, session_id: int, sheet: str, number: int) -> Row[Any] | None:
    """Return the ticket that is printed with this sheet and number."""
    return connection.execute(
        select(TICKET).where(TICKET.c.session_id == session_id, TICKET.c.sheet == sheet, TICKET.c.number == number)
    ).one_or_none()


def use_ticket(connection: Connection, ticket_id: int, nonce: str, now_ms: int) -> None:
    connection.execute(update(TICKET).where(TICKET.c.id == ticket_id).values(used_at_ms=now_ms, used_nonce=nonce))


def release_ticket(connection: Connection, ticket_id: int) -> None:
    connection.execute(update(TICKET).where(TICKET.c.id == ticket_id).values(used_at_ms=None, used_nonce=""))


def void_unused(connection: Connection, session_id: int, sheet: str, number: int | None, now_ms: int) -> int:
    """Void the unused tickets of a sheet, or the one of this number. Returns how many that were."""
    statement = update(TICKET).where(
        TICKET.c.session_id == session_id,
        TICKET.c.sheet == sheet,
        TICKET.c.used_at_ms.is_(None),
        TICKET.c.voided_at_ms.is_(None),
    )
    if number is not None:
        statement = statement.where(TICKET.c.number == number)
    return connection.execute(statement.values(voided_at_ms=now_ms)).rowcount


def count_tickets(connection: Connection, session_id: int) -> int:
    return connection.scalar(select(func.count()).where(TICKET.c.session_id == session_id)) or 0


def sheets(connection: Connection, session_id: int) -> list[Row[Any]]:
    """Return each sheet with its channel, its numbers and how many of it are used or void, oldest first."""
    return list(
        connection.execute(
            select(
                TICKET.c.sheet,
                TICKET.c.channel,
                func.count().label("made"),
                func.count(TICKET.c.used_at_ms).label("used"),
                func.count(TICKET.c.voided_at_ms).label("void"),
                func.max(TICKET.c.number).label("last"),
                func.min(TICKET.c.created_at_ms).label("created_at_ms"),
            )
            .where(TICKET.c.session_id == session_id)
            .group_by(TICKET.c.sheet, TICKET.c.channel)
            .order_by(func.min(TICKET.c.id))
        )
    )


def remove_tickets(connection: Connection, session_id: int) -> None:
    """Remove a session's tickets; for the purge."""
    connection.execute(TICKET.delete().where(TICKET.c.session_id == session_id))
