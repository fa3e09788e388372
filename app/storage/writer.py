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
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from app.domain.clock import Clock
from app.domain.errors import ArenaError, NotStored, Overloaded

BATCH_MAX = 2_000
COMMANDS_MAX = 100
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
    handler: Callable[[Transaction, Sequence[Any]], Sequence[Any]]
    payload: Any
    barrier: bool
    future: asyncio.Future[Any]


class Writer:
    def __init__(
        self, engine: Engine, clock: Clock, queue_max: int, on_commit: Callable[[Sequence[Any]], None]
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._queue_max = queue_max
        self._on_commit = on_commit
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="arena-writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._kept: dict[str, Any] = {}
        self.waiting = 0
        self.commits = 0
        self.failures = 0

    def start(self) -> None:
        """Start the thread; answers come on the loop that runs now."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Commit what has queued, then end the thread. Returns when it has ended."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def submit(
        self,
        handler: Callable[[Transaction, Sequence[Payload]], Sequence[Result | ArenaError]],
        payload: Payload,
        *,
        barrier: bool = False,
    ) -> asyncio.Future[Result]:
        """Queue a write. The future resolves after its commit, or raises the handler's refusal.

        Nothing passes a barrier, neither way: what came before is counted before, what came after, after. Between two
        barriers each handler is given all its requests at once, in their order.

        Raises:
            Overloaded: at once, where the queue is full.
        """
        assert self._loop is not None, "the writer was not started"
        # Commands and deadlines may still come where votes are refused already.
        if self.waiting >= self._queue_max + (COMMANDS_MAX if barrier else 0):
            raise Overloaded("Too many writes are waiting; try again in a second.", retry_after_s=1)
        future: asyncio.Future[Result] = self._loop.create_future()
        self.waiting += 1
        self._queue.put(_Work(handler, payload, barrier, future))
        return future

    def _run(self) -> None:
        while True:
            work = self._queue.get()
            if work is None:
                return
            batch = [work]
            last = False
            while len(batch) < BATCH_MAX and not self._queue.empty():
                work = self._queue.get()
                if work is None:
                    last = True
                    break
                batch.append(work)
            self._commit(batch)
            if last:
                return

    def _commit(self, batch: list[_Work]) -> None:
        try:
            with self._engine.begin() as connection:
                transaction = Transaction(connection, self._clock.now_ms(), self._kept)
                outcomes = _outcomes(transaction, batch)
        except Exception as error:
            failure = error
        else:
            self.commits += 1
            self._answer(batch, outcomes, transaction.facts)
            return
        self.failures += 1
        self._kept.clear()
        # One bad write must not take its neighbours with it; a full disk takes all, and is not asked again for each.
        # Outside the handler above, or each half's own failure would carry this one's traceback into the log.
        if len(batch) > 1 and not isinstance(failure, OperationalError):
            middle = len(batch) // 2
            self._commit(batch[:middle])
            self._commit(batch[middle:])
            return
        log.error("not stored", error=type(failure).__name__, writes=len(batch), exc_info=failure)
        refusal = NotStored("It could not be stored and does not count; try again in a moment.", retry_after_s=1)
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
            if work.future.done():
                continue
            if isinstance(outcome, ArenaError):
                work.future.set_exception(outcome)
            else:
                work.future.set_result(outcome)


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
