"""What a simulated voter does, without connections or clocks: retries, cuts, late answers, locks, reruns."""

from random import Random
from typing import Any

import pytest

from app.crowd.board import Board, Sight
from app.crowd.check import bounds_of
from app.crowd.options import CrowdOptions, RunKey
from app.crowd.plan import Tapper, mood, vote_delay_s
from app.crowd.player import NEVER, Ask, Player
from app.crowd.record import Record

RULES = {"choices": [{"key": "red"}, {"key": "blue"}], "choices_max": 1, "changeable": False}


def sight(phase: str, version: int, key: RunKey = (1, 1), closes_in_s: float | None = None) -> Sight:
    return Sight(1, version, key, phase, "live", closes_in_s)


class Stage:
    """One player and what it sends, on a clock moved by hand."""

    def __init__(self, *, likes_rate: float = 0.0, **options: Any) -> None:
        self.record, self.board = Record(), Board()
        self.board.learn({"rounds": [{"number": 1, "run": run, "phase": "open", **RULES} for run in (1, 2)]})
        asked = CrowdOptions("http://x", "ABCD", voters=1, likes_rate=likes_rate, **{"retry_share": 0.0, **options})
        self.player = Player(0, asked, self.board, self.record, 1_000.0)
        self.now = 0.0
        self.version = 0
        self.player.connected(self.now)

    def see(self, phase: str, **more: Any) -> None:
        self.version += 1
        self.player.sees(sight(phase, self.version, **more), self.now)

    def until_asks(self, seconds: float = 60.0) -> list[Ask]:
        """Move the clock to whatever is due next, until something is sent."""
        end = self.now + seconds
        while (due := self.player.due()) <= end:
            self.now = max(self.now, due)
            if asks := self.player.act(self.now):
                return asks
        self.now = end
        return []

    def ack(self, ask: Ask, **more: Any) -> None:
        fields = {
            "round": 1, "run": 1, "choices": ask.body["choices"], "receipt": "R", "accepted_at_ms": 1,
            "repeat": False, "changeable": False, **more,
        }  # fmt: skip
        self.player.answered(ask.id, True, fields, self.now)

    def refuse(self, ask: Ask, code: str, **more: Any) -> None:
        self.player.answered(ask.id, False, {"code": code, "status": 409, **more}, self.now)

    def told(self) -> list[str]:
        return [event.what for event in self.record.history]


@pytest.fixture
def stage() -> Stage:
    return Stage(late_share=0.0)


def test_a_voter_votes_once_in_a_run_and_again_in_the_next(stage: Stage) -> None:
    stage.see("open")
    (vote,) = stage.until_asks()
    stage.ack(vote)
    assert stage.until_asks() == []
    stage.see("locked")
    stage.see("open", key=(1, 2))
    (second,) = stage.until_asks()
    stage.ack(second, run=2, receipt="S")
    assert second.body["nonce"] != vote.body["nonce"]
    assert stage.told() == ["invoke", "ok", "invoke", "ok"]
    assert stage.record.faults == []


def test_a_cut_off_vote_is_sent_again_with_the_same_nonce_and_counts_once(stage: Stage) -> None:
    stage.see("open")
    (vote,) = stage.until_asks()
    stage.player.cut_off()
    assert stage.player.due() == NEVER
    stage.player.connected(stage.now)
    (again,) = stage.until_asks()
    assert again.body == vote.body
    assert again.id != vote.id
    stage.ack(again, repeat=True)
    assert stage.told() == ["invoke", "ok"]
    assert stage.player.settled


def test_a_vote_refused_after_an_unanswered_try_is_unknown(stage: Stage) -> None:
    stage.see("open")
    stage.until_asks()
    stage.player.cut_off()
    stage.player.connected(stage.now)
    (again,) = stage.until_asks()
    stage.refuse(again, "round_not_open", phase="locked")
    assert stage.told() == ["invoke", "unknown"]


