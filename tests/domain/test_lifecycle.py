"""The life of a run: phases move along the diagram and no other way, and no millisecond is lost on the way."""

from dataclasses import asdict, replace
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.domain.errors import CommandNotAllowed, InvalidRequest
from app.domain.lifecycle import (
    COUNTED,
    ON_AIR,
    Command,
    Phase,
    RunState,
    Timing,
    accepts,
    advance,
    allowed,
    apply,
    is_already_true,
    next_deadline_ms,
    open_elapsed_ms,
)
from tests.domain.lives import REASON, START_MS, WITH_GRACE, Life, but, lives, run_in, spans_ms, timings

UNTIMED = Timing()
TWO_MINUTES = Timing(duration_ms=120_000)
LATE_CHANNELS = Timing(duration_ms=120_000, grace_ms=2_000, delay_ms_max=8_000)
YEAR_MS = 365 * 86_400_000

SAME = "same"
REFUSED = "refused"
# What each command makes of each phase, where the lock has something to wait for. A second writing of the diagram.
DIAGRAM: dict[Phase, dict[Command, Phase | str]] = {
    Phase.DRAFT: {Command.OPEN: Phase.OPEN},
    Phase.OPEN: {
        Command.OPEN: SAME,
        Command.PAUSE: Phase.PAUSED,
        Command.RESUME: SAME,
        Command.LOCK: Phase.CLOSING,
        Command.VOID: Phase.VOID,
    },
    Phase.PAUSED: {
        Command.PAUSE: SAME,
        Command.RESUME: Phase.OPEN,
        Command.LOCK: Phase.LOCKED,
        Command.VOID: Phase.VOID,
    },
    Phase.CLOSING: {Command.LOCK: SAME, Command.VOID: Phase.VOID},
    Phase.LOCKED: {
        Command.LOCK: SAME,
        Command.REVEAL: Phase.REVEALED,
        Command.CERTIFY: Phase.LOCKED,
        Command.VOID: Phase.VOID,
        Command.RERUN: Phase.DRAFT,
    },
    Phase.REVEALED: {
        Command.LOCK: SAME,
        Command.REVEAL: SAME,
        Command.CERTIFY: Phase.REVEALED,
        Command.VOID: Phase.VOID,
        Command.RERUN: Phase.DRAFT,
    },
    Phase.VOID: {Command.VOID: SAME, Command.RERUN: Phase.DRAFT},
}

commands = st.sampled_from(Command)


def do(state: RunState, *names: Command, at: int = START_MS, timing: Timing = UNTIMED) -> RunState:
    for name in names:
        state = apply(state, name, at, timing, REASON)
    return state


def opened(timing: Timing = UNTIMED, at: int = START_MS) -> RunState:
    return do(RunState(), Command.OPEN, at=at, timing=timing)


