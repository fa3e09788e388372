"""What was, from the records of what was done: phases with their times, the pace, and sums shared out in parts."""

from dataclasses import replace
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidRequest
from app.domain.lifecycle import Command, Phase, RunState, Timing, advance, allowed, apply
from app.domain.replay import (
    Act,
    Pace,
    PastRun,
    checked_speed,
    counts_down,
    moments,
    share_out,
    shown,
    span_ms,
    span_text,
    step_of,
)
from app.domain.session import Channel, Correction, ReplayMark
from tests.domain.lives import REASON, START_MS, spans_ms, timings
from tests.live.values import a_round, a_session

FRESH = RunState()


def act(at_ms: int, action: str, before: RunState, after: RunState, number: int = 1) -> Act:
    """Write an act down as the audit log does."""

    def noted(state: RunState) -> dict[str, Any]:
        return {
            "run": state.number,
            "phase": str(state.phase),
            "closes_at_ms": state.closes_at_ms,
            "certified_at_ms": state.certified_at_ms,
        }

    return Act(at_ms, action, number, noted(before), noted(after))


def a_played(timing: Timing, *runs: PastRun, **changes: Any) -> Any:
    round_ = replace(
        a_round(phase=Phase.DRAFT), duration_ms=timing.duration_ms, grace_ms=timing.grace_ms, run=runs[-1].state
    )
    session = a_session(round_, channels=(Channel("web", "网页", timing.delay_ms_max),), created_at_ms=START_MS - 1)
    return replace(session, **changes)


@given(timing=timings, data=st.data())
def test_every_state_is_found_again_as_it_was(timing: Timing, data: st.DataObject) -> None:
    state, now_ms, acts, states = FRESH, START_MS, [], []
    for wait_ms in data.draw(st.lists(spans_ms, max_size=8)):
        now_ms += wait_ms
        due = advance(state, now_ms)
        if due is not state:
            acts.append(act(now_ms, "deadline", state, due))
            states.append(due)
            state = due
        choices = [each for each in allowed(state) if each is not Command.RERUN]
        if not choices:
            break
        command = data.draw(st.sampled_from(choices))
        after = apply(state, command, now_ms, timing, REASON)
        acts.append(act(now_ms, str(command), state, after))
        states.append(after)
        state = after
    session = a_played(timing, PastRun(7, state))
    found = [each.session.rounds[0].run for each in moments(session, {1: [PastRun(7, state)]}, acts)]
    # How long it was open is in no document, and what a deadline had meant to be is not kept once a void has ended it.
    expected = [
        replace(each, open_ms=0, resumed_at_ms=None, locks_at_ms=None) for each in reduce(_grow, states, [FRESH])
    ]
    assert [replace(each, locks_at_ms=None) for each in found] == expected
    if states and state.phase is not Phase.PAUSED:
        assert found[-1].locks_at_ms == state.locks_at_ms


def _grow(before: list[RunState], state: RunState) -> list[RunState]:
    return [*before, state]


def test_a_pause_keeps_what_was_left_of_a_timed_round() -> None:
    timing = Timing(duration_ms=60_000)
    opened = apply(FRESH, Command.OPEN, START_MS, timing)
    paused = apply(opened, Command.PAUSE, START_MS + 20_000, timing)
    runs = [PastRun(7, paused)]
    acts = [act(START_MS, "open", FRESH, opened), act(START_MS + 20_003, "pause", opened, paused)]
    lived = moments(a_played(timing, *runs), {1: runs}, acts)
    assert [each.session.rounds[0].run.remaining_ms for each in lived] == [None, None, 39_997]
    assert not counts_down(lived[-1].session)


def test_a_rerun_is_another_run_in_draft() -> None:
    locked = RunState(1, Phase.LOCKED, opened_at_ms=1, closes_at_ms=5, locks_at_ms=5, locked_at_ms=5)
    again = RunState(2, Phase.OPEN, opened_at_ms=9)
    runs = [PastRun(7, locked, {"votes": {}}), PastRun(8, again)]
    acts = [
        act(1, "open", FRESH, RunState(1, Phase.OPEN)),
        act(5, "lock", FRESH, locked),
        act(7, "rerun", locked, RunState(2)),
        act(9, "open", RunState(2), again),
    ]
    lived = moments(a_played(Timing(), *runs), {1: runs}, acts)
    rounds = [each.session.rounds[0] for each in lived]
    assert [(each.run_id, each.run.phase) for each in rounds] == [
        (7, Phase.DRAFT), (7, Phase.OPEN), (7, Phase.LOCKED), (8, Phase.DRAFT), (8, Phase.OPEN),
    ]  # fmt: skip
    assert [each.result for each in rounds] == [None, None, {"votes": {}}, None, None]
    assert [each.at_ms for each in lived] == [START_MS - 1, 1, 5, 7, 9]


