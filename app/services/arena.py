"""The running arena: what every use case is given, and how a session becomes live."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from app.domain.clock import Clock, SystemClock
from app.domain.errors import ArenaError, SessionNotFound
from app.domain.lifecycle import ON_AIR
from app.domain.session import Round, Session
from app.domain.signature import SigningKey
from app.domain.tally import Counts
from app.live.facts import SessionChanged, SessionLoaded
from app.live.hub import Hub, LiveSession
from app.settings import Settings
from app.storage import ballots
from app.storage.crew import last_written_ms
from app.storage.engine import READERS, Database
from app.storage.sessions import codes_on_air, load_session, raise_revision, session_exists
from app.storage.writer import Transaction, Writer

P = ParamSpec("P")
T = TypeVar("T")


class Arena:
    """Made once in the lifespan, handed to services by the routers."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.database = Database(settings.url)
        self.database.migrate()
        if isinstance(clock, SystemClock):
            with self.database.reader.connect() as connection:
                clock.go_on_from(last_written_ms(connection))
        self.hub = Hub(clock, self.database.next_epoch(clock.now_ms()), settings.sockets_max)
        self.writer = Writer(self.database.writer, clock, settings.writer_queue_max, self.hub.learn)
        self.signing_secret = settings.signing_secret()
        self.signing_key = SigningKey.derived(self.signing_secret)
        self.exports: dict[tuple[int, int, str], bytes] = {}
        """The last exports of ledgers, which never change once they are there."""
        self.exporting = asyncio.Lock()
        self.exports_wanted = 0
        self.refusals_noted: dict[tuple[int, str, str | None], int] = {}
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="arena-reader")
        self._loading: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Start writing, and bring back the sessions that were on air."""
        self.writer.start()
        for code in await self.read(codes_on_air):
            await self.live(code)

    async def stop(self) -> None:
        """Commit what has queued, then let go of the database."""
        await self.writer.stop()
        self._readers.shutdown()
        self.database.close()

    async def read(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query on a reading connection, off the loop."""

        def run() -> T:
            with self.database.reader.connect() as connection:
                return query(connection, *args, **kwargs)

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
        """
        code = code.upper()
        live = self.hub.live.get(code)
        if live is not None:
            return live
        # All who ask at once share one load: a herd that comes back after a restart must not recount once a phone.
        loading = self._loading.get(code)
        if loading is None:
            loading = asyncio.create_task(self._load(code), name="arena-load")
            loading.add_done_callback(lambda _: self._loading.pop(code, None))
            self._loading[code] = loading
        await asyncio.shield(loading)
        return self.hub.live[code]

    async def _load(self, code: str) -> None:
        if len(code) > 12 or not await self.read(session_exists, code):
            raise SessionNotFound(f"No session has the code {code[:12]}; check the code or scan the QR again.")
        await self.write(load, code)


def load(transaction: Transaction, code: str) -> None:
    """Tell the live side of a session, with its counts from the ledger, in the order of commits."""
    session = required_session(transaction.connection, code)
    connection = transaction.connection
    counts = {each.run_id: _counts(connection, each) for each in session.rounds}
    # Who has voted matters only where it opens somebody's eyes.
    asked = [each for each in session.rounds if each.visibility == "after_vote" and each.run.phase in ON_AIR]
    voted = {each.run_id: ballots.voters_of(connection, each.run_id) for each in asked}
    transaction.facts.append(SessionLoaded(session, counts, voted, ballots.people_seen(connection, session.id)))


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
