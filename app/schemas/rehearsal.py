"""A rehearsal and its crowd as requests and documents."""

from typing import Annotated, Literal

from pydantic import Field

from app.domain.rehearsal import SECONDS_MAX, VOTERS_MAX, Bursts, Race
from app.schemas import Document, Request
from app.schemas.session import Key, SessionDocument


class CrowdWanted(Request):
    """Who plays, and how. Without a body: a hundred voters for two minutes, by the session's own channels."""

    voters: Annotated[int, Field(ge=2, le=VOTERS_MAX)] = 100
    channels: dict[Key, Annotated[int, Field(ge=0, le=1_000)]] | None = Field(
        default=None, max_length=16, description="How many of each channel, in proportion; else as a simulated crowd."
    )
    bursts: Bursts = "steady"
    race: Race = "even"
    seconds: Annotated[int, Field(ge=5, le=SECONDS_MAX)] = 120


class CrowdDocument(CrowdWanted):
    state: Literal["playing", "ended", "failed"]
    started_at_ms: int
    ends_at_ms: int
    """When it ends by itself; what is under way then is brought to its end."""


class RehearsalDocument(Document):
    """The session that is the rehearsal, and the crowd that this service has started last."""

    session: SessionDocument
    crowd: CrowdDocument | None
