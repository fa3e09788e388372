"""Visits over the wire. What is personal in a request comes in here, and goes out to who handles visits alone."""

from typing import Annotated, Literal

from pydantic import Field

from app.domain.ballot import NONCE_LENGTH_MAX
from app.domain.visit import DURATION_MIN, Act, State
from app.schemas import Document, Request
from app.schemas.session import Key, TimeMs
from app.schemas.voting import Work

Text = Annotated[str, Field(max_length=200)]
Needed = Annotated[str, Field(min_length=1, max_length=120)]


class VisitWanted(Request):
    contestant: Key
    organisation: Needed
    district: Annotated[str, Field(max_length=60)] = ""
    topic: Annotated[str, Field(max_length=120)] = ""
    wanted: Annotated[str, Field(max_length=120, description="When it would suit.")] = ""
    people: Annotated[int, Field(ge=1, le=100_000, description="How many would listen.")] | None = None
    name: Annotated[str, Field(min_length=1, max_length=60)]
    phone: Annotated[str, Field(min_length=5, max_length=24, pattern=r"^[0-9+() \-]+$")]
    message: Annotated[str, Field(max_length=500)] = ""
    nonce: Annotated[str, Field(max_length=NONCE_LENGTH_MAX, pattern=r"^[ -~]*$")] = ""
    work: Work | None = None


class Declined(Request):
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class Scheduled(Request):
    starts_at_ms: TimeMs
    duration_min: Annotated[int, Field(ge=15, le=600)] = DURATION_MIN
    place: Annotated[str, Field(min_length=1, max_length=200)]
    note: Text = ""


class Delivered(Request):
    taught: Annotated[int, Field(ge=0, le=100_000)]
    note: Text = ""


class AskedFor(Document):
    key: str
    name: str


class OwnVisit(Document):
    """A request as the one who made it follows it."""

    receipt: str | None = Field(description="In the answer to the request, and never again.")
    state: State
    session: str
    session_title: str
    contestant: AskedFor
    organisation: str
    topic: str
    asked_at_ms: int
    reason: str
    starts_at_ms: int | None
    duration_min: int | None
    place: str
    delivered_at_ms: int | None
    purge_at_ms: int
    allowed: list[Act]


class ContestantAsked(Document):
    key: str
    name: str
    person: str | None


class VisitDocument(Document):
    """A visit as the crew handles it, with who asked."""

    id: int
    session: str
    session_title: str
    session_number: int | None
    contestant: ContestantAsked
    state: State
    allowed: list[Act]
    organisation: str
    district: str
    topic: str
    wanted: str
    people: int | None
    name: str
    phone: str
    message: str
    asked_at_ms: int
    changed_at_ms: int
    reason: str
    starts_at_ms: int | None
    duration_min: int | None
    place: str
    note: str
    taught: int | None
    delivered_at_ms: int | None
    purge_at_ms: int
    purged_at_ms: int | None


class VisitTotals(Document):
    """How many stand in each state, and how many people were taught."""

    asked: int = 0
    accepted: int = 0
    scheduled: int = 0
    delivered: int = 0
    declined: int = 0
    withdrawn: int = 0
    lapsed: int = 0
    taught: int = 0


class VisitList(Document):
    visits: list[VisitDocument]
    next: int | None
    totals: VisitTotals


VisitFilter = Literal["asked", "accepted", "scheduled", "delivered", "declined", "withdrawn", "lapsed"]
