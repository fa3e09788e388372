"""The ledger: every accepted ballot, and the hash chain over the batches in which they were committed. Append only."""

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel


class Ballot(SQLModel, table=True):
    """One submission of one voter. `voter` is a keyed hash; `choices` are keys joined by commas."""

    # One vote per voter and slot is the database's promise, whatever the code above it does.
    __table_args__ = (UniqueConstraint("run_id", "voter", "slot", "revision"), UniqueConstraint("receipt"))

    run_id: int = Field(foreign_key="run.id", primary_key=True)
    seq: int = Field(primary_key=True)
    voter: str = Field(max_length=32)
    slot: str = Field(max_length=16)
    revision: int
    choices: str = Field(max_length=2200)
    channel: str = Field(max_length=32)
    nonce: str = Field(max_length=64)
    receipt: str = Field(max_length=26)
    accepted_at_ms: int = Field(sa_type=BigInteger)
    held: str = Field(default="", max_length=16)
    """The rule that holds the ballot back from the count; empty where it counts."""


class LedgerBatch(SQLModel, table=True):
    """A link of a run's chain: the ballots up to `last_seq`, and the head after them."""

    __tablename__ = "ledger_batch"

    run_id: int = Field(foreign_key="run.id", primary_key=True)
    number: int = Field(primary_key=True)
    last_seq: int
    head: str = Field(max_length=64)
    committed_at_ms: int = Field(sa_type=BigInteger)
