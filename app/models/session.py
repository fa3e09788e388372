"""One run of the arena. Called ArenaSession because Session is the database's word."""

from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel


class ArenaSession(SQLModel, table=True):
    __tablename__ = "arena_session"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(max_length=12, unique=True)
    show_id: int = Field(foreign_key="show.id", index=True)
    number: int | None = None
    title: str = Field(max_length=120)
    topic: str = Field(max_length=200)
    kind: str = Field(max_length=8)
    ended: bool = False
    deciding: bool = False
    starts_at_ms: int | None = Field(default=None, sa_type=BigInteger)
    created_at_ms: int = Field(sa_type=BigInteger)
    scene: str = Field(default="board", max_length=16)
    preview: str = Field(default="board", max_length=16)
    panicked_at_ms: int | None = Field(default=None, sa_type=BigInteger)
    channels: list[dict[str, Any]] = Field(sa_type=JSON)
    current_round: int | None = None
    ended_at_ms: int | None = Field(default=None, sa_type=BigInteger)
    """When the session was last ended; the date of its purge is counted from here."""
    purged_at_ms: int | None = Field(default=None, sa_type=BigInteger)
    voter_key: str = Field(max_length=64, repr=False)
    """Keys the hashes under which voters are kept. The purge destroys it: nobody can then link a ballot to a phone."""
    rehearsal_of: int | None = Field(default=None, index=True, unique=True)
    """The session that this one rehearses: one at most does. Set when it is made, and never again: triggers hold it."""
    revision: int = 0
    """Raised by every change to the session, its contestants, rounds or runs."""
