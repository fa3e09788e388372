"""Visits: an organisation asks for a contestant after seeing the session."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Visit(SQLModel, table=True):
    """`asker_name`, `asker_phone`, `wanted`, `message` and `note` are personal, and emptied at `purge_at_ms`. `digest`
    is of the receipt with which the asker follows the request; the receipt itself stands nowhere.
    """

    id: int | None = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="arena_session.id", index=True)
    contestant: str = Field(max_length=32)
    contestant_name: str = Field(max_length=60)
    digest: str = Field(max_length=64, unique=True, repr=False)
    state: str = Field(max_length=16)
    sequence: int = 0
    """Raised by every change; a calendar takes the greater one for the newer."""
    organisation: str = Field(max_length=120)
    district: str = Field(max_length=60)
    topic: str = Field(max_length=120)
    people: int | None = None
    asker_name: str = Field(max_length=60, repr=False)
    asker_phone: str = Field(max_length=24, repr=False)
    wanted: str = Field(max_length=120, repr=False)
    message: str = Field(max_length=500, repr=False)
    asked_at_ms: int = Field(sa_type=BigInteger)
    changed_at_ms: int = Field(sa_type=BigInteger)
    reason: str = Field(default="", max_length=200)
    starts_at_ms: int | None = Field(default=None, sa_type=BigInteger)
    duration_min: int | None = None
    place: str = Field(default="", max_length=200)
    note: str = Field(default="", max_length=200, repr=False)
    taught: int | None = None
    delivered_at_ms: int | None = Field(default=None, sa_type=BigInteger)
    purge_at_ms: int = Field(sa_type=BigInteger, index=True)
    purged_at_ms: int | None = Field(default=None, sa_type=BigInteger)
