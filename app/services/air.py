"""What is on air and what is next: scenes, take, clear, panic. Each travels the writer's queue and is audited.

Beside that the log of the air: commands in their own transactions; what overlays tell of themselves once a second, in
one row of the queue, and not at all while votes fill it.
"""

import asyncio
import csv
import itertools
from collections.abc import Callable, Sequence
from io import StringIO
from typing import Any

import structlog

from app.domain import air as rules
from app.domain.air import Air, AirCommand
from app.domain.errors import ArenaError
from app.domain.roles import Verb
from app.domain.session import Scene, Session
from app.feeds.rows_csv import BOM, csv_cell
from app.schemas.air import AirLine, AirLog
from app.services import health
from app.services.arena import Arena, changed, required_session
from app.services.identity import Crew, audit
from app.storage import air as log
from app.storage.sessions import change_session
from app.storage.writer import Transaction

VERBS = {
    AirCommand.TAKE: Verb.OVERLAY,
    AirCommand.CLEAR: Verb.OVERLAY,
    AirCommand.PANIC: Verb.PANIC,
    # Many hands may pull the brake; who cuts to air lets it go.
    AirCommand.RELEASE: Verb.OVERLAY,
}
_RELEASED = "panic_released"
FLUSH_S = 1
DISK_EVERY = 10
BUSY_SHARE = 4
"""With more than one in so many places of the writer's queue taken, votes go first."""
EXPORT_MAX = 40_000

_logger = structlog.get_logger()


async def set_scene(arena: Arena, actor: Crew, code: str, scene: Scene) -> Session:
    """Put a scene on air.

    Raises:
        WrongRole, WrongSession, PanicOn
    """
    return await _change(arena, actor, Verb.OVERLAY, code, "scene", lambda air, _: rules.cut(air, scene))


async def set_preview(arena: Arena, actor: Crew, code: str, scene: Scene) -> Session:
    """Set what is next.

    Raises:
        WrongRole, WrongSession
    """
    return await _change(arena, actor, Verb.OVERLAY, code, "preview", lambda air, _: rules.prepare(air, scene))


async def command(arena: Arena, actor: Crew, code: str, what: AirCommand) -> Session:
    """Take, clear, panic or release; the same again changes nothing.

    Raises:
        WrongRole, WrongSession, PanicOn
    """
    action = _RELEASED if what is AirCommand.RELEASE else str(what)
    return await _change(arena, actor, VERBS[what], code, action, lambda air, now_ms: rules.apply(air, what, now_ms))


async def _change(
    arena: Arena, actor: Crew, verb: Verb, code: str, action: str, step: Callable[[Air, int], Air]
) -> Session:
    actor.require(verb, code)
    await arena.live(code)
    return await arena.write(_write, actor, code, action, step)


def _write(transaction: Transaction, actor: Crew, code: str, action: str, step: Callable[[Air, int], Air]) -> Session:
    session = required_session(transaction.connection, code)
    before = Air(session.scene, session.preview, session.panicked_at_ms)
    after = step(before, transaction.now_ms)
    if after == before:
        return session
    change_session(
        transaction.connection,
        session.id,
        scene=after.scene,
        preview=after.preview,
        panicked_at_ms=after.panicked_at_ms,
    )
    shown = "preview" if action == "preview" else "scene"
    audit(
        transaction,
        actor,
        action,
        session_id=session.id,
        before={shown: getattr(before, shown)},
        after={shown: getattr(after, shown)},
    )
    if action != "preview":
        log.add_act(
            transaction.connection,
            session.id,
            at_ms=transaction.now_ms,
            kind=action,
            actor=actor.name or str(actor.role),
            scene=after.scene,
        )
    return changed(transaction, session)


async def read(arena: Arena, actor: Crew, code: str, after: int, limit: int) -> AirLog:
    """Return what stood on air when, oldest first, from the entry after `after` on."""
    actor.require(Verb.AUDIT, code)
    session = await arena.session(code)
    rows = await arena.read(log.read_air, session.id, after, limit)
    last = await arena.read(log.last_number, session.id)
    return AirLog(entries=[_line(row) for row in rows], full=last >= log.SEEN_MAX)


async def export(arena: Arena, actor: Crew, code: str) -> bytes:
    """Return the whole log as CSV, with a byte order mark for spreadsheets."""
    actor.require(Verb.AUDIT, code)
    session = await arena.session(code)
    rows = await arena.read(log.read_air, session.id, 0, EXPORT_MAX)
    return await asyncio.to_thread(_csv, [_line(row) for row in rows])


def _line(row: Any) -> AirLine:
    return AirLine(**{name: getattr(row, name) for name in AirLine.model_fields})


def _csv(lines: Sequence[AirLine]) -> bytes:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    names = list(AirLine.model_fields)
    writer.writerow(names)
    writer.writerows([csv_cell(getattr(line, name)) for name in names] for line in lines)
    return (BOM + text.getvalue()).encode()


async def run_air(arena: Arena) -> None:
    """Write down what overlays have told, and look at the disk, until cancelled."""
    for turn in itertools.count():
        try:
            if turn % DISK_EVERY == 0:
                arena.hub.free_bytes = await asyncio.to_thread(health.room, arena)
            await keep_sights(arena)
        except Exception:
            _logger.exception("the air was not looked at")
        await asyncio.sleep(FLUSH_S)


async def keep_sights(arena: Arena) -> None:
    """Write down what waits; while the writer is busy it waits on, and the oldest of it is let go."""
    if arena.writer.waiting * BUSY_SHARE > arena.settings.writer_queue_max:
        return
    for live in list(arena.hub.live.values()):
        if live.overlays.sights:
            rows = list(live.overlays.sights)
            live.overlays.sights.clear()
            try:
                await arena.writer.submit(_keep, (live.session.id, rows))
            except ArenaError as error:
                _logger.warning("sights of overlays were not kept", why=error.code, rows=len(rows))


def _keep(transaction: Transaction, told: Sequence[tuple[int, list[dict[str, Any]]]]) -> list[int]:
    return [log.add_sights(transaction.connection, session_id, rows) for session_id, rows in told]
