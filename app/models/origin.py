"""The epoch of tallies: one row, raised at every start."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Origin(SQLModel, table=True):
    id: int = Field(primary_key=True)
    epoch: int = Field(sa_type=BigInteger)
