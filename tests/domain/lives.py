"""Runs that have lived a while: what the properties of the lifecycle and of the session are asked of."""

from dataclasses import dataclass
from functools import reduce

from hypothesis import strategies as st

from app.domain.lifecycle import Command, Phase, RunState, Timing, advance, allowed, apply

START_MS = 1_795_176_000_000
"""20:00 in Shanghai on a Friday."""
REASON = "计票设备故障"

# Few values that meet each other often: the nasty cases are those in which two times are equal.
spans_ms = st.sampled_from([0, 1, 2, 999, 1_000, 1_001, 8_000, 60_000]) | st.integers(0, 200_000)
timings = st.builds(
    Timing,
    duration_ms=st.none() | st.sampled_from([1, 1_000, 8_000, 120_000]) | st.integers(1, 300_000),
    grace_ms=st.sampled_from([0, 0, 1, 2_000, 60_000]),
    delay_ms_max=st.sampled_from([0, 0, 1, 8_000, 60_000]),
)


@dataclass(frozen=True)
class Life:
    """A run, the time it is, and its rules."""

    state: RunState
    now_ms: int
    timing: Timing


@st.composite
def lives(draw: st.DrawFn, steps_max: int = 8) -> Life:
    """Draw a state that commands and time can bring about; deadlines may be due and not yet done."""
    timing = draw(timings)
    state, now_ms = RunState(), START_MS
    for wait_ms in draw(st.lists(spans_ms, max_size=steps_max)):
        now_ms += wait_ms
        command = draw(st.sampled_from(allowed(advance(state, now_ms))))
        state = apply(state, command, now_ms, timing, REASON)
    return Life(state, now_ms + draw(spans_ms), timing)


ROADS: dict[Phase, tuple[Command, ...]] = {
    Phase.DRAFT: (),
    Phase.OPEN: (Command.OPEN,),
    Phase.PAUSED: (Command.OPEN, Command.PAUSE),
    Phase.CLOSING: (Command.OPEN, Command.LOCK),
    Phase.LOCKED: (Command.OPEN, Command.PAUSE, Command.LOCK),
    Phase.REVEALED: (Command.OPEN, Command.PAUSE, Command.LOCK, Command.REVEAL),
    Phase.VOID: (Command.OPEN, Command.VOID),
}
WITH_GRACE = Timing(grace_ms=5_000)


def run_in(phase: Phase) -> RunState:
    """Bring a run into a phase by the shortest road, all at one instant."""
    state = reduce(lambda s, command: apply(s, command, START_MS, WITH_GRACE, REASON), ROADS[phase], RunState())
    assert state.phase is phase
    return state


def but(*left_out: Phase) -> list[Phase]:
    """List the other phases in their order; a set has none, and workers that collect tests must agree on it."""
    return [phase for phase in Phase if phase not in left_out]
