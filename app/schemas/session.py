"""Shows, sessions and rounds as requests and documents."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from app.domain.session import CHOICES_MAX, SIDES, Dimension, Identity, Kind, Scene, Suspicion, Visibility
from app.schemas import Document, Request

DAY_MS = 86_400_000
EARLIEST_MS, LATEST_MS = 0, 4_102_444_800_000
PORTRAIT_LENGTH_MAX = 120_000

Key = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,32}$")]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{4,12}$")]
Line = Annotated[str, Field(max_length=120)]
TimeMs = Annotated[int, Field(ge=EARLIEST_MS, le=LATEST_MS)]


def portrait_address(value: str) -> str:
    if not value or re.fullmatch(r"https?://[^\s<>\"]{1,490}|/api/v1/portraits/[0-9a-f]{64}", value):
        return value
    if re.fullmatch(r"data:image/(jpeg|png|webp);base64,[A-Za-z0-9+/]+=*", value):
        return value
    raise ValueError("must be an http(s) address or a data:image/jpeg, png or webp address in base64")


class ShowCreate(Request):
    name: Annotated[str, Field(min_length=1, max_length=120)]
    slug: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)] | None = None


class ShowDocument(Document):
    slug: str
    name: str


class ShowList(Document):
    shows: list[ShowDocument]


class ChannelFields(Request):
    key: Key
    name: Annotated[str, Field(max_length=32)] = ""
    delay_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    weight: Annotated[int, Field(ge=0, le=100)] | None = None
    identity: Identity = "device"


def _differing(channels: list[ChannelFields]) -> list[ChannelFields]:
    if len({each.key for each in channels}) != len(channels):
        raise ValueError("two channels have the same key")
    if sum(each.identity == "wechat" for each in channels) > 1:
        # The openid is the identity: by two such channels one person would be one voter in two places.
        raise ValueError("a session has one channel at most that takes WeChat identities")
    return channels


ChannelList = Annotated[list[ChannelFields], Field(min_length=1, max_length=16), AfterValidator(_differing)]


class ContestantFields(Request):
    key: Key | None = None
    name: Annotated[str, Field(min_length=1, max_length=60)]
    title: Line = ""
    organisation: Line = ""
    sector: Annotated[str, Field(max_length=60)] = ""
    role: Literal["", "holder", "challenger"] = ""
    portrait_url: Annotated[str, Field(max_length=PORTRAIT_LENGTH_MAX), AfterValidator(portrait_address)] = ""
    slogan: Annotated[str, Field(max_length=200)] = ""


class ChoiceFields(Request):
    key: Key
    name: Annotated[str, Field(min_length=1, max_length=60)]


class RoundFields(Request):
    """A round's rules. They freeze when the round first opens."""

    title: Line = ""
    question: Annotated[str, Field(max_length=300)] = ""
    dimension: Dimension = "free"
    choices: Annotated[list[ChoiceFields], Field(min_length=2, max_length=CHOICES_MAX)] | None = None
    choices_max: Annotated[int, Field(ge=1, le=CHOICES_MAX)] = 1
    changeable: bool = False
    votes_per_day: Annotated[int, Field(ge=1, le=100)] | None = None
    duration_ms: Annotated[int, Field(ge=1_000, le=60 * DAY_MS)] | None = None
    grace_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    visibility: Visibility = "live"
    likes_per_second: Annotated[int, Field(ge=1, le=50)] = 15
    sealed: bool = False
    quarantine: Annotated[list[Suspicion], Field(max_length=2)] = []

    @model_validator(mode="after")
    def _rules_agree(self) -> Self:
        if self.changeable and self.votes_per_day is not None:
            raise ValueError("changeable and votes_per_day exclude each other")
        if self.choices is not None and len({each.key for each in self.choices}) != len(self.choices):
            raise ValueError("two choices have the same key")
        return self


class RoundChanges(RoundFields):
    """Only what is sent changes."""


class SessionCreate(Request):
    show: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)] = "pioneer-arena"
    code: Code | None = None
    number: Annotated[int, Field(ge=0, le=100_000)] | None = None
    title: Line = ""
    topic: Annotated[str, Field(max_length=200)] = ""
    kind: Kind = "pk"
    deciding: bool = False
    starts_at_ms: TimeMs | None = None
    channels: ChannelList = [
        ChannelFields(key="web", name="网页"),
        ChannelFields(key="wechat", name="微信"),
        ChannelFields(key="radio", name="电台"),
    ]
    contestants: Annotated[list[ContestantFields], Field(min_length=2, max_length=CHOICES_MAX)]
    rounds: Annotated[list[RoundFields], Field(max_length=100)] = []

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "title": "先锋擂台 第1期",
                    "contestants": [
                        {"name": "王伟", "title": "党委副书记", "organisation": "澳洋医院", "role": "holder"},
                        {
                            "name": "杨玭",
                            "title": "党支部书记、会长",
                            "organisation": "张家港市公益组织联合会",
                        },
                    ],
                    "rounds": [{"title": "观点PK", "dimension": "views", "duration_ms": 120000}],
                }
            ]
        }
    }


