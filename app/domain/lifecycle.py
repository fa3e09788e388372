"""The life of a run: `draft → open ⇄ paused → closing → locked → revealed`, and `void`.

Pure: (state, command, now) → state, or a refusal that lists what is allowed. A command that is already true gives back
the very same state, so that a button pressed twice does no harm.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.errors import CommandNotAllowed, InvalidRequest


class Phase(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    PAUSED = "paused"
    CLOSING = "closing"
    LOCKED = "locked"
    REVEALED = "revealed"
    VOID = "void"


class Command(StrEnum):
    OPEN = "open"
    PAUSE = "pause"
    RESUME = "resume"
    LOCK = "lock"
    REVEAL = "reveal"
    CERTIFY = "certify"
    VOID = "void"
    RERUN = "rerun"


ON_AIR = frozenset({Phase.OPEN, Phase.PAUSED, Phase.CLOSING})
COUNTED = frozenset({Phase.LOCKED, Phase.REVEALED})

_ALLOWED: dict[Phase, tuple[Command, ...]] = {
    Phase.DRAFT: (Command.OPEN,),
    Phase.OPEN: (Command.PAUSE, Command.LOCK, Command.VOID),
    Phase.PAUSED: (Command.RESUME, Command.LOCK, Command.VOID),
    Phase.CLOSING: (Command.VOID,),
    Phase.LOCKED: (Command.REVEAL, Command.CERTIFY, Command.VOID, Command.RERUN),
    Phase.REVEALED: (Command.CERTIFY, Command.VOID, Command.RERUN),
    Phase.VOID: (Command.RERUN,),
}

# Phases in which a command has nothing left to do.
_TRUE_IN: dict[Command, frozenset[Phase]] = {
    Command.OPEN: frozenset({Phase.OPEN}),
    Command.PAUSE: frozenset({Phase.PAUSED}),
    Command.RESUME: frozenset({Phase.OPEN}),
    Command.LOCK: frozenset({Phase.CLOSING, Phase.LOCKED, Phase.REVEALED}),
    Command.REVEAL: frozenset({Phase.REVEALED}),
    Command.CERTIFY: frozenset(),
    Command.VOID: frozenset({Phase.VOID}),
    Command.RERUN: frozenset(),
}


@dataclass(frozen=True, slots=True)
class RunState:
    """One attempt at a round. All times are Unix milliseconds, all spans milliseconds."""

    number: int = 1
    phase: Phase = Phase.DRAFT
    opened_at_ms: int | None = None
    closes_at_ms: int | None = None
    """When the first cut-off comes. A channel's own cut-off is this plus the grace plus the channel's delay."""
    locks_at_ms: int | None = None
    """When the last channel's cut-off has passed."""
    locked_at_ms: int | None = None
    revealed_at_ms: int | None = None
    certified_at_ms: int | None = None
    void_reason: str | None = None
    remaining_ms: int | None = None
    """What is left of a timed round while it is paused."""
    resumed_at_ms: int | None = None
    open_ms: int = 0
    """How long the run was open before `resumed_at_ms`."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What of a round's rules and its session's channels concerns time."""

    duration_ms: int | None = None
    grace_ms: int = 0
    delay_ms_max: int = 0

    @property
    def settle_ms(self) -> int:
        """How long after the first cut-off the last phone may still vote."""
        return self.grace_ms + self.delay_ms_max


def allowed(state: RunState) -> tuple[Command, ...]:
    """List the commands that would change this state."""
    commands = _ALLOWED[state.phase]
    if state.certified_at_ms is not None:
        commands = tuple(command for command in commands if command is not Command.CERTIFY)
    return commands


def is_already_true(state: RunState, command: Command) -> bool:
    """Say whether a command has nothing left to do."""
    if command is Command.CERTIFY:
        return state.phase in COUNTED and state.certified_at_ms is not None
    if command is Command.RERUN:
        return state.phase is Phase.DRAFT and state.number > 1
    return state.phase in _TRUE_IN[command]


