"""The disk fills under load: no acknowledgement without its row, refusals that say so, and it resumes by itself."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from app.settings import Settings
from app.storage.sqlite import sqlite_module
from tests.conftest import Process, make_tokens
from tests.faults.disk import LoopDisk
from tests.faults.figures import Figures
from tests.load import LINE_LOST, Account, Line, Load, http_voter, socket_voter
from tests.test_kill import make_session

SEED = 20_18
VOTERS = 30
FULL_SECONDS = 3
RESUME_SECONDS_MAX = 5

pytestmark = pytest.mark.parametrize("disk", [12], indirect=True)


@pytest.fixture
def on_disk(settings: Settings, disk: LoopDisk) -> Settings:
    return settings.model_copy(update={"data_dir": disk.path / "data"})


@pytest.fixture
def process(on_disk: Settings, free_port: int) -> Iterator[Process]:
    service = Process(on_disk, free_port)
    try:
        yield service
    finally:
        service.end()


def rows(path: Path) -> Counter[str]:
    with closing(sqlite_module().connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        return Counter(row[0] for row in connection.execute("SELECT receipt FROM ballot"))


async def ready(line: Line) -> int:
    return (await line.ask("GET", "/readyz"))[0]


async def calm_voter(account: Account, chance: random.Random, ended: asyncio.Event) -> None:
    """Vote as phones do, not as fast as refusals come."""
    while not ended.is_set():
        one_round = asyncio.Event()
        kind = chance.choice((http_voter, socket_voter))
        voter = asyncio.create_task(kind(account, chance, one_round))
        await asyncio.sleep(chance.uniform(0.02, 0.1))
        one_round.set()
        await voter


def test_full_disk_acknowledges_nothing_it_does_not_keep_and_resumes_by_itself(
    process: Process, on_disk: Settings, disk: LoopDisk, figures: Figures
) -> None:
    staff = make_tokens(on_disk, 0)["admin"]
    database = on_disk.data_dir / "arena.db"
    seen: dict[str, float] = {}

    async def run() -> Account:
        async with Line(process.port) as line:
            account = Account(process.port, await make_session(line, staff, 1), 1)
            await account.command(line, staff, "open")
            load = Load(account, VOTERS, SEED, (calm_voter,))
            await asyncio.sleep(1)
            assert await ready(line) == 200
            account.refusals.clear()
            disk.fill()
            # What is left in the log's last page may still be written; then nothing.
            await asyncio.sleep(0.5)
            before = Counter(each.outcome for each in account.entries)
            probes: Counter[int] = Counter()
            ends_at = time.monotonic() + FULL_SECONDS
            while time.monotonic() < ends_at:
                probes[await ready(line)] += 1
                assert (await line.ask("GET", "/healthz"))[0] == 200
                assert (await line.ask("GET", f"{account.path}/tally"))[0] == 200  # it is still shown
                await asyncio.sleep(0.1)
            full = Counter(each.outcome for each in account.entries) - before
            seen["acknowledged_while_full"], seen["refused"] = full["ok"], full["fail"]
            seen["readyz_503"], seen["readyz_200"] = probes[503], probes[200]
            acked = {each.receipt["receipt"] for each in account.entries if each.receipt}
            seen["false_acknowledgements"] = len(acked - rows(database).keys())
            disk.ballast.unlink()
            freed = time.monotonic()
            had = account.count("ok")
            while account.count("ok") == had:
                assert time.monotonic() < freed + RESUME_SECONDS_MAX, "it did not go on by itself"
                await asyncio.sleep(0.01)
            seen["seconds_to_resume"] = time.monotonic() - freed
            await asyncio.sleep(0.5)
            await load.stop()
            assert await ready(line) == 200
            # Who was refused may come again, and counts.
            for entry in [each for each in account.entries if each.outcome == "fail"][:50]:
                await account.resend(line, entry)
                assert entry.outcome == "ok"
            await account.command(line, staff, "lock")
            await account.settle(line, staff)
            return account

    process.start()
    account = asyncio.run(run())
    seen["doubled"] = sum(count - 1 for count in rows(database).values())
    figures(
        "disk full",
        f"ext4 of 12 MiB on a loop device, filled by a ballast under {VOTERS} voters for {FULL_SECONDS} s, then freed",
        "no acknowledgement without its row; 503 not_stored with Retry-After; /readyz 503 meanwhile; resumes by itself",
        SEED,
        acknowledged=account.count("ok"),
        **seen,
    )
    assert seen["false_acknowledgements"] == seen["doubled"] == 0
    assert seen["refused"] > VOTERS
    while_full = {key for key in account.refusals if key[0] != 409}
    assert while_full == {(503, "not_stored", "1")}
    assert seen["readyz_503"] > 0
    assert seen["readyz_200"] == 0, "it says that it is ready while it can keep nothing"


def test_a_start_on_a_full_disk_is_refused_or_serves_and_loses_nothing(
    process: Process, on_disk: Settings, disk: LoopDisk, figures: Figures
) -> None:
    """A restart in the middle of it: either it says why it cannot, or it serves; what stood before stands after."""
    staff = make_tokens(on_disk, 0)["admin"]
    database = on_disk.data_dir / "arena.db"

    async def vote() -> Account:
        async with Line(process.port) as line:
            account = Account(process.port, await make_session(line, staff, 1), 1)
            await account.command(line, staff, "open")
            load = Load(account, VOTERS, SEED)
            await asyncio.sleep(0.7)
            await load.stop()
            return account

    async def close_the_books(account: Account) -> None:
        async with Line(process.port) as line:
            await account.command(line, staff, "lock")
            await account.settle(line, staff)

    process.start()
    account = asyncio.run(vote())
    process.end()
    disk.fill()
    served = True
    try:
        process.start()
    except AssertionError:
        served = False
    else:
        with suppress(*LINE_LOST):
            asyncio.run(ask_once(process.port))
    process.end()
    acked = {each.receipt["receipt"] for each in account.entries if each.receipt}
    disk.ballast.unlink()
    process.start()
    lost = len(acked - rows(database).keys())
    asyncio.run(close_the_books(account))
    figures(
        "restart on a full disk",
        "kill -9, the disk is filled, a start, then the ballast is removed and it is started again",
        "acknowledged ⊆ recovered; books settle",
        SEED,
        acknowledged=len(acked),
        lost=lost,
        served_while_full=served,
    )
    assert lost == 0


async def ask_once(port: int) -> None:
    async with Line(port) as line:
        await line.ask("GET", "/readyz")


def test_full_disk_is_told_by_readyz_also_while_nobody_votes(
    process: Process, on_disk: Settings, disk: LoopDisk
) -> None:
    make_tokens(on_disk, 0)

    async def run() -> list[int]:
        async with Line(process.port) as line:
            assert await ready(line) == 200
            disk.fill()
            while_full = [await ready(line) for _ in range(5)]
            disk.ballast.unlink()
            return while_full

    process.start()
    assert set(asyncio.run(run())) == {503}
