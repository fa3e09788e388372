"""Destroys the key of a session's voters some days after its end, so that no ballot can be led back to a phone.

Ballots, ledgers and results stay: their voters are hashes keyed by what is then gone. A running service does it by
itself, looking each minute, and what is personal in visits with it; `arena purge` does it by hand. A backup keeps the
key: those who made it must destroy it.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, select

from app.domain.errors import ArenaError, Conflict
from app.domain.session import Session, on_air
from app.services.arena import Arena, changed, required_session
from app.services.identity import CLOCK, Crew, audit
from app.services.visits import purge_visits
from app.storage import sessions, tickets
from app.storage.scrub import ScrubError, mark_for_scrub, scrub_database, scrub_wanted_since_ms
from app.storage.tables import SESSION
from app.storage.writer import Transaction

DAY_MS = 86_400_000
INTERVAL_S = 60
AFTER_FAILURE_S = 3_600
"""Writing the file anew is much work for a disk that was full a minute ago."""
SCRUB_WAIT_MS_MAX = DAY_MS
"""So long the file waits for a round on air, whose votes its writing anew would hold up."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Due:
    """A session that has ended and was not purged, and when that is due."""

    code: str
    purge_at_ms: int


def purge_at_ms(ended_at_ms: int | None, purge_days: int) -> int | None:
    """Return when a session's voter key is destroyed; None while the session has not ended."""
    return None if ended_at_ms is None else ended_at_ms + purge_days * DAY_MS


def unpurged(connection: Connection, purge_days: int) -> list[Due]:
    """List the sessions that have ended and still have their key, the next one due first."""
    rows = connection.execute(
        select(SESSION.c.code, SESSION.c.ended_at_ms)
        .where(SESSION.c.ended, SESSION.c.ended_at_ms.is_not(None), SESSION.c.purged_at_ms.is_(None))
        .order_by(SESSION.c.ended_at_ms)
    )
    return [Due(row.code, row.ended_at_ms + purge_days * DAY_MS) for row in rows]


def purge_session(transaction: Transaction, actor: Crew, code: str) -> Session:
    """Destroy a session's key and its tickets. The file still has to be scrubbed, and is marked for it.

    Raises:
        SessionNotFound; Conflict: it has not ended, or a round is on air.
    """
    session = required_session(transaction.connection, code)
    if session.purged_at_ms is not None:
        return session
    if not session.ended or on_air(session) is not None:
        raise Conflict(f"The session {code} has not ended; end it first.")
    connection = transaction.connection
    made = [
        {"sheet": row.sheet, "channel": row.channel, "made": row.made, "used": row.used, "void": row.void}
        for row in tickets.sheets(connection, session.id)
    ]
    tickets.remove_tickets(connection, session.id)
    sessions.change_session(connection, session.id, voter_key="", purged_at_ms=transaction.now_ms)
    mark_for_scrub(connection, transaction.now_ms)
    audit(
        transaction,
        actor,
        "session_purged",
        session_id=session.id,
        before={"ended_at_ms": session.ended_at_ms},
        after={"purged_at_ms": transaction.now_ms, "tickets": made},
    )
    # What the writer keeps of the session would hold the key until somebody asked for it again.
    transaction.kept.pop(code, None)
    return changed(transaction, session)


async def purge_due(arena: Arena) -> None:
    """Purge what is due, whatever is on air; then scrub the database."""
    if not arena.leads:
        return
    now_ms = arena.clock.now_ms()
    purged = 0
    for due in await arena.read(unpurged, arena.settings.purge_days):
        if due.purge_at_ms <= now_ms:
            await arena.write(purge_session, CLOCK, due.code)
            log.info("session purged", session=due.code)
            purged += 1
    purged += await purge_visits(arena)
    await _learn_of_others(arena)
    since_ms = await arena.read(scrub_wanted_since_ms)
    # PostgreSQL has no mark, and its vacuum holds nobody up.
    if purged if since_ms is None else (now_ms - since_ms >= SCRUB_WAIT_MS_MAX or not _show_on_air(arena)):
        await asyncio.to_thread(scrub_database, arena.database)


async def run_purge(arena: Arena) -> None:
    """Purge at the start and then as it comes due, until cancelled. A failure is logged, and tried again in an hour."""
    while True:
        wait_s = INTERVAL_S
        try:
            await purge_due(arena)
        except (ArenaError, ScrubError) as error:
            wait_s = AFTER_FAILURE_S
            log.warning("purge put off", reason=str(error))
        except Exception as error:
            # The next try must not depend on this one's.
            wait_s = AFTER_FAILURE_S
            log.error("purge failed", error=type(error).__name__, exc_info=error)
        await asyncio.sleep(wait_s)


def _show_on_air(arena: Arena) -> bool:
    """Say whether a round is on air that is not a poll's: those are open for weeks, and a vote may wait a second."""
    return any(on_air(each.session) is not None for each in arena.hub.live.values() if each.session.kind != "poll")


async def _learn_of_others(arena: Arena) -> None:
    """Let go of keys that `arena purge` has destroyed beside the running service."""
    holding = {each.session.code for each in arena.hub.live.values() if each.session.voter_key and each.session.ended}
    for code in await arena.read(_purged, holding):
        await arena.write(_reload, code)


def _reload(transaction: Transaction, code: str) -> None:
    changed(transaction, required_session(transaction.connection, code))


def _purged(connection: Connection, codes: Collection[str]) -> list[str]:
    return list(
        connection.scalars(select(SESSION.c.code).where(SESSION.c.code.in_(codes), SESSION.c.purged_at_ms.is_not(None)))
    )
