"""Corrections of a locked result: proposed by one of the crew, confirmed by another, and then a record for good."""

from typing import Any

from sqlalchemy import JSON, BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel


class Proposal(SQLModel, table=True):
    """A correction that waits for a second person, until it is confirmed or withdrawn. Kept then too: a number that
    came back would let who presses twice confirm another.
    """

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id", index=True)
    kind: str = Field(max_length=16)
    subject: str = Field(max_length=32)
    reason: str = Field(max_length=300)
    proposed_by: str = Field(max_length=80)
    proposed_token_id: int
    proposed_at_ms: int = Field(sa_type=BigInteger)
    closed_at_ms: int | None = Field(default=None, sa_type=BigInteger)


class CorrectionRow(SQLModel, table=True):
    """One correction, in a chain that begins with the result's digest. Append only. `record` is what `digest` covers,
    the figures as they stand after it among them.
    """

    __tablename__ = "correction"
    __table_args__ = (UniqueConstraint("run_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id")
    number: int
    record: dict[str, Any] = Field(sa_type=JSON)
    digest: str = Field(max_length=64)