def test_corrections_stand_from_their_confirmation_on_and_through_what_comes_after() -> None:
    revealed = RunState(
        1, Phase.REVEALED, opened_at_ms=1, closes_at_ms=5, locks_at_ms=5, locked_at_ms=5, revealed_at_ms=8
    )
    locked = replace(revealed, phase=Phase.LOCKED, revealed_at_ms=None)
    one = Correction({"number": 1}, "d")
    runs = [PastRun(7, revealed, {"votes": {}}, (one,))]
    confirmed = Act(6, "correction_confirmed", 1, None, {"run": 1, "number": 1})
    acts = [act(5, "lock", FRESH, locked), confirmed, act(8, "reveal", locked, revealed)]
    lived = moments(a_played(Timing(), *runs), {1: runs}, acts)
    assert [each.session.rounds[0].corrections for each in lived] == [(), (), (one,), (one,)]


def test_what_is_no_round_of_now_and_what_nobody_saw_changes_nothing() -> None:
    runs = [PastRun(7, FRESH)]
    acts = [
        Act(1, "session_made", None, None, {"code": "K7M2QP"}),
        Act(2, "round_removed", 5, {"title": "x"}),
        Act(3, "open", 5, {}, {"run": 1, "phase": "open", "closes_at_ms": None, "certified_at_ms": None}),
        Act(4, "correction_proposed", 1, None, {"run": 1, "proposal": 2}),
        Act(5, "round_changed", 1, {"title": "a"}, {"title": "b"}),
    ]
    assert len(moments(a_played(Timing(), *runs), {1: runs}, acts)) == 1


def test_scenes_edits_and_added_rounds_come_when_they_came() -> None:
    rounds = [a_round(phase=Phase.DRAFT), replace(a_round(phase=Phase.DRAFT, run_id=9), number=2)]
    session = a_session(*rounds, title="新", scene="result", ended=True)
    runs = {1: [PastRun(7, FRESH)], 2: [PastRun(9, FRESH)]}
    acts = [
        Act(1, "round_added", 2, None, {"title": "x"}),
        Act(2, "scene", None, {"scene": "board"}, {"scene": "result"}),
        Act(3, "session_changed", None, {"title": "旧"}, {"title": "新"}),
        Act(4, "session_changed", None, {"status": "live"}, {"ended": True, "ended_at_ms": 4}),
        Act(5, "session_changed", None, None, {"title": "新"}),
        Act(6, "round_added", 2, None, {"title": "again"}),
    ]
    seen = [
        (len(each.session.rounds), each.session.scene, each.session.title, each.session.ended)
        for each in moments(session, runs, acts)
    ]
    assert seen[:5] == [
        (1, "board", "旧", False),
        (2, "board", "旧", False),
        (2, "result", "旧", False),
        (2, "result", "新", False),
        (2, "result", "新", True),
    ]
    assert moments(session, runs, [])[0].session.current == 1


def test_every_cut_changes_the_picture_and_a_panic_holds_until_its_release() -> None:
    session = a_session(a_round(phase=Phase.DRAFT), scene="blank", panicked_at_ms=9)
    acts = [
        Act(1, "clear", None, {"scene": "board"}, {"scene": "blank"}),
        Act(2, "preview", None, {"preview": "board"}, {"preview": "result"}),
        Act(3, "take", None, {"scene": "blank"}, {"scene": "result"}),
        Act(4, "panic", None, {"scene": "result"}, {"scene": "blank"}),
        Act(6, "panic_released", None, {"scene": "blank"}, {"scene": "blank"}),
        Act(7, "scene", None, {"scene": "blank"}, {"scene": "qr"}),
        Act(9, "panic", None, {"scene": "qr"}, {"scene": "blank"}),
    ]
    lived = moments(session, {1: [PastRun(7, FRESH)]}, acts)
    assert [(each.at_ms, each.session.scene, each.session.panicked_at_ms) for each in lived[1:]] == [
        (1, "blank", None),
        (3, "result", None),
        (4, "blank", 4),
        (6, "blank", None),
        (7, "qr", None),
        (9, "blank", 9),
    ]
    assert (lived[0].session.scene, lived[0].session.panicked_at_ms) == ("board", None)