class SessionChanges(Request):
    """Only what is sent changes; contestants and channels only while no round was opened, each as one whole list."""

    number: Annotated[int, Field(ge=0, le=100_000)] | None = None
    title: Line | None = None
    topic: Annotated[str, Field(max_length=200)] | None = None
    starts_at_ms: TimeMs | None = None
    status: Literal["live", "ended"] | None = None
    channels: ChannelList | None = None
    contestants: Annotated[list[ContestantFields], Field(min_length=2, max_length=CHOICES_MAX)] | None = None


class ChannelDocument(Document):
    key: str
    name: str
    delay_ms: int
    weight: int | None
    identity: Identity


class ContestantDocument(Document):
    key: str
    name: str
    title: str
    organisation: str
    sector: str
    role: str
    portrait_url: str
    slogan: str


class ChoiceDocument(Document):
    key: str
    name: str


class RoundDocument(Document):
    number: int
    run: int
    phase: str
    title: str
    question: str
    dimension: str
    choices: list[ChoiceDocument]
    choices_max: int
    changeable: bool
    votes_per_day: int | None
    duration_ms: int | None
    grace_ms: int
    visibility: str
    likes_per_second: int
    sealed: bool
    quarantine: list[Suspicion]
    opened_at_ms: int | None
    closes_at_ms: int | None
    locks_at_ms: int | None
    locked_at_ms: int | None
    revealed_at_ms: int | None
    certified_at_ms: int | None
    remaining_ms: int | None
    void_reason: str | None
    allowed: list[str]


class NextStep(Document):
    command: str
    round: int


class OverlayDocument(Document):
    scene: Scene
    panic: bool = Field(description="Everything is held blank, whatever an overlay was told to show.")
    preview: Scene | None = Field(description="What the director takes next; null but for the crew.")


class Links(Document):
    """Paths; `base` is the address by which phones reach the service, empty where none is set."""

    base: str
    vote: str
    overlay: str
    report: str
    qr: str


class SessionDocument(Document):
    code: str
    number: int | None
    title: str
    topic: str
    kind: Kind
    status: str
    rehearsal: bool = Field(description="Nothing of it counts; it is purged whole.")
    rehearsal_of: str | None = Field(description="The code of the session that it rehearses.")
    show: ShowDocument
    deciding: bool
    starts_at_ms: int | None
    created_at_ms: int
    revision: int = Field(description="Raised by every change but votes; a command may carry the one that was seen.")
    purge_at_ms: int | None = Field(description="When the key of its voters is destroyed; null until it has ended.")
    purged_at_ms: int | None
    channels: list[ChannelDocument]
    contestants: list[ContestantDocument]
    rounds: list[RoundDocument]
    current_round: int | None
    next: NextStep | None
    overlay: OverlayDocument
    links: Links


class SessionSummary(Document):
    id: int
    code: str
    number: int | None
    title: str
    kind: str
    ended: bool
    rehearsal: bool
    show: ShowDocument
    rounds: int
    starts_at_ms: int | None
    created_at_ms: int


class SessionList(Document):
    sessions: list[SessionSummary]


def contestant_keys(kind: Kind, contestants: list[ContestantFields]) -> list[str]:
    """Return each contestant's key: red and blue in a pk, else its own or c1, c2, …

    Raises:
        ValueError: a pk that has not exactly two sides, or two contestants with one key.
    """
    if kind == "pk":
        if len(contestants) != 2:
            raise ValueError(
                f"A pk has exactly two contestants, not {len(contestants)}; a gala takes up to {CHOICES_MAX}."
            )
        given = [each.key for each in contestants]
        if set(given) <= {None, *SIDES} and given.count("red") < 2 and given.count("blue") < 2:
            first = given[0] or ("red" if given[1] != "red" else "blue")
            return [first, "blue" if first == "red" else "red"]
        raise ValueError("In a pk the contestants' keys are red and blue, once each.")
    keys = [each.key or f"c{i}" for i, each in enumerate(contestants, 1)]
    if len(set(keys)) != len(keys):
        raise ValueError("Two contestants have the same key; give each its own.")
    return keys


def round_values(fields: RoundFields) -> dict[str, Any]:
    """Return a round's rules as the columns of its table."""
    return fields.model_dump()
