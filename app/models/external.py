"""Tallies that others counted, signed by them and kept apart from our own."""

from typing import Any

from sqlalchemy import JSON, BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel


class ExternalSource(SQLModel, table=True):
    """Who may hand in tallies for a session, and the key that proves it."""

    __tablename__ = "external_source"

    session_id: int = Field(foreign_key="arena_session.id", primary_key=True)
    key: str = Field(max_length=32, primary_key=True)
    name: str = Field(max_length=60)
    public_key: str = Field(max_length=64)


class ExternalTally(SQLModel, table=True):
    """One signed statement, as it came. Append only."""

    __tablename__ = "external_tally"
    __table_args__ = (UniqueConstraint("session_id", "signature"),)

    id: int | None = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="arena_session.id", index=True)
    source: str = Field(max_length=32)
    round: int
    taken_at_ms: int = Field(sa_type=BigInteger)
    imported_at_ms: int = Field(sa_type=BigInteger)
    imported_by: str = Field(max_length=80)
    statement: dict[str, Any] = Field(sa_type=JSON)
    public_key: str = Field(max_length=64)
    signature: str = Field(max_length=128)
