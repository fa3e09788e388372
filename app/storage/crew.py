"""Access tokens and the audit log in the database. Every function works in its caller's transaction."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from app.storage.tables import ACCESS_TOKEN, AUDIT_ENTRY, SESSION


def add_token(connection: Connection, **values: Any) -> int:
    key: int = connection.execute(insert(ACCESS_TOKEN).values(**values)).inserted_primary_key[0]  # type: ignore[index]
    return key


def find_token(connection: Connection, digest: str) -> Row[Any] | None:
    """Return a token's row with the code of the session it is for."""
    return connection.execute(
        select(ACCESS_TOKEN, SESSION.c.code)
        .outerjoin(SESSION, SESSION.c.id == ACCESS_TOKEN.c.session_id)
        .where(ACCESS_TOKEN.c.digest == digest)
    ).one_or_none()


def list_tokens(connection: Connection) -> list[Row[Any]]:
    return list(
        connection.execute(
            select(ACCESS_TOKEN, SESSION.c.code)
            .outerjoin(SESSION, SESSION.c.id == ACCESS_TOKEN.c.session_id)
            .order_by(ACCESS_TOKEN.c.id.desc())
            .limit(500)
        )
    )


def revoke_token(connection: Connection, token_id: int, now_ms: int) -> bool:
    """Revoke a token; say whether there was one. A repeat keeps the first time."""
    if connection.scalar(select(ACCESS_TOKEN.c.id).where(ACCESS_TOKEN.c.id == token_id)) is None:
        return False
    connection.execute(
        update(ACCESS_TOKEN)
        .where(ACCESS_TOKEN.c.id == token_id, ACCESS_TOKEN.c.revoked_at_ms.is_(None))
        .values(revoked_at_ms=now_ms)
    )
    return True


def add_audit(connection: Connection, **values: Any) -> None:
    connection.execute(insert(AUDIT_ENTRY).values(**values))


def read_audit(connection: Connection, session_id: int, after: int, limit: int) -> list[Row[Any]]:
    """Return entries with a greater id than `after`, oldest first; with `after` 0 the newest `limit`."""
    statement = select(AUDIT_ENTRY).where(AUDIT_ENTRY.c.session_id == session_id, AUDIT_ENTRY.c.id > after)
    if after:
        return list(connection.execute(statement.order_by(AUDIT_ENTRY.c.id).limit(limit)))
    return list(connection.execute(statement.order_by(AUDIT_ENTRY.c.id.desc()).limit(limit)))[::-1]
