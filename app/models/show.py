"""The programme."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Show(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(max_length=64, unique=True)
    name: str = Field(max_length=120)
    created_at_ms: int = Field(sa_type=BigInteger)
