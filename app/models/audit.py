"""Who did what when. Append only."""

from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel


class AuditEntry(SQLModel, table=True):
    """`actor` is a token's name, never the token; `before` and `after` hold what the action changed. `digest` chains a
    session's entries, and those of no session, each to the one before.
    """

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True)
    session_id: int | None = Field(default=None, foreign_key="arena_session.id", index=True)
    at_ms: int = Field(sa_type=BigInteger)
    actor: str = Field(max_length=80)
    role: str = Field(max_length=16)
    action: str = Field(max_length=32)
    round: int | None = None
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    after: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    detail: str = Field(default="", max_length=300)
    token_id: int = 0
    """Whose token it was; 0 for the clock and the command line."""
    digest: str = Field(max_length=64)
