"""Everything that a crowd sees and does, gathered in one place: history, likes, latencies, refusals, faults.

One event loop writes it; nothing here waits or does I/O.
"""

import time
from collections import Counter, defaultdict

from app.crowd.history import Event
from app.crowd.options import LikeMark, RunKey

FAULTS_KEPT = 50
"""The first ones tell what is wrong; the rest are only counted."""


class Record:
    """The crowd's observations. `at_ms` counts from the record's making."""

    def __init__(self) -> None:
        self.history: list[Event] = []
        self.likes: dict[RunKey, dict[int, LikeMark]] = defaultdict(dict)
        self.runs: set[RunKey] = set()
        self.vote_latencies_ms: list[float] = []
        self.like_latencies_ms: list[float] = []
        self.refusals: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.closes: Counter[int] = Counter()
        self.faults: list[str] = []
        self.faults_total = 0
        self._began = time.monotonic()

    def at_ms(self) -> int:
        """Return milliseconds since the beginning."""
        return int((time.monotonic() - self._began) * 1000)

    def fault(self, sentence: str) -> None:
        """Note something that must not happen."""
        self.faults_total += 1
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(sentence)

    def vote(self, event: Event) -> None:
        """Note a step of a vote."""
        self.history.append(event)
        self.counts[f"vote_{event.what}"] += 1
        self.runs.add((event.round, event.run))

    def likes_sent(self, key: RunKey, voter: int, totals: dict[str, int]) -> None:
        """Note that these totals left a phone."""
        self.runs.add(key)
        _raise_to(self._mark(key, voter).sent, totals)

    def likes_acked(self, key: RunKey, voter: int, totals: dict[str, int]) -> None:
        """Note that the service says these totals stand."""
        acked = self._mark(key, voter).acked
        shrunk = [choice for choice, total in acked.items() if totals.get(choice, total) < total]
        if shrunk:
            self.fault(f"round {key[0]} run {key[1]}: the acknowledged likes of voter {voter} for {shrunk[0]} shrank")
        before = sum(acked.values())
        _raise_to(acked, totals)
        self.counts["likes_acked"] += sum(acked.values()) - before

    def _mark(self, key: RunKey, voter: int) -> LikeMark:
        marks = self.likes[key]
        if voter not in marks:
            marks[voter] = LikeMark()
        return marks[voter]


def _raise_to(standing: dict[str, int], totals: dict[str, int]) -> None:
    for choice, total in totals.items():
        if total > standing.get(choice, 0):
            standing[choice] = total
