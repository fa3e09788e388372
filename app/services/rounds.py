"""Commands on rounds: open, pause, resume, lock, reveal, certify, void, rerun, next, and the deadlines.

Each travels the writer's queue like a vote. The result is recounted from the ledger in the lock's own transaction.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.domain import ledger, lifecycle
from app.domain.errors import AnotherRoundOpen, CommandNotAllowed, NotCertified, SamePerson, SessionEnded
from app.domain.lifecycle import COUNTED, Command, Phase, RunState
from app.domain.roles import Verb
from app.domain.session import Round, Session, next_step, on_air
from app.services.arena import Arena, changed, required_round, required_session
from app.services.handover import require_fresh
from app.services.identity import CLOCK, Crew, audit
from app.storage import ballots, crew, sessions
from app.storage.writer import Transaction

VERBS = {
    Command.OPEN: Verb.OPEN,
    Command.PAUSE: Verb.PAUSE,
    Command.RESUME: Verb.RESUME,
    Command.LOCK: Verb.LOCK,
    Command.REVEAL: Verb.REVEAL,
    Command.CERTIFY: Verb.CERTIFY,
    Command.VOID: Verb.VOID,
    Command.RERUN: Verb.RERUN,
}


async def command(
    arena: Arena,
    actor: Crew,
    code: str,
    number: int,
    what: Command,
    reason: str | None = None,
    seen: int | None = None,
) -> Session:
    """Carry out a command; the same again changes nothing. Returns the session after the commit.

    `seen` is the session's revision that the actor looked at: where somebody has acted on this round since, nothing is
    done. What is already true stays true, so that a lost answer may be asked for again.

    Raises:
        WrongRole, WrongSession, RoundNotFound, CommandNotAllowed, AnotherRoundOpen, SessionEnded, InvalidRequest,
        RevisionStale
    """
    actor.require(VERBS[what], code)
    await arena.live(code)
    return await arena.write(_command, actor, code, number, what, reason, arena.clock.now_ms(), seen)


async def next_command(arena: Arena, actor: Crew, code: str, seen: int | None = None) -> Session:
    """Do the one natural next step; while a round is closing, or where nothing is left, nothing.

    What is next is decided in the writer. Where a deadline has just taken the step, nothing more is done. Two presses
    are two steps: a button that may bounce uses the named commands. At the reveal it needs who may reveal. With `seen`
    it is done only where nobody has acted on any round since that revision.
    """
    actor.require(Verb.NEXT, code)
    await arena.live(code)
    return await arena.write(_next, actor, code, arena.clock.now_ms(), seen)


async def deadline(arena: Arena, code: str) -> None:
    """Do what the deadlines of a session ask by now."""
    await arena.write(_deadline, code, arena.clock.now_ms())


def _command(
    transaction: Transaction,
    actor: Crew,
    code: str,
    number: int,
    what: Command,
    reason: str | None,
    asked_ms: int,
    seen: int | None,
) -> Session:
    session = _deadline(transaction, code, asked_ms)
    round_ = required_round(session, number)
    if not lifecycle.is_already_true(round_.run, what):
        require_fresh(transaction.connection, session, seen, number, asked_ms)
    return _carry_out(transaction, actor, session, round_, what, reason, asked_ms)


def _next(transaction: Transaction, actor: Crew, code: str, asked_ms: int, seen: int | None) -> Session:
    before = required_session(transaction.connection, code)
    session = _deadline(transaction, code, asked_ms)
    require_fresh(transaction.connection, session, seen, None, asked_ms)
    if session.revision != before.revision:
        # The clock took the step that was meant; one more would reveal what was to be locked.
        return session
    step = next_step(session)
    if step is None:
        if session.ended:
            raise SessionEnded("The session is over; reopen it before you go on.")
        current = session.current_round
        if current is None:
            raise CommandNotAllowed("The session has no rounds yet; add one first.", phase="draft", allowed=[])
        if current.run.phase is Phase.CLOSING:
            return session
        raise CommandNotAllowed(
            "All rounds are done; add one, or end the session.", phase=str(current.run.phase), allowed=[]
        )
    name, number = step
    round_ = session.round(number)
    assert round_ is not None
    what = Command(name)
    actor.require(VERBS[what], code)
    return _carry_out(transaction, actor, session, round_, what, None, asked_ms)


def _deadline(transaction: Transaction, code: str, asked_ms: int) -> Session:
    """Store what was due when it was asked: votes that came before that are ahead in the queue, later ones behind.

    Every command begins with it: one that came between a deadline and the tick would skip the lock and its result.
    """
    session = required_session(transaction.connection, code)
    for round_ in session.rounds:
        state = lifecycle.advance(round_.run, asked_ms)
        if state is not round_.run:
            session = _store(transaction, CLOCK, session, round_, state, "deadline")
    return session


def _carry_out(
    transaction: Transaction,
    actor: Crew,
    session: Session,
    round_: Round,
    what: Command,
    reason: str | None,
    asked_ms: int,
) -> Session:
    if what is Command.REVEAL and round_.run.phase is Phase.LOCKED and round_.seal_unbroken:
        raise NotCertified("This round is sealed; a scrutineer certifies the count before it is revealed.")
    if what is Command.CERTIFY and round_.sealed and actor.id in _hands(transaction, session, round_):
        raise SamePerson("Who opened or locked a sealed round cannot certify it; ask another of the crew.")
    state = lifecycle.apply(round_.run, what, asked_ms, session.timing(round_), reason)
    if state is round_.run:
        return session
    if session.ended and what in (Command.OPEN, Command.RERUN):
        raise SessionEnded("The session is over; reopen it before another round goes on air.")
    other = on_air(session)
    if what in (Command.OPEN, Command.RERUN) and other is not None and other.number != round_.number:
        raise AnotherRoundOpen(
            f"Round {other.number} is {other.run.phase}; lock it before another goes on air.",
            round=other.number,
        )
    return _store(transaction, actor, session, round_, state, str(what))


def _hands(transaction: Transaction, session: Session, round_: Round) -> set[int]:
    """Return whose tokens opened, paused, resumed or locked the present run."""
    entries = crew.acts_on_round(transaction.connection, session.id, round_.number)
    return {
        each.token_id
        for each in entries
        if each.action in ("open", "pause", "resume", "lock") and (each.after or {}).get("run") == round_.run.number
    }


def _store(
    transaction: Transaction, actor: Crew, session: Session, round_: Round, state: RunState, action: str
) -> Session:
    connection = transaction.connection
    result = None
    if state.locked_at_ms is not None and round_.run.locked_at_ms is None:
        # The lock counts from its commit: every ballot in the ledger was accepted before.
        state = replace(state, locked_at_ms=transaction.now_ms)
    if state.number != round_.run.number:
        sessions.add_run(connection, round_.id, state)
    else:
        if state.phase in (*COUNTED, Phase.VOID) and round_.result is None:
            result = _result(transaction, session, round_)
        sessions.change_run(connection, round_.run_id, state, result)
    if state.number != round_.run.number or (state.phase is Phase.OPEN and session.current != round_.number):
        # Only what goes on air becomes the current round; certifying an earlier one does not take it off.
        sessions.change_session(connection, session.id, current_round=round_.number)
    after = _audited(state)
    if result:
        after["digest"] = result["digest"]
    if round_.run.opened_at_ms is None and state.opened_at_ms is not None:
        after["stood"] = _standing(transaction, round_)
    audit(
        transaction,
        actor,
        action,
        session_id=session.id,
        round=round_.number,
        before=_audited(round_.run),
        after=after | {"revision": session.revision + 1},
        detail=state.void_reason or "",
    )
    return changed(transaction, session)


def _result(transaction: Transaction, session: Session, round_: Round) -> Mapping[str, Any]:
    """Count the run from its ballots, and fold the chain's head into the digest."""
    counts = ballots.recount(transaction.connection, round_.run_id, round_.keys)
    head, count = ballots.chain_head(transaction.connection, round_.run_id)
    figures = {
        "session": session.code,
        "round": round_.number,
        "run": round_.run.number,
        "ballots": count,
        "deciding": session.deciding,
        "weights": session.weights,
        **counts.figures(),
    }
    if session.rehearsal_of is not None:
        # Under the digest and its signature, so that nobody can pass it off as a result.
        figures[ledger.REHEARSAL_OF] = session.rehearsal_of
    return {**figures, "chain_head": head, "digest": ledger.fold(head, figures)}


def _standing(transaction: Transaction, round_: Round) -> dict[str, Any]:
    """Return what the database holds of a run that now opens: nothing, and the audit log's chain keeps that said."""
    counts = ballots.recount(transaction.connection, round_.run_id, round_.keys)
    head, count = ballots.chain_head(transaction.connection, round_.run_id)
    return {"ballots": count, "likes": sum(counts.likes.values()), "chain_head": head}


def _audited(state: RunState) -> dict[str, Any]:
    return {
        "run": state.number,
        "phase": str(state.phase),
        "closes_at_ms": state.closes_at_ms,
        "certified_at_ms": state.certified_at_ms,
    }