class TestDiagram:
    @pytest.mark.parametrize("phase", Phase)
    @pytest.mark.parametrize("command", Command)
    def test_each_command_in_each_phase(self, phase: Phase, command: Command) -> None:
        state = run_in(phase)
        expected = DIAGRAM[phase].get(command, REFUSED)
        if expected == REFUSED:
            with pytest.raises(CommandNotAllowed):
                do(state, command, timing=WITH_GRACE)
        elif expected == SAME:
            assert do(state, command, timing=WITH_GRACE) is state
        else:
            after = do(state, command, timing=WITH_GRACE)
            assert after.phase is expected
            assert after != state

    @given(lives(), commands)
    def test_every_state_moves_along_the_diagram_and_no_other_way(self, life: Life, command: Command) -> None:
        before = advance(life.state, life.now_ms)
        ways = {before.phase} | {to for to in DIAGRAM[before.phase].values() if isinstance(to, Phase)}
        if life.timing.settle_ms == 0 and Phase.CLOSING in ways:
            ways.add(Phase.LOCKED)
        try:
            after = apply(life.state, command, life.now_ms, life.timing, REASON)
        except CommandNotAllowed:
            return
        assert after.phase in ways
        assert after.number == before.number + (after.phase is Phase.DRAFT and before.phase is not Phase.DRAFT)

    @given(lives(), st.lists(spans_ms, max_size=5))
    def test_time_alone_only_closes_and_locks(self, life: Life, waits_ms: list[int]) -> None:
        order = [Phase.OPEN, Phase.CLOSING, Phase.LOCKED]
        state, now_ms = life.state, life.now_ms
        seen = [state.phase]
        for wait_ms in waits_ms:
            now_ms += wait_ms
            state = advance(state, now_ms)
            seen.append(state.phase)
        if seen[0] in order:
            places = [order.index(phase) for phase in seen]
            assert places == sorted(places)
        else:
            assert set(seen) == {seen[0]}

    @given(lives())
    def test_allowed_lists_just_the_commands_that_would_change_the_state(self, life: Life) -> None:
        before = advance(life.state, life.now_ms)
        changing = []
        for command in Command:
            try:
                after = apply(before, command, life.now_ms, life.timing, REASON)
            except CommandNotAllowed:
                assert not is_already_true(before, command)
                continue
            assert (after is before) == is_already_true(before, command)
            if after is not before:
                assert after != before
                changing.append(command)
        assert set(changing) == set(allowed(before))
        assert len(set(allowed(before))) == len(allowed(before))

    @given(lives(), commands, st.none() | st.sampled_from(["", "  ", "\n", REASON]))
    def test_nothing_but_the_two_refusals_is_raised(self, life: Life, command: Command, reason: str | None) -> None:
        before = advance(life.state, life.now_ms)
        lacks_reason = command is Command.VOID and not (reason or "").strip()
        try:
            apply(life.state, command, life.now_ms, life.timing, reason)
        except CommandNotAllowed:
            assert command not in allowed(before)
        except InvalidRequest:
            assert command in allowed(before)
            assert lacks_reason
        else:
            assert is_already_true(before, command) or (command in allowed(before) and not lacks_reason)

    @given(lives(), commands)
    def test_refusal_says_the_phase_and_what_can_be_done(self, life: Life, command: Command) -> None:
        state = advance(life.state, life.now_ms)
        assume(command not in allowed(state) and not is_already_true(state, command))
        with pytest.raises(CommandNotAllowed) as refused:
            apply(life.state, command, life.now_ms, life.timing, REASON)
        names = [str(each) for each in allowed(state)]
        assert refused.value.extra == {"phase": str(state.phase), "allowed": names}
        assert f"that is {state.phase} cannot {command}; it can {' or '.join(names)}." in refused.value.detail

    @pytest.mark.parametrize("phase", Phase)
    def test_something_can_be_done_in_every_phase(self, phase: Phase) -> None:
        assert allowed(run_in(phase))

    def test_phases_on_air_and_counted_are_apart(self) -> None:
        assert sorted(ON_AIR) == ["closing", "open", "paused"]
        assert sorted(COUNTED) == ["locked", "revealed"]


class TestRepeatedCommand:
    @given(lives(), commands, spans_ms)
    def test_gives_back_the_very_same_object(self, life: Life, command: Command, later_ms: int) -> None:
        try:
            once = apply(life.state, command, life.now_ms, life.timing, REASON)
        except CommandNotAllowed:
            assume(False)
        assert apply(once, command, life.now_ms, life.timing, "another reason") is once
        then = advance(once, life.now_ms + later_ms)
        if is_already_true(then, command):
            assert apply(once, command, life.now_ms + later_ms, life.timing, "another reason") == then

    def test_lock_pressed_after_the_deadline_finds_what_the_clock_did(self) -> None:
        state = opened(LATE_CHANNELS)
        closes = START_MS + 120_000
        assert do(state, Command.LOCK, at=closes + 3, timing=LATE_CHANNELS) == advance(state, closes + 3)
        assert do(state, Command.LOCK, at=closes + YEAR_MS, timing=LATE_CHANNELS).phase is Phase.LOCKED

    def test_pause_pressed_after_the_deadline_is_refused_and_says_what_is_left_to_do(self) -> None:
        with pytest.raises(CommandNotAllowed) as refused:
            do(opened(TWO_MINUTES), Command.PAUSE, at=START_MS + 120_000, timing=TWO_MINUTES)
        assert refused.value.extra == {"phase": "locked", "allowed": ["reveal", "certify", "void", "rerun"]}

    def test_pause_in_the_last_millisecond_is_in_time(self) -> None:
        paused = do(opened(TWO_MINUTES), Command.PAUSE, at=START_MS + 119_999, timing=TWO_MINUTES)
        assert (paused.phase, paused.remaining_ms) == (Phase.PAUSED, 1)


