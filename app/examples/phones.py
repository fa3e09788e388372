"""Deals a round's figures out to phones: who votes for whom, and who brings how many likes. Pure, exact sums."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

LIKES_OF_ONE_MAX = 140
"""What a phone may bring at once is 150."""


@dataclass(slots=True)
class Part:
    """What one phone does in a round."""

    vote: str | None = None
    likes: dict[str, int] = field(default_factory=dict)


def deal(chance: Random, phones: int, votes: Mapping[str, int], likes: Mapping[str, int]) -> list[Part]:
    """Deal out votes, one a phone, and likes, each phone for one side. Every phone likes, where there are enough.

    Raises:
        ValueError: more votes than phones, or more likes than they may bring.
    """
    if sum(votes.values()) > phones:
        raise ValueError(f"{sum(votes.values())} votes are more than {phones} phones may cast")
    parts = [Part() for _ in range(phones)]
    places = list(range(phones))
    chance.shuffle(places)
    at = 0
    for key, count in votes.items():
        for place in places[at : at + count]:
            parts[place].vote = key
        at += count
    chance.shuffle(places)
    total, at = sum(likes.values()), 0
    for i, (key, count) in enumerate(likes.items()):
        likers = phones - at if i == len(likes) - 1 else max(1, round(phones * count / max(1, total)))
        likers = min(likers, count)
        for place, each in zip(places[at : at + likers], share(chance, count, likers), strict=True):
            parts[place].likes[key] = each
        at += likers
    return parts


def share(chance: Random, total: int, people: int) -> list[int]:
    """Share a total among people: everybody some, some more than others.

    Raises:
        ValueError: it is more than they may bring.
    """
    if not people:
        if total:
            raise ValueError(f"nobody is there to bring {total}")
        return []
    weights: Sequence[float] = [chance.uniform(0.3, 1.7) for _ in range(people)]
    whole = sum(weights)
    shares = [1 + int((total - people) * each / whole) for each in weights]
    rest = total - sum(shares)
    for i in range(rest):
        shares[i % people] += 1
    if max(shares) > LIKES_OF_ONE_MAX:
        raise ValueError(f"one would bring {max(shares)} likes; {LIKES_OF_ONE_MAX} are the most")
    return shares
