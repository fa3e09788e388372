"""A rehearsal's crowd: how its race ends, when it votes, by which ways it comes."""

from collections import Counter
from random import Random

import pytest

from app.crowd import CrowdError, CrowdOptions, plan
from app.domain.rehearsal import Bursts, Race


def ending(race: Race, voters: int, choices: tuple[str, ...]) -> Counter[str]:
    rng = Random(7)
    return Counter(
        plan.vote_in_race(rng, race, each, plan.for_first(rng, race, each), choices)
        for each in range(voters)
        if not plan.abstains(race, each, voters)
    )


@pytest.mark.parametrize("voters", [2, 3, 40, 501])
def test_a_tied_race_ends_level_at_the_top(voters: int) -> None:
    votes = ending("tied", voters, ("red", "blue"))
    assert votes["red"] == votes["blue"] == voters // 2
    of_five = ending("tied", voters, ("a", "b", "c", "d", "e"))
    assert of_five["a"] == of_five["b"] >= max(of_five[each] for each in "cde")


def test_a_lopsided_race_ends_clearly_and_an_even_one_closely() -> None:
    assert ending("lopsided", 100, ("red", "blue")) == {"red": 80, "blue": 20}
    assert abs(ending("even", 1_000, ("red", "blue"))["red"] - 500) < 60


@pytest.mark.parametrize(("bursts", "share"), [("steady", 0.1), ("waves", 0.12), ("spike", 0.89)])
def test_votes_come_in_the_shape_that_was_asked(bursts: Bursts, share: float) -> None:
    rng = Random(3)
    delays = [plan.vote_delay_s(rng, None, 30.0, bursts) for _ in range(2_000)]
    assert min(delays) >= 0
    assert max(delays) < 30.0
    fullest = max(Counter(int(each / 1.5) for each in delays).values())
    assert fullest / len(delays) >= share if bursts != "steady" else fullest / len(delays) < share


def test_channels_come_in_their_proportions_to_the_voter() -> None:
    drawn = Counter(plan.mixed(Random(1), {"web": 60, "wechat": 30, "radio": 10}, 501))
    assert drawn == {"web": 301, "wechat": 150, "radio": 50}


def test_voters_of_a_rehearsal_are_bounded() -> None:
    with pytest.raises(CrowdError):
        CrowdOptions("http://x", "ABCD", voters=19_001, rehearsal=True)
