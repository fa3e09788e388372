"""Who listens to one session, in the order in which they are told, and how often.

Staff and overlays come first, then whoever only listens, then phones: those that said hello with a device token. The
first two are told at every tick. Phones are too while they are few; in a crowd they are told at most twice a second,
but what a command has changed (a round was opened, locked, revealed) goes to everybody at once.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Generic, Protocol, TypeVar

PHONES_EVERY_TICK_MAX = 5_000
"""With more subscribers than this in the process, phones are told more slowly."""
PHONES_INTERVAL_MS = 500


def phones_are_due(subscribers: int, since_ms: int, commanded: bool) -> bool:
    """Say whether phones are told now: so long after the last time, by a process with so many subscribers.

    `commanded`: a command has changed the session since.
    """
    return commanded or subscribers <= PHONES_EVERY_TICK_MAX or since_ms >= PHONES_INTERVAL_MS


class Placed(Protocol):
    """By what a subscriber is placed."""

    staff: bool
    voter: str


S = TypeVar("S", bound=Placed)


class Subscribers(Generic[S]):
    """The three groups. Each keeps the order of arrival: objects that were made one after the other lie beside each
    other, so to go through them in that order waits less for the memory.
    """

    __slots__ = ("listeners", "phones", "staff")

    def __init__(self) -> None:
        self.staff: dict[S, None] = {}
        self.listeners: dict[S, None] = {}
        self.phones: dict[S, None] = {}

    def place(self, subscriber: S) -> None:
        """Put a subscriber where it belongs by what is known of it now."""
        group = self.staff if subscriber.staff else self.phones if subscriber.voter else self.listeners
        if subscriber not in group:
            self.remove(subscriber)
            group[subscriber] = None

    def remove(self, subscriber: S) -> bool:
        """Let go of a subscriber; say whether it was there."""
        for group in (self.phones, self.listeners, self.staff):
            if subscriber in group:
                del group[subscriber]
                return True
        return False

    def __iter__(self) -> Iterator[S]:
        return chain(self.staff, self.listeners, self.phones)

    def __len__(self) -> int:
        return len(self.staff) + len(self.listeners) + len(self.phones)
