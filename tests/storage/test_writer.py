"""The writer: group commit, refusals apart from neighbours, a bounded queue, facts before answers."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.clock import SystemClock
from app.domain.errors import ArenaError, Conflict, NotStored, Overloaded
from app.storage.engine import Database
from app.storage.writer import BATCH_MAX, GATHERED_MAX, Transaction, Writer

# A word that no row may hold: the trigger stands for whatever the database itself refuses.
POISON = "poison"


class Bench:
    """A writer over a file with one small table, a gate to hold it back, and what it told of."""

    def __init__(self, place: str, queue_max: int) -> None:
        self.database = Database(place)
        self.database.migrate()
        with self.database.writer.begin() as connection:
            if self.database.shared:
                connection.execute(text("CREATE TABLE word (id INTEGER GENERATED ALWAYS AS IDENTITY, word TEXT)"))
                connection.execute(text("ALTER TABLE word ADD PRIMARY KEY (id)"))
                refuse = f"CHECK (word <> '{POISON}')"
                connection.execute(text(f"ALTER TABLE word ADD CONSTRAINT no_poison {refuse}"))
            else:
                connection.execute(text("CREATE TABLE word (id INTEGER PRIMARY KEY, word TEXT)"))
                connection.execute(
                    text(
                        f"CREATE TRIGGER no_poison BEFORE INSERT ON word WHEN new.word = '{POISON}' "
                        "BEGIN SELECT RAISE(ABORT, 'poisoned'); END"
                    )
                )
            connection.execute(
                text("CREATE TABLE echo (word INTEGER REFERENCES word (id) DEFERRABLE INITIALLY DEFERRED)")
            )
        self.facts: list[str] = []
        self.batches: list[int] = []
        self.writer = Writer(self.database.writer, SystemClock(), queue_max, self._learn)
        self._gate = threading.Event()
        # One object each: the writer knows neighbours of a kind by their handler's identity.
        self.store = self._store
        self.learn = self._learn

    def _learn(self, facts: Sequence[Any]) -> None:
        self.facts += facts

    def words(self) -> list[str]:
        """Read what is committed, on a connection of our own."""
        own = Database(self.database.url)
        with own.reader.connect() as connection:
            found = list(connection.scalars(text("SELECT word FROM word ORDER BY id")))
        own.close()
        return found

    def _store(self, transaction: Transaction, words: Sequence[str]) -> list[str | ArenaError]:
        """Store a batch in one statement; refuse the word "no" by itself."""
        self.batches.append(len(words))
        taken = [word for word in words if word != "no"]
        if taken:
            transaction.connection.execute(
                text("INSERT INTO word (word) VALUES (:word)"), [{"word": word} for word in taken]
            )
        transaction.facts.extend(taken)
        return [Conflict("It is refused.") if word == "no" else word for word in words]

    def hold(self) -> asyncio.Future[Any]:
        """Keep the thread busy until `let_go`, so that what follows comes as one batch."""
        self._gate.clear()
        return self.writer.submit(self._wait, None)

    def let_go(self) -> None:
        self._gate.set()

    def _wait(self, _transaction: Transaction, payloads: Sequence[None]) -> list[None]:
        assert self._gate.wait(10)
        return [None] * len(payloads)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - what is awaited happens on another thread
            await asyncio.sleep(0.005)


@asynccontextmanager
async def bench(place: str, queue_max: int = 20_000) -> AsyncIterator[Bench]:
    made = Bench(place, queue_max)
    made.writer.start()
    try:
        yield made
    finally:
        made.let_go()
        await made.writer.stop()
        made.database.close()


def test_order_of_submission_is_the_order_in_the_table_and_of_the_facts(place: str) -> None:
    async def run() -> None:
        async with bench(place) as own:
            asked = [f"w{i}" for i in range(BATCH_MAX + 500)]
            held = own.hold()
            waiting = [own.writer.submit(own.store, word) for word in asked]
            own.let_go()
            assert await asyncio.gather(held, *waiting) == [None, *asked]
            assert own.words() == asked
            assert own.facts == asked
            assert max(own.batches) <= BATCH_MAX
            assert own.writer.waiting == 0

    asyncio.run(run())


def test_what_waits_together_is_one_commit(place: str) -> None:
    async def run() -> None:
        async with bench(place) as own:
            await own.writer.submit(own.store, "first")
            before = own.writer.commits
            held = own.hold()
            await asyncio.sleep(0.05)
            waiting = [own.writer.submit(own.store, f"w{i}") for i in range(300)]
            own.let_go()
            await asyncio.gather(held, *waiting)
            assert own.writer.commits == before + 2  # the one that held, and all the others
            assert own.batches[-1] == 300

    asyncio.run(run())


def test_answer_comes_only_when_another_connection_can_read_the_row(place: str) -> None:
    async def run() -> None:
        async with bench(place) as own:
            seen: list[bool] = []

            async def ask(word: str) -> None:
                await own.writer.submit(own.store, word)
                seen.append(word in own.words())

            for round_ in range(20):
                await asyncio.gather(*(ask(f"w{round_}-{i}") for i in range(5)))
            assert seen == [True] * 100

    asyncio.run(run())


def test_row_is_invisible_and_unanswered_before_the_commit(place: str) -> None:
    async def run() -> None:
        async with bench(place) as own:
            inserted, may_end = threading.Event(), threading.Event()

            def slow(transaction: Transaction, words: Sequence[str]) -> list[str]:
                answers = own.store(transaction, words)
                inserted.set()
                assert may_end.wait(10)
                return list(answers)  # type: ignore[arg-type]

            waiting = own.writer.submit(slow, "late")
            await asyncio.to_thread(inserted.wait, 10)
            assert own.words() == []
            assert not waiting.done()
            assert own.facts == []
            may_end.set()
            assert await waiting == "late"
            assert own.words() == ["late"]

    asyncio.run(run())


def test_refusal_is_its_askers_alone(place: str) -> None:
    async def run() -> None:
        async with bench(place) as own:
            held = own.hold()
            asked = ["a", "no", "b", "no", "c"]
            waiting = [own.writer.submit(own.store, word) for word in asked]
            own.let_go()
            outcomes = await asyncio.gather(held, *waiting, return_exceptions=True)
            assert [outcome if isinstance(outcome, str) else type(outcome) for outcome in outcomes[1:]] == [
                "a",
                Conflict,
                "b",
                Conflict,
                "c",
            ]
            assert own.words() == ["a", "b", "c"]

    asyncio.run(run())


@pytest.mark.parametrize("poisoned", [[0], [16], [32], [0, 1], [3, 17, 32], list(range(33))])
def test_failing_write_fails_alone_and_its_neighbours_are_stored_in_order(place: str, poisoned: list[int]) -> None:
    async def run() -> None:
        async with bench(place) as own:
            asked = [POISON if i in poisoned else f"w{i}" for i in range(33)]
            held = own.hold()
            waiting = [own.writer.submit(own.store, word) for word in asked]
            own.let_go()
            outcomes = (await asyncio.gather(held, *waiting, return_exceptions=True))[1:]
            kept = [word for word in asked if word != POISON]
            assert [outcome for outcome in outcomes if isinstance(outcome, str)] == kept
            assert all(isinstance(outcomes[i], NotStored) for i in poisoned)
            assert own.words() == kept
            assert own.facts == kept  # facts of a transaction that failed are not told

    asyncio.run(run())


def test_failure_of_the_whole_database_fails_all_and_the_writer_goes_on(place: str) -> None:
    async def run() -> None:
        async with bench(place) as own:
            held = own.hold()
            await asyncio.sleep(0.05)
            other = Database(place)

            def elsewhere(statement: str) -> None:
                with other.writer.begin() as connection:
                    connection.execute(text(statement))

            waiting = [own.writer.submit(own.store, f"w{i}") for i in range(8)]
            own.let_go()
            await asyncio.gather(held, *waiting)
            # What follows finds the table gone, as it would find a full disk: an error of operation, not of a row.
            await asyncio.to_thread(elsewhere, "ALTER TABLE word RENAME TO elsewhere")
            failing = [own.writer.submit(own.store, f"x{i}") for i in range(8)]
            outcomes = await asyncio.gather(*failing, return_exceptions=True)
            assert all(isinstance(outcome, NotStored) for outcome in outcomes)
            await asyncio.to_thread(elsewhere, "ALTER TABLE elsewhere RENAME TO word")
            other.close()
            assert await own.writer.submit(own.store, "again") == "again"
            assert own.words()[-1] == "again"
            assert not [word for word in own.words() if word.startswith("x")]

    asyncio.run(run())


def test_commit_that_fails_itself_answers_no_success_and_leaves_nothing(place: str) -> None:
    async def run() -> None:
        async with bench(place) as own:

            def dangle(transaction: Transaction, words: Sequence[str]) -> list[str]:
                own.store(transaction, words)
                # Deferred, so that nothing fails before COMMIT.
                transaction.connection.execute(text("INSERT INTO echo (word) VALUES (-1)"))
                return list(words)

            held = own.hold()
            waiting = [
                own.writer.submit(own.store, "before"),
                own.writer.submit(dangle, "dangling"),
                own.writer.submit(own.store, "after"),
            ]
            own.let_go()
            outcomes = (await asyncio.gather(held, *waiting, return_exceptions=True))[1:]
            assert outcomes[::2] == ["before", "after"]
            assert isinstance(outcomes[1], NotStored)
            assert own.words() == own.facts == ["before", "after"]

    asyncio.run(run())


def test_full_queue_refuses_at_once_and_takes_again_when_it_has_drained(place: str) -> None:
    async def run() -> None:
        async with bench(place, queue_max=10) as own:
            held = own.hold()
            waiting = [own.writer.submit(own.store, f"w{i}") for i in range(9)]
            with pytest.raises(Overloaded) as refusal:
                own.writer.submit(own.store, "too many")
            assert refusal.value.extra["retry_after_s"] >= 1
            own.let_go()
            await asyncio.gather(held, *waiting)
            assert await own.writer.submit(own.store, "now") == "now"
            assert own.words() == [*(f"w{i}" for i in range(9)), "now"]

    asyncio.run(run())


def test_stop_commits_and_answers_what_has_queued(place: str) -> None:
    async def run() -> list[str]:
        async with bench(place) as own:
            held = own.hold()
            waiting = [own.writer.submit(own.store, f"w{i}") for i in range(BATCH_MAX + 10)]
            own.let_go()
            await own.writer.stop()
            await asyncio.wait([held, *waiting], timeout=5)
            assert [future.result() for future in waiting] == own.words()
            own.writer = Writer(own.database.writer, SystemClock(), 1, own.learn)
            own.writer.start()
            return own.words()

    assert len(asyncio.run(run())) == BATCH_MAX + 10


def test_asker_who_has_gone_harms_nobody(place: str) -> None:
    async def run() -> None:
        async with bench(place) as own:
            held = own.hold()
            before = own.writer.submit(own.store, "before")
            gone = own.writer.submit(own.store, "gone")
            refused_and_gone = own.writer.submit(own.store, "no")
            after = own.writer.submit(own.store, "after")
            gone.cancel()
            refused_and_gone.cancel()
            own.let_go()
            assert await asyncio.gather(held, before, after) == [None, "before", "after"]
            # Whether a ballot stands is the writer's to say, not the line's: it was queued, so it is stored.
            assert own.words() == ["before", "gone", "after"]
            assert own.writer.waiting == 0

    asyncio.run(run())


def test_facts_are_told_before_the_answer_is_given(place: str) -> None:
    async def run() -> None:
        async with bench(place) as own:
            told_first: list[bool] = []

            def note(word: str) -> Callable[[asyncio.Future[Any]], None]:
                return lambda _future: told_first.append(word in own.facts)

            held = own.hold()
            waiting = []
            for i in range(50):
                future = own.writer.submit(own.store, f"w{i}")
                future.add_done_callback(note(f"w{i}"))
                waiting.append(future)
            own.let_go()
            await asyncio.gather(held, *waiting)
            await asyncio.sleep(0)
            assert told_first == [True] * 50

    asyncio.run(run())


def test_handler_is_given_all_its_requests_between_two_barriers_and_none_from_beyond(place: str) -> None:
    async def run() -> None:
        async with bench(place) as own:

            def shout(transaction: Transaction, words: Sequence[str]) -> list[str | ArenaError]:
                return own.store(transaction, [word.upper() for word in words])

            held = own.hold()
            await asyncio.sleep(0.05)
            own.batches.clear()
            waiting = [
                own.writer.submit(shout if i % 2 else own.store, f"w{i}", barrier=i in (4, 5, 10)) for i in range(12)
            ]
            own.let_go()
            answers = (await asyncio.gather(held, *waiting))[1:]
            # Each is answered its own, whatever the order of the work.
            assert answers == [f"W{i}" if i % 2 else f"w{i}" for i in range(12)]
            assert (
                own.words() == own.facts == ["w0", "w2", "W1", "W3", "w4", "W5", "w6", "w8", "W7", "W9", "w10", "W11"]
            )
            assert own.batches == [2, 2, 1, 1, 2, 2, 1, 1]

    asyncio.run(run())


@pytest.mark.parametrize("culprit", range(7))
def test_barrier_holds_also_where_a_batch_fails_and_is_run_again(place: str, culprit: int) -> None:
    async def run() -> None:
        async with bench(place) as own:
            seen: list[list[str]] = []

            def look(transaction: Transaction, _payloads: Sequence[None]) -> list[list[str]]:
                rows = transaction.connection.execute(text("SELECT word FROM word ORDER BY id"))
                seen.append([row.word for row in rows])
                return [seen[-1]]

            asked = [POISON if i == culprit else f"w{i}" for i in range(7)]
            held = own.hold()
            before = [own.writer.submit(own.store, word) for word in asked[:4]]
            looking = own.writer.submit(look, None, barrier=True)
            after = [own.writer.submit(own.store, word) for word in asked[4:]]
            own.let_go()
            await asyncio.gather(held, *before, looking, *after, return_exceptions=True)
            # The last look is the one that was committed: it counts all that came before the barrier, nothing after.
            assert looking.result() == [word for word in asked[:4] if word != POISON]
            assert own.words() == [word for word in asked if word != POISON]

    asyncio.run(run())


def test_what_handlers_keep_is_forgotten_when_a_transaction_fails(place: str) -> None:
    async def run() -> None:
        async with bench(place) as own:

            def keep(transaction: Transaction, words: Sequence[str]) -> list[str | None]:
                known = transaction.kept.get("word")
                transaction.kept["word"] = words[-1]
                own.store(transaction, words)
                return [known] * len(words)

            assert await own.writer.submit(keep, "a") is None
            assert await own.writer.submit(keep, "b") == "a"
            with pytest.raises(NotStored):
                await own.writer.submit(keep, POISON)
            assert await own.writer.submit(keep, "c") is None

    asyncio.run(run())


def test_live_side_that_fails_keeps_nobody_from_the_answer(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def run() -> None:
        async with bench(place) as own, asyncio.timeout(10):
            own.writer._on_commit = lambda _facts: 1 / 0
            assert await own.writer.submit(own.store, "one") == "one"
            assert await own.writer.submit(own.store, "two") == "two"

    asyncio.run(run())
    assert "the live side failed" in capsys.readouterr().out


def test_what_is_gathered_shares_a_commit_and_one_that_comes_alone_does_not_wait(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.storage.writer.GATHER_SECONDS", 3_600.0)

    async def run() -> None:
        async with bench(place) as own:
            told: list[Any] = []
            own.writer.gather(own.store, "alone", told.append)
            await until(lambda: told == ["alone"])
            commits = own.writer.commits
            for i in range(GATHERED_MAX + 1):
                own.writer.gather(own.store, f"w{i}", told.append)
            # The first went alone; the others waited until there were as many as a commit takes.
            await until(lambda: len(told) == GATHERED_MAX + 2)
            assert own.writer.commits - commits <= 3
            assert own.words() == ["alone", *(f"w{i}" for i in range(GATHERED_MAX + 1))]
            assert own.writer.waiting == 0

    asyncio.run(run())


def test_gathered_writes_are_committed_when_their_time_has_come(place: str) -> None:
    async def run() -> None:
        async with bench(place) as own:
            told: list[Any] = []
            for word in ("a", "b", "no", "c"):
                own.writer.gather(own.store, word, told.append)
            await until(lambda: len(told) == 4)
            assert [each for each in told if isinstance(each, str)] == ["a", "b", "c"]
            assert isinstance(told[2], Conflict)
            assert own.words() == ["a", "b", "c"]

    asyncio.run(run())


def test_nothing_gathered_is_passed_by_a_barrier_and_a_stop_commits_it(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.storage.writer.GATHER_SECONDS", 3_600.0)

    async def run() -> None:
        told: list[Any] = []
        async with bench(place) as own:
            held = own.hold()
            for word in ("a", "b", "c"):
                own.writer.gather(own.store, word, told.append)
            barrier = own.writer.submit(own.store, "barrier", barrier=True)
            own.let_go()
            await asyncio.gather(held, barrier)
            assert told == ["a", "b", "c"]
            assert own.words() == ["a", "b", "c", "barrier"]
            held = own.hold()
            for word in ("d", "e"):
                own.writer.gather(own.store, word, told.append)
        assert own.words() == ["a", "b", "c", "barrier", "d", "e"]
        await until(lambda: told[3:] == ["d", "e"])

    asyncio.run(run())


def test_gathered_writes_are_bounded_by_the_queue(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.storage.writer.GATHER_SECONDS", 3_600.0)

    async def run() -> None:
        async with bench(place, queue_max=8) as own:
            told: list[Any] = []
            for i in range(8):
                own.writer.gather(own.store, f"w{i}", told.append)
            with pytest.raises(Overloaded):
                own.writer.gather(own.store, "too many", told.append)
            await own.writer.submit(own.store, "now", barrier=True)
            assert told == [f"w{i}" for i in range(8)]

    asyncio.run(run())


def test_one_who_cannot_be_told_keeps_nobody_from_the_answer(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def run() -> None:
        async with bench(place) as own:
            order: list[Any] = []

            def fail(_: Any) -> None:
                own.writer.afterwards(lambda: order.append("afterwards"))
                raise ValueError("gone")

            held = own.hold()
            own.writer.post(own.store, "one", fail)
            own.writer.post(own.store, "two", order.append)
            own.let_go()
            await held
            await until(lambda: len(order) == 2)
            assert order == ["two", "afterwards"]

    asyncio.run(run())
    assert "an answer failed" in capsys.readouterr().out