def apply(state: RunState, command: Command, now_ms: int, timing: Timing, reason: str | None = None) -> RunState:
    """Carry out a producer's command.

    Returns:
        the new state; the same object where the command was already true.
    Raises:
        CommandNotAllowed: with `phase` and `allowed`.
        InvalidRequest: where a void lacks its reason.
    """
    state = advance(state, now_ms)
    if is_already_true(state, command):
        return state
    if command not in allowed(state):
        names = [str(each) for each in allowed(state)]
        raise CommandNotAllowed(
            f"A round that is {state.phase} cannot {command}; it can {' or '.join(names) or 'not be changed now'}.",
            phase=str(state.phase),
            allowed=names,
        )
    match command:
        case Command.OPEN:
            return _opened(replace(state, opened_at_ms=now_ms), now_ms, timing.duration_ms, timing)
        case Command.RESUME:
            return _opened(state, now_ms, state.remaining_ms, timing)
        case Command.PAUSE:
            closes = state.closes_at_ms
            return replace(
                state,
                phase=Phase.PAUSED,
                open_ms=open_elapsed_ms(state, now_ms),
                resumed_at_ms=None,
                closes_at_ms=None,
                locks_at_ms=None,
                remaining_ms=None if closes is None else max(0, closes - now_ms),
            )
        case Command.LOCK:
            return _locked_by_hand(state, now_ms, timing)
        case Command.REVEAL:
            return replace(state, phase=Phase.REVEALED, revealed_at_ms=now_ms)
        case Command.CERTIFY:
            return replace(state, certified_at_ms=now_ms)
        case Command.VOID:
            if not reason or not reason.strip():
                raise InvalidRequest("A void needs its reason: add ?reason=… or a JSON body with a reason.")
            return _voided(state, now_ms, reason.strip())
    assert command is Command.RERUN
    return RunState(number=state.number + 1)


def advance(state: RunState, now_ms: int) -> RunState:
    """Do what the deadlines ask by now: `open → closing → locked`. The same object where nothing is due."""
    if state.phase is Phase.OPEN and state.closes_at_ms is not None and now_ms >= state.closes_at_ms:
        state = replace(state, phase=Phase.CLOSING, open_ms=open_elapsed_ms(state, now_ms), resumed_at_ms=None)
    if state.phase is Phase.CLOSING and state.locks_at_ms is not None and now_ms >= state.locks_at_ms:
        state = replace(state, phase=Phase.LOCKED, locked_at_ms=now_ms)
    return state


def accepts(state: RunState, arrived_ms: int, extra_ms: int) -> bool:
    """Say whether something that reached the server at `arrived_ms` is in time.

    `extra_ms` is the grace plus the channel's delay. Arrival counts, not commit, so that a busy server costs nobody a
    vote.
    """
    if state.phase not in (Phase.OPEN, Phase.CLOSING):
        return False
    return state.closes_at_ms is None or arrived_ms < state.closes_at_ms + extra_ms


def open_elapsed_ms(state: RunState, now_ms: int) -> int:
    """Return how long the run has been open, pauses left out."""
    if state.resumed_at_ms is None:
        return state.open_ms
    until = now_ms if state.closes_at_ms is None else min(now_ms, state.closes_at_ms)
    return state.open_ms + max(0, until - state.resumed_at_ms)


def next_deadline_ms(state: RunState) -> int | None:
    """Return when `advance` will next change this state by itself."""
    if state.phase is Phase.OPEN:
        return state.closes_at_ms
    return state.locks_at_ms if state.phase is Phase.CLOSING else None


def _opened(state: RunState, now_ms: int, left_ms: int | None, timing: Timing) -> RunState:
    closes = None if left_ms is None else now_ms + left_ms
    return replace(
        state,
        phase=Phase.OPEN,
        resumed_at_ms=now_ms,
        closes_at_ms=closes,
        locks_at_ms=None if closes is None else closes + timing.settle_ms,
        remaining_ms=None,
    )


def _locked_by_hand(state: RunState, now_ms: int, timing: Timing) -> RunState:
    # A paused round takes nothing, so it owes no phone the delay of its channel.
    settle_ms = 0 if state.phase is Phase.PAUSED else timing.settle_ms
    closing = replace(
        state,
        phase=Phase.CLOSING,
        open_ms=open_elapsed_ms(state, now_ms),
        resumed_at_ms=None,
        closes_at_ms=now_ms,
        locks_at_ms=now_ms + settle_ms,
        remaining_ms=None,
    )
    return advance(closing, now_ms)


def _voided(state: RunState, now_ms: int, reason: str) -> RunState:
    # What has happened stays on record; a deadline that has not come never will.
    def passed(at_ms: int | None) -> int | None:
        return at_ms if at_ms is not None and at_ms <= now_ms else None

    return replace(
        state,
        phase=Phase.VOID,
        void_reason=reason,
        open_ms=open_elapsed_ms(state, now_ms),
        resumed_at_ms=None,
        closes_at_ms=passed(state.closes_at_ms),
        locks_at_ms=passed(state.locks_at_ms),
        remaining_ms=None,
    )
