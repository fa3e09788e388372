"""Access tokens of the crew. Only a hash is kept."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class AccessToken(SQLModel, table=True):
    __tablename__ = "access_token"

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(max_length=64, unique=True, repr=False)
    role: str = Field(max_length=16)
    name: str = Field(max_length=80)
    session_id: int | None = Field(default=None, foreign_key="arena_session.id", index=True)
    created_at_ms: int = Field(sa_type=BigInteger)
    expires_at_ms: int | None = Field(default=None, sa_type=BigInteger)
    revoked_at_ms: int | None = Field(default=None, sa_type=BigInteger)
