"""What a gala is built of: a stage's entries, a window for each on stage, and a final ballot."""

from typing import Annotated

from pydantic import Field

from app.domain.session import CHOICES_MAX, Visibility
from app.schemas import Request
from app.schemas.season import PublicStage
from app.schemas.session import DAY_MS, ChannelFields, ChannelList, Code, Key, Line, TimeMs

Question = Annotated[str, Field(max_length=300)]
Duration = Annotated[int, Field(ge=1_000, le=60 * DAY_MS)]


class WindowFields(Request):
    """The round of one contestant on stage."""

    question: Question = ""
    duration_ms: Duration | None = None
    likes_per_second: Annotated[int, Field(ge=1, le=50)] = 15
    visibility: Visibility = "live"
    otherwise: Annotated[str, Field(min_length=1, max_length=60)] = "再看看"


class FinalFields(Request):
    """The ballot over all contestants."""

    title: Line = "终极投票"
    question: Question = ""
    choices_max: Annotated[int, Field(ge=1, le=CHOICES_MAX)] = 1
    duration_ms: Duration | None = None
    grace_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    visibility: Visibility = "on_reveal"
    sealed: bool = False


class GalaCreate(Request):
    stage: PublicStage
    title: Line = ""
    topic: Annotated[str, Field(max_length=200)] = ""
    number: Annotated[int, Field(ge=0, le=100_000)] | None = None
    code: Code | None = None
    starts_at_ms: TimeMs | None = None
    deciding: bool = False
    order: Annotated[list[Key], Field(min_length=2, max_length=CHOICES_MAX)] | None = None
    channels: ChannelList = [
        ChannelFields(key="web", name="网页"),
        ChannelFields(key="wechat", name="微信"),
        ChannelFields(key="radio", name="电台"),
    ]
    window: WindowFields = WindowFields()
    final: FinalFields = FinalFields()
