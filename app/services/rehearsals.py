"""Rehearsals 彩排: a session of its own, copied from the one that it rehearses, and purged whole.

The real session has nothing of it but two entries of its audit log: that a rehearsal was made, and that it was purged.
So its counts begin at zero by construction, and both may be looked at side by side.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import structlog
from sqlalchemy import Connection

from app.domain.errors import ArenaError, Conflict, RehearsalNotFound, SessionEnded
from app.domain.rehearsal import CODE_BEGINNING
from app.domain.roles import Verb
from app.domain.session import Session, on_air
from app.live.facts import SessionGone
from app.services.arena import Arena, required_session
from app.services.identity import Crew, audit
from app.services.sessions import fresh_code, rules_of
from app.storage import automations, rehearsals, sessions
from app.storage.writer import Transaction

LOOK_SECONDS = 1.0

log = structlog.get_logger()


async def make(arena: Arena, actor: Crew, code: str) -> tuple[Session, bool]:
    """Make a session's rehearsal, or return the one that is there. Returns it, and whether it was made now.

    Raises:
        WrongRole, WrongSession, SessionNotFound; Conflict: it is a rehearsal itself, or on air; SessionEnded
    """
    actor.require(Verb.EDIT, code)
    await arena.live(code)
    return await arena.write(make_rehearsal, actor, code)


async def find(arena: Arena, actor: Crew, code: str) -> Session:
    """Return the rehearsal of a session; of a rehearsal itself.

    Raises:
        WrongRole, WrongSession, SessionNotFound, RehearsalNotFound
    """
    actor.require(Verb.READ, code)
    session = await arena.session(code)
    if session.rehearsal:
        return session
    rehearsal = await arena.read(rehearsals.rehearsal_of, session.id)
    if rehearsal is None:
        raise _none(code)
    return await arena.session(rehearsal)


async def purge(arena: Arena, actor: Crew, code: str, end_crowd: Callable[[str], Awaitable[None]]) -> None:
    """Delete a rehearsal whole, named by its own code or by that of the session; nothing happens where there is none.
    Its crowd is ended first.

    Raises:
        WrongRole, WrongSession, SessionNotFound
    """
    actor.require(Verb.EDIT, code)
    try:
        rehearsal = await find(arena, actor, code)
    except RehearsalNotFound:
        return
    await end_crowd(rehearsal.code)
    await arena.write(purge_rehearsal, actor, rehearsal.code)


def make_rehearsal(transaction: Transaction, actor: Crew, code: str) -> tuple[Session, bool]:
    """Make a session's rehearsal in its caller's transaction; the one that is there, where there is one."""
    connection = transaction.connection
    real = required_session(connection, code)
    if real.rehearsal:
        raise Conflict(f"{code} is a rehearsal itself, of {real.rehearsal_of}; rehearse in it.")
    present = rehearsals.rehearsal_of(connection, real.id)
    if present is not None:
        return required_session(connection, present), False
    if real.ended:
        raise SessionEnded("The session is over; there is nothing left to rehearse.")
    if (round_ := on_air(real)) is not None:
        raise Conflict(f"Round {round_.number} is {round_.run.phase}; rehearse while nothing is on air.")
    rehearsal = fresh_code(connection, CODE_BEGINNING)
    session_id = _copied(transaction, real, rehearsal)
    audit(
        transaction,
        actor,
        "rehearsal_made",
        session_id=session_id,
        after={"code": rehearsal, "rehearsal_of": real.code},
    )
    audit(transaction, actor, "rehearsal_made", session_id=real.id, after={"rehearsal": rehearsal})
    return required_session(connection, rehearsal), True


def purge_rehearsal(transaction: Transaction, actor: Crew, code: str) -> str | None:
    """Delete a rehearsal in its caller's transaction. Returns its code, or None where there was none."""
    connection = transaction.connection
    session = required_session(connection, code)
    if session.rehearsal_of is None:
        found = rehearsals.rehearsal_of(connection, session.id)
        if found is None:
            return None
        real, rehearsal = session, required_session(connection, found)
    else:
        real, rehearsal = required_session(connection, session.rehearsal_of), session
    rows = rehearsals.delete_rehearsal(connection, rehearsal.id)
    before = {"rehearsal": rehearsal.code, "rows": rows}
    audit(transaction, actor, "rehearsal_purged", session_id=real.id, before=before)
    transaction.kept.pop(rehearsal.code, None)
    transaction.facts.append(SessionGone(rehearsal.code))
    return rehearsal.code


async def run_rehearsals(arena: Arena) -> None:
    """Let go of rehearsals that another process, or the command line, has purged. Until cancelled."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        held = [code for code, live in arena.hub.live.items() if live.session.rehearsal]
        if held:
            try:
                arena.hub.learn([SessionGone(code) for code in await arena.read(rehearsals.gone, held)])
            except ArenaError as error:
                log.warning("rehearsals were not looked at", reason=str(error))


def _copied(transaction: Transaction, real: Session, code: str) -> int:
    """Copy who and what is to be rehearsed, and no count. Its automations are switched off: they reach real tools."""
    connection = transaction.connection
    show_id = sessions.find_show(connection, real.show_slug)
    assert show_id is not None
    values: dict[str, Any] = {
        name: getattr(real, name) for name in ("number", "title", "topic", "kind", "deciding", "starts_at_ms")
    }
    session_id = sessions.add_session(
        connection,
        code=code,
        show_id=show_id,
        ended=False,
        created_at_ms=transaction.now_ms,
        scene="board",
        channels=[asdict(each) for each in real.channels],
        voter_key=secrets.token_hex(32),
        rehearsal_of=real.id,
        **values,
    )
    sessions.put_contestants(connection, session_id, real.contestants)
    for round_ in real.rounds:
        sessions.add_round(connection, session_id, round_.number, rules_of(round_))
    for row in automations.automations_of(connection, real.id):
        columns = {name: getattr(row, name) for name in ("name", "trigger", "every_ms", "milestone", "action")}
        automations.add_automation(connection, session_id, **columns, enabled=False, created_at_ms=transaction.now_ms)
    return session_id


def rehearsal_in(connection: Connection, code: str) -> Session:
    """Return the rehearsal that a code stands for, straight from the database. Raises SessionNotFound,
    RehearsalNotFound.
    """
    session = required_session(connection, code)
    if session.rehearsal:
        return session
    found = rehearsals.rehearsal_of(connection, session.id)
    if found is None:
        raise _none(code)
    return required_session(connection, found)


def _none(code: str) -> ArenaError:
    return RehearsalNotFound(f"The session {code} has no rehearsal; make one first.")
