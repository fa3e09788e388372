"""What stood on air when: by the service's own commands, and by what overlays told of themselves."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class AirEntry(SQLModel, table=True):
    """A command has an `actor`, and the scene as it is then; a sight of an overlay has that overlay's own scene and
    version. `number` counts a session's entries from 1, and bounds them.
    """

    __tablename__ = "air_entry"

    session_id: int = Field(primary_key=True, foreign_key="arena_session.id")
    number: int = Field(primary_key=True)
    at_ms: int = Field(sa_type=BigInteger)
    kind: str = Field(max_length=16)
    actor: str = Field(default="", max_length=80)
    overlay: str = Field(default="", max_length=80)
    name: str = Field(default="", max_length=80)
    scene: str = Field(max_length=16)
    epoch: int | None = Field(default=None, sa_type=BigInteger)
    version: int | None = Field(default=None, sa_type=BigInteger)
    fps: float | None = None
    visible: bool | None = None
    behind_ms: int | None = Field(default=None, sa_type=BigInteger)
    stale_ms: int | None = Field(default=None, sa_type=BigInteger)
