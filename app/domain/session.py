"""A session as one frozen value: what everybody reads between two commits.

Storage makes it, services decide on it, the live side renders it. A change is a new value; nothing here is mutated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.domain.ballot import BallotRules
from app.domain.lifecycle import ON_AIR, Command, Phase, RunState, Timing, allowed

Kind = Literal["pk", "gala", "poll"]
Dimension = Literal["views", "results", "free"]
Visibility = Literal["live", "after_vote", "on_lock", "on_reveal"]
Scene = Literal["blank", "board", "lower_third", "result", "qr"]
View = Literal["public", "voter", "staff"]
Identity = Literal["device", "ticket", "wechat"]
Suspicion = Literal["too_soon", "unseen"]

SCENES: tuple[Scene, ...] = ("blank", "board", "lower_third", "result", "qr")
SIDES = ("red", "blue")
CHOICES_MAX = 64


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to take part; `delay_ms` is how much later its phones see the programme.

    `weight` is its share in the score, 0 to 100; None where no channel of the session has one. `identity` is what a
    phone must show to join by it.
    """

    key: str
    name: str
    delay_ms: int = 0
    weight: int | None = None
    identity: Identity = "device"


@dataclass(frozen=True, slots=True)
class Contestant:
    key: str
    name: str
    title: str = ""
    organisation: str = ""
    sector: str = ""
    role: str = ""
    portrait_url: str = ""
    slogan: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A confirmed correction. `record` is what `digest` covers, after the digest of what it corrects; the figures as
    they stand after it are in it.
    """

    record: Mapping[str, Any]
    digest: str


@dataclass(frozen=True, slots=True)
class Round:
    """A round with its rules and its present run. `run_id` is the database's key of that run."""

    id: int
    number: int
    title: str
    question: str
    dimension: Dimension
    choices: tuple[Choice, ...]
    own_choices: bool
    choices_max: int
    changeable: bool
    votes_per_day: int | None
    duration_ms: int | None
    grace_ms: int
    visibility: Visibility
    likes_per_second: int
    run_id: int
    run: RunState
    result: Mapping[str, Any] | None = None
    """The figures announced at lock, recounted from the ledger in the lock's own transaction. They never change."""
    corrections: tuple[Correction, ...] = ()
    sealed: bool = False
    """Nobody sees more than the turnout until a second person has certified the count."""
    quarantine: tuple[Suspicion, ...] = ()
    """The rules by which a ballot is held back from the count; none: none is."""

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(choice.key for choice in self.choices)

    @property
    def standing(self) -> Mapping[str, Any] | None:
        """Return the figures that stand: those of the last correction, else those of the lock."""
        return {**(self.result or {}), **self.corrections[-1].record} if self.corrections else self.result

    @property
    def seal_unbroken(self) -> bool:
        """Say whether nobody, the crew included, may see the counts yet."""
        return self.sealed and self.run.certified_at_ms is None

    @property
    def allowed(self) -> tuple[Command, ...]:
        """List the commands that would change the round now."""
        commands = allowed(self.run)
        return tuple(each for each in commands if each is not Command.REVEAL) if self.seal_unbroken else commands

    @property
    def ballot_rules(self) -> BallotRules:
        return BallotRules(self.keys, self.choices_max, self.changeable, self.votes_per_day)


@dataclass(frozen=True, slots=True)
class ReplayMark:
    """Says that a session is being played again: which moment of then is shown, and how fast then goes by."""

    at_ms: int
    speed: float
    paused: bool


