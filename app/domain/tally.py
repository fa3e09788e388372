"""From counts to what people read: percentages, leader, tie, short numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """The raw counts of one run. Mutable: the live copy grows as batches commit."""

    votes: dict[str, int] = field(default_factory=dict)
    likes: dict[str, int] = field(default_factory=dict)
    turnout: int = 0
    """How many voters have cast at least one ballot."""


def percentages(votes: Sequence[int]) -> list[int]:
    """Share 100 by largest remainder (Hare quota); equal remainders go to the earlier. All 0 where nobody voted."""
    total = sum(votes)
    if total == 0:
        return [0] * len(votes)
    shares = [count * 100 // total for count in votes]
    by_remainder = sorted(range(len(votes)), key=lambda i: (-(votes[i] * 100 % total), i))
    for i in by_remainder[: 100 - sum(shares)]:
        shares[i] += 1
    return shares


def leader(votes: Mapping[str, int]) -> tuple[str | None, bool]:
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
