"""Standings: shared ranks, who won a bout, the holder's run, the closest bout, the score."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.standings import TIE, Formula, Played, Ranked, RoundCount, ranked, standings, winner_of

FIGURES = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.integers(0, 5), max_size=12)


def bout(
    code: str,
    *rounds: tuple[int, int],
    red: str | None = "wang",
    blue: str | None = "yang",
    kind: str = "pk",
    over: bool = True,
    deciding: bool = True,
    said: str | None = None,
    likes: tuple[int, int] = (0, 0),
) -> Played:
    """Return a session in which these votes were cast, round by round."""
    people: Mapping[str, str] = {key: name for key, name in (("red", red), ("blue", blue)) if name is not None}
    counts = tuple(
        RoundCount(
            {"red": r, "blue": b},
            {"red": likes[0], "blue": likes[1]},
            None if r == b else "red" if r > b else "blue",
        )
        for r, b in rounds
    )
    return Played(code, kind, ("red", "blue"), people, counts, over, deciding, said)


def test_equals_share_a_rank_and_the_next_one_counts_them() -> None:
    board = ranked({"a": 5, "b": 7, "c": 7, "d": 1})
    assert [(each.rank, each.key) for each in board] == [(1, "b"), (1, "c"), (3, "a"), (4, "d")]
    assert ranked({}) == []


@given(FIGURES)
def test_rank_is_one_more_than_how_many_are_greater(figures: dict[str, int]) -> None:
    board = ranked(figures)
    assert sorted(each.key for each in board) == sorted(figures)
    assert [each.figure for each in board] == sorted(figures.values(), reverse=True)
    for each in board:
        assert each.rank == 1 + sum(other > each.figure for other in figures.values())


@given(FIGURES)
def test_equals_stand_in_the_order_in_which_they_came(figures: dict[str, int]) -> None:
    places = {key: i for i, key in enumerate(figures)}
    board = ranked(figures)
    for first, second in pairwise(board):
        assert first.figure > second.figure or places[first.key] < places[second.key]


def test_fractions_that_differ_by_little_do_not_share_a_rank() -> None:
    assert ranked({"a": Fraction(1, 3), "b": Fraction(1_000_001, 3_000_002)}) == [
        Ranked(1, "b", Fraction(1_000_001, 3_000_002)),
        Ranked(2, "a", Fraction(1, 3)),
    ]


@pytest.mark.parametrize(
    ("played", "winner"),
    [
        (bout("A", (5, 3), (4, 6), (9, 1)), ("red", "audience")),
        (bout("A", (5, 3), (1, 9)), ("blue", "audience")),
        (bout("A", (5, 3), (3, 5)), (None, "audience")),
        (bout("A", (4, 4)), (None, "audience")),
        (bout("A", (5, 3), said="blue"), ("blue", "crew")),
        (bout("A", (5, 3), said=TIE), (None, "crew")),
        (bout("A", (0, 0)), None),
        (bout("A", (5, 3), over=False), None),
        (bout("A", (5, 3), kind="gala"), None),
        (bout("A", (5, 3), deciding=False), None),
        (bout("A", (5, 3), deciding=False, said="blue"), ("blue", "crew")),
    ],
    ids=[
        "rounds", "votes where rounds are equal", "tie", "even", "said", "said tie", "no votes", "not over", "gala",
        "votes do not decide", "votes do not decide, said",
    ],
)  # fmt: skip
def test_winner_leads_more_rounds_then_has_more_votes(played: Played, winner: tuple[str | None, str] | None) -> None:
    assert winner_of(played) == winner


def test_holders_run_counts_wins_in_a_row() -> None:
    counted = standings(
        [
            bout("A", (5, 3)),
            bout("B", (5, 3), blue="li"),
            bout("C", (4, 4), blue="chen"),
            bout("D", (9, 1), blue="zhao"),
            bout("E", (1, 9), blue="qian"),
            bout("F", (2, 1), red="sun", blue="qian"),
        ]
    )
    assert [(each.holder, each.run, each.defended) for each in counted.bouts] == [
        ("wang", 1, False),
        ("wang", 2, True),
        ("wang", 2, True),
        ("wang", 3, True),
        ("qian", 1, False),
        ("sun", 1, False),
    ]
    assert counted.longest is not None
    assert (counted.longest.person, counted.longest.wins) == ("wang", 3)
    assert (counted.longest.first, counted.longest.last) == ("A", "D")
    assert counted.since == "F"


def test_bout_without_the_holder_passes_the_arena_on() -> None:
    counted = standings([bout("A", (5, 3)), bout("B", (5, 3), red="li", blue="chen"), bout("C", (5, 3))])
    assert [(each.holder, each.run) for each in counted.bouts] == [("wang", 1), ("li", 1), ("wang", 1)]


def test_tie_without_the_holder_defends_nothing() -> None:
    counted = standings([bout("A", (5, 3)), bout("B", (3, 3), red="li", blue="chen")])
    assert (counted.bouts[1].holder, counted.bouts[1].defended) == ("wang", False)


def test_winner_whom_nobody_knows_ends_the_run() -> None:
    counted = standings([bout("A", (5, 3)), bout("B", (1, 9), blue=None), bout("C", (5, 3))])
    assert [(each.holder, each.run) for each in counted.bouts] == [("wang", 1), (None, 0), ("wang", 1)]
    assert counted.since == "C"


def test_season_without_a_bout_has_no_holder() -> None:
    counted = standings([bout("A", (5, 3), kind="gala")])
    assert (counted.bouts, counted.longest, counted.since, counted.closest) == ((), None, None, ())
    assert counted.records["wang"].votes == 5


def test_bout_that_nobody_decided_crowns_nobody() -> None:
    counted = standings([bout("A", (5, 3)), bout("B", (1, 9), blue="li", deciding=False)])
    assert [each.played.code for each in counted.bouts] == ["A"]
    wang = counted.records["wang"]
    assert (counted.bouts[-1].holder, wang.bouts, wang.wins, wang.votes) == ("wang", 1, 1, 6)
    assert (counted.records["li"].wins, counted.records["li"].votes) == (0, 9)


def test_record_counts_votes_and_likes_apart() -> None:
    counted = standings([bout("A", (5, 3), (2, 2), likes=(10, 20)), bout("B", (1, 4), blue="li"), bout("C", (2, 2))])
    wang = counted.records["wang"]
    assert (wang.sessions, wang.bouts, wang.wins, wang.losses, wang.ties) == (3, 3, 1, 1, 1)
    assert (wang.votes, wang.likes) == (10, 20)
    assert counted.records["yang"].likes == 40


def test_one_person_on_both_sides_is_one_session() -> None:
    assert standings([bout("A", (5, 3), blue="wang")]).records["wang"].sessions == 1


def test_nobody_known_leaves_no_record() -> None:
    assert standings([bout("A", (5, 3), red=None, blue=None)]).records == {}


def test_closest_bouts_are_those_of_the_smallest_share() -> None:
    counted = standings([bout("A", (60, 40)), bout("B", (501, 499)), bout("C", (250, 251)), bout("D", (1002, 998))])
    assert [(each.code, each.margin) for each in counted.closest] == [("C", 1)]
    both = standings([bout("A", (501, 499)), bout("B", (1002, 998))])
    assert [each.code for each in both.closest] == ["A", "B"]


def test_bout_that_the_crew_decided_without_votes_is_not_the_closest() -> None:
    counted = standings([bout("A", (0, 0), said="red"), bout("B", (5, 3))])
    assert [each.code for each in counted.closest] == ["B"]
    assert counted.records["wang"].wins == 2


def test_score_is_what_the_formula_says() -> None:
    formula = Formula(votes=100, likes=1)
    assert formula.score(3, 40) == 340
    assert formula.text == "score = 100 × votes + 1 × likes"
