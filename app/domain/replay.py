"""A past session as it stood at each moment: from the records of what was done back to what everybody read.

Pure: the session as it stands now, its runs and the acts of the audit log in, the sessions of before out. Counts are
not here: they grow by the ledger, whatever the phase. All times are Unix milliseconds, all spans milliseconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.domain.air import AirCommand
from app.domain.errors import InvalidRequest
from app.domain.lifecycle import ON_AIR, Command, Phase, RunState, Timing
from app.domain.session import Correction, ReplayMark, Round, Session

GRAIN_MS = 200
"""History is shown in steps of so much; a whole number of them is a second."""
FAST = 5
"""From this speed on it is shown second by second."""
SPEED_LEAST, SPEED_MOST = 0.1, 3_600.0
_RUN_ACTS = frozenset({*map(str, Command), "deadline"})
_CUTS = frozenset({"scene", AirCommand.TAKE, AirCommand.CLEAR, AirCommand.PANIC, "panic_released"})
_EDITED = ("number", "title", "topic", "starts_at_ms", "ended")


@dataclass(frozen=True, slots=True)
class Act:
    """One entry of the audit log. `before` and `after` hold what it changed."""

    at_ms: int
    action: str
    round: int | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run as it is stored: its last state, its result and what corrected that."""

    run_id: int
    state: RunState
    result: Mapping[str, Any] | None = None
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """From `at_ms` on the session stood so."""

    at_ms: int
    session: Session


def moments(session: Session, runs: Mapping[int, Sequence[PastRun]], acts: Sequence[Act]) -> list[Moment]:
    """Return the session after each act that the public could notice, oldest first, and as it was made before them.

    `runs` are those of each round by its number, oldest first. Rules and contestants are the last ones: they are
    frozen from the first open on, and what they were before was on no screen.
    """
    added = {act.round for act in acts if act.action == "round_added"}
    made = tuple(_at_run(each, runs[each.number][0], RunState()) for each in session.rounds if each.number not in added)
    now = replace(
        session,
        **_first_values(session, acts),
        rounds=made,
        scene="board",
        panicked_at_ms=None,
        current=made[0].number if made else None,
    )
    lived = [Moment(session.created_at_ms, now)]
    for act in acts:
        after = _after(now, session, runs, act)
        if after is not now:
            now = after
            lived.append(Moment(act.at_ms, now))
    return lived


def _first_values(session: Session, acts: Sequence[Act]) -> dict[str, Any]:
    """Return what stood in the session's own fields before they were edited."""
    values: dict[str, Any] = {name: getattr(session, name) for name in _EDITED}
    for act in reversed(acts):
        if act.action == "session_changed" and act.before:
            values |= {name: act.before[name] for name in _EDITED if name in act.before}
            if "status" in act.before:
                values["ended"] = act.before["status"] == "ended"
    return values


def _after(now: Session, last: Session, runs: Mapping[int, Sequence[PastRun]], act: Act) -> Session:
    """Return the session after an act; the same object where it changed nothing that is shown."""
    after = act.after or {}
    if act.action in _CUTS:
        # While a panic holds, nothing but its release is ever written down as a cut.
        held_since_ms = act.at_ms if act.action == AirCommand.PANIC else None
        return replace(now, scene=after["scene"], panicked_at_ms=held_since_ms)
    if act.action == "session_changed":
        return replace(now, **{name: after[name] for name in _EDITED if name in after})
    stored = last.round(act.round) if act.round is not None else None
    if stored is None:
        return now  # of no round, or of one that was removed before it was ever opened
    if act.action == "round_added" and now.round(stored.number) is None:
        fresh = _at_run(stored, runs[stored.number][0], RunState())
        rounds = tuple(sorted((*now.rounds, fresh), key=lambda each: each.number))
        return replace(now, rounds=rounds, current=now.current or stored.number)
    present = now.round(stored.number)
    past = next((each for each in runs[stored.number] if each.state.number == after.get("run")), None)
    if present is None or past is None:
        return now
    if act.action == "correction_confirmed":
        return _with(now, replace(present, corrections=past.corrections[: after["number"]]))
    if act.action not in _RUN_ACTS:
        return now
    state = _state_after(act, past.state, now.timing(stored))
    now_current = state.number != present.run.number or state.phase is Phase.OPEN
    now = _with(now, _at_run(present, past, state))
    return replace(now, current=stored.number) if now_current else now


def _with(session: Session, round_: Round) -> Session:
    rounds = tuple(round_ if each.number == round_.number else each for each in session.rounds)
    return replace(session, rounds=rounds)


def _at_run(round_: Round, past: PastRun, state: RunState) -> Round:
    known = state.phase in (Phase.LOCKED, Phase.REVEALED, Phase.VOID)
    same = round_.run_id == past.run_id and known
    return replace(
        round_,
        run_id=past.run_id,
        run=state,
        result=past.result if known else None,
        corrections=round_.corrections if same else (),
    )