def test_a_vote_refused_at_once_is_failed(stage: Stage) -> None:
    stage.see("open")
    (vote,) = stage.until_asks()
    stage.refuse(vote, "round_not_open", phase="locked")
    assert stage.told() == ["invoke", "fail"]
    assert stage.record.refusals == {"vote round_not_open": 1}


def test_a_vote_refused_in_a_pause_is_tried_until_the_round_goes_on(stage: Stage) -> None:
    stage.see("open")
    (vote,) = stage.until_asks()
    stage.refuse(vote, "round_not_open", phase="paused")
    (again,) = stage.until_asks()
    stage.ack(again)
    assert stage.told() == ["invoke", "ok"]


def test_an_overloaded_service_is_asked_again_after_the_time_it_names(stage: Stage) -> None:
    stage.see("open")
    (vote,) = stage.until_asks()
    stage.refuse(vote, "overloaded", status=503, retry_after=4.0)
    before = stage.now
    (again,) = stage.until_asks()
    assert stage.now - before >= 4.0
    stage.ack(again)
    assert stage.told() == ["invoke", "ok"]
    assert stage.record.faults == []


def test_a_server_error_is_a_fault(stage: Stage) -> None:
    stage.see("open")
    (vote,) = stage.until_asks()
    stage.refuse(vote, "internal", status=500)
    assert "was answered 500" in stage.record.faults[0]


def test_an_answer_after_the_timeout_still_counts(stage: Stage) -> None:
    stage.see("open")
    (vote,) = stage.until_asks()
    (again,) = stage.until_asks()
    assert stage.record.counts["timeouts"] == 1
    stage.ack(vote)
    stage.ack(again, repeat=True)
    assert stage.told() == ["invoke", "ok", "ok"]
    assert stage.player.settled
    assert stage.record.faults == []


def test_an_unanswered_vote_is_not_sent_into_a_rerun(stage: Stage) -> None:
    stage.see("open")
    (vote,) = stage.until_asks()
    stage.player.cut_off()
    stage.see("open", key=(1, 2))
    stage.player.connected(stage.now)
    (other,) = stage.until_asks()
    assert other.body["nonce"] != vote.body["nonce"]
    assert stage.told() == ["invoke", "unknown", "invoke"]
    assert bounds_of(stage.record.history)[1, 1].unknown == {vote.body["choices"][0]: 1}


def test_a_vote_under_way_at_the_very_end_is_unknown(stage: Stage) -> None:
    stage.see("open")
    stage.until_asks()
    stage.player.stop()
    stage.player.conclude()
    assert stage.told() == ["invoke", "unknown"]


def test_a_double_tap_is_two_asks_with_one_nonce_and_an_end_when_both_are_refused() -> None:
    for seed in range(20):
        stage = Stage(retry_share=1.0, late_share=0.0, seed=seed)
        stage.see("open")
        votes = stage.until_asks()
        if len(votes) == 2:
            break
    assert votes[0].body == votes[1].body
    stage.refuse(votes[0], "round_not_open", phase="locked")
    assert stage.told() == ["invoke"]
    stage.ack(votes[1])
    assert stage.told() == ["invoke", "ok"]


def test_the_same_vote_called_already_voted_is_a_fault(stage: Stage) -> None:
    stage.see("open")
    (vote,) = stage.until_asks()
    stage.refuse(vote, "already_voted")
    assert "refused as already voted" in stage.record.faults[0]


def test_a_late_voter_tries_only_after_the_lock_and_an_acknowledgement_then_is_a_fault() -> None:
    stage = Stage(late_share=1.0)
    stage.see("open")
    assert stage.until_asks() == []
    stage.see("locked")
    (vote,) = stage.until_asks()
    stage.ack(vote)
    assert "begun after the lock" in stage.record.faults[0]


def test_a_tally_that_goes_back_is_a_fault(stage: Stage) -> None:
    stage.player.sees(sight("open", 7), 0.0)
    stage.player.sees(sight("open", 6), 0.0)
    assert "went back from 1-7 to 1-6" in stage.record.faults[0]


