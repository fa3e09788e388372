"""Proposals, confirmed corrections and external tallies in the database. Every function works in its caller's
transaction.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from app.storage.tables import CORRECTION, EXTERNAL_SOURCE, EXTERNAL_TALLY, PROPOSAL, upsert


def proposals_of(connection: Connection, run_id: int) -> list[Row[Any]]:
    """Return the proposals that wait, oldest first."""
    waiting = PROPOSAL.c.closed_at_ms.is_(None)
    return list(
        connection.execute(select(PROPOSAL).where(PROPOSAL.c.run_id == run_id, waiting).order_by(PROPOSAL.c.id))
    )


def find_proposal(connection: Connection, run_id: int, proposal_id: int) -> Row[Any] | None:
    """Return a proposal that waits, or None."""
    waiting = PROPOSAL.c.closed_at_ms.is_(None)
    return connection.execute(
        select(PROPOSAL).where(PROPOSAL.c.run_id == run_id, PROPOSAL.c.id == proposal_id, waiting)
    ).one_or_none()


def add_proposal(connection: Connection, **values: Any) -> int:
    key: int = connection.execute(insert(PROPOSAL).values(**values)).inserted_primary_key[0]  # type: ignore[index]
    return key


def close_proposal(connection: Connection, proposal_id: int, now_ms: int) -> None:
    connection.execute(update(PROPOSAL).where(PROPOSAL.c.id == proposal_id).values(closed_at_ms=now_ms))


def add_correction(connection: Connection, run_id: int, number: int, record: Mapping[str, Any], digest: str) -> None:
    connection.execute(insert(CORRECTION).values(run_id=run_id, number=number, record=dict(record), digest=digest))


def put_source(connection: Connection, session_id: int, key: str, name: str, public_key: str) -> None:
    """Name a source of external tallies, or give it another name and key."""
    statement = upsert(connection.dialect.name, EXTERNAL_SOURCE).values(
        session_id=session_id, key=key, name=name, public_key=public_key
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["session_id", "key"], set_={"name": name, "public_key": public_key}
        )
    )


def sources_of(connection: Connection, session_id: int) -> list[Row[Any]]:
    return list(
        connection.execute(
            select(EXTERNAL_SOURCE).where(EXTERNAL_SOURCE.c.session_id == session_id).order_by(EXTERNAL_SOURCE.c.key)
        )
    )


def external_tallies_of(connection: Connection, session_id: int) -> list[Row[Any]]:
    """Return what was imported into a session, oldest first."""
    return list(
        connection.execute(
            select(EXTERNAL_TALLY).where(EXTERNAL_TALLY.c.session_id == session_id).order_by(EXTERNAL_TALLY.c.id)
        )
    )


def add_external_tally(connection: Connection, **values: Any) -> None:
    connection.execute(insert(EXTERNAL_TALLY).values(**values))