class TestOpenTime:
    def test_untimed_round_stays_open_until_it_is_locked(self) -> None:
        state = opened()
        assert (state.opened_at_ms, state.closes_at_ms, state.locks_at_ms) == (START_MS, None, None)
        assert next_deadline_ms(state) is None
        assert advance(state, START_MS + YEAR_MS) is state
        assert open_elapsed_ms(state, START_MS + YEAR_MS) == YEAR_MS

    def test_timed_round_knows_both_its_deadlines(self) -> None:
        state = opened(LATE_CHANNELS)
        assert state.closes_at_ms == START_MS + 120_000
        assert state.locks_at_ms == START_MS + 130_000

    @given(
        st.integers(1, 300_000),
        st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 10**9)), max_size=6),
        timings,
    )
    def test_pauses_keep_what_is_left_and_the_open_time_to_the_millisecond(
        self, duration_ms: int, turns: list[tuple[int, int]], timing: Timing
    ) -> None:
        timing = replace(timing, duration_ms=duration_ms)
        now_ms, left_ms = START_MS, duration_ms
        state = opened(timing)
        for open_for_ms, paused_for_ms in turns:
            if open_for_ms >= left_ms:
                break
            now_ms += open_for_ms
            left_ms -= open_for_ms
            state = do(state, Command.PAUSE, at=now_ms, timing=timing)
            assert (state.remaining_ms, state.closes_at_ms, state.locks_at_ms) == (left_ms, None, None)
            now_ms += paused_for_ms
            assert open_elapsed_ms(state, now_ms) == duration_ms - left_ms
            assert advance(state, now_ms) is state
            state = do(state, Command.RESUME, at=now_ms, timing=timing)
            assert (state.remaining_ms, state.closes_at_ms) == (None, now_ms + left_ms)
            assert state.locks_at_ms == now_ms + left_ms + timing.settle_ms
        assert state.opened_at_ms == START_MS
        assert advance(state, now_ms + left_ms - 1).phase is Phase.OPEN
        closed = advance(state, now_ms + left_ms)
        assert closed.phase is not Phase.OPEN
        assert open_elapsed_ms(closed, now_ms + YEAR_MS) == duration_ms

    @given(st.lists(st.tuples(spans_ms, spans_ms), max_size=6))
    def test_untimed_round_counts_its_open_time_over_pauses(self, turns: list[tuple[int, int]]) -> None:
        now_ms, state = START_MS, opened()
        for open_for_ms, paused_for_ms in turns:
            now_ms += open_for_ms
            state = do(state, Command.PAUSE, at=now_ms)
            assert state.remaining_ms is None
            now_ms += paused_for_ms
            state = do(state, Command.RESUME, at=now_ms)
            assert state.closes_at_ms is None
        assert open_elapsed_ms(state, now_ms) == sum(open_for_ms for open_for_ms, _ in turns)

    @given(lives(), spans_ms)
    def test_open_time_runs_while_open_and_stands_still_otherwise(self, life: Life, later_ms: int) -> None:
        before = open_elapsed_ms(life.state, life.now_ms)
        after = open_elapsed_ms(life.state, life.now_ms + later_ms)
        assert 0 <= before <= after <= before + later_ms
        if advance(life.state, life.now_ms).phase is not Phase.OPEN:
            assert after == before
        elif advance(life.state, life.now_ms + later_ms).phase is Phase.OPEN:
            assert after == before + later_ms

    @given(lives())
    def test_open_time_is_the_same_before_and_after_a_deadline_is_done(self, life: Life) -> None:
        done = advance(life.state, life.now_ms)
        assert open_elapsed_ms(done, life.now_ms) == open_elapsed_ms(life.state, life.now_ms)

    def test_time_before_the_resume_counts_as_none(self) -> None:
        assert open_elapsed_ms(opened(), START_MS - 5) == 0

    @given(lives())
    def test_time_left_stands_only_while_paused_and_is_never_nothing(self, life: Life) -> None:
        state = life.state
        assert state.remaining_ms is None or (state.phase is Phase.PAUSED and state.remaining_ms > 0)


