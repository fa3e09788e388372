"""What a commit changed, told by the writer to the live side in the order of the commits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.session import Session
from app.domain.tally import Counts


@dataclass(frozen=True, slots=True)
class SessionLoaded:
    """A session read whole, with the counts of its rounds' present runs."""

    session: Session
    counts: Mapping[int, Counts]
    voted: Mapping[int, set[str]]
    seen: set[str]


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """A command changed the session; its counts stand."""

    session: Session


@dataclass(frozen=True, slots=True)
class SessionGone:
    """A rehearsal was purged: no such session is there any more."""

    code: str


@dataclass(frozen=True, slots=True)
class Recounted:
    """A run's counts were made anew: its lock has announced them, or a correction stands."""

    code: str
    run_id: int
    counts: Counts


@dataclass(slots=True)
class Counted:
    """Ballots or likes of one run were committed: what to add to its counts."""

    code: str
    run_id: int
    counts: Counts = field(default_factory=Counts)
    """What is new, channels and held ballots included. A changed vote takes some away."""
    voters: set[str] = field(default_factory=set)
    """Who has a ballot in the run now, or has liked."""
    voted: set[str] = field(default_factory=set)
