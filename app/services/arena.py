"""The running arena: what every use case is given, and how a session becomes live."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from app.cluster.redis_line import RedisLine
from app.domain.clock import Clock, SystemClock
from app.domain.errors import ArenaError, Overloaded, RoundNotFound, SessionNotFound
from app.domain.lifecycle import ON_AIR
from app.domain.session import Round, Session
from app.domain.signature import SigningKey
from app.domain.tally import Counts
from app.live.facts import Counted, Recounted, SessionChanged, SessionLoaded
from app.live.hub import Hub, LiveSession
from app.services.cluster import Cluster
from app.settings import Settings
from app.storage import ballots, shared
from app.storage.crew import last_written_ms
from app.storage.engine import READERS, Database
from app.storage.sessions import codes_on_air, load_session, raise_revision, session_exists
from app.storage.writer import Transaction, Writer

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger()


class Arena:
    """Made once in the lifespan, handed to services by the routers."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.database = Database(settings.url)
        self.database.serve_alone(others=bool(settings.redis_url))
        self.database.migrate()
        self.signing_secret = settings.signing_secret()
        if self.database.shared:
            self.database.require_secret(self.signing_secret)
        if isinstance(clock, SystemClock):
            self._set_clock(clock)
        clustered = bool(settings.redis_url)
        # In a cluster the epoch is the leader's.
        epoch = 0 if clustered else self.database.next_epoch(clock.now_ms())
        self.hub = Hub(clock, epoch, settings.sockets_max, shared=clustered)
        self.writer = Writer(
            self.database.writer,
            clock,
            settings.writer_queue_max,
            self.hub.learn,
            _keep_counts if self.database.shared else None,
        )
        self.signing_key = SigningKey.derived(self.signing_secret)
        self.exports: dict[tuple[str, int, int, int, str], bytes] = {}
        """The last exports of ledgers, which never change once they are there."""
        self.exporting = asyncio.Lock()
        self.exports_wanted = 0
        self.refusals_noted: dict[tuple[int, str, str | None], int] = {}
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="arena-reader")
        self._loading: dict[str, asyncio.Task[LiveSession]] = {}
        self.cluster: Cluster | None = None
        if clustered:
            redis = RedisLine(settings.redis_url)
            self.cluster = Cluster(
                self.database, self.hub, clock.now_ms, settings.tick_ms, redis, self.read, self._loaded
            )

    def _set_clock(self, clock: SystemClock) -> None:
        with self.database.reader.connect() as connection:
            if self.database.shared:
                clock.set_to(shared.database_now_ms(connection))
            clock.go_on_from(last_written_ms(connection))

    @property
    def leads(self) -> bool:
        """Say whether this process does what one alone must do: the only one, or the leader of several."""
        return self.cluster is None or self.cluster.leads

    async def start(self) -> None:
        """Start writing, and bring back the sessions that were on air."""
        self.writer.start()
        if self.cluster is not None:
            await self.cluster.start()
        for code in await self.read(codes_on_air):
            await self._loaded(code)

    async def stop(self) -> None:
        """Commit what has queued, then let go of the database."""
        await self.writer.stop()
        if self.cluster is not None:
            await self.cluster.stop()
        self._readers.shutdown()
        self.database.close()

    async def read(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query on a reading connection, off the loop.

        Raises:
            ArenaError: what the query refused; Overloaded: the database does not answer.
        """

        def run() -> T:
            try:
                with self.database.reader.connect() as connection:
                    return query(connection, *args, **kwargs)
            except (OperationalError, InterfaceError, TimeoutError) as error:
                log.error("not read", error=type(error).__name__)
                raise Overloaded("The database does not answer; try again in a moment.", retry_after_s=2) from error

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def write(self, change: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one change in the writer. Returns after its commit.

        Raises:
            ArenaError: what the change refused, Overloaded, or NotStored. Nothing of a refused change is kept.
        """
        return await self.writer.submit(
            _one_by_one, lambda transaction: change(transaction, *args, **kwargs), barrier=True
        )

    async def live(self, code: str) -> LiveSession:
        """Return a session as it stands, made live at its first use.

        Raises:
            SessionNotFound: no session has this code.
            Overloaded: no process leads at the moment, so its first tally is still to come.
        """
        live = await self._loaded(code.upper())
        if self.cluster is not None and not live.frames:
            await self.cluster.first(live)
        return live

    async def session(self, code: str) -> Session:
        """Return a session as it is stored, also where another process has changed it a moment ago.

        Raises:
            SessionNotFound, Overloaded
        """
        live = await self.live(code)
        if self.cluster is not None:
            await self.cluster.catch_up(live)
        return live.session

    async def _loaded(self, code: str) -> LiveSession:
        live = self.hub.live.get(code)
        if live is not None:
            return live
        # All who ask at once share one load: a herd that comes back after a restart must not recount once a phone.
        loading = self._loading.get(code)
        if loading is None:
            loading = asyncio.create_task(self._load(code), name="arena-load")
            loading.add_done_callback(lambda _: self._loading.pop(code, None))
            self._loading[code] = loading
        return await asyncio.shield(loading)

    async def _load(self, code: str) -> LiveSession:
        if len(code) > 12 or not code.isascii() or not code.isalnum() or not await self.read(session_exists, code):
            raise SessionNotFound(f"No session has the code {code[:12]}; check the code or scan the QR again.")
        if self.cluster is None:
            await self.write(load, code)
        else:
            # Its counts come with its first publication.
            self.hub.learn([await self.read(_read_whole, code, False)])
        return self.hub.live[code]


def load(transaction: Transaction, code: str) -> None:
    """Tell the live side of a session, with its counts from the ledger, in the order of commits."""
    transaction.facts.append(_read_whole(transaction.connection, code, True))


def _read_whole(connection: Connection, code: str, counted: bool) -> SessionLoaded:
    session = required_session(connection, code)
    counts = {each.run_id: _counts(connection, each) for each in session.rounds} if counted else {}
    # Who has voted matters only where it opens somebody's eyes.
    asked = [each for each in session.rounds if each.visibility == "after_vote" and each.run.phase in ON_AIR]
    voted = {each.run_id: ballots.voters_of(connection, each.run_id) for each in asked}
    return SessionLoaded(session, counts, voted, ballots.people_seen(connection, session.id))


def _keep_counts(connection: Connection, facts: Sequence[Any]) -> None:
    """Keep the running tallies that processes on PostgreSQL share; part of the transaction that counts."""
    news: dict[int, Counts] = {}
    for fact in facts:
        match fact:
            case Counted():
                news.setdefault(fact.run_id, Counts()).grow(fact.counts)
            case Recounted():
                shared.put_counts(connection, fact.run_id, fact.counts)
    for run_id, each in news.items():
        shared.add_counts(connection, run_id, each)


def _counts(connection: Connection, round_: Round) -> Counts:
    if round_.standing is not None:
        return Counts.announced(round_.standing, len(round_.corrections))
    return ballots.recount(connection, round_.run_id, round_.keys)


def changed(transaction: Transaction, session: Session) -> Session:
    """Raise the session's revision, tell the live side, and return the session as it now stands.

    Called at the end of every change to a session, its contestants, rounds or runs: votes read the session again only
    where its revision is another.
    """
    raise_revision(transaction.connection, session.id)
    now = required_session(transaction.connection, session.code)
    transaction.facts.append(SessionChanged(now))
    return now


def required_session(connection: Connection, code: str) -> Session:
    session = load_session(connection, code)
    if session is None:
        raise SessionNotFound(f"No session has the code {code}; check the code.")
    return session


def required_round(session: Session, number: int) -> Round:
    """Return a round of a session. Raises RoundNotFound."""
    round_ = session.round(number)
    if round_ is None:
        raise RoundNotFound(f"The session {session.code} has no round {number}; look at its rounds.")
    return round_


def _one_by_one(transaction: Transaction, changes: Sequence[Callable[[Transaction], T]]) -> list[T | ArenaError]:
    """Run changes one by one, each in a savepoint, so that a refusal halfway leaves nothing behind."""
    outcomes: list[T | ArenaError] = []
    for change in changes:
        facts = len(transaction.facts)
        try:
            with transaction.connection.begin_nested():
                outcomes.append(change(transaction))
        except ArenaError as refusal:
            del transaction.facts[facts:]
            outcomes.append(refusal)
    return outcomes
