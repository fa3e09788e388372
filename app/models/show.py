"""The programme."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Show(SQLModel, table=True):
    """`voter_key` keys the hashes under which voters of all its sessions are kept; destroying it unlinks them from
    phones.
    """

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(max_length=64, unique=True)
    name: str = Field(max_length=120)
    voter_key: str = Field(max_length=64, repr=False)
    created_at_ms: int = Field(sa_type=BigInteger)
