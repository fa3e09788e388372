"""The one writer: a bounded queue, one thread, one connection, group commit.

All writes go through here in the order in which they came, the lock of a round too: so the cut is total. The thread
drains what has queued, runs it as one transaction, and only then are the futures resolved. Only the event loop's
thread may call `submit`; only the writer's thread touches the connection.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from app.domain.clock import Clock
from app.domain.errors import ArenaError, NotStored, Overloaded, Unconfirmed
from app.storage.engine import commit_ms

BATCH_MAX = 2_000
COMMANDS_MAX = 100
GATHERED_MAX = 500
GATHER_SECONDS = 0.2
"""So long likes may wait for each other: they are committed at the latest 250 ms after their arrival."""
_SOON: dict[str, Any] = {"retry_after_s": 1}
Payload = TypeVar("Payload")
Result = TypeVar("Result")

log = structlog.get_logger()


@dataclass(slots=True)
class Transaction:
    """What a handler works in. `facts` are told to the live side after the commit, in order, before any answer."""

    connection: Connection
    now_ms: int
    kept: dict[str, Any] = field(default_factory=dict)
    """What handlers keep from one transaction to the next, such as a session with its revision. Emptied by a rollback,
    so that nothing uncommitted is ever kept."""
    facts: list[Any] = field(default_factory=list)


# Takes all neighbouring requests of its kind at once and answers each with a result or a refusal. It must not keep
# anything of its own: a batch that fails is run again in halves.
Handler = Callable[[Transaction, Sequence[Payload]], Sequence[Result | ArenaError]]


@dataclass(slots=True)
class _Work:
    handler: Handler[Any, Any]
    payload: Any
    barrier: bool
    tell: Callable[[Any], None]


class Writer:
    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        queue_max: int,
        on_commit: Callable[[Sequence[Any]], None],
        before_commit: Callable[[Connection, Sequence[Any]], None] | None = None,
    ) -> None:
        self._engine = engine
        self._remote = engine.dialect.name != "sqlite"
        self._clock = clock
        self._queue_max = queue_max
        self._on_commit = on_commit
        self._before_commit = before_commit
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="arena-writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._kept: dict[str, Any] = {}
        self._gathered: list[_Work] = []
        self._unanswered = 0
        """Of what was gathered: how many wait, here or in the queue."""
        self._gathering: asyncio.TimerHandle | None = None
        self._afterwards: list[Callable[[], None]] = []
        self.waiting = 0
        self.commits = 0
        self.failures = 0

    def start(self) -> None:
        """Start the thread; answers come on the loop that runs now."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Commit what has queued, then end the thread. Returns when it has ended."""
        self._flush()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def submit(
        self,
        handler: Handler[Payload, Result],
        payload: Payload,
        *,
        barrier: bool = False,
    ) -> asyncio.Future[Result]:
        """Queue a write. The future resolves after its commit, or raises the handler's refusal.

        Raises:
            Overloaded: at once, where the queue is full.
        """
        assert self._loop is not None, "the writer was not started"
        future: asyncio.Future[Result] = self._loop.create_future()
        self.post(handler, payload, partial(resolve, future), barrier=barrier)
        return future

    def post(
        self,
        handler: Handler[Payload, Result],
        payload: Payload,
        tell: Callable[[Result | ArenaError], None],
        *,
        barrier: bool = False,
    ) -> None:
        """Queue a write; `tell` is called after its commit, or with the handler's refusal.

        Nothing passes a barrier, neither way: what came before is counted before, what came after, after. Between two
        barriers each handler is given all its requests at once, in their order.

        Raises:
            Overloaded: at once, where the queue is full.
        """
        self._admit(COMMANDS_MAX if barrier else 0)
        if barrier:
            self._flush()
        self._queue.put(_Work(handler, payload, barrier, tell))

    def gather(
        self, handler: Handler[Payload, Result], payload: Payload, tell: Callable[[Result | ArenaError], None]
    ) -> None:
        """Queue a write that may wait for others of its kind, `GATHER_SECONDS` at most: many share one commit.

        One that comes while no other is under way does not wait. What was gathered goes before the next barrier.

        Raises:
            Overloaded: at once, where the queue is full.
        """
        assert self._loop is not None, "the writer was not started"
        self._admit(0)
        work = _Work(handler, payload, False, partial(self._tell_gathered, tell))
        self._unanswered += 1
        if self._unanswered == 1:
            self._queue.put(work)
            return
        self._gathered.append(work)
        if len(self._gathered) >= GATHERED_MAX:
            self._flush()
        elif self._gathering is None:
            self._gathering = self._loop.call_later(GATHER_SECONDS, self._flush)

    def afterwards(self, do: Callable[[], None]) -> None:
        """Call something once when all of the present batch are answered. For who is being told."""
        self._afterwards.append(do)

    def _admit(self, more: int) -> None:
        # Commands and deadlines may still come where votes are refused already.
        if self.waiting >= self._queue_max + more:
            raise Overloaded("Too many writes are waiting; try again in a second.", retry_after_s=1)
        self.waiting += 1

    def _flush(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        gathered, self._gathered = self._gathered, []
        for work in gathered:
            self._queue.put(work)

    def _tell_gathered(self, tell: Callable[[Any], None], outcome: Any) -> None:
        self._unanswered -= 1
        tell(outcome)

    def _run(self) -> None:
        while self._commit_next():
            pass

    def _commit_next(self) -> bool:
        """Wait for work and commit what has queued by then; say whether more may come."""
        work = self._queue.get()
        if work is None:
            return False
        batch = [work]
        while len(batch) < BATCH_MAX and not self._queue.empty():
            work = self._queue.get()
            if work is None:
                break
            batch.append(work)
        self._commit(batch)
        return work is not None

    def _commit(self, batch: list[_Work]) -> None:
        committing = False
        try:
            with self._engine.begin() as connection:
                transaction = Transaction(connection, commit_ms(connection, self._clock.now_ms()), self._kept)
                outcomes = _outcomes(transaction, batch)
                if self._before_commit is not None:
                    self._before_commit(connection, transaction.facts)
                committing = True
        except Exception as error:
            failure = error
        else:
            self.commits += 1
            self._answer(batch, outcomes, transaction.facts)
            return
        self.failures += 1
        self._kept.clear()
        refusal: ArenaError = NotStored("It could not be stored and does not count; try again in a moment.", **_SOON)
        if committing and self._remote and isinstance(failure, OperationalError | InterfaceError):
            # The connection ended in the commit: whether it took place only the database knows.
            refusal = Unconfirmed(
                "It may not have been stored; send the same again, and it counts once whatever became of it.", **_SOON
            )
        # One bad write must not take its neighbours with it; a full disk takes all, and is not asked again for each.
        # Outside the handler above, or each half's own failure would carry this one's traceback into the log.
        elif len(batch) > 1 and not isinstance(failure, OperationalError):
            middle = len(batch) // 2
            self._commit(batch[:middle])
            self._commit(batch[middle:])
            return
        log.error("not stored", error=type(failure).__name__, writes=len(batch), exc_info=failure)
        self._answer(batch, [refusal] * len(batch), [])

    def _answer(self, batch: list[_Work], outcomes: Sequence[Any], facts: Sequence[Any]) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._deliver, batch, outcomes, facts)
        except RuntimeError:
            # The loop has closed: nobody is left to be told. What was committed stands.
            log.warning("answers undelivered", writes=len(batch))

    def _deliver(self, batch: list[_Work], outcomes: Sequence[Any], facts: Sequence[Any]) -> None:
        self.waiting -= len(batch)
        if facts:
            try:
                self._on_commit(facts)
            except Exception:
                # It is committed: who asked is answered, whatever the live side makes of it.
                log.exception("the live side failed")
        for work, outcome in zip(batch, outcomes, strict=True):
            _call(work.tell, outcome)
        afterwards, self._afterwards = self._afterwards, []
        for do in afterwards:
            _call(do)


def _call(tell: Callable[..., None], *outcome: Any) -> None:
    try:
        tell(*outcome)
    except Exception:
        # One who cannot be told keeps nobody else from the answer.
        log.exception("an answer failed")


def resolve(future: asyncio.Future[Any], outcome: Any) -> None:
    """Give a future what a handler answered: a way to be told."""
    if future.done():
        return  # who asked has gone
    if isinstance(outcome, ArenaError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _outcomes(transaction: Transaction, batch: list[_Work]) -> list[Any]:
    outcomes: list[Any] = [None] * len(batch)
    for group in _groups(batch):
        answers = batch[group[0]].handler(transaction, [batch[i].payload for i in group])
        for i, answer in zip(group, answers, strict=True):
            outcomes[i] = answer
    return outcomes


def _groups(batch: list[_Work]) -> Iterator[list[int]]:
    """Yield the places of requests that one handler takes together."""
    groups: dict[Any, list[int]] = {}
    for i, work in enumerate(batch):
        if work.barrier:
            yield from groups.values()
            groups = {}
            yield [i]
        else:
            groups.setdefault(work.handler, []).append(i)
    yield from groups.values()
