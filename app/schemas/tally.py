"""The tally document: the one thing that every socket, poller and feed is given."""

from typing import Literal

from pydantic import Field

from app.domain.session import Kind, View
from app.schemas import Document
from app.schemas.session import ContestantDocument, OverlayDocument


class ReplayFields(Document):
    """Which moment of then is shown, and how fast then goes by. Nothing counts."""

    at_ms: int
    speed: float
    paused: bool


class TallySession(Document):
    code: str
    number: int | None
    title: str
    topic: str
    kind: Kind
    status: str
    rehearsal: bool
    show: str
    deciding: bool
    replay: ReplayFields | None = None
    """Only in a document of `arena replay`."""


class TallyRound(Document):
    number: int
    run: int
    title: str
    question: str
    dimension: str
    phase: str
    visibility: str
    opened_at_ms: int | None
    closes_at_ms: int | None
    locks_at_ms: int | None
    locked_at_ms: int | None
    revealed_at_ms: int | None
    remaining_ms: int | None
    duration_ms: int | None
    grace_ms: int
    choices: list[dict[str, str]]
    choices_max: int
    changeable: bool
    votes_per_day: int | None
    void_reason: str | None
    sealed: bool
    certified_at_ms: int | None
    turnout: int
    held: int


class TallyChoice(Document):
    key: str
    name: str
    votes: int
    votes_text: str
    pct: int
    pct_text: str
    likes: int
    likes_text: str
    score: int
    score_text: str


class TallyChannel(Document):
    """One channel's own tally; a voided one counts in nothing else."""

    key: str
    name: str
    weight: int | None
    voided: bool
    turnout: int
    votes: dict[str, int]
    likes: dict[str, int]


class HeldFigures(Document):
    """What the quarantine holds back; in no vote above."""

    ballots: int
    votes: dict[str, int]


class TallyFigures(Document):
    choices: list[TallyChoice]
    votes: int
    likes: int
    turnout: int
    by: Literal["votes", "score"]
    leader: str | None
    tie: bool
    channels: list[TallyChannel]
    held: HeldFigures
    corrections: int


class TallyRundown(Document):
    number: int
    title: str
    phase: str


class Totals(Document):
    likes: int
    votes: int


class Audience(Document):
    online: int
    unique: int


class OverlaySeen(Document):
    """One overlay as it last told of itself. Anybody can claim to be one: `verified` only by an access token."""

    id: str
    name: str
    verified: bool
    bus: Literal["programme", "preview"]
    scene: str
    epoch: int | None
    version: int | None
    behind_ms: int = Field(description="For how long it has been without the version after the one that it shows.")
    stale_ms: int
    visible: bool
    fps: float | None
    seen_at_ms: int


class DeskWarning(Document):
    kind: str
    level: Literal["warning", "notice"]
    subject: str = Field(description="The overlay's id or the channel's key; empty for the session as a whole.")
    name: str
    since_ms: int
    sentence: str = Field(description="What happened and what to do.")


class ClusterSeen(Document):
    """Of several processes on one database."""

    workers: int
    redis: Literal["ok", "away"]


class StaffExtra(Document):
    overlays: list[OverlaySeen]
    warnings: list[DeskWarning]
    publicly_visible: bool
    cluster: ClusterSeen | None = None


class TallyDocument(Document):
    type: Literal["tally"]
    view: View
    epoch: int
    version: int
    server_time_ms: int
    stale_after_ms: int = Field(description="So long after `server_time_ms` this is to be taken as old.")
    session: TallySession
    contestants: list[ContestantDocument]
    round: TallyRound | None
    tally: TallyFigures | None
    rounds: list[TallyRundown]
    totals: Totals
    audience: Audience
    overlay: OverlayDocument
    staff: StaffExtra | None = None