@dataclass(frozen=True, slots=True)
class Session:
    """One session whole. `voter_key` is secret and never rendered."""

    id: int
    code: str
    number: int | None
    title: str
    topic: str
    kind: Kind
    ended: bool
    show_slug: str
    show_name: str
    deciding: bool
    starts_at_ms: int | None
    created_at_ms: int
    scene: Scene
    channels: tuple[Channel, ...]
    contestants: tuple[Contestant, ...]
    rounds: tuple[Round, ...]
    revision: int
    """Raised by every change to the session, its contestants, rounds or runs; votes do not change it."""
    current: int | None
    """The number of the round on air or last on air, else of the first."""
    voter_key: str = field(repr=False, default="")
    ended_at_ms: int | None = None
    purged_at_ms: int | None = None
    replay: ReplayMark | None = None
    """Only where `arena replay` shows it; a session that counts has none."""
    preview: Scene = "board"
    """What the director takes next; staff alone see it."""
    panicked_at_ms: int | None = None
    """Since when every overlay of the session is held blank, None while none is."""
    rehearsal_of: str | None = None
    """The code of the session that this one rehearses; None for what is meant."""

    @property
    def rehearsal(self) -> bool:
        """Say whether nothing of it counts: a crowd is played against the rounds of another session."""
        return self.rehearsal_of is not None

    @property
    def status(self) -> str:
        if self.ended:
            return "ended"
        return "live" if any(was_opened(each) for each in self.rounds) else "draft"

    @property
    def current_round(self) -> Round | None:
        return self.round(self.current) if self.current is not None else None

    def round(self, number: int) -> Round | None:
        # Nearly always in its own place; a round that was removed moves those behind it.
        if 0 < number <= len(self.rounds) and self.rounds[number - 1].number == number:
            return self.rounds[number - 1]
        return next((each for each in self.rounds if each.number == number), None)

    def delay_ms(self, channel: str) -> int:
        """Return a channel's delay; a channel that the session does not have gets none."""
        return next((each.delay_ms for each in self.channels if each.key == channel), 0)

    @property
    def weights(self) -> dict[str, int]:
        """Return the channels' weights; empty where none has one, and votes alone count."""
        return {each.key: each.weight for each in self.channels if each.weight is not None}

    def timing(self, round_: Round) -> Timing:
        delay_ms_max = max((channel.delay_ms for channel in self.channels), default=0)
        return Timing(round_.duration_ms, round_.grace_ms, delay_ms_max)


def was_opened(round_: Round) -> bool:
    """Say whether any run of this round was ever opened."""
    return round_.run.number > 1 or round_.run.phase is not Phase.DRAFT


def may_see_tally(view: View, visibility: Visibility, phase: Phase, voted: bool, sealed: bool = False) -> bool:
    """Decide who sees the counts. The one place where that is decided.

    `voted` says that this very voter has a ballot in the present run; `sealed` that the round's seal is unbroken.
    """
    if sealed:
        return False
    if view == "staff" or phase is Phase.REVEALED:
        return True
    if phase is Phase.VOID:
        # A void result is nobody's result; staff may look into it, the public is told only that it is void.
        return False
    match visibility:
        case "live":
            return True
        case "after_vote":
            return voted or phase is Phase.LOCKED
        case "on_lock":
            return phase is Phase.LOCKED
        case _:
            # `on_reveal`, and whatever nobody knows: hidden.
            return False


def next_step(session: Session) -> tuple[str, int] | None:
    """Return the one natural next command and the round it is for, or None where nothing is left or the clock
    decides.
    """
    current = session.current_round
    if current is None or session.ended:
        return None
    match current.run.phase:
        case Phase.DRAFT:
            return "open", current.number
        case Phase.OPEN:
            return "lock", current.number
        case Phase.PAUSED:
            return "resume", current.number
        case Phase.CLOSING:
            return None
        case Phase.LOCKED:
            return "certify" if current.seal_unbroken else "reveal", current.number
    # Revealed or void: on to the next draft, else back to one that was left out.
    drafts = [each.number for each in session.rounds if each.run.phase is Phase.DRAFT]
    later = [number for number in drafts if number > current.number] or drafts
    return ("open", later[0]) if later else None


def on_air(session: Session) -> Round | None:
    """Return the round that is open, paused or closing."""
    return next((each for each in session.rounds if each.run.phase in ON_AIR), None)
