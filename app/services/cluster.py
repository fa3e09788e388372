"""Several processes, one arena: one leads and publishes, all adopt what was published.

The leader looks at each tick what commits have changed, composes the tallies, stores them under its epoch and sends
them by Redis. Every process looks into the database each second too, so what Redis loses comes a second later. An
epoch belongs to one leader alone; who was frozen and wakes as no leader any more has an epoch that all have passed.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import orjson
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.cluster.leadership import Leadership
from app.cluster.redis_line import RedisLine
from app.domain.errors import ArenaError, Overloaded
from app.domain.lifecycle import ON_AIR
from app.domain.session import Session
from app.domain.tally import Counts
from app.live.document import FRESH_MS
from app.live.facts import SessionChanged, SessionGone
from app.live.hub import Frame, Hub, LiveSession, compose
from app.live.overlays import facts_of, newest_of_each, warnings_of
from app.live.ticker import publish
from app.storage import shared
from app.storage.engine import Database
from app.storage.sessions import load_session, revision_of

LOOK_SECONDS = 1.0
FIRST_SECONDS_MAX = 5.0
"""So long a session's first tally may take to come from the leader."""
REVOKED_MS = 15_000
Result = TypeVar("Result")

log = structlog.get_logger()


class Cluster:
    """This process among the others. Made once in the lifespan; lives on the event loop."""

    def __init__(
        self,
        database: Database,
        hub: Hub,
        clock_ms: Callable[[], int],
        tick_ms: int,
        redis: RedisLine,
        read: Callable[..., Awaitable[Any]],
        load: Callable[[str], Awaitable[LiveSession]],
    ) -> None:
        self.worker = secrets.token_hex(8)
        self.redis = redis
        self.leads = False
        self.workers = 1
        self._database = database
        self._hub = hub
        self._clock_ms = clock_ms
        self._tick_s = tick_ms / 1000
        self._read = read
        self._load = load
        self._leadership = Leadership(database.url)
        self._tasks: list[asyncio.Task[None]] = []
        self._term: _Term | None = None
        self._last_seq: dict[int, int] = {}
        self._firsts: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        for name, loop in (("lead", self._lead), ("look", self._look)):
            self._tasks.append(asyncio.create_task(loop(), name=f"arena-{name}"))
        self._tasks.append(asyncio.create_task(self.redis.listen(self._hear), name="arena-listen"))

    async def stop(self) -> None:
        """Leave: another leads at once, and nobody counts this process's phones any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._leave)
        await self.redis.close()

    def _leave(self) -> None:
        self._leadership.close()
        try:
            with self._database.beside.connect() as connection:
                shared.forget_absent(connection, self.worker)
        except DBAPIError:
            log.warning("not signed off; the others see it in ten seconds")

    async def first(self, live: LiveSession) -> None:
        """Wait for a session's first publication; all who wait for it share one look into the database.

        Raises:
            Overloaded: none came in time; a new leader is being found.
        """
        code = live.session.code
        waiting = self._firsts.get(code)
        if waiting is None:
            waiting = self._firsts[code] = asyncio.create_task(self._first(live), name="arena-first")
            waiting.add_done_callback(lambda _: self._firsts.pop(code, None))
        await asyncio.shield(waiting)

    async def _first(self, live: LiveSession) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + FIRST_SECONDS_MAX
        await self._tell([live])
        while not live.frames:
            if loop.time() > until:
                raise Overloaded("The arena is being rearranged; try again in a moment.", retry_after_s=1)
            await self._adopt_newer([live])
            await asyncio.sleep(min(0.05, self._tick_s))

    async def _lead(self) -> None:
        while True:
            try:
                if self._term is None:
                    await self._seek()
                else:
                    await self._beat(self._term)
            except (DBAPIError, _Deposed) as error:
                if self.leads:
                    log.warning("leads no more", error=type(error).__name__)
                self._term, self.leads = None, False
                await _to_the_end(self._leadership.leave)
            except Exception:
                log.exception("a tick failed")
            await asyncio.sleep(self._tick_s if self._term else LOOK_SECONDS)

    async def _seek(self) -> None:
        connection = await _to_the_end(self._leadership.seek)
        if connection is None:
            return
        epoch = await _to_the_end(self._leadership.begin_term, connection, self._clock_ms())
        self._term, self.leads = _Term(connection, epoch), True
        log.info("leads", epoch=epoch)

    async def _beat(self, term: "_Term") -> None:
        """Publish what has changed since the last beat."""
        present, revisions, changes = await _to_the_end(term.look)
        # The sessions first, their counts after: what a lock has closed is then counted whole.
        for row in revisions:
            live = await self._load(row.code)
            if row.revision > live.session.revision:
                await self._reload(live)
            term.lives[row.id] = live
        changed = {row.run_id: row for row in changes if term.changes.get(row.run_id) != row.changes}
        counts = await _to_the_end(shared.counts_of, term.connection, changed) if changed else {}
        for each in present:
            if each.session_id not in term.lives:
                continue
            live = term.lives[each.session_id]
            for run_id, row in changed.items():
                if row.session_id == each.session_id and run_id in counts:
                    term.counts.setdefault(each.session_id, {})[run_id] = counts[run_id]
                    term.changes[run_id] = row.changes
            seen = term.seen.get(each.session_id, 0)
            staff = self._staff(live, each)
            # Its age too: the time of a tally says that the service lives.
            age = self._clock_ms() // FRESH_MS
            shown = (live.session.revision, each.online, max(seen, live.unique), repr(staff), self._state(), age)
            if term.shown.get(each.session_id) == shown and not any(
                row.session_id == each.session_id for row in changed.values()
            ):
                continue
            await self._publish(term, live, each, staff)
            term.shown[each.session_id] = shown

    def _staff(self, live: LiveSession, present: shared.Present) -> dict[str, Any]:
        """Return the overlays of all processes, and what the crew is warned of."""
        overlays = newest_of_each(present.overlays)
        facts = facts_of(
            live.session,
            live.counts,
            overlays,
            now_ms=self._clock_ms(),
            online=present.online,
            free_bytes=self._hub.free_bytes,
        )
        live.overlays.look(facts)
        return {"overlays": overlays, "warnings": warnings_of(live.overlays.watch)}

    def _state(self) -> tuple[bool, int]:
        return self.redis.away, self.workers

    async def _publish(
        self, term: "_Term", live: LiveSession, present: shared.Present, seen: Mapping[str, Any]
    ) -> None:
        session_id, code = live.session.id, live.session.code
        version = term.versions.get(session_id, 0) + 1
        runs = {each.run_id for each in live.session.rounds}
        counts = {run_id: each for run_id, each in term.counts.get(session_id, {}).items() if run_id in runs}
        live.counts = counts
        # Not less than an earlier leader knew: what it had counted may be lost with Redis.
        live.presence_shown = (present.online, max(term.seen.get(session_id, 0), live.unique))
        staff = {
            **seen,
            "cluster": {"workers": self.workers, "redis": "away" if self.redis.away else "ok"},
        }
        revision = live.session.revision
        frames = compose(live, term.epoch, version, self._clock_ms(), staff)
        content = orjson.dumps(
            {
                "code": code,
                "epoch": term.epoch,
                "version": version,
                "revision": revision,
                "counts": {str(run_id): shared.figures_of(each) for run_id, each in counts.items()},
                "online": live.presence_shown[0],
                "unique": live.presence_shown[1],
                "frames": {each.view: each.payload.decode() for each in frames},
            }
        )
        # Stored before anybody sees it: who has lost the lock finds out here.
        try:
            stored = await _to_the_end(shared.store_snapshot, term.connection, session_id, term.epoch, version, content)
        except IntegrityError:
            # A rehearsal that was purged between the look and here.
            self._hub.learn([SessionGone(code)])
            return
        if not stored:
            raise _Deposed
        term.versions[session_id] = version
        if self._hub.adopt(live, frames, counts, revision):
            await publish(self._hub, live)
        await self.redis.publish(content)

    async def _hear(self, content: bytes) -> None:
        try:
            await self._adopt(content)
        except (ArenaError, DBAPIError) as error:
            log.warning("a publication was missed", error=type(error).__name__)

    async def _adopt(self, content: bytes) -> None:
        said = orjson.loads(content)
        live = self._hub.live.get(said["code"])
        if live is None or (said["epoch"], said["version"]) <= (live.epoch, live.version):
            return
        if said["revision"] > live.session.revision:
            await self._reload(live)
        frames = [
            Frame(view, said["epoch"], said["version"], payload.encode()) for view, payload in said["frames"].items()
        ]
        counts = {int(run_id): shared.read_counts(each) for run_id, each in said["counts"].items()}
        live.presence_shown = (said["online"], said["unique"])
        if self._hub.adopt(live, frames, counts, said["revision"]):
            await publish(self._hub, live)

    async def _adopt_newer(self, lives: list[LiveSession]) -> None:
        known = {live.session.id: (live.epoch, live.version) for live in lives}
        for content in await self._read(shared.newer_snapshots, known):
            await self._adopt(content)

    async def catch_up(self, live: LiveSession) -> None:
        """Take in what another process has changed of a session; its tally comes with the next publication."""
        revision = await self._read(revision_of, live.session.code)
        if revision is not None and revision > live.session.revision:
            await self._reload(live)

    async def _reload(self, live: LiveSession) -> None:
        session: Session | None = await self._read(load_session, live.session.code)
        if session is not None:
            self._hub.learn([SessionChanged(session)])

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            lives = list(self._hub.live.values())
            try:
                if lives:
                    await self._tell(lives)
                    await self._adopt_newer(lives)
                    await self._learn_who_voted(lives)
                await self._cut_revoked()
                self.workers = max(1, await self._read(shared.workers_present))
                await self._count_seen(lives)
            except (DBAPIError, ArenaError) as error:
                log.warning("the database was not looked at", error=type(error).__name__)
            except Exception:
                log.exception("a look failed")

    async def _tell(self, lives: list[LiveSession]) -> None:
        rows = [
            {"session_id": live.session.id, "online": live.online(), "overlays": list(live.overlays.seen.values())}
            for live in lives
        ]
        await asyncio.to_thread(self._store_presence, rows)

    def _store_presence(self, rows: list[dict[str, Any]]) -> None:
        with self._database.beside.connect() as connection:
            shared.be_present(connection, self.worker, rows)

    async def _learn_who_voted(self, lives: list[LiveSession]) -> None:
        """Where a vote opens its voter's eyes, know of those who voted by another process."""
        for live in lives:
            for each in live.session.rounds:
                if each.visibility == "after_vote" and each.run.phase in ON_AIR:
                    rows = await self._read(shared.voters_after, each.run_id, self._last_seq.get(each.run_id, 0))
                    if rows:
                        live.voted.setdefault(each.run_id, set()).update(row.voter for row in rows)
                        self._last_seq[each.run_id] = rows[-1].seq

    async def _cut_revoked(self) -> None:
        for token_id in await self._read(shared.revoked_since, self._clock_ms() - REVOKED_MS):
            self._hub.cut_token(token_id)

    async def _count_seen(self, lives: list[LiveSession]) -> None:
        for live in lives:
            new, live.seen_new = live.seen_new, set()
            count = await self.redis.seen(live.session.code, new, live.seen)
            if count is None:
                live.seen_new |= new
            elif self._term is not None:
                seen = self._term.seen
                seen[live.session.id] = max(seen.get(live.session.id, 0), count)