def test_an_acknowledgement_of_another_choice_is_a_fault(stage: Stage) -> None:
    stage.see("open")
    (vote,) = stage.until_asks()
    stage.ack(vote, choices=["blue" if vote.body["choices"] == ["red"] else "red"])
    assert "was acknowledged for" in stage.record.faults[0]


def tapping() -> Stage:
    stage = Stage(likes_rate=2.0, late_share=1.0)
    stage.see("open")
    return stage


def liked(stage: Stage, ask: Ask, totals: dict[str, int], **more: Any) -> None:
    fields = {"round": 1, "run": 1, "totals": totals, "clipped": False, **more}
    stage.player.answered(ask.id, True, fields, stage.now)


def test_likes_are_cumulative_and_one_batch_is_under_way_at_a_time() -> None:
    stage = tapping()
    (first,) = stage.until_asks()
    assert stage.player.act(stage.now) == []
    liked(stage, first, first.body["totals"])
    (second,) = stage.until_asks()
    assert sum(second.body["totals"].values()) > sum(first.body["totals"].values())
    mark = stage.record.likes[1, 1][0]
    assert (mark.sent, mark.acked) == (second.body["totals"], first.body["totals"])


def test_lost_likes_are_sent_again() -> None:
    stage = tapping()
    (first,) = stage.until_asks()
    stage.player.cut_off()
    stage.player.connected(stage.now)
    (again,) = stage.until_asks()
    assert all(again.body["totals"][choice] >= total for choice, total in first.body["totals"].items())


def test_clipped_likes_are_sent_again_later() -> None:
    stage = tapping()
    (first,) = stage.until_asks()
    stage.player.stop()
    liked(stage, first, {"red": 0, "blue": 0}, clipped=True)
    assert stage.record.counts["clipped"] == 1
    assert stage.player.settled
    other = tapping()
    (ask,) = other.until_asks()
    liked(other, ask, {"red": 0, "blue": 0}, clipped=True)
    assert not other.player.settled


def test_acknowledged_likes_that_shrink_are_a_fault() -> None:
    stage = tapping()
    (first,) = stage.until_asks()
    (choice,) = first.body["totals"]
    liked(stage, first, {choice: 3})
    (second,) = stage.until_asks()
    liked(stage, second, {choice: 2})
    assert "shrank" in stage.record.faults[0]


def test_totals_begin_anew_in_a_new_run() -> None:
    stage = tapping()
    (first,) = stage.until_asks()
    liked(stage, first, first.body["totals"])
    stage.see("locked")
    stage.see("open", key=(1, 2))
    assert stage.player.settled
    (second,) = stage.until_asks()
    assert second.key == (1, 2)
    liked(stage, second, second.body["totals"], run=2)
    assert set(stage.record.likes) == {(1, 1), (1, 2)}


@pytest.mark.parametrize("rate", [0.2, 1.0, 6.0, 12.0])
def test_a_thumb_taps_at_its_rate_in_the_mean(rate: float) -> None:
    taps = seconds = 0.0
    for seed in range(40):
        tapper = Tapper(Random(seed), rate)
        at = tapper.first_wait_s()
        while at < 400:
            tapped, wait_s = tapper.batch()
            taps += tapped
            at += wait_s
        seconds += 400
    assert taps / seconds == pytest.approx(rate, rel=0.08)


def test_votes_come_in_a_burst_after_the_opening_and_another_before_the_close() -> None:
    rng = Random(5)
    delays = [vote_delay_s(rng, 20.0, 99.0) for _ in range(4_000)]
    early, middle, last = (
        sum(low <= delay < high for delay in delays) for low, high in [(0, 2), (9, 11), (18, 20.001)]
    )
    assert early > 4 * middle
    assert last > 3 * middle


def test_no_two_rounds_end_alike_and_the_same_seed_ends_the_same() -> None:
    moods = [mood(1, number, 1, 0.55) for number in range(1, 30)]
    assert len(set(moods)) == len(moods)
    assert moods == [mood(1, number, 1, 0.55) for number in range(1, 30)]
    assert all(0.45 <= each <= 0.65 for each in moods)
    assert mood(1, 1, 1, 1.0) <= 1.0
