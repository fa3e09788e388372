"""The process is killed, stopped, frozen and told to go, under load: nothing acknowledged is missing or there twice."""

import asyncio
import os
import random
import signal
import time
from collections import Counter

from app.live.close_codes import CloseCode
from app.settings import Settings
from tests.conftest import Process
from tests.faults.figures import Figures, quantile
from tests.load import Account, Line, Load, retrying_voter, returning_socket_voter
from tests.test_kill import Nursery, make_session, nothing_is_missing, play_round

KILL_SEED = 20_19
KILLS = int(os.environ.get("FAULTS_KILLS", "100"))
RECOVER_SECONDS_MAX = 30

HANG_SEED = 20_20
HANG_SECONDS = 10
HANG_VOTERS = 60

STOP_SEED = 20_21
STOPS = 6
STOP_VOTERS = 80
DRAIN_SECONDS_MAX = 10


class TimedNursery(Nursery):
    """Notes how long each start took, until the service answered."""

    def __init__(self, settings: Settings, port: int) -> None:
        super().__init__(settings, port)
        self.seconds: list[float] = []

    async def start(self) -> None:
        began = time.monotonic()
        await super().start()
        self.seconds.append(time.monotonic() - began)


def test_a_hundred_kills_under_load_lose_and_double_nothing(
    settings: Settings, free_port: int, staff: str, figures: Figures
) -> None:
    chance = random.Random(KILL_SEED)
    totals: Counter[str] = Counter()
    nursery = TimedNursery(settings, free_port)

    async def run() -> None:
        await nursery.start()
        seen = (0, 0)
        async with Line(nursery.port) as line:
            codes = [await make_session(line, staff, 10) for _ in range(-(-KILLS // 20))]
        for i in range(KILLS // 2):
            account = Account(nursery.port, codes[i // 10], i % 10 + 1)
            account.seen = seen if i % 10 else (0, 0)
            book = await play_round(nursery, account, staff, chance)  # asserts that the books settle
            receipts = [row[1] for row in book["ballots"]]
            acked = {each.receipt["receipt"] for each in account.entries if each.receipt}
            totals["kills"] += 2
            totals["acknowledged"] += len(acked)
            totals["lost"] += len(acked - set(receipts))
            totals["doubled"] += len(receipts) - len({row[2] for row in book["ballots"]})
            totals["unanswered"] += account.unknown
            seen = account.seen
        await nursery.end(signal.SIGTERM)

    try:
        asyncio.run(run())
    finally:
        nursery.close()
    figures(
        "worker killed",
        "kill -9 at a random moment under 60 voters, half of them about the lock; started again on the same file",
        "acknowledged ⊆ ledger, one a voter; retries get the first receipt; versions and epochs grow; books settle",
        KILL_SEED,
        **totals,
        seconds_to_recover_median=quantile(nursery.seconds, 0.5),
        seconds_to_recover_max=max(nursery.seconds),
    )
    assert (totals["kills"], totals["lost"], totals["doubled"]) == (KILLS, 0, 0)
    assert totals["unanswered"] > 0  # else nothing was under way
    assert max(nursery.seconds) < RECOVER_SECONDS_MAX


def test_a_start_from_nothing_answers_soon(process: Process, staff: str, figures: Figures) -> None:
    """What the hundred kills leave out: reading the interpreter and the packages."""
    seconds = []
    for _ in range(5):
        began = time.monotonic()
        process.start()
        seconds.append(time.monotonic() - began)
        process.end()
    figures(
        "cold start",
        "kill -9, then `arena serve` as a new process, five times",
        f"it answers within {RECOVER_SECONDS_MAX} s",
        seconds_median=quantile(seconds, 0.5),
        seconds_max=max(seconds),
    )
    assert max(seconds) < RECOVER_SECONDS_MAX


def test_a_frozen_process_doubles_nothing_when_all_who_waited_have_asked_again(
    nursery: Nursery, staff: str, figures: Figures
) -> None:
    """Two rounds: one goes on after the freeze, the other's deadline passes in it."""

    async def freeze() -> float:
        os.kill(nursery.pid, signal.SIGSTOP)
        await asyncio.sleep(HANG_SECONDS)
        os.kill(nursery.pid, signal.SIGCONT)
        thawed = time.monotonic()
        async with Line(nursery.port) as line:
            assert (await line.ask("GET", "/readyz"))[0] == 200
        return time.monotonic() - thawed

    async def play(line: Line, account: Account) -> tuple[float, int]:
        load = Load(account, HANG_VOTERS, HANG_SEED, (retrying_voter, retrying_voter, returning_socket_voter))
        await asyncio.sleep(0.5)
        await account.under_way(HANG_VOTERS // 2)
        back_s = await freeze()
        had = account.count("ok")
        await asyncio.sleep(1)
        gained = account.count("ok") - had
        await load.stop()
        return back_s, gained

    async def run() -> tuple[Account, Account, dict[str, float]]:
        await nursery.start()
        async with Line(nursery.port) as line:
            code = await make_session(line, staff, 1)
            account = Account(nursery.port, code, 1)
            await account.command(line, staff, "open")
            back_s, gained = await play(line, account)
            assert gained > 0, "it goes on"
            await account.command(line, staff, "lock")
            books = [await account.settle(line, staff)]

            body = {"contestants": [{"name": "甲"}, {"name": "乙"}], "rounds": [{"duration_ms": 4_000}]}
            _, session = await line.ask("POST", "/api/v1/sessions", body, staff)
            timed = Account(nursery.port, session["code"], 1)
            round_ = await timed.command(line, staff, "open")
            await play(line, timed)
            _, session = await line.ask("GET", timed.path, token=staff)
            after = session["rounds"][0]
            assert after["phase"] == "locked"
            assert after["closes_at_ms"] == round_["closes_at_ms"]  # a freeze moves no deadline
            books.append(await timed.settle(line, staff))
            late = sum(row[7] > after["locked_at_ms"] for row in books[1]["ballots"])
            doubled = sum(len(book["ballots"]) - len({row[2] for row in book["ballots"]}) for book in books)
        await nursery.end(signal.SIGTERM)
        return account, timed, {"late": late, "doubled": doubled, "seconds_until_ready_again": back_s}

    account, timed, seen = asyncio.run(run())
    figures(
        "hang",
        f"SIGSTOP for {HANG_SECONDS} s, then SIGCONT, under {HANG_VOTERS} voters who ask again after 2 s on a new line",
        "one row a voter, the same receipt for every copy; a round whose deadline passed is locked; books settle",
        HANG_SEED,
        acknowledged=account.count("ok") + timed.count("ok"),
        copies_sent_again=account.unknown + timed.unknown,
        **seen,
    )
    assert (seen["late"], seen["doubled"]) == (0, 0)
    assert account.unknown + timed.unknown > HANG_VOTERS
    assert seen["seconds_until_ready_again"] < 5


def test_stops_in_an_open_round_under_load_lose_nothing_and_tell_everybody(
    nursery: Nursery, staff: str, figures: Figures
) -> None:
    chance = random.Random(STOP_SEED)
    totals: Counter[str] = Counter()
    codes: Counter[int] = Counter()
    drained: list[float] = []

    async def run() -> None:
        await nursery.start()
        seen = (0, 0)
        async with Line(nursery.port) as line:
            code = await make_session(line, staff, STOPS)
        for number in range(1, STOPS + 1):
            async with Line(nursery.port) as line:
                account = Account(nursery.port, code, number, seen=seen)
                await account.command(line, staff, "open")
            load = Load(account, STOP_VOTERS, chance.getrandbits(32))
            await asyncio.sleep(chance.uniform(0.3, 0.9))
            began = time.monotonic()
            assert await nursery.end(signal.SIGTERM) == 0
            drained.append(time.monotonic() - began)
            await load.stop()
            await nursery.start()
            await nothing_is_missing(account, staff, chance)
            async with Line(nursery.port) as line:
                await account.command(line, staff, "lock")
                book = await account.settle(line, staff)
            acked = {each.receipt["receipt"] for each in account.entries if each.receipt}
            totals["acknowledged"] += len(acked)
            totals["lost"] += len(acked - {row[1] for row in book["ballots"]})
            totals["unanswered"] += account.unknown
            codes.update(account.close_codes)
            seen = account.seen
        await nursery.end(signal.SIGTERM)

    asyncio.run(run())
    figures(
        "deploy",
        f"SIGTERM in an open round under {STOP_VOTERS} voters, {STOPS} times",
        "no acknowledged vote is missing; every socket is told 1001; the process ends by itself with code 0",
        STOP_SEED,
        **totals,
        sockets_told_1001=codes[CloseCode.GOING_DOWN.number],
        drain_seconds_median=quantile(drained, 0.5),
        drain_seconds_max=max(drained),
    )
    assert totals["lost"] == 0
    assert set(codes) == {CloseCode.GOING_DOWN.number}
    assert max(drained) < DRAIN_SECONDS_MAX
