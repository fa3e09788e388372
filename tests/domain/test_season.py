"""Stages: who may be moved where, by hand and by rank, and what a cut does to equals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidRequest, TieAtTheCut
from app.domain.season import (
    CHINESE,
    Stage,
    Standing,
    Ties,
    first_by_rank,
    is_forward,
    moved_by_hand,
    moved_by_rank,
    stages_from,
)
from app.domain.standings import ranked

PEOPLE = [Standing("a", Stage.NOMINATED), Standing("b", Stage.PRELIMINARY), Standing("c", Stage.WITHDRAWN)]


def test_every_stage_has_its_chinese_name() -> None:
    assert [CHINESE[stage] for stage in Stage] == ["海选", "预赛", "决赛", "退出"]


@pytest.mark.parametrize("before", Stage)
@pytest.mark.parametrize("after", Stage)
def test_forward_is_the_way_to_the_final(before: Stage, after: Stage) -> None:
    way = [Stage.NOMINATED, Stage.PRELIMINARY, Stage.FINAL]
    assert is_forward(before, after) == (before in way and after in way and way.index(before) < way.index(after))


def test_public_sees_a_stage_and_those_beyond() -> None:
    assert stages_from(Stage.PRELIMINARY) == (Stage.PRELIMINARY, Stage.FINAL)
    assert Stage.WITHDRAWN not in stages_from(Stage.NOMINATED)


def test_by_hand_who_stands_there_already_is_not_moved() -> None:
    assert moved_by_hand(PEOPLE[:2], Stage.PRELIMINARY, "") == ["a"]
    assert moved_by_hand([PEOPLE[2]], Stage.WITHDRAWN, "") == []


@pytest.mark.parametrize(("person", "to"), [(1, Stage.NOMINATED), (0, Stage.WITHDRAWN), (2, Stage.FINAL)])
def test_step_back_out_or_in_again_needs_a_reason(person: int, to: Stage) -> None:
    with pytest.raises(InvalidRequest) as refused:
        moved_by_hand([PEOPLE[person]], to, "")
    assert refused.value.extra["people"] == [PEOPLE[person].person]
    assert moved_by_hand([PEOPLE[person]], to, "本人申请") == [PEOPLE[person].person]


def test_by_rank_nobody_goes_back_and_who_withdrew_stays() -> None:
    assert moved_by_rank({"a", "b", "c"}, PEOPLE, Stage.PRELIMINARY) == ["a"]
    assert moved_by_rank({"b"}, PEOPLE, Stage.FINAL) == ["b"]


def keys(figures: dict[str, int], top: int, ties: Ties = "refuse") -> list[str]:
    return [each.key for each in first_by_rank(ranked(figures), top, ties)]


def test_first_by_rank_are_taken() -> None:
    assert keys({"a": 3, "b": 9, "c": 5}, 2) == ["b", "c"]
    assert keys({"a": 3, "b": 9}, 5) == ["b", "a"]


def test_nobody_with_nothing_is_taken() -> None:
    assert keys({"a": 0, "b": 9, "c": 0}, 2) == ["b"]
    assert keys({"a": 0, "b": 0}, 1) == []


def test_equals_within_the_cut_are_no_matter() -> None:
    assert keys({"a": 9, "b": 9, "c": 5}, 2) == ["a", "b"]


def test_cut_through_equals_is_for_people_to_decide() -> None:
    figures = {"a": 9, "b": 5, "c": 5, "d": 5, "e": 1}
    with pytest.raises(TieAtTheCut) as refused:
        keys(figures, 3)
    assert refused.value.extra == {"rank": 2, "tied": ["b", "c", "d"]}
    assert keys(figures, 3, "all") == ["a", "b", "c", "d"]
    assert keys(figures, 3, "none") == ["a"]


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 4), max_size=12), st.integers(1, 12))
def test_nobody_is_left_out_who_has_more_than_one_who_is_taken(figures: dict[str, int], top: int) -> None:
    every, none = keys(figures, top, "all"), keys(figures, top, "none")
    able = [key for key, figure in figures.items() if figure]
    assert set(none) <= set(every) <= set(able)
    assert len(none) <= min(top, len(able)) <= len(every)
    for taken in (every, none):
        least = min((figures[key] for key in taken), default=5)
        assert all(figures[key] < least for key in able if key not in taken) or not taken