class TestDeadlines:
    @given(lives())
    def test_are_done_once(self, life: Life) -> None:
        once = advance(life.state, life.now_ms)
        assert advance(once, life.now_ms) is once

    @given(lives(), spans_ms, spans_ms)
    def test_are_done_alike_in_one_step_and_in_two(self, life: Life, first_ms: int, second_ms: int) -> None:
        end_ms = life.now_ms + first_ms + second_ms
        stepped = advance(advance(life.state, life.now_ms + first_ms), end_ms)
        leapt = advance(life.state, end_ms)
        # Only the note of when the lock was carried out may differ.
        assert replace(stepped, locked_at_ms=None) == replace(leapt, locked_at_ms=None)

    @given(lives())
    def test_come_when_they_were_announced_and_not_a_millisecond_earlier(self, life: Life) -> None:
        state = advance(life.state, life.now_ms)
        deadline = next_deadline_ms(state)
        if deadline is None:
            assert advance(state, life.now_ms + YEAR_MS) is state
        else:
            assert deadline > life.now_ms
            assert advance(state, deadline - 1) is state
            assert advance(state, deadline).phase is not state.phase

    @given(lives())
    def test_stand_on_air_only_and_lock_never_comes_before_close(self, life: Life) -> None:
        state = life.state
        if state.phase in ON_AIR and state.closes_at_ms is not None:
            assert state.locks_at_ms is not None
            assert state.closes_at_ms <= state.locks_at_ms <= state.closes_at_ms + life.timing.settle_ms
        if state.phase not in ON_AIR:
            assert all(at is None or at <= life.now_ms for at in (state.closes_at_ms, state.locks_at_ms))

    def test_closing_of_length_zero_locks_in_the_same_millisecond(self) -> None:
        locked = advance(opened(TWO_MINUTES), START_MS + 120_000)
        assert (locked.phase, locked.locked_at_ms) == (Phase.LOCKED, START_MS + 120_000)

    def test_closing_lasts_as_long_as_grace_and_the_longest_delay(self) -> None:
        state = opened(LATE_CHANNELS)
        assert advance(state, START_MS + 119_999).phase is Phase.OPEN
        assert advance(state, START_MS + 120_000).phase is Phase.CLOSING
        assert advance(state, START_MS + 129_999).phase is Phase.CLOSING
        assert advance(state, START_MS + 130_000).phase is Phase.LOCKED

    def test_service_that_slept_through_both_does_both_and_says_when(self) -> None:
        locked = advance(opened(LATE_CHANNELS), START_MS + YEAR_MS)
        assert (locked.phase, locked.locked_at_ms) == (Phase.LOCKED, START_MS + YEAR_MS)
        assert locked.closes_at_ms == START_MS + 120_000
        assert open_elapsed_ms(locked, START_MS + YEAR_MS) == 120_000

    @given(lives(), spans_ms)
    def test_survive_being_stored_and_loaded(self, life: Life, later_ms: int) -> None:
        loaded = RunState(**asdict(life.state))
        assert advance(loaded, life.now_ms + later_ms) == advance(life.state, life.now_ms + later_ms)


class TestAccepts:
    def test_untimed_round_takes_everything_while_open(self) -> None:
        assert accepts(opened(), START_MS + YEAR_MS, 0)

    @pytest.mark.parametrize("phase", but(Phase.OPEN, Phase.CLOSING))
    def test_nothing_is_taken_in_other_phases_however_late_the_channel(self, phase: Phase) -> None:
        assert not accepts(run_in(phase), START_MS, 60_000)

    @pytest.mark.parametrize("delay_ms", [0, 1, 8_000])
    def test_channel_has_its_grace_and_its_delay_to_the_millisecond(self, delay_ms: int) -> None:
        state = opened(LATE_CHANNELS)
        extra_ms = LATE_CHANNELS.grace_ms + delay_ms
        cut_off = START_MS + 120_000 + extra_ms
        for seen in (state, advance(state, START_MS + 120_000)):
            assert accepts(seen, cut_off - 1, extra_ms)
            assert not accepts(seen, cut_off, extra_ms)

    def test_radio_is_closed_while_the_late_channel_still_votes(self) -> None:
        closing = do(opened(), Command.LOCK, at=START_MS + 60_000, timing=Timing(delay_ms_max=8_000))
        assert closing.phase is Phase.CLOSING
        assert not accepts(closing, START_MS + 60_000, 0)
        assert accepts(closing, START_MS + 59_999, 0)
        assert accepts(closing, START_MS + 67_999, 8_000)
        assert not accepts(closing, START_MS + 68_000, 8_000)

    def test_arrival_counts_and_not_the_time_of_the_commit(self) -> None:
        closing = advance(opened(LATE_CHANNELS), START_MS + 129_000)
        assert accepts(closing, START_MS + 119_999, 0)

    @given(lives(), spans_ms, spans_ms, spans_ms)
    def test_earlier_and_later_channels_are_never_worse_off(
        self, life: Life, arrived_ms: int, earlier_ms: int, more_ms: int
    ) -> None:
        arrived_ms += life.now_ms
        if accepts(life.state, arrived_ms, 1_000):
            assert accepts(life.state, arrived_ms - earlier_ms, 1_000 + more_ms)

    @given(timings, st.integers(1, 300_000), st.integers(0, 300_000))
    def test_last_channels_cut_off_is_the_lock(self, timing: Timing, duration_ms: int, waited_ms: int) -> None:
        timing = replace(timing, duration_ms=duration_ms)
        locks = START_MS + duration_ms + timing.settle_ms
        state = advance(opened(timing), min(START_MS + waited_ms, locks - 1))
        assert state.locks_at_ms == locks
        assert accepts(state, locks - 1, timing.settle_ms)
        assert not accepts(state, locks, timing.settle_ms)