async def _to_the_end(work: Callable[..., Result], *given: Any) -> Result:
    """Run in a thread, and wait for its end also where this task is cancelled: to close the leader's connection under
    a statement of another thread takes the whole process with it. The connection itself bounds the wait: its server
    ends a statement after FROZEN_MS_MAX.
    """
    running = asyncio.create_task(asyncio.to_thread(work, *given))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # nobody else asks how it ended
        raise


class _Deposed(Exception):
    """A later leader has stored a publication."""


class _Term:
    """One time of leading: its epoch, and what was published in it. The connection is the one that holds the lock."""

    def __init__(self, connection: Connection, epoch: int) -> None:
        self.connection = connection
        self.epoch = epoch
        self.lives: dict[int, LiveSession] = {}
        self.versions: dict[int, int] = {}
        self.changes: dict[int, int] = {}
        self.counts: dict[int, dict[int, Counts]] = {}
        self.seen: dict[int, int] = {}
        self.shown: dict[int, Any] = {}

    def look(self) -> tuple[list[shared.Present], Any, Any]:
        """Ask what has changed; also tells the server that this leader lives."""
        present = shared.who_is_present(self.connection)
        served = [each.session_id for each in present]
        if not served:
            return [], [], []
        return present, shared.revisions(self.connection, served), shared.changes(self.connection, served)
