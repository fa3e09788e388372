"""The star indices of a show's profile card: one star for each of five thresholds that a measure reaches. Pure.

The formula is data that stands beside the stars, so that anybody can count them again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

STARS = 5
MEASURES: Mapping[str, tuple[str, str]] = {
    "broadcasts": ("播出期数", "broadcasts"),
    "likes": ("点赞总数", "likes"),
    "votes": ("得票总数", "votes"),
    "unique_viewers": ("参与人次", "people who took part"),
    "online_peak": ("同时在线峰值", "people on line at once"),
    "likes_per_broadcast": ("每期平均点赞", "likes a broadcast"),
    "viewers_per_broadcast": ("每期平均参与人数", "people a broadcast"),
    "likes_per_viewer": ("人均点赞", "likes a person"),
    "growth_pct": ("后半程期均点赞比前半程增长（%）", "growth of likes a broadcast, in percent"),
    "visits_delivered": ("送课场次", "visits delivered"),
    "taught": ("听课人数", "people taught"),
}
"""What a star may be counted by, in Chinese and in English."""


@dataclass(frozen=True, slots=True)
class StarRule:
    """One index: its measure, and the five figures that each bring a star."""

    key: str
    name: str
    name_en: str
    measure: str
    thresholds: tuple[int, ...]

    def stars(self, figure: int) -> int:
        return sum(figure >= each for each in self.thresholds)

    @property
    def text(self) -> str:
        return f"{MEASURES[self.measure][0]}满 {'、'.join(map(str, self.thresholds))} 各得一星"

    @property
    def text_en(self) -> str:
        return f"one star for each of {', '.join(map(str, self.thresholds))} in {MEASURES[self.measure][1]}"


DEFAULT = (
    StarRule("fame", "网红指数", "fame", "likes", (1_000, 10_000, 50_000, 200_000, 500_000)),
    StarRule("potential", "潜力指数", "potential", "growth_pct", (0, 5, 10, 25, 50)),
    StarRule("reach", "传播力指数", "reach", "unique_viewers", (500, 2_000, 8_000, 20_000, 50_000)),
)


def is_rising(thresholds: Sequence[int]) -> bool:
    """Say whether each threshold is above the one before."""
    return all(before < after for before, after in pairwise(thresholds))


def measures(
    likes_by_broadcast: Sequence[int],
    *,
    likes: int,
    votes: int,
    unique: int,
    online_peak: int,
    visits: int,
    taught: int,
) -> dict[str, int]:
    """Return every measure. `likes_by_broadcast` stands in the order of the broadcasts; `likes` has the polls too."""
    broadcasts = len(likes_by_broadcast)
    return {
        "broadcasts": broadcasts,
        "likes": likes,
        "votes": votes,
        "unique_viewers": unique,
        "online_peak": online_peak,
        "likes_per_broadcast": sum(likes_by_broadcast) // broadcasts if broadcasts else 0,
        "viewers_per_broadcast": unique // broadcasts if broadcasts else 0,
        "likes_per_viewer": likes // unique if unique else 0,
        "growth_pct": growth_pct(likes_by_broadcast),
        "visits_delivered": visits,
        "taught": taught,
    }


def growth_pct(likes: Sequence[int]) -> int:
    """Return by how many percent a later broadcast has more likes than an earlier one, floored. Of an odd number the
    middle one belongs to neither half. 0 below two broadcasts, or where the earlier half has none.
    """
    half = len(likes) // 2
    if not half or not sum(likes[:half]):
        return 0
    earlier, later = sum(likes[:half]), sum(likes[-half:])
    return (later - earlier) * 100 // earlier
