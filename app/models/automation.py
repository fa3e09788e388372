"""Outgoing automations: what is called when something happens in a session."""

from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel


class AutomationRow(SQLModel, table=True):
    """`action` is as the producer wrote it; its header values may be secrets of other tools."""

    __tablename__ = "automation"

    id: int | None = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="arena_session.id", index=True)
    name: str = Field(max_length=60)
    trigger: str = Field(max_length=32)
    every_ms: int | None = None
    milestone: int | None = None
    action: dict[str, Any] = Field(sa_type=JSON, repr=False)
    enabled: bool
    created_at_ms: int = Field(sa_type=BigInteger)
