"""A round with its rules, and its runs: the attempts at it. The last run is the present one."""

from typing import Any

from sqlalchemy import JSON, BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel


class RoundRow(SQLModel, table=True):
    __tablename__ = "round"
    __table_args__ = (UniqueConstraint("session_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="arena_session.id", index=True)
    number: int
    title: str = Field(max_length=120)
    question: str = Field(max_length=300)
    dimension: str = Field(max_length=8)
    choices: list[dict[str, Any]] | None = Field(default=None, sa_type=JSON)
    choices_max: int
    changeable: bool
    votes_per_day: int | None = None
    duration_ms: int | None = Field(default=None, sa_type=BigInteger)
    grace_ms: int
    visibility: str = Field(max_length=16)
    likes_per_second: int
    sealed: bool = False
    quarantine: list[str] = Field(sa_type=JSON)


class Run(SQLModel, table=True):
    """Times and spans as in `domain.lifecycle.RunState`. `chain_head` and `ballots` carry the ledger on."""

    __table_args__ = (UniqueConstraint("round_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    round_id: int = Field(foreign_key="round.id", index=True)
    number: int
    phase: str = Field(max_length=8)
    opened_at_ms: int | None = Field(default=None, sa_type=BigInteger)
    closes_at_ms: int | None = Field(default=None, sa_type=BigInteger)
    locks_at_ms: int | None = Field(default=None, sa_type=BigInteger)
    locked_at_ms: int | None = Field(default=None, sa_type=BigInteger)
    revealed_at_ms: int | None = Field(default=None, sa_type=BigInteger)
    certified_at_ms: int | None = Field(default=None, sa_type=BigInteger)
    void_reason: str | None = Field(default=None, max_length=300)
    remaining_ms: int | None = Field(default=None, sa_type=BigInteger)
    resumed_at_ms: int | None = Field(default=None, sa_type=BigInteger)
    open_ms: int = Field(default=0, sa_type=BigInteger)
    chain_head: str = Field(max_length=64)
    ballots: int = 0
    batches: int = 0
    result: dict[str, Any] | None = Field(default=None, sa_type=JSON)
