"""What a simulated crowd is asked to do, and how it tells of its progress.

Plain values: made by the command line, the demonstration and tests, read by every module of this package,
changed by none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from app.domain.rehearsal import Bursts, Race

VOTERS_MAX = 19_000
"""A process may hold at most about 19,500 sockets where open files are limited to 20,000."""


class CrowdError(Exception):
    """The crowd cannot begin or go on; the sentence says why."""


@dataclass(frozen=True, slots=True)
class CrowdOptions:
    """What to simulate. Times are seconds, shares lie between 0 and 1.

    Raises:
        CrowdError: a figure out of its bounds.
    """

    base_url: str
    code: str
    voters: int = 200
    likes_rate: float = 200.0
    """Likes a second over the whole crowd while a round is open."""
    seconds: float = 20.0
    websocket_share: float = 0.8
    channels: Mapping[str, float] | None = None
    """Weights by channel key; None: the session's own channels, the first one three times as heavy."""
    favour: float = 0.55
    """Share of the votes and likes for the first choice, in the mean over the rounds."""
    retry_share: float = 0.10
    """Share of voters who tap twice or send the same vote again."""
    late_share: float = 0.02
    """Share of voters who try to vote only after they have seen the lock: all must be refused."""
    round_s: float = 12.0
    """How long voters think that a round without a deadline will last."""
    seed: int = 1
    token: str | None = None
    """An access token, for the closing check alone: it may read tallies that the public may not see."""
    alone: bool = True
    """Nobody else votes or likes meanwhile, so that the tally must equal what was acknowledged."""
    history: Path | None = None
    """Where to write the history as JSON lines."""
    joins_at_once: int = 64
    poll_interval_s: float = 1.0
    answer_timeout_s: float = 5.0
    settle_s: float = 15.0
    """How long after the end unanswered requests are still retried, and the service is waited for."""
    race: Race | None = None
    """How the race ends; None: by `favour` and each round's mood."""
    bursts: Bursts | None = None
    """When people vote; None: half at once, some at any time, some just before the close."""
    rehearsal: bool = False
    """Play in a rehearsal only: a session without the mark is refused before anybody joins."""
    reconnect_s: tuple[float, float] = (0.5, 5.0)
    """Between which bounds a cut-off voter draws the wait before the next try."""

    def __post_init__(self) -> None:
        if not 1 <= self.voters <= VOTERS_MAX:
            raise CrowdError(f"A crowd has 1 to {VOTERS_MAX} voters; {self.voters} were asked for.")
        if self.likes_rate < 0 or self.seconds <= 0:
            raise CrowdError("The likes rate is zero or more and the seconds are above zero.")
        for name in ("websocket_share", "favour", "retry_share", "late_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise CrowdError(f"{name} lies between 0 and 1.")
        if not self.base_url.startswith(("http://", "https://")):
            raise CrowdError("The address begins with http:// or https://.")


class Progress(NamedTuple):
    """One look at a running crowd; `stage` is joining, playing, settling or checking."""

    stage: str
    elapsed_s: float
    seconds: float
    joined: int
    online: int
    votes: int
    likes: int
    refused: int
    reconnects: int


ProgressSink = Callable[[Progress], None]

RunKey = tuple[int, int]
"""A round's number and its run."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the service says of one run at one moment."""

    round: int
    run: int
    phase: str
    locked_at_ms: int | None
    votes: Mapping[str, int]
    likes: Mapping[str, int]
    turnout: int
    channel_votes: int | None = None
    """The sum of the votes by channel, where the service gives them."""
    held: Mapping[str, int] = field(default_factory=dict)
    """Votes of ballots that a quarantine holds: acknowledged, and counted apart."""
    held_ballots: int = 0


NOTHING: Mapping[str, int] = MappingProxyType({})


@dataclass(slots=True)
class LikeMark:
    """One voter's likes in one run: the greatest totals that were sent and that were acknowledged."""

    sent: dict[str, int] = field(default_factory=dict)
    acked: dict[str, int] = field(default_factory=dict)
