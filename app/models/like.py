"""Likes: one cumulative total per phone, run and side."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class LikeTotal(SQLModel, table=True):
    __tablename__ = "like_total"

    run_id: int = Field(foreign_key="run.id", primary_key=True)
    voter: str = Field(primary_key=True, max_length=32)
    choice: str = Field(primary_key=True, max_length=32)
    total: int
    channel: str = Field(max_length=32)
    updated_at_ms: int = Field(sa_type=BigInteger)
