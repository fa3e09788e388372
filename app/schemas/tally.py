"""The tally document: the one thing that every socket, poller and feed is given."""

from typing import Literal

from app.domain.session import Kind, View
from app.schemas import Document
from app.schemas.session import ContestantDocument, OverlayDocument


class TallySession(Document):
    code: str
    number: int | None
    title: str
    topic: str
    kind: Kind
    status: str
    show: str
    deciding: bool


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
    id: str
    name: str
    scene: str
    version: int | None
    fps: float | None
    seen_at_ms: int


class StaffExtra(Document):
    overlays: list[OverlaySeen]
    publicly_visible: bool


class TallyDocument(Document):
    type: Literal["tally"]
    view: View
    epoch: int
    version: int
    server_time_ms: int
    session: TallySession
    contestants: list[ContestantDocument]
    round: TallyRound | None
    tally: TallyFigures | None
    rounds: list[TallyRundown]
    totals: Totals
    audience: Audience
    overlay: OverlayDocument
    staff: StaffExtra | None = None
