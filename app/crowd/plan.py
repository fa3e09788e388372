"""How people behave: when they vote and how they tap. The same for the same seed; no clock, no I/O.

Half vote in the first seconds, some at any time, some just before the close. Taps come in bursts of two to
five seconds, and phones send what they have gathered every 300 to 1,000 ms.
"""

from collections.abc import Mapping
from random import Random
from typing import NamedTuple

from app.domain.rehearsal import Bursts, Race

EARLY_SHARE = 0.5
LAST_SHARE = 0.2
EARLY_MEAN_S = 1.5
LAST_SPREAD_S = 0.6
BATCH_S = (0.3, 1.0)
TAPS_PER_SECOND = (4.0, 9.0)
TAPS_IN_BURST = (8, 36)
MOOD_SWING = 0.1
WAVES = (0.08, 0.33, 0.58, 0.83)
"""Where in the round the waves begin; each lasts about a twentieth of it."""
SPIKE_SHARE, SPIKE_S = 0.9, 1.5
BEHIND = 5
"""In a lopsided race one of so many is for another than the first choice."""
ELSEWHERE = 4
"""In a tied race of more than two choices one pair of so many is for one of the rest."""


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


def vote_delay_s(rng: Random, closes_in_s: float | None, horizon_s: float, bursts: Bursts | None = None) -> float:
    """Draw how long after the opening a voter votes; `horizon_s` stands in where no close is announced."""
    if bursts is not None:
        return _in_bursts(rng, closes_in_s or horizon_s, bursts)
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


def _in_bursts(rng: Random, span_s: float, bursts: Bursts) -> float:
    match bursts:
        case "steady":
            return rng.uniform(0, 0.95) * span_s
        case "waves":
            return (rng.choice(WAVES) + rng.uniform(0, 0.05)) * span_s
        case "spike":
            spiked = rng.random() < SPIKE_SHARE
            return rng.uniform(0, min(SPIKE_S, span_s)) if spiked else rng.uniform(0, 0.95) * span_s


def mixed(rng: Random, weights: Mapping[str, float], number: int) -> list[str]:
    """Return so many names in these proportions, by largest remainder, in a drawn order."""
    whole = sum(weights.values())
    shares = {name: number * weight / whole for name, weight in weights.items()}
    counts = {name: int(share) for name, share in shares.items()}
    for name in sorted(shares, key=lambda each: counts[each] - shares[each])[: number - sum(counts.values())]:
        counts[name] += 1
    names = [name for name, count in counts.items() for _ in range(count)]
    rng.shuffle(names)
    return names


def for_first(rng: Random, race: Race, voter: int) -> bool:
    """Say whether a voter is for the first choice. In a tied race two with neighbouring numbers are a pair."""
    match race:
        case "even":
            return rng.random() < 0.5
        case "lopsided":
            return voter % BEHIND != 0
        case "tied":
            return voter % 2 == 0


def abstains(race: Race | None, voter: int, voters: int) -> bool:
    """Say whether a voter of a tied race has no partner, and so must not vote."""
    return race == "tied" and voters % 2 == 1 and voter == voters - 1


def vote_in_race(rng: Random, race: Race, voter: int, first: bool, choices: tuple[str, ...]) -> str:
    """Return the one choice that a voter names. A pair of a tied race names the first two, or both the same other."""
    pair, rest = voter // 2, len(choices) - 2
    if race != "tied":
        return choices[0] if first else rng.choice(choices[1:] or choices)
    if rest > 0 and pair % ELSEWHERE == ELSEWHERE - 1:
        return choices[2 + pair // ELSEWHERE % rest]
    return choices[0] if first else choices[1]


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
