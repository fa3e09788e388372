"""A person of a show, in however many sessions and seasons."""

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel


class Person(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("show_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    show_id: int = Field(foreign_key="show.id", index=True)
    key: str = Field(max_length=32)
    name: str = Field(max_length=60)
    title: str = Field(max_length=120)
    organisation: str = Field(max_length=120)
    sector: str = Field(max_length=60)
    portrait_url: str = Field(max_length=500)
    clip_url: str = Field(max_length=500)
    slogan: str = Field(max_length=200)
    created_at_ms: int = Field(sa_type=BigInteger)
