"""What people read: percentages that add up, a leader only where there is one, numbers that never say too much."""

from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.tally import SCORE_WHOLE, Counts, Held, count_text, leader, percentages, scores

votes = st.lists(st.integers(0, 5) | st.integers(0, 10**9), min_size=1, max_size=64)
few = st.integers(0, 3)
keyed_votes = st.lists(few | st.integers(0, 10**6), max_size=8).map(
    lambda counts: {f"c{i}": n for i, n in enumerate(counts)}
)
numbers = st.integers(0, 20_000) | st.integers(0, 10**12)


class TestPercentages:
    @given(votes)
    def test_sum_to_100_or_are_all_0(self, counts: list[int]) -> None:
        shares = percentages(counts)
        assert len(shares) == len(counts)
        assert sum(shares) == (100 if any(counts) else 0)

    @given(votes)
    def test_lie_within_1_of_the_exact_share(self, counts: list[int]) -> None:
        total = sum(counts) or 1
        for share, count in zip(percentages(counts), counts, strict=True):
            assert abs(share - Fraction(count * 100, total)) < 1

    @given(votes)
    def test_more_votes_never_have_a_smaller_share(self, counts: list[int]) -> None:
        by_votes = sorted(zip(counts, percentages(counts), strict=True))
        for (fewer, smaller), (more, larger) in pairwise(by_votes):
            assert fewer == more or smaller <= larger

    @given(votes)
    def test_choice_without_votes_has_0(self, counts: list[int]) -> None:
        assert all(share == 0 for share, count in zip(percentages(counts), counts, strict=True) if count == 0)

    @given(votes)
    def test_equal_votes_differ_by_at_most_1_and_the_earlier_has_it(self, counts: list[int]) -> None:
        shares = percentages(counts)
        for count in set(counts):
            equal = [share for share, each in zip(shares, counts, strict=True) if each == count]
            assert equal == sorted(equal, reverse=True)
            assert equal[0] - equal[-1] <= 1

    @given(votes)
    def test_largest_remainders_are_rounded_up_and_the_earlier_of_equal_ones(self, counts: list[int]) -> None:
        total = sum(counts) or 1
        rounded_up, rounded_down = [], []
        for place, (share, count) in enumerate(zip(percentages(counts), counts, strict=True)):
            rank = (Fraction(count * 100, total) % 1, -place)
            (rounded_up if share > count * 100 // total else rounded_down).append(rank)
        assert not rounded_up or not rounded_down or min(rounded_up) > max(rounded_down)

    @given(votes, st.integers(1, 1000))
    def test_depend_on_proportions_only(self, counts: list[int], factor: int) -> None:
        assert percentages([count * factor for count in counts]) == percentages(counts)

    @pytest.mark.parametrize(
        ("counts", "shares"),
        [
            ([], []),
            ([0, 0], [0, 0]),
            ([7], [100]),
            ([12, 10], [55, 45]),
            ([1, 1], [50, 50]),
            ([1, 1, 1], [34, 33, 33]),
            ([0, 1, 1, 1], [0, 34, 33, 33]),
            ([1, 2], [33, 67]),
            ([2, 1], [67, 33]),
            # 0.5 and 99.5: equal remainders, so the earlier one is rounded up, on whichever side it stands.
            ([1, 199], [1, 99]),
            ([199, 1], [100, 0]),
            ([1, 10**6], [0, 100]),
            ([1] * 64, [2] * 36 + [1] * 28),
        ],
    )
    def test_examples(self, counts: list[int], shares: list[int]) -> None:
        assert percentages(counts) == shares


class TestLeader:
    @pytest.mark.parametrize(
        ("counts", "expected"),
        [
            ({}, (None, False)),
            ({"red": 0, "blue": 0}, (None, False)),
            ({"red": 1, "blue": 0}, ("red", False)),
            ({"red": 3, "blue": 4}, ("blue", False)),
            ({"red": 4, "blue": 4}, (None, True)),
            ({"c1": 5, "c2": 5, "c3": 6}, ("c3", False)),
            ({"c1": 6, "c2": 5, "c3": 6}, (None, True)),
        ],
    )
    def test_examples(self, counts: dict[str, int], expected: tuple[str | None, bool]) -> None:
        assert leader(counts) == expected

    @given(keyed_votes)
    def test_leads_alone_and_above_all_others(self, counts: dict[str, int]) -> None:
        first, tie = leader(counts)
        if first is not None:
            assert not tie
            assert all(count < counts[first] for key, count in counts.items() if key != first)

    @given(keyed_votes)
    def test_nobody_leads_only_in_a_tie_or_before_the_first_vote(self, counts: dict[str, int]) -> None:
        first, tie = leader(counts)
        best = sorted(counts.values(), reverse=True)[:2]
        assert tie == (len(best) == 2 and best[0] == best[1] > 0)
        assert (first is None) == (tie or not any(counts.values()))

    @given(keyed_votes)
    def test_does_not_depend_on_the_order_of_the_choices(self, counts: dict[str, int]) -> None:
        assert leader(dict(reversed(counts.items()))) == leader(counts)

    @given(keyed_votes)
    def test_has_the_greatest_percentage(self, counts: dict[str, int]) -> None:
        first, _ = leader(counts)
        shares = dict(zip(counts, percentages(list(counts.values())), strict=True))
        assert first is None or shares[first] == max(shares.values())


class TestCountText:
    @pytest.mark.parametrize(
        ("count", "text"),
        [
            (0, "0"),
            (9_999, "9999"),
            (10_000, "1万"),
            (10_999, "1万"),
            (11_000, "1.1万"),
            (12_345, "1.2万"),
            (19_999, "1.9万"),
            (100_000, "10万"),
            (99_999_999, "9999.9万"),
            (100_000_000, "1亿"),
            (109_999_999, "1亿"),
            (110_000_000, "1.1亿"),
            (12_345_678_901, "123.4亿"),
        ],
    )
    def test_examples(self, count: int, text: str) -> None:
        assert count_text(count) == text

    @given(numbers)
    def test_never_says_more_than_there_is_and_less_than_a_tenth_of_its_unit_too_little(self, count: int) -> None:
        text = count_text(count)
        unit = {"万": 10**4, "亿": 10**8}.get(text[-1], 1)
        said = Decimal(text.rstrip("万亿")) * unit
        assert said == (Decimal(count) * 10 / unit).to_integral_value(ROUND_FLOOR) * unit / 10
        assert said <= count < said + max(1, unit // 10)

    @given(numbers)
    def test_is_short_and_has_no_empty_tenth(self, count: int) -> None:
        text = count_text(count)
        assert ".0" not in text
        assert len(text) <= 7


def test_counts_start_at_nothing_and_share_nothing() -> None:
    one, other = Counts(), Counts()
    one.votes["red"] = 1
    one.likes["red"] = 2
    assert other == Counts({}, {}, 0)


keys = st.sampled_from(["red", "blue", "c3"])
figures = st.dictionaries(keys, st.integers(0, 10_000))
whole_channels = st.dictionaries(
    st.sampled_from(["web", "panel", "radio"]),
    st.builds(Counts, votes=figures, likes=figures, turnout=st.integers(0, 99)),
    max_size=3,
)


class TestScore:
    def test_each_channel_gives_its_weight_as_its_votes_are_shared(self) -> None:
        channels = {"web": Counts({"red": 3, "blue": 1}), "panel": Counts({"red": 1, "blue": 2})}
        points = scores(["red", "blue"], channels, {"web": 30, "panel": 70})
        assert points == {"red": Fraction(90, 4) + Fraction(70, 3), "blue": Fraction(30, 4) + Fraction(140, 3)}
        assert percentages(list(points.values()), SCORE_WHOLE) == [4_583, 5_417]
        assert leader(points) == ("blue", False)

    def test_a_channel_without_votes_a_weight_or_its_good_name_gives_nothing(self) -> None:
        channels = {"web": Counts({"red": 3}), "panel": Counts({"blue": 0}), "radio": Counts({"blue": 9})}
        assert scores(["red", "blue"], channels, {"web": 1, "panel": 99, "venue": 5}) == {"red": 1, "blue": 0}
        assert scores(["red", "blue"], channels, {"web": 0, "radio": 4}) == {"red": 0, "blue": 4}
        assert scores(["red", "blue"], channels, {"web": 6, "radio": 4}, {"web"}) == {"red": 0, "blue": 4}
        assert leader(scores(["red", "blue"], {}, {"web": 1})) == (None, False)

    def test_a_tie_is_exact_where_thirds_are_added(self) -> None:
        channels = {"web": Counts({"red": 1, "blue": 2}), "panel": Counts({"red": 2, "blue": 1})}
        assert leader(scores(["red", "blue"], channels, {"web": 7, "panel": 7})) == (None, True)

    @given(whole_channels, st.dictionaries(st.sampled_from(["web", "panel", "radio"]), st.integers(0, 100)))
    def test_points_sum_to_the_weights_of_the_channels_that_voted(
        self, channels: dict[str, Counts], weights: dict[str, int]
    ) -> None:
        points = scores(["red", "blue", "c3"], channels, weights)
        voted = sum(weight for key, weight in weights.items() if key in channels and sum(channels[key].votes.values()))
        assert sum(points.values()) == voted
        assert sum(percentages(list(points.values()), SCORE_WHOLE)) == (SCORE_WHOLE if voted else 0)


class TestCountsOfARun:
    @given(st.lists(whole_channels, max_size=4))
    def test_what_is_new_adds_up_channel_by_channel(self, news: list[dict[str, Counts]]) -> None:
        counts = Counts()
        for channels in news:
            new = Counts(channels=channels, held={"unseen": Held(1, {"red": 2})})
            for each in channels.values():
                new.add(each)
            counts.grow(new)
        for name in ("votes", "likes"):
            for key in ("red", "blue", "c3"):
                of = [getattr(each, name).get(key, 0) for each in counts.channels.values()]
                assert getattr(counts, name).get(key, 0) == sum(of)
        assert counts.turnout == sum(each.turnout for each in counts.channels.values())
        assert counts.held == ({"unseen": Held(len(news), {"red": 2 * len(news)})} if news else {})

    def test_what_is_announced_comes_back_as_it_was(self) -> None:
        web = Counts({"red": 1, "blue": 0}, {"red": 5, "blue": 0}, 1)
        counts = Counts(
            {"red": 1, "blue": 0}, {"red": 5, "blue": 0}, 1, {"web": web}, {"too_soon": Held(2, {"red": 2})}
        )
        assert Counts.announced(counts.figures()) == counts
        again = Counts.announced({**counts.figures(), "voided": ["web"]}, corrections=3)
        assert (again.voided, again.corrections) == (frozenset({"web"}), 3)

    def test_counts_of_a_channel_that_was_not_there_begin_at_nothing(self) -> None:
        counts = Counts()
        assert counts.channel("web") is counts.channel("web")
        assert counts.channels == {"web": Counts()}
