"""What went unanswered in one run of a round gets room in the later runs of that round, and nowhere else."""

from app.crowd.check import bounds_of, check_likes, check_votes
from app.crowd.history import Event
from app.crowd.options import Reading
from app.crowd.record import Record


def rerun_record() -> Record:
    """One voter's vote and like went unanswered in run 1; then the round was run again."""
    record = Record()
    record.stray(7, (1, 1), {"choices": ["red"], "nonce": "n7"})
    record.stray(7, (1, 1), {"totals": {"red": 40}})
    record.likes_sent((1, 1), 7, {"red": 40})
    record.runs |= {(1, 1), (1, 2), (2, 1)}
    return record


def reading(run: int, votes: int, likes: int) -> Reading:
    return Reading(1, run, "locked", None, {"red": votes}, {"red": likes}, votes)


def test_an_unanswered_vote_may_be_counted_in_a_later_run_of_its_round() -> None:
    record = rerun_record()
    late = {(1, 2): reading(2, 1, 0)}
    assert check_votes(record.history, {}, late, alone=True) != []
    record.count_strays()
    assert check_votes(record.history, {}, late, alone=True) == []
    assert set(bounds_of(record.history)) == {(1, 2)}


def test_unanswered_likes_may_be_counted_in_a_later_run_but_not_doubled() -> None:
    record = rerun_record()
    record.likes_sent((1, 2), 7, {"red": 5})
    record.count_strays()
    assert check_likes(record.likes, {}, {(1, 2): reading(2, 0, 40)}, alone=True) == []
    assert check_likes(record.likes, {}, {(1, 2): reading(2, 0, 41)}, alone=True) != []
    assert (2, 1) not in record.likes


def test_a_stray_that_was_acknowledged_in_the_later_run_is_counted_once() -> None:
    record = rerun_record()
    record.vote(Event(1, "ok", 7, 1, 2, "n7", ("red",), "R", 5))
    record.count_strays()
    assert check_votes(record.history, {}, {(1, 2): reading(2, 1, 0)}, alone=True) == []
    assert check_votes(record.history, {}, {(1, 2): reading(2, 2, 0)}, alone=True) != []


def test_likes_acknowledged_are_summed_as_they_grow() -> None:
    record = Record()
    record.likes_acked((1, 1), 1, {"red": 3})
    record.likes_acked((1, 1), 1, {"red": 5, "blue": 1})
    assert record.counts["likes_acked"] == 6
    assert record.faults == []
    record.likes_acked((1, 1), 1, {"red": 4})
    assert record.faults == ["round 1 run 1: the acknowledged likes of voter 1 for red shrank"]


def test_the_first_faults_are_kept_and_all_are_counted() -> None:
    record = Record()
    for number in range(120):
        record.fault(f"fault {number}")
    assert (record.faults_total, len(record.faults), record.faults[-1]) == (120, 50, "fault 49")