def test_a_session_whose_rounds_all_came_later_begins_without_one() -> None:
    session, runs = a_session(a_round(phase=Phase.DRAFT)), {1: [PastRun(7, FRESH)]}
    before = [
        act(1, "open", FRESH, RunState(1, Phase.OPEN)),
        Act(2, "round_added", 1, None, {}),
    ]
    assert [each.session.current for each in moments(session, runs, before)] == [None, 1]


def test_time_goes_as_fast_as_it_is_told() -> None:
    pace = Pace(now_ms=1_000, history_ms=500_000, speed=8)
    assert pace.history_at(1_250) == 502_000
    assert (pace.shown_at(508_000, 1_250), pace.shown_at(492_000, 1_250)) == (2_000, 0)
    still = replace(pace, paused=True)
    assert still.history_at(99_000) == 500_000
    assert [still.shown_at(508_008, now) - now for now in (1_000, 1_777)] == [1_500, 1_500]
    assert still.shown_at(492_000, 5_000) == 4_000


def test_from_a_speed_on_it_goes_by_whole_seconds() -> None:
    assert [step_of(12_345, speed) for speed in (1, 4.9, 5, 60)] == [12_200, 12_200, 12_000, 12_000]


def test_what_is_shown_bears_the_mark_and_times_of_now() -> None:
    run = {"opened_at_ms": 500_000, "closes_at_ms": 580_000, "remaining_ms": 8_000}
    session = a_session(replace(a_round(**run), duration_ms=80_000, grace_ms=1_600))
    pace = Pace(now_ms=1_000, history_ms=500_000, speed=8)
    now = shown(session, pace, 1_000, 500_000)
    round_ = now.rounds[0]
    assert now.replay == ReplayMark(500_000, 8, False)
    assert (round_.duration_ms, round_.grace_ms) == (10_000, 200)
    assert (round_.run.opened_at_ms, round_.run.closes_at_ms, round_.run.locked_at_ms) == (1_000, 11_000, None)
    assert round_.run.remaining_ms == 1_000
    assert shown(a_session(a_round()), pace, 1_000, 0).rounds[0].duration_ms is None
    assert counts_down(session)
    assert not counts_down(a_session(a_round()))
    assert not counts_down(a_session(a_round(phase=Phase.LOCKED, closes_at_ms=1)))


@given(
    parts=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 1_000), min_size=1),
    cuts=st.lists(st.floats(0, 1), max_size=12),
)
def test_parts_only_grow_sum_up_and_end_as_they_are(parts: dict[str, int], cuts: list[float]) -> None:
    whole = sum(parts.values())
    so_far = dict.fromkeys(parts, 0)
    for total in sorted({*(int(cut * whole) for cut in cuts), whole} - {0}):
        more = share_out(total, whole, parts, so_far)
        assert min(more.values()) >= 0
        so_far = {key: so_far[key] + more.get(key, 0) for key in parts}
        assert sum(so_far.values()) == total
        assert all(abs(so_far[key] - parts[key] * total / whole) < len(parts) for key in parts)
    assert so_far == parts or whole == 0


@pytest.mark.parametrize(
    ("text", "ms"), [("0", 0), ("600", 600_000), ("1.5", 1_500), ("10:00", 600_000), ("1:02:03", 3_723_000)]
)
def test_a_time_is_read_in_its_three_forms(text: str, ms: int) -> None:
    assert span_ms(text) == ms


@pytest.mark.parametrize("text", ["", "x", "1:2:3:4", "-5", "1:-2", "-1:0", "nan", "inf", "99999999"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is no time of the replay"):
        span_ms(text)


def test_a_span_is_written_with_its_hours() -> None:
    assert [span_text(ms) for ms in (-1, 999, 61_000, 36_000_000)] == ["0:00:00", "0:00:00", "0:01:01", "10:00:00"]


def test_a_speed_has_bounds() -> None:
    assert checked_speed(60) == 60
    for speed in (0, 0.09, -1, 3_601, float("nan")):
        with pytest.raises(InvalidRequest, match=r"between 0\.1 and 3600"):
            checked_speed(speed)
