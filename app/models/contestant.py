"""A person in a session, and portraits, kept apart because a picture must not travel with each tally."""

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel


class ContestantRow(SQLModel, table=True):
    __tablename__ = "contestant"
    __table_args__ = (UniqueConstraint("session_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="arena_session.id", index=True)
    position: int
    key: str = Field(max_length=32)
    name: str = Field(max_length=60)
    title: str = Field(max_length=120)
    organisation: str = Field(max_length=120)
    sector: str = Field(max_length=60)
    role: str = Field(max_length=16)
    portrait_url: str = Field(max_length=500)
    slogan: str = Field(max_length=200)


class Portrait(SQLModel, table=True):
    """A picture under the SHA-256 of its bytes: it never changes, so browsers may keep it for ever."""

    digest: str = Field(primary_key=True, max_length=64)
    content_type: str = Field(max_length=32)
    content: bytes = Field(sa_type=LargeBinary)
