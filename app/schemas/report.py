"""Results, the ledger's export and the report."""

from typing import Any, Literal

from app.schemas import Document
from app.schemas.correction import CorrectionDocument
from app.schemas.tally import HeldFigures, TallyFigures


class ChannelFigures(Document):
    votes: int
    likes: int
    turnout: int
    weight: int | None
    voided: bool


class EarlierRun(Document):
    run: int
    phase: str
    locked_at_ms: int | None
    void_reason: str | None
    tally: TallyFigures | None


class Result(Document):
    session: str
    round: int
    run: int
    title: str
    phase: str
    rehearsal_of: str | None
    """Not null: this is a rehearsal of that session, and no result."""
    deciding: bool
    sealed: bool
    locked_at_ms: int
    revealed_at_ms: int | None
    certified_at_ms: int | None
    void_reason: str | None
    by: Literal["votes", "score"]
    tally: TallyFigures
    """What stands now."""
    at_lock: TallyFigures | None
    """What the lock announced, where a correction stands."""
    channels: dict[str, ChannelFigures]
    held: HeldFigures
    corrections: list[CorrectionDocument]
    ballots: int
    chain_head: str
    digest: str
    signature: str
    key: str
    history: list[EarlierRun]


class LedgerBatchDocument(Document):
    number: int
    last_seq: int
    head: str
    committed_at_ms: int


class LedgerRules(Document):
    """What a ballot might say; for the recount's checks. No hash covers it."""

    choices_max: int
    changeable: bool
    votes_per_day: int | None


class SignedCorrection(Document):
    """`digest` follows from the digest before it and `record`."""

    record: dict[str, Any]
    digest: str
    signature: str


class Ledger(Document):
    """The export for the recount. A ballot is `[seq, receipt, voter, slot, revision, choices, channel,
    accepted_at_ms]`, and the rule that holds it where it is held. `likes` are totals and no ballots, as `likes_note`
    says.
    """

    format: str
    session: str
    round: int
    run: int
    rehearsal_of: str | None
    deciding: bool
    choices: list[str]
    rules: LedgerRules
    locked_at_ms: int | None
    result: dict[str, Any]
    corrections: list[SignedCorrection]
    signature: str
    key: str
    likes: dict[str, int]
    likes_note: str
    batches: list[LedgerBatchDocument]
    ballots: list[list[Any]]


class ReceiptDocument(Document):
    """Where a receipt's ballot stands. `choices` and `counted` are null until the round is revealed; `counted` is false
    where a later change took the ballot's place or the run is void.
    """

    receipt: str
    session: str
    rehearsal: bool
    round: int
    run: int
    seq: int
    choices: list[str] | None
    channel: str
    accepted_at_ms: int
    phase: str
    held: bool
    counted: bool | None


class ReportRound(Document):
    number: int
    run: int
    title: str
    dimension: str
    phase: str
    opened_at_ms: int | None
    locked_at_ms: int | None
    revealed_at_ms: int | None
    tally: TallyFigures | None
    channels: dict[str, ChannelFigures] | None


class ReportSecond(Document):
    at_ms: int
    round: int
    likes: dict[str, int]
    votes: int


class ReportMinute(Document):
    at_ms: int
    online: int
    unique: int


class Peaks(Document):
    online: int
    online_at_ms: int | None
    likes_per_second: int
    likes_at_ms: int | None
    votes_per_second: int
    votes_at_ms: int | None


class Report(Document):
    session: dict[str, Any]
    contestants: list[dict[str, Any]]
    rounds: list[ReportRound]
    timeline: list[ReportSecond]
    audience: list[ReportMinute]
    peaks: Peaks
    totals: dict[str, int]
