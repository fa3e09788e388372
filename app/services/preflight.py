"""The preflight of a session: gathers the facts, all at once and each within its bound, and has them judged.

It changes nothing but a row that is written as it is, as a probe does. Who asks while one is under way shares its
facts.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any, TypeVar

import orjson
import structlog
from sqlalchemy import Connection

from app.domain.errors import ArenaError, Overloaded
from app.domain.preflight import (
    Answer,
    Backup,
    Clocks,
    Disk,
    Facts,
    Overlay,
    Reach,
    Token,
    Totals,
    Unknown,
    findings,
    verdict,
)
from app.domain.roles import Role
from app.domain.session import Session
from app.live.hub import LiveSession
from app.schemas.preflight import Preflight, PreflightFinding
from app.services import health, probes
from app.services.arena import Arena
from app.services.probes import Probes, ProbesHang
from app.storage import crew, shared
from app.storage.backup import last_backup_ms

log = structlog.get_logger()

T = TypeVar("T")
SESSION_SECONDS_MAX = 1.5
FACT_SECONDS_MAX = 2.0
ASKER = "preflight"
"""The name of the token that `arena preflight` makes for itself; it is nobody's of the crew."""


class Preflights:
    """Made once in the lifespan."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._probes = Probes()
        self._under_way: dict[str, asyncio.Task[Facts]] = {}

    async def run(self, code: str, asked_at_ms: int | None) -> Preflight:
        """Check a session within five seconds. `asked_at_ms`: the asker's own clock as it asked.

        Raises:
            SessionNotFound; Overloaded: not even the session can be read.
        """
        clock = self._arena.clock
        arrived_ms = clock.now_ms()
        gathering = self._under_way.get(code)
        if gathering is None:
            gathering = asyncio.create_task(self._gather(code), name="arena-preflight")
            self._under_way[code] = gathering
            gathering.add_done_callback(lambda _: self._under_way.pop(code, None))
        facts = await asyncio.shield(gathering)
        ahead_ms = None if asked_at_ms is None else asked_at_ms - arrived_ms
        found = findings(replace(facts, console_ahead_ms=ahead_ms))
        return Preflight(
            code=code,
            level=verdict(found),
            checked_at_ms=facts.now_ms,
            took_ms=clock.now_ms() - arrived_ms,
            findings=[PreflightFinding(check=each.check, level=each.level, zh=each.zh, en=each.en) for each in found],
        )

    async def _gather(self, code: str) -> Facts:
        arena = self._arena
        try:
            async with asyncio.timeout(SESSION_SECONDS_MAX):
                session = await arena.session(code)
                live = await arena.live(code)
        except TimeoutError:
            raise Overloaded("The session cannot be read; look at the database first.", retry_after_s=2) from None
        now_ms = arena.clock.now_ms()
        async with asyncio.TaskGroup() as group:
            clocks = group.create_task(_within(self._clocks()))
            disk = group.create_task(_within(self._disk()))
            database = group.create_task(self._database())
            redis = group.create_task(self._redis())
            reach = group.create_task(_within(self._reach(code), probes.ADDRESS_SECONDS_MAX + 1))
            tokens = group.create_task(_within(arena.read(_tokens, session.id, now_ms)))
            backup = group.create_task(_within(self._backup()))
        return Facts(
            now_ms=now_ms,
            session=session,
            totals=_totals(session, live),
            console_ahead_ms=None,
            clocks=clocks.result(),
            disk=disk.result(),
            database=database.result(),
            redis=redis.result(),
            reach=reach.result(),
            overlays=_overlays(live, now_ms),
            tokens=tokens.result(),
            backup=backup.result(),
        )

    async def _clocks(self) -> Clocks:
        arena = self._arena
        synchronised = await self._probes.run(probes.clock_is_synchronised)
        machine_ms = arena.clock.now_ms() - probes.machine_now_ms()
        if not arena.database.shared:
            return Clocks(machine_ms, synchronised=synchronised)
        before_ms = arena.clock.now_ms()
        database_ms, committed_ms = await arena.read(shared.clocks_ms)
        own_ms = (before_ms + arena.clock.now_ms()) // 2
        return Clocks(machine_ms, own_ms - database_ms, committed_ms - database_ms, synchronised)

    async def _disk(self) -> Disk:
        free = await self._probes.run(health.free_bytes, health.disk_of(self._arena))
        return Disk(free, elsewhere=self._arena.database.shared)

    async def _backup(self) -> Backup:
        at_ms = await self._probes.run(last_backup_ms, self._arena.settings.data_dir)
        return Backup(at_ms, by_database=self._arena.database.shared)

    async def _database(self) -> Answer:
        """Read and commit. One that does not answer in time is no unknown: it cannot carry a show."""
        loop = asyncio.get_running_loop()
        begun, failed = loop.time(), ""
        try:
            async with asyncio.timeout(FACT_SECONDS_MAX):
                await self._arena.read(health.ask)
                await self._arena.write(health.touch)
        except TimeoutError:
            failed = _late(FACT_SECONDS_MAX)
        except ArenaError as error:
            failed = error.code
        return Answer(round((loop.time() - begun) * 1000), failed)

    async def _redis(self) -> Answer | None:
        if self._arena.cluster is None:
            return None
        loop = asyncio.get_running_loop()
        begun = loop.time()
        answers = await self._arena.cluster.redis.ping()  # bounded by the line itself
        return Answer(round((loop.time() - begun) * 1000), "" if answers else "away")

    async def _reach(self, code: str) -> Reach:
        """Ask the public address. One that does not answer in time is as good as none for a phone."""
        url = self._arena.settings.public_url
        if not url:
            return Reach("")
        try:
            async with asyncio.timeout(probes.ADDRESS_SECONDS_MAX):
                return await self._probes.run(probes.reach, url, code)
        except TimeoutError:
            seconds = probes.ADDRESS_SECONDS_MAX
            return Reach(url, answer=Answer(round(seconds * 1000), _late(seconds)))


async def _within(gathering: Awaitable[T], seconds: float = FACT_SECONDS_MAX) -> T | Unknown:
    """Wait for a fact, but not for long."""
    try:
        async with asyncio.timeout(seconds):
            return await gathering
    except TimeoutError:
        return Unknown(_late(seconds))
    except ProbesHang:
        return Unknown("earlier ones hang")
    except ArenaError as error:
        return Unknown(error.code)
    except Exception as error:
        # One check that fails in a way nobody thought of must not take the other sixteen with it.
        log.exception("a preflight check failed")
        return Unknown(type(error).__name__)


def _late(seconds: float) -> str:
    return f"> {seconds:g} s"


def _totals(session: Session, live: LiveSession) -> Totals:
    counts = [live.counts[each.run_id] for each in session.rounds if each.run_id in live.counts]
    return Totals(sum(sum(each.votes.values()) for each in counts), sum(sum(each.likes.values()) for each in counts))


def _overlays(live: LiveSession, now_ms: int) -> tuple[Overlay, ...]:
    """Read them out of what was published: that knows those of all processes."""
    frame = live.frames.get("staff")
    document: dict[str, Any] = orjson.loads(frame.payload) if frame else {}
    beats = (document.get("staff") or {}).get("overlays", [])
    return tuple(
        Overlay(
            each["name"] or each["id"],
            max(0, now_ms - each["seen_at_ms"]),
            verified=each["verified"],
            bus=each["bus"],
            visible=each["visible"],
        )
        for each in beats
    )


def _tokens(connection: Connection, session_id: int, now_ms: int) -> tuple[Token, ...]:
    rows = crew.lasting_tokens(connection, session_id, now_ms, ASKER)
    return tuple(Token(Role(role), None if ends_ms == crew.NEVER_MS else ends_ms) for role, ends_ms in rows)
