"""The epoch of tallies: one row, raised at every start, and by each process that begins to lead."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Origin(SQLModel, table=True):
    id: int = Field(primary_key=True)
    epoch: int = Field(sa_type=BigInteger)
    secret_check: str = Field(default="", max_length=64)
    """Hash of the secret that signs: processes that serve one database must share it."""
