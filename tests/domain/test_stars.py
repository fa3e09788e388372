"""Star indices: one star for each threshold that is reached, by a measure that anybody can count again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.stars import DEFAULT, MEASURES, STARS, StarRule, growth_pct, is_rising, measures


def of(by_broadcast: list[int], **changes: int) -> dict[str, int]:
    figures = {"likes": sum(by_broadcast), "votes": 0, "unique": 0, "online_peak": 0, "visits": 0, "taught": 0}
    return measures(by_broadcast, **{**figures, **changes})


@pytest.mark.parametrize(("figure", "stars"), [(0, 0), (9, 0), (10, 1), (29, 2), (50, 5), (9_999, 5)])
def test_each_threshold_that_is_reached_brings_a_star(figure: int, stars: int) -> None:
    assert StarRule("x", "某指数", "x", "likes", (10, 20, 30, 40, 50)).stars(figure) == stars


def test_formula_is_said_in_words_beside_the_stars() -> None:
    rule = DEFAULT[0]
    assert rule.text == "点赞总数满 1000、10000、50000、200000、500000 各得一星"
    assert rule.text_en == "one star for each of 1000, 10000, 50000, 200000, 500000 in likes"


def test_report_of_the_magazine_has_its_stars() -> None:
    figures = of([20_000] * 7 + [26_000] + [35_000] * 7, unique=20_400)
    assert {rule.name: rule.stars(figures[rule.measure]) for rule in DEFAULT} == {
        "网红指数": 4,
        "潜力指数": 5,
        "传播力指数": 4,
    }


@pytest.mark.parametrize("rule", DEFAULT)
def test_default_rules_can_be_counted(rule: StarRule) -> None:
    assert rule.measure in MEASURES
    assert len(rule.thresholds) == STARS
    assert is_rising(rule.thresholds)


def test_thresholds_that_stand_still_do_not_rise() -> None:
    assert not is_rising((1, 2, 2, 3, 4))


def test_every_measure_is_measured() -> None:
    figures = of([10, 20, 60], likes=100, votes=7, unique=9, online_peak=4, visits=2, taught=47)
    assert figures == {
        "broadcasts": 3,
        "likes": 100,
        "votes": 7,
        "unique_viewers": 9,
        "online_peak": 4,
        "likes_per_broadcast": 30,
        "viewers_per_broadcast": 3,
        "likes_per_viewer": 11,
        "growth_pct": 500,
        "visits_delivered": 2,
        "taught": 47,
    }
    assert figures.keys() == MEASURES.keys()


def test_show_without_a_broadcast_measures_nothing() -> None:
    assert set(of([]).values()) == {0}


@pytest.mark.parametrize(
    ("likes", "pct"),
    [([100, 150], 50), ([100, 999, 150], 50), ([100], 0), ([0, 9], 0), ([200, 100], -50), ([3, 2], -34)],
)
def test_growth_is_of_the_later_half_on_the_earlier(likes: list[int], pct: int) -> None:
    assert growth_pct(likes) == pct


@given(st.lists(st.integers(0, 10**9), max_size=30), st.integers(1, 5))
def test_growth_does_not_hang_on_the_scale(likes: list[int], times: int) -> None:
    assert growth_pct([each * times for each in likes]) == growth_pct(likes)
