"""What several processes share beside the ledger: running tallies, the newest snapshots, who is present where.

All of it can be made again from the ledger or by waiting a second; none of it is copied by a move.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, LargeBinary
from sqlmodel import Field, SQLModel


class RunningTally(SQLModel, table=True):
    """A run's counts as of its last committed batch. `changes` grows with each."""

    __tablename__ = "running_tally"

    run_id: int = Field(primary_key=True, foreign_key="run.id")
    changes: int
    counts: dict[str, Any] = Field(sa_type=JSON)


class Snapshot(SQLModel, table=True):
    """The newest publication of a session, as the leader encoded it."""

    session_id: int = Field(primary_key=True, foreign_key="arena_session.id")
    epoch: int = Field(sa_type=BigInteger)
    version: int
    content: bytes = Field(sa_type=LargeBinary)


class Presence(SQLModel, table=True):
    """One process and one session that it serves, by the database's clock."""

    worker: str = Field(primary_key=True, max_length=32)
    session_id: int = Field(primary_key=True, foreign_key="arena_session.id")
    at_ms: int = Field(sa_type=BigInteger)
    online: int
    overlays: list[dict[str, Any]] = Field(sa_type=JSON)