class TestLockByHand:
    def test_without_anything_to_wait_for_it_is_locked_at_once(self) -> None:
        locked = do(opened(), Command.LOCK, at=START_MS + 5)
        assert locked.phase is Phase.LOCKED
        assert (locked.closes_at_ms, locked.locks_at_ms, locked.locked_at_ms) == (START_MS + 5,) * 3

    def test_with_grace_and_delay_it_closes_first(self) -> None:
        closing = do(opened(LATE_CHANNELS), Command.LOCK, at=START_MS + 5, timing=LATE_CHANNELS)
        assert (closing.phase, closing.locked_at_ms) == (Phase.CLOSING, None)
        assert (closing.closes_at_ms, closing.locks_at_ms) == (START_MS + 5, START_MS + 10_005)

    def test_of_a_paused_round_waits_for_nobody(self) -> None:
        paused = do(opened(LATE_CHANNELS), Command.PAUSE, at=START_MS + 5, timing=LATE_CHANNELS)
        locked = do(paused, Command.LOCK, at=START_MS + 900, timing=LATE_CHANNELS)
        assert (locked.phase, locked.locked_at_ms, locked.remaining_ms) == (Phase.LOCKED, START_MS + 900, None)
        assert open_elapsed_ms(locked, START_MS + YEAR_MS) == 5

    def test_grace_is_no_open_time(self) -> None:
        closing = do(opened(LATE_CHANNELS), Command.LOCK, at=START_MS + 5, timing=LATE_CHANNELS)
        assert open_elapsed_ms(closing, START_MS + 9_000) == 5

    def test_brings_the_deadline_forward_and_never_back(self) -> None:
        closing = do(opened(LATE_CHANNELS), Command.LOCK, at=START_MS + 119_999, timing=LATE_CHANNELS)
        assert closing.locks_at_ms == START_MS + 129_999


class TestReveal:
    def test_is_noted_with_its_time_and_keeps_the_lock(self) -> None:
        locked = do(opened(), Command.LOCK)
        revealed = do(locked, Command.REVEAL, at=START_MS + 7)
        assert revealed == replace(locked, phase=Phase.REVEALED, revealed_at_ms=START_MS + 7)


class TestCertify:
    @pytest.mark.parametrize("phase", [Phase.LOCKED, Phase.REVEALED])
    def test_is_noted_once_and_leaves_the_phase(self, phase: Phase) -> None:
        state = run_in(phase)
        certified = do(state, Command.CERTIFY, at=START_MS + 7)
        assert certified == replace(state, certified_at_ms=START_MS + 7)
        assert do(certified, Command.CERTIFY, at=START_MS + 9) is certified
        assert Command.CERTIFY in allowed(state)
        assert Command.CERTIFY not in allowed(certified)

    def test_outlasts_the_reveal(self) -> None:
        state = do(run_in(Phase.LOCKED), Command.CERTIFY, Command.REVEAL)
        assert state.certified_at_ms == START_MS
        assert do(state, Command.CERTIFY, at=START_MS + 9) is state

    def test_void_after_it_ends_it(self) -> None:
        void = do(run_in(Phase.LOCKED), Command.CERTIFY, Command.VOID)
        with pytest.raises(CommandNotAllowed):
            do(void, Command.CERTIFY)
        assert allowed(void) == (Command.RERUN,)


