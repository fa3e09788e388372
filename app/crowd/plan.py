"""How people behave: when they vote and how they tap. The same for the same seed; no clock, no I/O.

Half vote in the first seconds, some at any time, some just before the close. Taps come in bursts of two to
five seconds, and phones send what they have gathered every 300 to 1,000 ms.
"""

from random import Random
from typing import NamedTuple

EARLY_SHARE = 0.5
LAST_SHARE = 0.2
EARLY_MEAN_S = 1.5
LAST_SPREAD_S = 0.6
BATCH_S = (0.3, 1.0)
TAPS_PER_SECOND = (4.0, 9.0)
TAPS_IN_BURST = (8, 36)
MOOD_SWING = 0.1


class Temper(NamedTuple):
    """What one voter is like, for the whole simulation."""

    likes_per_second: float
    retries: bool
    late: bool


def temper_of(rng: Random, likes_per_second: float, retry_share: float, late_share: float) -> Temper:
    """Draw a voter. Weights between half and one and a half make some tap thrice as much as others."""
    return Temper(
        likes_per_second=likes_per_second * rng.uniform(0.5, 1.5),
        retries=rng.random() < retry_share,
        late=rng.random() < late_share,
    )


def vote_delay_s(rng: Random, closes_in_s: float | None, horizon_s: float) -> float:
    """Draw how long after the opening a voter votes; `horizon_s` stands in where no close is announced."""
    kind = rng.random()
    if kind < EARLY_SHARE:
        return rng.expovariate(1 / EARLY_MEAN_S)
    if kind < 1 - LAST_SHARE:
        return rng.uniform(0, closes_in_s or horizon_s)
    if closes_in_s is None:
        return rng.uniform(0.5, 1) * horizon_s
    return max(0.0, closes_in_s - rng.expovariate(1 / LAST_SPREAD_S))


def mood(seed: int, number: int, run: int, favour: float) -> float:
    """Return the crowd's favour for the first choice in one run: no two rounds end alike."""
    swing = Random(f"{seed}/mood/{number}/{run}").uniform(-MOOD_SWING, MOOD_SWING)  # noqa: S311  # a simulation
    return min(1.0, max(0.0, favour + swing))


def ballot(rng: Random, first_side: bool, choices: tuple[str, ...], choices_max: int) -> tuple[str, ...]:
    """Draw what a voter's ballot names: one choice, at times more where the round allows it."""
    first = choices[0] if first_side else rng.choice(choices[1:] or choices)
    number = rng.randint(1, choices_max) if choices_max > 1 else 1
    rest = [choice for choice in choices if choice != first]
    return (first, *rng.sample(rest, min(number - 1, len(rest))))


class Tapper:
    """One voter's thumb: bursts and pauses whose mean is the voter's own rate."""

    __slots__ = ("_per_burst_second", "_rate", "_rng", "left")

    def __init__(self, rng: Random, likes_per_second: float) -> None:
        self._rng = rng
        self._rate = likes_per_second
        self._per_burst_second = max(likes_per_second, rng.uniform(*TAPS_PER_SECOND))
        self.left = 0

    @property
    def taps(self) -> bool:
        return self._rate > 0

    def first_wait_s(self) -> float:
        """Draw the wait before the first taps: as many thumbs are mid-burst at the opening as at any other time."""
        burst = sum(TAPS_IN_BURST) / 2
        if self._rng.random() < self._rate / self._per_burst_second:
            self.left = self._rng.randint(1, int(burst))
            return self._rng.uniform(0, BATCH_S[1])
        self.left = 0
        return self._rng.uniform(0, burst * (1 / self._rate - 1 / self._per_burst_second))

    def batch(self) -> tuple[int, float]:
        """Tap until the phone sends. Returns the number of taps and the seconds until the next batch."""
        rng = self._rng
        if self.left <= 0:
            self.left = rng.randint(*TAPS_IN_BURST)
        span_s = rng.uniform(*BATCH_S)
        # Rounded at random, not down: else a slow thumb would never tap.
        wanted = int(self._per_burst_second * span_s + rng.random())
        taps = min(self.left, wanted)
        self.left -= taps
        wait_s = span_s * taps / wanted if wanted else span_s
        if self.left <= 0:
            burst = sum(TAPS_IN_BURST) / 2
            wait_s += burst * (1 / self._rate - 1 / self._per_burst_second) * rng.uniform(0.6, 1.4)
        return taps, wait_s
