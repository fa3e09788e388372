"""Likes: cumulative per phone and run, bounded in rate.

A phone sends its total so far. The greater of what stands and what is sent is kept, so a retry neither loses nor
doubles a like; what is above the rate is clipped and may be sent again later.
"""

from collections.abc import Mapping, Sequence

from app.domain.errors import InvalidLikes, LikesShrank

BURST_LIKES = 150
"""How many likes a phone may bring at once, above the rate: ten seconds of hard tapping on a lost connection."""
TOTAL_MAX = 10_000_000


def allowance(per_second: int, open_ms: int, known_ms: int) -> int:
    """Return the greatest sum of likes that one phone may have brought in this run.

    Args:
        per_second: the round's rate for each phone.
        open_ms: how long the run has been open, pauses left out.
        known_ms: how long ago the phone's token was issued: a new token earns nothing for the time before it.
    """
    return BURST_LIKES + per_second * max(0, min(open_ms, known_ms)) // 1000


def accept(
    before: Mapping[str, int], asked: Mapping[str, int], choices: Sequence[str], likes_max: int
) -> tuple[dict[str, int], bool]:
    """Return the totals that now stand, and whether something was clipped.

    Where the sum would pass `likes_max`, each side's growth is cut in proportion, so that the order of the keys favours
    nobody. What stood before is never taken away.

    Raises:
        InvalidLikes: an unknown choice, a negative or absurd total.
        LikesShrank: a total smaller than the one that stands; carries what stands.
    """
    if not asked:
        raise InvalidLikes("No total was sent; send at least one, such as {“red”: 1}.")
    for key, total in asked.items():
        if key not in choices:
            raise InvalidLikes(
                f"This round has no choice “{key[:32]}”; it has {', '.join(choices)}.", choices=list(choices)
            )
        if not 0 <= total <= TOTAL_MAX:
            raise InvalidLikes(f"A total of likes lies between 0 and {TOTAL_MAX}.")
    if any(total < before.get(key, 0) for key, total in asked.items()):
        raise LikesShrank("A total is smaller than the one that stands; count on from there.", totals=dict(before))
    growth = {key: total - before.get(key, 0) for key, total in asked.items()}
    wanted = sum(growth.values())
    room = max(0, likes_max - sum(before.values()))
    totals = {key: before[key] for key in choices if key in before}
    clipped = wanted > room
    for key in choices:
        if key in growth:
            granted = growth[key] * room // wanted if clipped else growth[key]
            totals[key] = before.get(key, 0) + granted
    return totals, clipped