class TestVoid:
    @pytest.mark.parametrize("phase", but(Phase.DRAFT, Phase.VOID))
    @pytest.mark.parametrize("reason", [None, "", "   ", "\n\t"])
    def test_needs_a_reason(self, phase: Phase, reason: str | None) -> None:
        with pytest.raises(InvalidRequest, match="reason"):
            apply(run_in(phase), Command.VOID, START_MS, UNTIMED, reason)

    def test_keeps_its_first_reason_trimmed(self) -> None:
        void = apply(run_in(Phase.LOCKED), Command.VOID, START_MS, UNTIMED, f"  {REASON}\n")
        assert void.void_reason == REASON
        assert apply(void, Command.VOID, START_MS, UNTIMED, "another") is void
        assert apply(void, Command.VOID, START_MS, UNTIMED, None) is void

    def test_of_a_draft_is_refused_also_without_a_reason(self) -> None:
        with pytest.raises(CommandNotAllowed):
            apply(RunState(), Command.VOID, START_MS, UNTIMED, None)

    def test_of_an_open_round_stops_its_time_and_takes_its_deadlines_off(self) -> None:
        void = do(opened(LATE_CHANNELS), Command.VOID, at=START_MS + 5)
        assert open_elapsed_ms(void, START_MS + YEAR_MS) == 5
        assert (void.closes_at_ms, void.locks_at_ms, next_deadline_ms(void)) == (None, None, None)
        assert advance(void, START_MS + YEAR_MS) is void

    def test_while_closing_keeps_what_has_happened(self) -> None:
        void = do(advance(opened(LATE_CHANNELS), START_MS + 125_000), Command.VOID, at=START_MS + 125_000)
        assert (void.closes_at_ms, void.locks_at_ms) == (START_MS + 120_000, None)
        assert open_elapsed_ms(void, START_MS + YEAR_MS) == 120_000

    @pytest.mark.parametrize("phase", [Phase.LOCKED, Phase.REVEALED])
    def test_of_a_counted_round_keeps_its_history(self, phase: Phase) -> None:
        state = run_in(phase)
        assert do(state, Command.VOID) == replace(state, phase=Phase.VOID, void_reason=REASON)


class TestRerun:
    @pytest.mark.parametrize("phase", [Phase.LOCKED, Phase.REVEALED, Phase.VOID])
    def test_starts_with_a_clean_sheet_and_the_next_number(self, phase: Phase) -> None:
        assert do(run_in(phase), Command.RERUN) == RunState(number=2)

    def test_numbers_count_up(self) -> None:
        state = RunState()
        for number in range(2, 6):
            state = do(state, Command.OPEN, Command.LOCK, Command.RERUN)
            assert state.number == number

    def test_pressed_twice_makes_one_new_run(self) -> None:
        rerun = do(run_in(Phase.VOID), Command.RERUN)
        assert do(rerun, Command.RERUN) is rerun

    def test_of_a_first_draft_is_refused(self) -> None:
        with pytest.raises(CommandNotAllowed):
            do(RunState(), Command.RERUN)


