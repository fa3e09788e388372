"""Access tokens and the audit log in the database. Every function works in its caller's transaction."""

from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from app.domain import ledger
from app.storage.tables import ACCESS_TOKEN, AUDIT_ENTRY, LEDGER_BATCH, SESSION

NEVER_MS = 2**62

# Put together once: every request of the crew asks it.
_REHEARSAL = SESSION.alias("rehearsal")
_FIND_TOKEN = (
    select(ACCESS_TOKEN, SESSION.c.code, _REHEARSAL.c.code.label("rehearsal"))
    .outerjoin(SESSION, SESSION.c.id == ACCESS_TOKEN.c.session_id)
    .outerjoin(_REHEARSAL, _REHEARSAL.c.rehearsal_of == ACCESS_TOKEN.c.session_id)
    .where(ACCESS_TOKEN.c.digest == bindparam("of_digest"))
)


def add_token(connection: Connection, **values: Any) -> int:
    key: int = connection.execute(insert(ACCESS_TOKEN).values(**values)).inserted_primary_key[0]  # type: ignore[index]
    return key


def find_token(connection: Connection, digest: str) -> Row[Any] | None:
    """Return a token's row with the code of the session it is for, and that of its rehearsal."""
    return connection.execute(_FIND_TOKEN, {"of_digest": digest}).one_or_none()


def list_tokens(connection: Connection) -> list[Row[Any]]:
    return list(
        connection.execute(
            select(ACCESS_TOKEN, SESSION.c.code)
            .outerjoin(SESSION, SESSION.c.id == ACCESS_TOKEN.c.session_id)
            .order_by(ACCESS_TOKEN.c.id.desc())
            .limit(500)
        )
    )


def lasting_tokens(connection: Connection, session_id: int, now_ms: int, but: str) -> list[tuple[str, int]]:
    """Return, of the tokens that are valid now in a session, each role with when its last one ends; `NEVER_MS` where
    one never does. Those whose name is `but` are left out.
    """
    token = ACCESS_TOKEN.c
    rows = connection.execute(
        select(token.role, func.max(func.coalesce(token.expires_at_ms, NEVER_MS)))
        .where(
            token.revoked_at_ms.is_(None),
            func.coalesce(token.expires_at_ms, NEVER_MS) > now_ms,
            func.coalesce(token.session_id, session_id) == session_id,
            token.name != but,
        )
        .group_by(token.role)
    )
    return [(role, int(ends_ms)) for role, ends_ms in rows]


def revoke_token(connection: Connection, token_id: int, now_ms: int) -> Row[Any] | None:
    """Revoke a token and return its row as it was, or None where there is none. A repeat keeps the first time."""
    row = connection.execute(select(ACCESS_TOKEN).where(ACCESS_TOKEN.c.id == token_id)).one_or_none()
    if row is None:
        return None
    connection.execute(
        update(ACCESS_TOKEN)
        .where(ACCESS_TOKEN.c.id == token_id, ACCESS_TOKEN.c.revoked_at_ms.is_(None))
        .values(revoked_at_ms=now_ms)
    )
    return row


def add_audit(
    connection: Connection,
    *,
    at_ms: int,
    actor: str,
    role: str,
    action: str,
    token_id: int,
    session_id: int | None = None,
    round: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    detail: str = "",
) -> None:
    """Add an entry at the end of its session's chain, or of the chain of what concerns no session."""
    entry = {
        "at_ms": at_ms,
        "actor": actor,
        "role": role,
        "action": action,
        "round": round,
        "before": before,
        "after": after,
        "detail": detail,
        "token_id": token_id,
    }
    head = audit_head(connection, session_id)
    connection.execute(insert(AUDIT_ENTRY).values(session_id=session_id, digest=ledger.fold(head, entry), **entry))


def audit_head(connection: Connection, session_id: int | None) -> str:
    """Return the digest of a session's last entry."""
    last = (
        select(AUDIT_ENTRY.c.digest)
        .where(AUDIT_ENTRY.c.session_id.is_not_distinct_from(session_id))
        .order_by(AUDIT_ENTRY.c.id.desc())
        .limit(1)
    )
    return connection.scalar(last) or ledger.CHAIN_START


def last_written_ms(connection: Connection) -> int:
    """Return when the last ballots, or the last act of the crew, were committed; 0 where nothing was."""
    ballots = connection.scalar(select(func.max(LEDGER_BATCH.c.committed_at_ms))) or 0
    return max(ballots, connection.scalar(select(func.max(AUDIT_ENTRY.c.at_ms))) or 0)


def acts_on_round(connection: Connection, session_id: int, number: int) -> list[Row[Any]]:
    """Return what was done with a round, oldest first."""
    return list(
        connection.execute(
            select(AUDIT_ENTRY)
            .where(AUDIT_ENTRY.c.session_id == session_id, AUDIT_ENTRY.c.round == number)
            .order_by(AUDIT_ENTRY.c.id)
        )
    )


def last_acts_on_rounds(connection: Connection, session_id: int, number: int | None, limit: int) -> list[Row[Any]]:
    """Return the last acts on a round, or on any, that say which revision of the session they made; newest first."""
    of_round = AUDIT_ENTRY.c.round.is_not(None) if number is None else AUDIT_ENTRY.c.round == number
    return list(
        connection.execute(
            select(AUDIT_ENTRY)
            .where(AUDIT_ENTRY.c.session_id == session_id, of_round)
            .order_by(AUDIT_ENTRY.c.id.desc())
            .limit(limit)
        )
    )


def read_whole_audit(connection: Connection, session_id: int) -> list[Row[Any]]:
    """Return every entry of a session, oldest first."""
    return list(
        connection.execute(select(AUDIT_ENTRY).where(AUDIT_ENTRY.c.session_id == session_id).order_by(AUDIT_ENTRY.c.id))
    )


def read_audit(connection: Connection, session_id: int | None, after: int, limit: int) -> list[Row[Any]]:
    """Return entries with a greater id than `after`, oldest first; with `after` 0 the newest `limit`. Without a session
    those that concern none.
    """
    statement = select(AUDIT_ENTRY).where(
        AUDIT_ENTRY.c.session_id.is_not_distinct_from(session_id), AUDIT_ENTRY.c.id > after
    )
    if after:
        return list(connection.execute(statement.order_by(AUDIT_ENTRY.c.id).limit(limit)))
    return list(connection.execute(statement.order_by(AUDIT_ENTRY.c.id.desc()).limit(limit)))[::-1]
