"""The closing check and the history checker pass honest figures and find each way of tampering with them."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.crowd.check import VersionWatch, bounds_of, check_all, check_lock, check_receipts
from app.crowd.history import Event, LedgerRow, check_history, read_history, write_history
from app.crowd.options import LikeMark, Reading, RunKey

FIRST: RunKey = (1, 1)
LOCKED_AT_MS = 9_000


def ok(voter: int, choice: str, *, receipt: str = "", run: int = 1, at_ms: int = 5_000, repeat: bool = False) -> Event:
    return Event(
        10,
        "ok",
        voter,
        1,
        run,
        f"nonce-{voter}",
        (choice,),
        receipt or f"R{voter}-{run}",
        at_ms,
        repeat,
        "",
        False,
    )


def unanswered(voter: int, choice: str) -> Event:
    return Event(10, "unknown", voter, 1, 1, f"nonce-{voter}", (choice,))


def refused(voter: int, choice: str) -> Event:
    return Event(10, "fail", voter, 1, 1, f"nonce-{voter}", (choice,), code="round_not_open")


def reading(red: int, blue: int, *, likes: tuple[int, int] = (0, 0), turnout: int | None = None) -> Reading:
    return Reading(
        round=1,
        run=1,
        phase="locked",
        locked_at_ms=LOCKED_AT_MS,
        votes={"red": red, "blue": blue},
        likes={"red": likes[0], "blue": likes[1]},
        turnout=red + blue if turnout is None else turnout,
        channel_votes=red + blue,
    )


HISTORY = [
    ok(1, "red"),
    ok(1, "red", repeat=True),
    ok(2, "red"),
    ok(3, "blue"),
    unanswered(4, "red"),
    refused(5, "blue"),
]
LIKES = {FIRST: {1: LikeMark({"red": 30}, {"red": 20}), 2: LikeMark({"red": 5, "blue": 7}, {"red": 5, "blue": 7})}}


def problems(
    history: list[Event] = HISTORY,
    final: Reading | None = None,
    likes: dict[RunKey, dict[int, LikeMark]] | None = None,
    base: Reading | None = None,
    *,
    alone: bool = True,
) -> list[str]:
    final = final or reading(2, 1, likes=(25, 7))
    return check_all(
        history, LIKES if likes is None else likes, {FIRST: base} if base else {}, {FIRST: final}, alone=alone
    )


@pytest.mark.parametrize("final", [reading(2, 1, likes=(25, 7)), reading(3, 1, likes=(35, 7))])
def test_honest_figures_pass_with_the_unanswered_vote_counted_or_not(final: Reading) -> None:
    assert problems(final=final) == []


def test_a_retry_counts_one_vote() -> None:
    bounds = bounds_of(HISTORY)[FIRST]
    assert (bounds.acked, bounds.unknown) == ({"red": 2, "blue": 1}, {"red": 1})
    assert (bounds.voters_acked, bounds.voters_unknown) == (3, 1)


def test_a_lost_vote_is_found() -> None:
    assert any("1 are lost" in each for each in problems(final=reading(1, 1, likes=(25, 7))))


def test_a_vote_that_is_held_back_is_not_lost_and_one_beside_it_still_is_found() -> None:
    held = {"held": {"red": 1}, "held_ballots": 1}
    assert problems(final=replace(reading(1, 1, likes=(25, 7)), **held)) == []
    (votes, voters) = problems(final=replace(reading(0, 1, likes=(25, 7)), **held))
    assert "votes for red" in votes
    assert "voters" in voters


def test_a_vote_that_is_held_back_and_counted_too_is_found() -> None:
    final = replace(reading(3, 1, likes=(25, 7)), held={"red": 1}, held_ballots=1)
    assert any("votes for red" in problem for problem in problems(final=final))


def test_a_vote_counted_twice_is_found() -> None:
    assert any("too many" in each and "blue" in each for each in problems(final=reading(2, 2, likes=(25, 7))))


def test_a_vote_moved_to_the_other_side_is_found_although_the_sum_is_right() -> None:
    found = problems(final=reading(1, 2, likes=(25, 7)))
    assert any("votes for red" in each and "lost" in each for each in found)
    assert any("votes for blue" in each and "too many" in each for each in found)


def test_a_refused_vote_that_is_counted_is_found() -> None:
    assert any("votes for blue: 2 are counted" in each for each in problems(final=reading(2, 2, likes=(25, 7))))


def test_a_wrong_turnout_is_found() -> None:
    assert any(
        "voters: 3 were acknowledged and 2" in e for e in problems(final=reading(2, 1, likes=(25, 7), turnout=2))
    )
    assert any("voters: 5 are counted" in e for e in problems(final=reading(2, 1, likes=(25, 7), turnout=5)))


def test_channels_that_do_not_add_up_are_found() -> None:
    final = replace(reading(2, 1, likes=(25, 7)), channel_votes=2)
    assert any("the channels hold 2 votes" in each for each in problems(final=final))


def test_a_vote_accepted_after_the_lock_is_found() -> None:
    late = [*HISTORY[:3], ok(3, "blue", at_ms=LOCKED_AT_MS + 1)]
    assert [*check_lock(late, {FIRST: reading(2, 1)})] == [
        "round 1 run 1: the vote of voter 3 was accepted 1 ms after the lock"
    ]
    assert check_lock([ok(3, "blue", at_ms=LOCKED_AT_MS)], {FIRST: reading(0, 1)}) == []


def test_a_changed_receipt_is_found() -> None:
    changed = [*HISTORY, ok(2, "red", receipt="OTHER", repeat=True)]
    assert any("2 different receipts" in each for each in check_receipts(changed))


def test_two_receipts_are_right_where_a_vote_may_be_changed_and_only_the_last_choice_counts() -> None:
    changed = [
        ok(2, "red")._replace(changeable=True),
        ok(2, "blue", receipt="SECOND")._replace(changeable=True),
    ]
    assert problems(changed, reading(0, 1), {}) == []
    assert problems(changed, reading(1, 1), {}) != []


def test_a_receipt_given_twice_as_new_is_found() -> None:
    assert any("as a new one" in each for each in check_receipts([ok(1, "red"), ok(1, "red")]))


def test_a_receipt_given_to_two_voters_is_found() -> None:
    assert any("2 voters" in each for each in check_receipts([ok(1, "red", receipt="X"), ok(2, "red", receipt="X")]))


def test_too_few_likes_are_found() -> None:
    assert any("likes for red: 25 were acknowledged and 24" in e for e in problems(final=reading(2, 1, likes=(24, 7))))


def test_too_many_likes_are_found() -> None:
    assert any("likes for red: 36 are counted" in e for e in problems(final=reading(2, 1, likes=(36, 7))))
    assert any("likes for blue: 8 are counted" in e for e in problems(final=reading(2, 1, likes=(25, 8))))


def test_likes_acknowledged_beyond_what_was_sent_are_found() -> None:
    likes = {FIRST: {1: LikeMark({"red": 30}, {"red": 31})}}
    assert any(
        "voter 1 was acknowledged 31 likes" in each
        for each in problems(likes=likes, final=reading(2, 1, likes=(31, 0)))
    )


def test_what_stood_before_is_subtracted() -> None:
    base = reading(100, 50, likes=(1_000, 500))
    assert problems(base=base, final=reading(102, 51, likes=(1_025, 507))) == []
    assert problems(base=base, final=reading(101, 51, likes=(1_025, 507))) != []
    assert problems(base=base, final=reading(102, 51, likes=(1_024, 507))) != []


def test_others_may_raise_the_tally_but_not_lower_it() -> None:
    assert problems(final=reading(900, 800, likes=(5_000, 5_000)), alone=False) == []
    assert problems(final=reading(1, 800, likes=(5_000, 5_000)), alone=False) != []


def test_runs_are_counted_apart() -> None:
    second = replace(reading(0, 1), run=2)
    history = [ok(1, "red"), ok(1, "blue", run=2)]
    readings = {FIRST: reading(1, 0), (1, 2): second}
    assert check_all(history, {}, {}, readings, alone=True) == []
    assert (
        check_all(history, {}, {}, {**readings, (1, 2): replace(second, votes={"red": 0, "blue": 0})}, alone=True) != []
    )


def test_a_version_that_goes_back_is_found_and_a_new_epoch_is_right() -> None:
    watch = VersionWatch()
    assert [watch.see(*at) for at in [(1, 5), (1, 5), (1, 9), (2, 1)]] == [None] * 4
    assert watch.see(1, 10) == "a tally went back from 2-1 to 1-10"
    assert watch.see(2, 0) == "a tally went back from 2-1 to 2-0"
    assert watch.see(2, 2) is None


ROWS = [
    LedgerRow("R1-1", 1, 1, "a", ("red",), nonce="nonce-1"),
    LedgerRow("R2-1", 1, 1, "b", ("red",), nonce="nonce-2"),
    LedgerRow("R3-1", 1, 1, "c", ("blue",), nonce="nonce-3"),
]


def test_an_honest_ledger_passes_with_the_unanswered_vote_in_it_or_not() -> None:
    assert check_history(HISTORY, ROWS) == []
    assert check_history(HISTORY, [*ROWS, LedgerRow("R4-1", 1, 1, "d", ("red",), nonce="nonce-4")]) == []


def test_an_acknowledged_vote_missing_from_the_ledger_is_found() -> None:
    assert any(each.startswith("lost: the vote of voter 3") for each in check_history(HISTORY, ROWS[:2]))


def test_a_ballot_changed_in_the_ledger_is_found() -> None:
    tampered = [ROWS[0], ROWS[1], ROWS[2]._replace(choices=("red",))]
    assert any(each.startswith("changed: the vote of voter 3") for each in check_history(HISTORY, tampered))
    moved = [ROWS[0], ROWS[1], ROWS[2]._replace(run=2)]
    assert any(each.startswith("changed: the vote of voter 3") for each in check_history(HISTORY, moved))


def test_a_refused_vote_in_the_ledger_is_found_by_its_nonce_and_without_it() -> None:
    held = LedgerRow("R5-1", 1, 1, "e", ("blue",), nonce="nonce-5")
    assert any(
        each.startswith("refused but counted: the vote of voter 5") for each in check_history(HISTORY, [*ROWS, held])
    )
    nameless = [row._replace(nonce=None) for row in (*ROWS, held)]
    assert any(each.startswith("unexplained: 1 ballots for blue") for each in check_history(HISTORY, nameless))
    assert check_history(HISTORY, nameless, alone=False) == []


def test_a_ballot_of_nobody_for_the_unanswered_side_is_explained_once_only() -> None:
    strangers = [LedgerRow(f"X{n}", 1, 1, f"x{n}", ("red",)) for n in range(2)]
    assert any(
        each.startswith("unexplained: 2 ballots for red") for each in check_history(HISTORY, [*ROWS, *strangers])
    )


def test_two_ballots_of_one_voter_are_found_and_two_revisions_are_right() -> None:
    again = LedgerRow("R9-1", 1, 1, "c", ("blue",))
    assert any("voter c has 2 ballots" in each for each in check_history(HISTORY, [*ROWS, again], alone=False))
    assert check_history(HISTORY, [*ROWS, again._replace(revision=2)], alone=False) == []
    assert check_history(HISTORY, [*ROWS, again._replace(slot="2026-11-22/2")], alone=False) == []


def test_a_receipt_standing_twice_is_found() -> None:
    twice = [*ROWS, ROWS[0]._replace(voter="z")]
    assert any(each.startswith("doubled: receipt R1-1") for each in check_history(HISTORY, twice))


def test_a_refusal_tried_again_with_success_is_no_violation() -> None:
    history = [refused(5, "blue"), ok(5, "blue")]
    assert check_history(history, [LedgerRow("R5-1", 1, 1, "e", ("blue",), nonce="nonce-5")]) == []


def test_a_history_survives_its_file(tmp_path: Path) -> None:
    write_history(tmp_path / "history.jsonl", HISTORY)
    assert read_history(tmp_path / "history.jsonl") == HISTORY