class Countdown:
    """The naive model: what is left is counted down as time passes; there are no deadlines."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.number = 1
        self.clear()

    def clear(self) -> None:
        self.phase = Phase.DRAFT
        self.left_ms: int | None = None
        self.settling_ms = 0
        self.since_close_ms = 0
        self.open_ms = 0
        self.certified = False

    def wait(self, ms: int) -> None:
        if self.phase is Phase.OPEN:
            passed = ms if self.left_ms is None else min(ms, self.left_ms)
            self.open_ms += passed
            ms -= passed
            if self.left_ms is not None:
                self.left_ms -= passed
                if self.left_ms == 0:
                    self.close(self.timing.settle_ms)
        if self.phase is Phase.CLOSING:
            self.since_close_ms += ms
            if self.since_close_ms >= self.settling_ms:
                self.phase = Phase.LOCKED

    def close(self, settling_ms: int) -> None:
        self.phase, self.left_ms = Phase.CLOSING, None
        self.settling_ms, self.since_close_ms = settling_ms, 0
        self.wait(0)

    def expects(self, command: Command) -> Phase | str:
        if command is Command.CERTIFY and self.certified and self.phase in COUNTED:
            return SAME
        if command is Command.RERUN and self.phase is Phase.DRAFT and self.number > 1:
            return SAME
        return DIAGRAM[self.phase].get(command, REFUSED)

    def do(self, command: Command) -> None:
        match command:
            case Command.OPEN:
                self.phase, self.left_ms = Phase.OPEN, self.timing.duration_ms
            case Command.PAUSE:
                self.phase = Phase.PAUSED
            case Command.RESUME:
                self.phase = Phase.OPEN
            case Command.LOCK:
                self.close(0 if self.phase is Phase.PAUSED else self.timing.settle_ms)
            case Command.REVEAL:
                self.phase = Phase.REVEALED
            case Command.CERTIFY:
                self.certified = True
            case Command.VOID:
                self.phase = Phase.VOID
            case Command.RERUN:
                self.number += 1
                self.clear()

    def accepts(self, extra_ms: int) -> bool:
        return self.phase is Phase.OPEN or (self.phase is Phase.CLOSING and self.since_close_ms < extra_ms)


class RunBesideItsModel(RuleBasedStateMachine):
    """Commands and time on a run, which does its deadlines now and then, beside a model that does them at once."""

    @initialize(timing=timings)
    def draft(self, timing: Timing) -> None:
        self.now_ms = START_MS
        self.timing = timing
        self.state = RunState()
        self.model = Countdown(timing)

    @rule(ms=spans_ms)
    def wait(self, ms: int) -> None:
        self.now_ms += ms
        self.model.wait(ms)

    @precondition(lambda self: self.model.phase in ON_AIR)
    @rule(extra_ms=st.sampled_from([-1, 0, 1]))
    def wait_until_nearly_the_next_deadline(self, extra_ms: int) -> None:
        left_ms = self.model.left_ms if self.model.phase is Phase.OPEN else None
        if self.model.phase is Phase.CLOSING:
            left_ms = self.model.settling_ms - self.model.since_close_ms
        if left_ms is not None:
            self.wait(max(0, left_ms + extra_ms))

    @rule()
    def tick(self) -> None:
        self.state = advance(self.state, self.now_ms)

    @rule()
    def restart(self) -> None:
        self.state = RunState(**asdict(self.state))

    @rule(command=commands)
    def any_command(self, command: Command) -> None:
        expected = self.model.expects(command)
        if expected == REFUSED:
            with pytest.raises(CommandNotAllowed):
                apply(self.state, command, self.now_ms, self.timing, REASON)
            return
        before = advance(self.state, self.now_ms)
        self.state = apply(self.state, command, self.now_ms, self.timing, REASON)
        assert (self.state == before) == (expected == SAME)
        if expected != SAME:
            self.model.do(command)

    @rule(data=st.data())
    def possible_command(self, data: st.DataObject) -> None:
        self.any_command(data.draw(st.sampled_from(sorted(DIAGRAM[self.model.phase]))))

    @invariant()
    def run_is_what_the_model_says(self) -> None:
        model, now_ms = self.model, self.now_ms
        state = advance(self.state, now_ms)
        assert (state.phase, state.number) == (model.phase, model.number)
        assert open_elapsed_ms(state, now_ms) == open_elapsed_ms(self.state, now_ms) == model.open_ms
        assert (state.certified_at_ms is not None) == model.certified
        assert state.remaining_ms == (model.left_ms if model.phase is Phase.PAUSED else None)
        if model.phase is Phase.OPEN:
            assert next_deadline_ms(state) == (None if model.left_ms is None else now_ms + model.left_ms)
        elif model.phase is Phase.CLOSING:
            assert next_deadline_ms(state) == now_ms + model.settling_ms - model.since_close_ms
        else:
            assert next_deadline_ms(state) is None
        for extra_ms in (0, 1, self.timing.grace_ms, self.timing.settle_ms):
            assert accepts(state, now_ms, extra_ms) == model.accepts(extra_ms)

    @invariant()
    def times_stand_in_their_order(self) -> None:
        state = self.state
        times = [state.opened_at_ms, state.closes_at_ms, state.locked_at_ms, state.revealed_at_ms]
        known = [at for at in times if at is not None]
        assert all(one <= other for one, other in pairwise(known))
        assert (state.locked_at_ms is not None) == (state.phase in COUNTED) or state.phase is Phase.VOID
        assert (state.revealed_at_ms is not None) == (state.phase is Phase.REVEALED) or state.phase is Phase.VOID
        assert (state.void_reason is not None) == (state.phase is Phase.VOID)


TestRunBesideItsModel = RunBesideItsModel.TestCase
TestRunBesideItsModel.settings = settings(stateful_step_count=40)
