"""Seasons of a show: who is entered at which stage, who moved whom, and which sessions belong."""

from typing import Any

from sqlalchemy import JSON, BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel


class Season(SQLModel, table=True):
    """`formula` is what a vote and a like are worth in points; null: they are never added together."""

    __table_args__ = (UniqueConstraint("show_id", "slug"),)

    id: int | None = Field(default=None, primary_key=True)
    show_id: int = Field(foreign_key="show.id", index=True)
    slug: str = Field(max_length=64)
    name: str = Field(max_length=120)
    public_stage: str = Field(max_length=16)
    formula: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    created_at_ms: int = Field(sa_type=BigInteger)


class Entry(SQLModel, table=True):
    """A person in a season, at the stage where the last move put them."""

    __table_args__ = (UniqueConstraint("season_id", "person_id"),)

    id: int | None = Field(default=None, primary_key=True)
    season_id: int = Field(foreign_key="season.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    stage: str = Field(max_length=16)
    unit: str = Field(max_length=120)
    """Who nominated the person."""
    entered_at_ms: int = Field(sa_type=BigInteger)
    moved_at_ms: int = Field(sa_type=BigInteger)


class Move(SQLModel, table=True):
    """Who moved whom, when and on what ground. Append only."""

    id: int | None = Field(default=None, primary_key=True)
    season_id: int = Field(foreign_key="season.id", index=True)
    entry_id: int = Field(foreign_key="entry.id", index=True)
    from_stage: str | None = Field(default=None, max_length=16)
    to_stage: str = Field(max_length=16)
    at_ms: int = Field(sa_type=BigInteger)
    actor: str = Field(max_length=80)
    role: str = Field(max_length=16)
    token_id: int
    reason: str = Field(max_length=200)
    basis: dict[str, Any] = Field(sa_type=JSON)


class SeasonSession(SQLModel, table=True):
    """The season of a session, one at most. `winner` is what the crew says of a bout that the audience does not decide:
    a contestant's key, or `tie`.
    """

    __tablename__ = "season_session"

    session_id: int = Field(foreign_key="arena_session.id", primary_key=True)
    season_id: int = Field(foreign_key="season.id", index=True)
    stage: str | None = Field(default=None, max_length=16)
    winner: str | None = Field(default=None, max_length=32)


class SessionPerson(SQLModel, table=True):
    """Which person a session's contestant is, as long as the contestant of this key bears this name."""

    __tablename__ = "session_person"

    session_id: int = Field(foreign_key="arena_session.id", primary_key=True)
    contestant: str = Field(max_length=32, primary_key=True)
    name: str = Field(max_length=60)
    person_id: int = Field(foreign_key="person.id", index=True)
