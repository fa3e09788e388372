"""From counts to what people read: percentages, weighted score, leader, tie, short numbers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

SCORE_WHOLE = 10_000
"""A score is given in hundredths of a percent."""


@dataclass(slots=True)
class Held:
    """What one rule of the quarantine holds back: counted apart, in nobody's votes."""

    ballots: int = 0
    votes: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Counts:
    """The raw counts of one run, or of one channel of it. Mutable: the live copy grows as batches commit."""

    votes: dict[str, int] = field(default_factory=dict)
    likes: dict[str, int] = field(default_factory=dict)
    turnout: int = 0
    """How many voters have cast at least one ballot."""
    channels: "dict[str, Counts]" = field(default_factory=dict)
    """The same by channel; a voided one stands here and not in the whole."""
    held: dict[str, Held] = field(default_factory=dict)
    """By the rule that holds."""
    voided: frozenset[str] = frozenset()
    corrections: int = 0

    def add(self, other: "Counts") -> None:
        """Add votes, likes and turnout of other people; not channels."""
        for mine, theirs in ((self.votes, other.votes), (self.likes, other.likes)):
            for key, count in theirs.items():
                mine[key] = mine.get(key, 0) + count
        self.turnout += other.turnout

    def grow(self, news: "Counts") -> None:
        """Add what is new in a run: the whole, each channel, what is held."""
        self.add(news)
        for key, each in news.channels.items():
            self.channel(key).add(each)
        for rule, held in news.held.items():
            self.hold(rule, held.ballots, held.votes)

    def channel(self, key: str) -> "Counts":
        found = self.channels.get(key)
        if found is None:
            found = self.channels[key] = Counts()
        return found

    def hold(self, rule: str, ballots: int, votes: Mapping[str, int]) -> None:
        """Count ballots as held back by a rule."""
        held = self.held.setdefault(rule, Held())
        held.ballots += ballots
        for key, count in votes.items():
            held.votes[key] = held.votes.get(key, 0) + count

    def figures(self) -> dict[str, Any]:
        """Return the counts as a result announces them."""
        return {
            "votes": dict(self.votes),
            "likes": dict(self.likes),
            "turnout": self.turnout,
            "channels": {
                key: {"votes": dict(each.votes), "likes": dict(each.likes), "turnout": each.turnout}
                for key, each in sorted(self.channels.items())
            },
            "held": {
                rule: {"ballots": each.ballots, "votes": dict(each.votes)} for rule, each in sorted(self.held.items())
            },
        }

    @classmethod
    def announced(cls, figures: Mapping[str, Any], corrections: int = 0) -> "Counts":
        """Return the counts that a result, or a correction of one, announces."""
        channels = {
            key: cls(dict(each["votes"]), dict(each["likes"]), each["turnout"])
            for key, each in figures["channels"].items()
        }
        held = {rule: Held(each["ballots"], dict(each["votes"])) for rule, each in figures.get("held", {}).items()}
        return cls(
            dict(figures["votes"]),
            dict(figures["likes"]),
            figures["turnout"],
            channels,
            held,
            frozenset(figures.get("voided", ())),
            corrections,
        )


def percentages(votes: Sequence[int | Fraction], whole: int = 100) -> list[int]:
    """Share `whole` by largest remainder (Hare quota); equal remainders go to the earlier. All 0 where nobody voted."""
    total = sum(votes)
    if total == 0:
        return [0] * len(votes)
    shares = [int(count * whole // total) for count in votes]
    by_remainder = sorted(range(len(votes)), key=lambda i: (-(votes[i] * whole % total), i))
    for i in by_remainder[: whole - sum(shares)]:
        shares[i] += 1
    return shares


def scores(
    choices: Sequence[str], channels: Mapping[str, Counts], weights: Mapping[str, int], voided: Collection[str] = ()
) -> dict[str, Fraction]:
    """Weigh the channels: each that has votes gives its weight, shared among the choices as its own votes are.

    A channel without votes, without a weight, or voided gives nothing, so the others' weights then count for more.
    Exact, so that a tie is a tie; as `percentages(…, SCORE_WHOLE)` they are shown.
    """
    points = dict.fromkeys(choices, Fraction(0))
    for key, weight in weights.items():
        votes = channels[key].votes if key in channels and key not in voided else {}
        total = sum(votes.values())
        if weight and total:
            for choice, count in votes.items():
                points[choice] += Fraction(weight * count, total)
    return points


def leader(votes: Mapping[str, int] | Mapping[str, Fraction]) -> tuple[str | None, bool]:
    """Return who leads, and whether the first two are equal. No leader in a tie, neither before the first vote."""
    best = max(votes.values(), default=0)
    if best == 0:
        return None, False
    first = [key for key, count in votes.items() if count == best]
    return (first[0], False) if len(first) == 1 else (None, True)


def count_text(count: int) -> str:
    """Shorten a count as Chinese pages do: plain under 10,000, then 1.2万, 3.4亿, floored."""
    if count < 10_000:
        return str(count)
    unit, sign = (10_000, "万") if count < 100_000_000 else (100_000_000, "亿")
    whole, tenths = divmod(count * 10 // unit, 10)
    return f"{whole}.{tenths}{sign}" if tenths else f"{whole}{sign}"
