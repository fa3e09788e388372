"""Likes: what stands never shrinks, the rate is never passed, and nothing honest is lost for good."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidLikes, LikesShrank
from app.domain.likes import BURST_LIKES, TOTAL_MAX, accept, allowance

CHOICES = ("red", "blue", "c3")
RATE_MAX = 50
growths = st.dictionaries(st.sampled_from(CHOICES), st.integers(0, 5) | st.integers(0, 100_000), min_size=1)
standing = st.dictionaries(st.sampled_from(CHOICES), st.integers(0, 1_000))
maxima = st.integers(0, 20) | st.integers(0, 200_000)


def grown(before: dict[str, int], growth: dict[str, int]) -> dict[str, int]:
    return {key: before.get(key, 0) + more for key, more in growth.items()}


class TestAccept:
    def test_first_likes_stand_as_sent(self) -> None:
        assert accept({}, {"red": 137}, CHOICES, 150) == ({"red": 137}, False)

    def test_side_that_is_not_sent_stays(self) -> None:
        assert accept({"red": 5, "blue": 7}, {"red": 6}, CHOICES, 150) == ({"red": 6, "blue": 7}, False)

    def test_sum_of_all_sides_may_reach_the_allowance_and_not_pass_it(self) -> None:
        assert accept({"blue": 50}, {"red": 100}, CHOICES, 150) == ({"red": 100, "blue": 50}, False)
        assert accept({"blue": 50}, {"red": 101}, CHOICES, 150) == ({"red": 100, "blue": 50}, True)

    @given(standing, growths, maxima)
    def test_totals_never_shrink_and_never_pass_what_was_asked(
        self, before: dict[str, int], growth: dict[str, int], likes_max: int
    ) -> None:
        asked = grown(before, growth)
        totals, _ = accept(before, asked, CHOICES, likes_max)
        assert set(totals) == before.keys() | asked.keys()
        for key, total in totals.items():
            assert before.get(key, 0) <= total <= asked.get(key, before.get(key, 0))

    @given(standing, growths, maxima)
    def test_sum_never_passes_the_allowance(
        self, before: dict[str, int], growth: dict[str, int], likes_max: int
    ) -> None:
        totals, _ = accept(before, grown(before, growth), CHOICES, likes_max)
        assert sum(totals.values()) <= max(likes_max, sum(before.values()))

    @given(standing, growths, maxima)
    def test_says_clipped_just_where_something_is_missing(
        self, before: dict[str, int], growth: dict[str, int], likes_max: int
    ) -> None:
        asked = grown(before, growth)
        totals, clipped = accept(before, asked, CHOICES, likes_max)
        assert clipped == any(totals[key] < total for key, total in asked.items())

    @given(standing, growths, maxima)
    def test_clipping_wastes_less_than_one_like_a_side(
        self, before: dict[str, int], growth: dict[str, int], likes_max: int
    ) -> None:
        totals, clipped = accept(before, grown(before, growth), CHOICES, likes_max)
        room = max(0, likes_max - sum(before.values()))
        granted = sum(totals.values()) - sum(before.values())
        assert not clipped or room - len(growth) < granted <= room

    @given(standing, growths, maxima)
    def test_clipping_is_in_proportion_to_each_sides_growth(
        self, before: dict[str, int], growth: dict[str, int], likes_max: int
    ) -> None:
        totals, _ = accept(before, grown(before, growth), CHOICES, likes_max)
        granted = {key: totals[key] - before.get(key, 0) for key in growth}
        for one in growth:
            for other in growth:
                # Both are floored, so the two shares of what was asked agree to within one like.
                assert granted[one] * growth[other] < (granted[other] + 1) * growth[one] or growth[one] == 0

    @given(standing, growths, maxima)
    def test_order_of_the_sides_favours_nobody(
        self, before: dict[str, int], growth: dict[str, int], likes_max: int
    ) -> None:
        asked = grown(before, growth)
        turned = dict(reversed(asked.items()))
        assert accept(before, turned, CHOICES[::-1], likes_max) == accept(before, asked, CHOICES, likes_max)

    @given(standing, growths, maxima)
    def test_retry_changes_nothing(self, before: dict[str, int], growth: dict[str, int], likes_max: int) -> None:
        totals, _ = accept(before, grown(before, growth), CHOICES, likes_max)
        assert accept(totals, totals, CHOICES, likes_max) == (totals, False) if totals else True

    @given(standing, growths, st.lists(st.integers(0, 200_000), max_size=5))
    def test_phone_that_sends_its_own_total_again_is_counted_whole_in_the_end(
        self, before: dict[str, int], growth: dict[str, int], growing_maxima: list[int]
    ) -> None:
        asked = grown(before, growth)
        whole = {**before, **asked}
        totals = before
        for likes_max in sorted(growing_maxima):
            totals, _ = accept(totals, asked, CHOICES, likes_max)
        assert accept(totals, asked, CHOICES, sum(whole.values())) == (whole, False)

    def test_impatient_phone_loses_nothing_to_being_clipped_often(self) -> None:
        asked, totals = {"red": 300, "blue": 100}, {}
        for second in range(20):
            totals, clipped = accept(totals, asked, CHOICES, allowance(15, second * 1000, second * 1000))
            assert sum(totals.values()) >= min(400, BURST_LIKES + 15 * second - 2)
        assert (totals, clipped) == (asked, False)

    def test_flood_for_one_side_leaves_the_other_its_share(self) -> None:
        totals, clipped = accept({}, {"red": 9_000_000, "blue": 1_000_000}, CHOICES, 150)
        assert (totals, clipped) == ({"red": 135, "blue": 15}, True)

    def test_what_stands_above_the_allowance_is_not_taken_away(self) -> None:
        assert accept({"red": 200}, {"red": 201}, CHOICES, 150) == ({"red": 200}, True)
        assert accept({"red": 200}, {"red": 200}, CHOICES, 150) == ({"red": 200}, False)

    @given(standing, growths, maxima)
    def test_what_it_was_given_is_left_as_it_was(
        self, before: dict[str, int], growth: dict[str, int], likes_max: int
    ) -> None:
        asked = grown(before, growth)
        copies = dict(before), dict(asked)
        accept(before, asked, CHOICES, likes_max)
        assert (before, asked) == copies

    def test_smaller_total_is_refused_with_what_stands(self) -> None:
        before = {"red": 5, "blue": 7}
        with pytest.raises(LikesShrank) as refused:
            accept(before, {"red": 6, "blue": 6}, CHOICES, 150)
        assert refused.value.extra == {"totals": before}
        assert refused.value.extra["totals"] is not before

    def test_no_total_is_refused(self) -> None:
        with pytest.raises(InvalidLikes, match="No total"):
            accept({}, {}, CHOICES, 150)

    def test_unknown_choice_is_refused_and_the_known_ones_named(self) -> None:
        with pytest.raises(InvalidLikes) as refused:
            accept({}, {"red": 1, "绿" * 100: 1}, CHOICES, 150)
        assert "“" + "绿" * 32 + "”" in refused.value.detail
        assert "red, blue, c3" in refused.value.detail
        assert refused.value.extra == {"choices": ["red", "blue", "c3"]}

    @pytest.mark.parametrize("total", [-1, -(10**20), TOTAL_MAX + 1, 10**20])
    def test_absurd_total_is_refused(self, total: int) -> None:
        with pytest.raises(InvalidLikes, match="between 0 and"):
            accept({}, {"red": total}, CHOICES, 10**30)

    @pytest.mark.parametrize("total", [0, TOTAL_MAX])
    def test_bounds_of_a_total_are_taken(self, total: int) -> None:
        assert accept({}, {"red": total}, CHOICES, TOTAL_MAX) == ({"red": total}, False)

    @given(
        standing,
        st.dictionaries(st.sampled_from((*CHOICES, "green")), st.integers(-3, 1_100) | st.just(TOTAL_MAX + 1)),
        maxima,
    )
    def test_nothing_but_the_two_refusals_is_raised(
        self, before: dict[str, int], asked: dict[str, int], likes_max: int
    ) -> None:
        try:
            accept(before, asked, CHOICES, likes_max)
        except LikesShrank:
            assert any(total < before.get(key, 0) for key, total in asked.items())
        except InvalidLikes:
            assert not asked or "green" in asked or not all(0 <= total <= TOTAL_MAX for total in asked.values())


class TestAllowance:
    def test_is_the_burst_before_the_first_second(self) -> None:
        assert allowance(15, 0, 0) == BURST_LIKES == 150

    def test_grows_by_the_rate_a_second_floored(self) -> None:
        assert allowance(15, 60_000, 60_000) == 150 + 900
        assert allowance(15, 66, 66) == 150
        assert allowance(15, 67, 67) == 151

    def test_new_token_earns_nothing_for_the_time_before_it(self) -> None:
        assert allowance(15, 600_000, 2_000) == 150 + 30

    def test_old_token_earns_nothing_while_the_round_is_not_open(self) -> None:
        assert allowance(15, 2_000, 600_000) == 150 + 30

    def test_token_from_the_future_keeps_its_burst(self) -> None:
        assert allowance(15, 60_000, -5_000) == 150

    @given(st.integers(1, RATE_MAX), st.integers(-9_999, 10**9), st.integers(-9_999, 10**9), st.integers(0, 10**6))
    def test_never_falls_as_time_passes_and_never_outruns_the_rate(
        self, per_second: int, open_ms: int, known_ms: int, later_ms: int
    ) -> None:
        now = allowance(per_second, open_ms, known_ms)
        later = allowance(per_second, open_ms + later_ms, known_ms + later_ms)
        assert BURST_LIKES <= now <= later
        assert (later - now) * 1000 < per_second * later_ms + 1000
