"""kill -9 and SIGTERM under load: nothing acknowledged is ever missing or there twice."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.cli import listen
from app.live.close_codes import CloseCode
from app.settings import Settings
from tests.conftest import make_tokens
from tests.load import LINE_LOST, Account, Entry, Line, Load, spread
from tests.players import BOUT

VOTERS = 60
KILLS = 20
SEED = 20_17

# Has everything imported, so that each service is there in a moment: a fork of this process becomes `arena serve`.
NURSERY = """
import os, sys
from app import cli
for _ in sys.stdin:
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        try:
            cli.app(["serve"])
        except SystemExit as ended:
            os._exit(ended.code or 0)
        os._exit(70)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Nursery:
    """Starts `arena serve` again and again on one file and one port."""

    def __init__(self, settings: Settings, port: int) -> None:
        self.port = port
        self.pid = 0
        self._parent = subprocess.Popen(
            [sys.executable, "-c", NURSERY],
            env={
                **os.environ,
                "ARENA_DATA_DIR": str(settings.data_dir),
                "ARENA_PORT": str(port),
                "ARENA_HOST": "127.0.0.1",
                "ARENA_TICK_MS": "50",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )

    async def start(self) -> None:
        """Start a service; returns when it answers."""
        self.pid = int(await asyncio.to_thread(self._start))
        line = Line(self.port)
        deadline = time.monotonic() + 60
        while True:
            with suppress(*LINE_LOST):
                if (await line.ask("GET", "/healthz"))[0] == 200:
                    break
            assert time.monotonic() < deadline, "the service did not start"
            await asyncio.sleep(0.02)
        await line.close()

    async def end(self, how: signal.Signals) -> int:
        """Send a signal and return how the process ended."""
        os.kill(self.pid, how)
        assert self._parent.stdout is not None
        code = await asyncio.to_thread(self._parent.stdout.readline)
        self.pid = 0
        return int(code)

    def close(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
        self._parent.communicate(timeout=30)

    def _start(self) -> str:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write("\n")
        self._parent.stdin.flush()
        return self._parent.stdout.readline()


@pytest.fixture
def nursery(settings: Settings) -> Iterator[Nursery]:
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    made = Nursery(settings, port)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def staff(settings: Settings) -> str:
    return make_tokens(settings, int(time.time() * 1000))["admin"]


async def make_session(line: Line, staff: str, rounds: int) -> str:
    body = {**BOUT, "rounds": [{"title": f"第{i + 1}轮"} for i in range(rounds)]}
    status, session = await line.ask("POST", "/api/v1/sessions", body, staff)
    assert status == 201, session
    return str(session["code"])


async def nothing_is_missing(account: Account, staff: str, chance: random.Random) -> None:
    """Right after a restart: retries get their first receipts, likes stand, tallies have gone on."""
    async with Line(account.port) as line:
        status, document = await line.ask("GET", f"{account.path}/tally", token=staff)
    assert status == 200, document
    assert document["epoch"] > account.seen[0]
    account.shown(document, account.seen)
    assert document["tally"]["votes"] >= account.count("ok")
    sample = chance.sample(account.entries, min(60, len(account.entries)))

    async def ask_again(some: list[Entry]) -> None:
        async with Line(account.port) as own:
            for entry in some:
                if entry.outcome == "ok":
                    await account.resend(own, entry)  # asserts the same receipt
                await account.likes_stand(own, entry)

    await asyncio.gather(*map(ask_again, spread(sample, 8)))


async def kill_amid(nursery: Nursery, account: Account, load: Load, chance: random.Random, locker: str | None) -> None:
    """Kill the service at some moment of a load; with a `locker`'s token, about when the round is being locked."""
    async with Line(account.port) as line:
        await asyncio.sleep(chance.uniform(0.05, 0.6))
        if locker is None:
            await nursery.end(signal.SIGKILL)
        else:
            locking = asyncio.create_task(account.command(line, locker, "lock"))
            await asyncio.sleep(chance.uniform(0, 0.03))
            await nursery.end(signal.SIGKILL)
            with suppress(*LINE_LOST):
                await locking
        await load.stop()


async def play_round(nursery: Nursery, account: Account, staff: str, chance: random.Random) -> dict[str, Any]:
    """Kill the service twice in one round, the second time perhaps at its lock; return the round's ledger."""
    async with Line(nursery.port) as line:
        await account.command(line, staff, "open")
    for locker in (None, chance.choice((None, staff))):
        load = Load(account, VOTERS, chance.getrandbits(32))
        await kill_amid(nursery, account, load, chance, locker)
        await nursery.start()
        await nothing_is_missing(account, staff, chance)
    async with Line(nursery.port) as line:
        assert (await account.command(line, staff, "lock"))["phase"] == "locked"
        return await account.settle(line, staff)


@pytest.mark.slow
def test_twenty_kills_under_load_lose_and_double_nothing(nursery: Nursery, staff: str) -> None:
    chance = random.Random(SEED)

    async def run() -> Counter[str]:
        totals: Counter[str] = Counter()
        await nursery.start()
        async with Line(nursery.port) as line:
            code = await make_session(line, staff, KILLS // 2)
        books, seen = [], (0, 0)
        for number in range(1, KILLS // 2 + 1):
            account = Account(nursery.port, code, number, seen=seen)
            books.append(await play_round(nursery, account, staff, chance))
            seen = account.seen
            totals["kills"] += 2
            totals["ballots"] += account.count("ok")
            totals["unknown"] += account.unknown
            totals["likes"] += sum(entry.likes_acked.total() for entry in account.entries)
        async with Line(nursery.port) as line:
            for book in books:  # and nothing has changed by what came after
                path = f"/api/v1/sessions/{code}/rounds/{book['round']}/ledger"
                assert (await line.ask("GET", path, token=staff))[1] == book
        await nursery.end(signal.SIGTERM)
        return totals

    totals = asyncio.run(run())
    print(dict(totals))
    assert totals["kills"] == KILLS
    assert min(totals["ballots"], totals["likes"]) > KILLS * 10
    assert totals["unknown"] > 0  # else nothing was under way when it was killed


async def listen_to_events(account: Account, heard: list[str]) -> None:
    """Read the event stream to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", account.port)
    writer.write(f"GET {account.path}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    while row := await reader.readline():
        heard.append(row.decode().strip())
    writer.close()
    await writer.wait_closed()


@pytest.mark.slow
def test_stop_amid_load_ends_soon_loses_nothing_and_tells_everybody(nursery: Nursery, staff: str) -> None:
    async def run() -> Account:
        await nursery.start()
        async with Line(nursery.port) as line:
            account = Account(nursery.port, await make_session(line, staff, 1), 1)
            await account.command(line, staff, "open")
        heard: list[str] = []
        listener = asyncio.create_task(listen_to_events(account, heard))
        load = Load(account, VOTERS, SEED)
        async with asyncio.timeout(30):
            while account.count("ok") <= VOTERS:  # noqa: ASYNC110 - the crowd counts, nobody rings
                await asyncio.sleep(0.02)
        began = time.monotonic()
        assert await nursery.end(signal.SIGTERM) == 0
        assert time.monotonic() - began < 5
        await load.stop()
        await asyncio.wait_for(listener, 5)
        assert "event: tally" in heard
        assert heard[-2:] == ["0", ""]  # the last chunk of a stream that was ended, not broken off
        await nursery.start()
        await nothing_is_missing(account, staff, random.Random(SEED))
        async with Line(nursery.port) as line:
            await account.command(line, staff, "lock")
            await account.settle(line, staff)
        await nursery.end(signal.SIGTERM)
        return account

    account = asyncio.run(run())
    print(account.count("ok"), account.unknown, dict(account.close_codes))
    assert account.count("ok") > VOTERS
    assert set(account.close_codes) == {CloseCode.GOING_DOWN.number}
