"""Ballots: what one may say, and that no voter gets more places than the round has."""

from collections import Counter
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.ballot import (
    ONCE,
    REVISIONS_MAX,
    TOO_SOON_MS,
    BallotRules,
    Cast,
    Placement,
    checked_choices,
    place,
    repeated,
    resets_at_ms,
    suspicion,
    votes_left,
)
from app.domain.clock import DAY_MS, shanghai_day
from app.domain.errors import AlreadyVoted, InvalidBallot, NoVotesLeft

RED_BLUE = ("red", "blue")
ONE = BallotRules(RED_BLUE)
CHANGEABLE = BallotRules(RED_BLUE, changeable=True)
THREE_A_DAY = BallotRules(RED_BLUE, votes_per_day=3)
MANY = BallotRules(tuple(f"c{i}" for i in range(1, 9)), choices_max=3)
NOON_MS = 1_795_752_000_000
MIDNIGHT_MS = NOON_MS + DAY_MS // 2

nonces = st.sampled_from(["", "", "a", "b", "c", "d"])
events = st.lists(
    st.tuples(
        st.sampled_from([0, 1, DAY_MS // 3, DAY_MS]) | st.integers(0, DAY_MS),
        st.sampled_from([("red",), ("blue",), ("green",), ("red", "blue")]),
        nonces,
    ),
    max_size=30,
)


def cast(choices: tuple[str, ...], slot: str = ONCE, revision: int = 1, nonce: str = "n", at_ms: int = NOON_MS) -> Cast:
    return Cast(slot, revision, choices, nonce, f"receipt {slot} {revision}", at_ms)


class Voter:
    """Casts as the service does: the nonce first, then the choices, then the place; and keeps what stands."""

    def __init__(self, rules: BallotRules, now_ms: int = NOON_MS) -> None:
        self.rules = rules
        self.now_ms = now_ms
        self.ledger: list[Cast] = []

    def votes(self, *asked: str, nonce: str = "") -> tuple[Cast, bool]:
        """Return the ballot, and whether it stood before."""
        found = repeated(nonce, self.ledger)
        if found is not None:
            return found, True
        choices = checked_choices(asked, self.rules)
        placed = place(choices, nonce, self.ledger, self.rules, self.now_ms)
        if isinstance(placed, Cast):
            return placed, True
        name = nonce or f"drawn {len(self.ledger)}"
        new = Cast(placed.slot, placed.revision, choices, name, f"receipt {len(self.ledger)}", self.now_ms)
        self.ledger.append(new)
        return new, False

    @property
    def left(self) -> int:
        return votes_left(self.ledger, self.rules, self.now_ms)


class TestChoices:
    @pytest.mark.parametrize("asked", [["red"], ["blue"], ("red",)])
    def test_one_known_choice_is_taken(self, asked: list[str]) -> None:
        assert checked_choices(asked, ONE) == tuple(asked)

    @given(st.lists(st.sampled_from(MANY.choices), min_size=1, max_size=3, unique=True))
    def test_come_back_all_and_in_the_rounds_own_order(self, asked: list[str]) -> None:
        assert checked_choices(asked, MANY) == tuple(sorted(asked, key=MANY.choices.index))

    def test_order_is_the_rounds_and_not_the_alphabets(self) -> None:
        assert checked_choices(["blue", "red"], BallotRules(RED_BLUE, choices_max=2)) == ("red", "blue")

    def test_empty_ballot_is_refused(self) -> None:
        with pytest.raises(InvalidBallot, match="no choice"):
            checked_choices([], ONE)

    def test_one_more_than_the_most_is_refused_and_the_most_is_taken(self) -> None:
        assert len(checked_choices(MANY.choices[:3], MANY)) == 3
        with pytest.raises(InvalidBallot, match="names 4 choices; this round takes at most 3"):
            checked_choices(MANY.choices[:4], MANY)

    def test_choice_named_twice_is_refused(self) -> None:
        with pytest.raises(InvalidBallot, match="twice"):
            checked_choices(["c1", "c2", "c1"], MANY)

    def test_unknown_choice_is_refused_shortened_and_the_known_ones_named(self) -> None:
        with pytest.raises(InvalidBallot) as refused:
            checked_choices(["绿" * 100], ONE)
        assert "“" + "绿" * 32 + "”" in refused.value.detail
        assert "red, blue" in refused.value.detail
        assert refused.value.extra == {"choices": ["red", "blue"]}

    def test_unknown_choice_among_known_ones_is_refused(self) -> None:
        with pytest.raises(InvalidBallot, match="“c9”"):
            checked_choices(["c1", "c9"], MANY)

    @pytest.mark.parametrize("asked", ["RED", " red", "red,blue", "", "r"])
    def test_nearly_right_is_unknown(self, asked: str) -> None:
        with pytest.raises(InvalidBallot):
            checked_choices([asked], ONE)

    @given(st.lists(st.sampled_from([*MANY.choices, "c9", ""]), max_size=5))
    def test_any_list_is_either_taken_whole_or_refused_as_invalid(self, asked: list[str]) -> None:
        valid = 1 <= len(asked) <= 3 and len(set(asked)) == len(asked) and set(asked) <= set(MANY.choices)
        try:
            taken = checked_choices(asked, MANY)
        except InvalidBallot:
            assert not valid
        else:
            assert valid
            assert set(taken) == set(asked)


class TestRetry:
    def test_same_nonce_finds_the_first_ballot_whatever_it_says_now(self) -> None:
        voter = Voter(ONE)
        first, _ = voter.votes("red", nonce="a")
        assert voter.votes("red", nonce="a") == (first, True)
        assert voter.votes("blue", nonce="a") == (first, True)
        assert voter.votes("no such choice", nonce="a") == (first, True)

    def test_nonce_of_a_superseded_ballot_still_finds_it(self) -> None:
        voter = Voter(CHANGEABLE)
        first, _ = voter.votes("red", nonce="a")
        voter.votes("blue", nonce="b")
        assert voter.votes("red", nonce="a") == (first, True)
        assert voter.ledger[-1].choices == ("blue",)

    def test_nonce_of_yesterday_finds_yesterdays_ballot(self) -> None:
        voter = Voter(THREE_A_DAY)
        first, _ = voter.votes("red", nonce="a")
        voter.now_ms += DAY_MS
        assert voter.votes("red", nonce="a") == (first, True)

    def test_no_nonce_finds_nothing(self) -> None:
        assert repeated("", [cast(("red",), nonce="")]) is None

    def test_unknown_nonce_finds_nothing(self) -> None:
        assert repeated("b", [cast(("red",), nonce="a")]) is None
        assert repeated("a", []) is None

    @pytest.mark.parametrize("rules", [ONE, CHANGEABLE, THREE_A_DAY])
    def test_same_choices_without_a_nonce_are_a_retry(self, rules: BallotRules) -> None:
        voter = Voter(rules)
        first, _ = voter.votes("red")
        assert voter.votes("red") == (first, True)
        assert voter.ledger == [first]

    @pytest.mark.parametrize("rules", [ONE, CHANGEABLE])
    def test_same_choices_under_another_nonce_change_nothing_where_there_is_one_place(self, rules: BallotRules) -> None:
        voter = Voter(rules)
        first, _ = voter.votes("red", nonce="a")
        assert voter.votes("red", nonce="b") == (first, True)


class TestOneVote:
    def test_first_ballot_has_the_runs_one_place(self) -> None:
        assert place(("red",), "a", [], ONE, NOON_MS) == Placement(ONCE, 1)

    def test_second_is_refused_with_the_first_receipt(self) -> None:
        first = cast(("red",))
        with pytest.raises(AlreadyVoted) as refused:
            place(("blue",), "b", [first], ONE, NOON_MS)
        assert refused.value.extra == {"receipt": first.receipt, "choices": ["red"]}

    def test_midnight_gives_no_second_vote(self) -> None:
        with pytest.raises(AlreadyVoted):
            place(("blue",), "b", [cast(("red",))], ONE, NOON_MS + 10 * DAY_MS)

    def test_votes_left_fall_from_one_to_none_and_never_come_back(self) -> None:
        voter = Voter(ONE)
        assert voter.left == 1
        voter.votes("red")
        assert voter.left == 0
        voter.now_ms += 10 * DAY_MS
        assert voter.left == 0
        assert resets_at_ms(ONE, NOON_MS) is None


class TestChangeOfMind:
    def test_makes_a_new_revision_in_the_same_slot(self) -> None:
        first = cast(("red",))
        assert place(("blue",), "b", [first], CHANGEABLE, NOON_MS) == Placement(ONCE, 2)

    def test_back_to_the_first_choice_is_a_third_revision(self) -> None:
        voter = Voter(CHANGEABLE)
        stood = [voter.votes(side)[0] for side in ("red", "blue", "red")]
        assert [(each.choices, each.revision) for each in stood] == [(("red",), 1), (("blue",), 2), (("red",), 3)]
        assert stood == voter.ledger

    def test_takes_no_vote_and_needs_none(self) -> None:
        voter = Voter(CHANGEABLE)
        voter.votes("red")
        assert voter.left == 0
        voter.votes("blue")
        assert voter.left == 0

    def test_fiftieth_revision_is_the_last(self) -> None:
        voter = Voter(CHANGEABLE)
        for i in range(REVISIONS_MAX):
            voter.votes(RED_BLUE[i % 2])
        last = voter.ledger[-1]
        assert last.revision == REVISIONS_MAX == 50
        with pytest.raises(NoVotesLeft) as refused:
            voter.votes("red")
        assert refused.value.extra == {"receipt": last.receipt}
        assert "49 times" in refused.value.detail
        assert voter.votes("blue") == (last, True)

    @given(events)
    def test_revisions_count_up_by_one_and_each_says_something_new(
        self, casts: list[tuple[int, tuple[str, ...], str]]
    ) -> None:
        voter = Voter(BallotRules(("red", "blue", "green"), choices_max=2, changeable=True))
        for wait_ms, choices, nonce in casts:
            voter.now_ms += wait_ms
            voter.votes(*choices, nonce=nonce)
        assert [each.revision for each in voter.ledger] == list(range(1, len(voter.ledger) + 1))
        assert {each.slot for each in voter.ledger} <= {ONCE}
        for before, after in pairwise(voter.ledger):
            assert before.choices != after.choices


class TestDailyVotes:
    def test_each_has_a_place_named_by_the_day_and_its_number(self) -> None:
        voter = Voter(THREE_A_DAY)
        slots = [voter.votes("red", nonce=nonce)[0].slot for nonce in "abc"]
        day = shanghai_day(NOON_MS)
        assert slots == [f"{day}/1", f"{day}/2", f"{day}/3"]

    def test_one_more_is_refused_and_told_when_to_come_back(self) -> None:
        voter = Voter(THREE_A_DAY)
        for nonce in "abc":
            voter.votes("red", nonce=nonce)
        with pytest.raises(NoVotesLeft) as refused:
            voter.votes("red", nonce="d")
        assert refused.value.extra == {"resets_at_ms": MIDNIGHT_MS}
        assert resets_at_ms(THREE_A_DAY, NOON_MS) == MIDNIGHT_MS

    def test_last_millisecond_of_a_day_and_the_first_of_the_next_have_votes_of_their_own(self) -> None:
        voter = Voter(BallotRules(RED_BLUE, votes_per_day=1), MIDNIGHT_MS - 1)
        voter.votes("red", nonce="a")
        with pytest.raises(NoVotesLeft):
            voter.votes("red", nonce="b")
        assert voter.left == 0
        voter.now_ms = MIDNIGHT_MS
        assert voter.left == 1
        assert voter.votes("red", nonce="b")[1] is False
        with pytest.raises(NoVotesLeft):
            voter.votes("blue", nonce="c")

    def test_same_choice_without_a_nonce_is_a_retry_today_and_a_vote_tomorrow(self) -> None:
        voter = Voter(THREE_A_DAY, MIDNIGHT_MS - 1)
        first, _ = voter.votes("red")
        assert voter.votes("red") == (first, True)
        voter.now_ms += 1
        second, repeat = voter.votes("red")
        assert not repeat
        assert (first.slot, second.slot) == (f"{shanghai_day(NOON_MS)}/1", f"{shanghai_day(MIDNIGHT_MS)}/1")

    def test_retry_without_a_nonce_finds_the_earlier_of_todays_ballots_too(self) -> None:
        voter = Voter(THREE_A_DAY)
        first, _ = voter.votes("red")
        voter.votes("blue")
        assert voter.votes("red") == (first, True)
        assert len(voter.ledger) == 2

    def test_retry_is_answered_also_when_the_days_votes_are_used_up(self) -> None:
        voter = Voter(BallotRules(RED_BLUE, votes_per_day=1))
        first, _ = voter.votes("red")
        assert voter.votes("red") == (first, True)

    def test_days_whose_numbers_begin_alike_are_not_confused(self) -> None:
        day = shanghai_day(NOON_MS)
        others = [cast(("red",), slot=f"{day}0/1"), cast(("red",), slot=f"{day[:-1]}/1"), cast(("red",), slot=ONCE)]
        assert votes_left(others, THREE_A_DAY, NOON_MS) == 3

    def test_votes_left_are_never_fewer_than_none(self) -> None:
        stood = [cast(("red",), slot=f"{shanghai_day(NOON_MS)}/{i}", nonce=str(i)) for i in range(1, 6)]
        assert votes_left(stood, THREE_A_DAY, NOON_MS) == 0

    @given(st.integers(1, 4), events)
    def test_never_more_than_the_days_number_in_a_shanghai_day_and_never_fewer_than_promised(
        self, votes_per_day: int, casts: list[tuple[int, tuple[str, ...], str]]
    ) -> None:
        rules = BallotRules(("red", "blue", "green"), choices_max=2, votes_per_day=votes_per_day)
        voter = Voter(rules)
        for wait_ms, choices, nonce in casts:
            voter.now_ms += wait_ms
            left, stood = voter.left, len(voter.ledger)
            try:
                _, repeat = voter.votes(*choices, nonce=nonce)
            except NoVotesLeft:
                assert left == 0
                continue
            assert len(voter.ledger) == stood + (not repeat)
            assert voter.left == left - (not repeat)
        # The database keeps places apart; so few names for them is what bounds the votes.
        slots = [each.slot for each in voter.ledger]
        assert len(set(slots)) == len(slots)
        possible = [
            f"{shanghai_day(each.accepted_at_ms)}/{i + 1}" for each in voter.ledger for i in range(votes_per_day)
        ]
        assert set(slots) <= set(possible)
        assert {each.revision for each in voter.ledger} <= {1}
        shanghai = timezone(timedelta(hours=8))
        days = Counter(datetime.fromtimestamp(each.accepted_at_ms / 1000, shanghai).date() for each in voter.ledger)
        assert max(days.values(), default=0) <= votes_per_day


@given(st.sampled_from([ONE, CHANGEABLE, THREE_A_DAY, MANY]), events)
def test_answer_given_once_is_given_again_for_the_same_nonce(
    rules: BallotRules, casts: list[tuple[int, tuple[str, ...], str]]
) -> None:
    voter = Voter(BallotRules((*RED_BLUE, "green"), 2, rules.changeable, rules.votes_per_day))
    answers: dict[str, Cast] = {}
    for wait_ms, choices, nonce in casts:
        voter.now_ms += wait_ms
        try:
            answer, _ = voter.votes(*choices, nonce=nonce)
        except (AlreadyVoted, NoVotesLeft):
            continue
        # A nonce whose ballot repeated another's choices was not itself stored, so only what stands is held to it.
        if nonce and answer.nonce == nonce:
            assert answers.setdefault(nonce, answer) == answer
    assert len({each.nonce for each in voter.ledger}) == len(voter.ledger)


class TestSuspicion:
    BOTH = ("too_soon", "unseen")

    def test_no_rule_holds_nothing(self) -> None:
        assert suspicion((), [], 0, seen=False) == ""

    def test_a_vote_sooner_than_anybody_reads_is_held(self) -> None:
        assert suspicion(self.BOTH, [], TOO_SOON_MS - 1, seen=True) == "too_soon"
        assert suspicion(self.BOTH, [], TOO_SOON_MS, seen=True) == ""

    def test_a_vote_of_one_who_never_looked_is_held(self) -> None:
        assert suspicion(("unseen",), [], 0, seen=False) == "unseen"
        assert suspicion(("too_soon",), [], TOO_SOON_MS, seen=False) == ""

    @pytest.mark.parametrize("rule", ["", "too_soon", "unseen"])
    def test_what_follows_is_treated_as_the_first(self, rule: str) -> None:
        first = Cast("once", 1, ("red",), "", "R" * 26, 0, rule)
        assert suspicion(self.BOTH, [first], 0, seen=False) == rule
        assert suspicion((), [first], 10**9, seen=True) == rule