def _state_after(act: Act, last: RunState, timing: Timing) -> RunState:
    """Return a run's state after a command or deadline: what the log says, with the times that the run has kept.

    What an act sets once and nothing changes again (when it was opened, locked, revealed) is exactly the stored one;
    only what a pause had left is a few milliseconds off, because the log knows when it was committed, not asked.
    """
    before, after = act.before or {}, act.after or {}
    phase = Phase(after["phase"])
    if phase is Phase.DRAFT:
        return RunState(number=last.number)
    closes_at_ms = after["closes_at_ms"]
    settled = None if closes_at_ms is None else closes_at_ms + timing.settle_ms
    over = phase in (Phase.LOCKED, Phase.REVEALED, Phase.VOID)
    left_ms = None
    if phase is Phase.PAUSED and before.get("closes_at_ms") is not None:
        left_ms = max(0, before["closes_at_ms"] - act.at_ms)
    return RunState(
        number=last.number,
        phase=phase,
        opened_at_ms=last.opened_at_ms,
        closes_at_ms=closes_at_ms,
        locks_at_ms=last.locks_at_ms if over else settled,
        locked_at_ms=last.locked_at_ms if over else None,
        revealed_at_ms=last.revealed_at_ms if phase in (Phase.REVEALED, Phase.VOID) else None,
        certified_at_ms=after["certified_at_ms"],
        void_reason=last.void_reason if phase is Phase.VOID else None,
        remaining_ms=left_ms,
    )


@dataclass(frozen=True, slots=True)
class Pace:
    """How history runs by the clock of now: at `now_ms` it was `history_ms`, and goes on `speed` times as fast."""

    now_ms: int
    history_ms: int
    speed: float
    paused: bool = False

    def history_at(self, now_ms: int) -> int:
        """Return which moment of history is shown at `now_ms`."""
        if self.paused:
            return self.history_ms
        return self.history_ms + int((now_ms - self.now_ms) * self.speed)

    def shown_at(self, history_ms: int, now_ms: int) -> int:
        """Return when a moment of history comes or came by the clock of now, so that countdowns run.

        While paused, what is still to come keeps its distance; half a second stands in it, so that no countdown
        flickers between two seconds.
        """
        apart_ms = int((history_ms - self.history_ms) / self.speed)
        if not self.paused:
            return self.now_ms + apart_ms
        return now_ms + (apart_ms // 1000 * 1000 + 500 if apart_ms > 0 else apart_ms)


def step_of(history_ms: int, speed: float) -> int:
    """Return the step of history that is shown at a moment: so the same second is the same document at any speed."""
    step_ms = 1000 if speed >= FAST else GRAIN_MS
    return history_ms // step_ms * step_ms


def shown(session: Session, pace: Pace, now_ms: int, history_ms: int) -> Session:
    """Return a session of the past with its mark, its times carried over to the clock of now and its spans to the
    speed.
    """
    rounds = tuple(_shown_round(each, pace, now_ms) for each in session.rounds)
    return replace(session, rounds=rounds, replay=ReplayMark(history_ms, pace.speed, pace.paused))


def counts_down(session: Session) -> bool:
    """Say whether a countdown runs in a session."""
    return any(each.run.phase in ON_AIR and each.run.closes_at_ms is not None for each in session.rounds)


def _shown_round(round_: Round, pace: Pace, now_ms: int) -> Round:
    def when(at_ms: int | None) -> int | None:
        return None if at_ms is None else pace.shown_at(at_ms, now_ms)

    def span(ms: int | None) -> int | None:
        return None if ms is None else int(ms / pace.speed)

    run = round_.run
    return replace(
        round_,
        duration_ms=span(round_.duration_ms),
        grace_ms=int(round_.grace_ms / pace.speed),
        run=replace(
            run,
            opened_at_ms=when(run.opened_at_ms),
            closes_at_ms=when(run.closes_at_ms),
            locks_at_ms=when(run.locks_at_ms),
            locked_at_ms=when(run.locked_at_ms),
            revealed_at_ms=when(run.revealed_at_ms),
            certified_at_ms=when(run.certified_at_ms),
            remaining_ms=span(run.remaining_ms),
        ),
    )


def share_out(total: int, whole: int, parts: Mapping[str, int], so_far: Mapping[str, int]) -> dict[str, int]:
    """Return how much more each part gets so that they sum up to `total`, each at about its share of `whole`.

    No part is ever taken away from, and at `total == whole` each has exactly its own: so a sum whose parts are known
    only in the end can be shown in parts meanwhile. `so_far` must come from earlier calls with smaller totals.
    """
    wanting = total - sum(so_far.values())
    more: dict[str, int] = {}
    # First who lacks most; nobody gets past the whole number above the exact share, of which there is enough for all.
    for key in sorted(parts, key=lambda each: so_far.get(each, 0) * whole - parts[each] * total):
        room = -(-parts[key] * total // whole) - so_far.get(key, 0)
        more[key] = min(wanting, room)
        wanting -= more[key]
    return more


def span_ms(text: str) -> int:
    """Read `1:02:03`, `02:03` or `123` (seconds, with a fraction if need be) as milliseconds.

    Raises:
        InvalidRequest: it is none of these.
    """
    parts = text.strip().split(":")
    try:
        if len(parts) > 3 or any(not part.isdecimal() for part in parts[:-1]) or parts[-1].startswith("-"):
            raise ValueError
        seconds = sum(float(part) * 60**i for i, part in enumerate(reversed(parts)))
        if not 0 <= seconds <= 10_000_000:
            raise ValueError
    except ValueError:
        raise InvalidRequest(f"“{text[:20]}” is no time of the replay; write 0:10:00, 10:00 or 600.") from None
    return int(seconds * 1000)


def span_text(ms: int) -> str:
    """Write milliseconds as `1:02:03`."""
    seconds = max(0, ms) // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def checked_speed(speed: float) -> float:
    """Return a speed that can be played.

    Raises:
        InvalidRequest
    """
    if not SPEED_LEAST <= speed <= SPEED_MOST:
        raise InvalidRequest(f"A speed lies between {SPEED_LEAST:g} and {SPEED_MOST:g}; 1 is the pace of then.")
    return speed
