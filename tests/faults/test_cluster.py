"""Several workers: any of them, the leader, PostgreSQL or Redis is lost under the load of 2,000 voters."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import pytest
import redis

from app.settings import Settings
from app.storage.engine import Database
from deploy.servers import Postgres, Redis
from tests.conftest import make_tokens
from tests.faults.cluster import Cluster, Sights, voter, watch
from tests.faults.figures import Figures, quantile
from tests.load import Account, Line
from tests.test_kill import make_session

VOTERS = int(os.environ.get("FAULTS_CLUSTER_VOTERS", "2000"))
WORKER_KILLS = int(os.environ.get("FAULTS_WORKER_KILLS", "50"))
LEADER_KILLS = 10
PAUSE_S = (4.0, 12.0)
"""Each voter waits so long from one phone to the next: the cores are the workers' and the databases'."""
FROZEN_SECONDS = 8
FOLLOWED_SECONDS_MAX = 15
STALE_SECONDS_MAX = 2.0

Inject = Callable[[Cluster, Sights, random.Random], Awaitable[dict[str, float]]]


@pytest.fixture(scope="module")
def servers_of_the_cluster() -> Iterator[tuple[Postgres, Redis]]:
    postgres, line = Postgres(), Redis()
    try:
        postgres.start()
        line.start()
        yield postgres, line
    finally:
        line.stop()
        postgres.stop()


@pytest.fixture
def cluster(
    servers_of_the_cluster: tuple[Postgres, Redis], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    postgres, line = servers_of_the_cluster
    own = settings.model_copy(update={"database_url": postgres.url(), "redis_url": line.url})
    for name in ("database_url", "redis_url"):
        monkeypatch.setenv(f"ARENA_{name.upper()}", getattr(own, name))
    monkeypatch.setenv("ARENA_SECRET", "a secret of all the workers of this test")
    monkeypatch.setenv("ARENA_TICK_MS", "200")
    database = Database(own.url)
    database.migrate()
    database.close()
    made = Cluster(own, postgres, line)
    try:
        yield made
    finally:
        made.close()


def played(cluster: Cluster, seed: int, inject: Inject) -> dict[str, float | int]:
    """Let the voters vote while something is broken, then lock, and prove the books. Returns the figures."""
    staff = make_tokens(cluster.settings, int(time.time() * 1000))["admin"]
    sights = Sights()
    figures: Counter[str] = Counter()

    async def run() -> dict[str, float | int]:
        await cluster.start()
        chance = random.Random(seed)
        async with Line(cluster.ports[0]) as line:
            code = await make_session(line, staff, 1)
            account = Account(cluster.ports[0], code, 1)
            await account.command(line, staff, "open")
            ended, blind = asyncio.Event(), asyncio.Event()
            voters = [
                asyncio.create_task(voter(cluster, account, random.Random(f"{seed}/{i}"), ended, PAUSE_S))
                for i in range(VOTERS)
            ]
            watchers = [
                asyncio.create_task(watch(cluster, i, code, sights, blind)) for i in range(len(cluster.workers))
            ]
            await asyncio.sleep(3)
            injected = await inject(cluster, sights, chance)
            await cluster.all_ready()
            await asyncio.sleep(2)
            account.port = cluster.ports[await cluster.leader()]
            async with Line(account.port) as own:
                await account.command(own, staff, "lock")
                locked_ms = time.time() * 1000
                await asyncio.sleep(1.5)  # voters go on against the locked round
                ended.set()
                for result in await asyncio.gather(*voters, return_exceptions=True):
                    if isinstance(result, BaseException):
                        raise result
                blind.set()
                await asyncio.gather(*watchers)
                acked = {each.receipt["receipt"] for each in account.entries if each.receipt}
                book = await account.settle(own, staff)
        receipts = [row[1] for row in book["ballots"]]
        figures.update(
            acknowledged=len(acked),
            lost=len(acked - set(receipts)),
            doubled=len(receipts) - len({row[2] for row in book["ballots"]}),
            late=sum(row[7] > book["locked_at_ms"] for row in book["ballots"]),
            unanswered=account.unknown,
            refused_meanwhile=sum(count for (status, *_), count in account.refusals.items() if status == 503),
            epochs=len(sights.epochs),
            frames=sights.frames,
            versions_backwards=sights.backwards,
            versions_told_twice=sights.told_twice,
        )
        assert locked_ms
        return {**injected, **figures, "tally_age_ms_p99": quantile(sights.ages_ms, 0.99)}

    return asyncio.run(run())


def holds(seen: dict[str, float | int]) -> None:
    assert (seen["lost"], seen["doubled"], seen["late"]) == (0, 0, 0)
    assert (seen["versions_backwards"], seen["versions_told_twice"]) == (0, 0)
    assert seen["acknowledged"] > VOTERS // 4  # else nothing was under way


ASSERTED = "acknowledged ⊆ ledger, one a voter, none after the result; versions only grow and are the same at all"


def test_workers_killed_under_load_lose_nothing(cluster: Cluster, figures: Figures) -> None:
    async def inject(cluster: Cluster, _sights: Sights, chance: random.Random) -> dict[str, float]:
        for _ in range(WORKER_KILLS):
            worker = chance.choice(cluster.workers)
            await worker.end(signal.SIGKILL)
            await worker.start()
            await asyncio.sleep(chance.uniform(0.2, 1.0))
        return {"kills": WORKER_KILLS}

    seen = played(cluster, 2040, inject)
    what = f"kill -9 of a random one of four workers under {VOTERS:,} voters, started again"
    figures("cluster: worker killed", what, ASSERTED, 2040, **seen)
    holds(seen)


def test_leaders_killed_under_load_are_followed_by_others(cluster: Cluster, figures: Figures) -> None:
    async def inject(cluster: Cluster, sights: Sights, chance: random.Random) -> dict[str, float]:
        without: list[float] = []
        for _ in range(LEADER_KILLS):
            worker = cluster.workers[await cluster.leader()]
            sights.new_epoch.clear()
            began = time.monotonic()
            await worker.end(signal.SIGKILL)
            await asyncio.wait_for(sights.new_epoch.wait(), FOLLOWED_SECONDS_MAX)
            without.append(time.monotonic() - began)
            await worker.start()
            await asyncio.sleep(chance.uniform(0.2, 1.0))
        return {
            "kills": LEADER_KILLS,
            "seconds_without_median": quantile(without, 0.5),
            "seconds_without_max": max(without),
        }

    seen = played(cluster, 2041, inject)
    what = f"kill -9 of the leader under {VOTERS:,} voters, ten times"
    figures("cluster: leader killed", what, ASSERTED, 2041, **seen)
    holds(seen)
    assert seen["epochs"] > LEADER_KILLS


def test_a_frozen_leader_is_followed_and_publishes_nothing_when_it_wakes(cluster: Cluster, figures: Figures) -> None:
    async def inject(cluster: Cluster, sights: Sights, _chance: random.Random) -> dict[str, float]:
        worker = cluster.workers[await cluster.leader()]
        sights.new_epoch.clear()
        began = time.monotonic()
        os.kill(worker.pid, signal.SIGSTOP)
        try:
            await asyncio.wait_for(sights.new_epoch.wait(), FOLLOWED_SECONDS_MAX)
            without = time.monotonic() - began
            await asyncio.sleep(FROZEN_SECONDS)
        finally:
            os.kill(worker.pid, signal.SIGCONT)
        await asyncio.sleep(3)
        return {"seconds_without": without}

    seen = played(cluster, 2042, inject)
    what = f"SIGSTOP of the leader under {VOTERS:,} voters, SIGCONT when another had led for {FROZEN_SECONDS} s"
    figures("cluster: leader frozen", what, ASSERTED, 2042, **seen)
    holds(seen)


def test_postgresql_killed_under_load_acknowledges_nothing_that_it_loses(cluster: Cluster, figures: Figures) -> None:
    async def inject(cluster: Cluster, _sights: Sights, chance: random.Random) -> dict[str, float]:
        outages: list[float] = []
        for _ in range(3):
            began = time.monotonic()
            await asyncio.to_thread(cluster.postgres.kill)
            await asyncio.sleep(chance.uniform(0.5, 2))
            await asyncio.to_thread(cluster.postgres.start)
            await cluster.all_ready()
            outages.append(time.monotonic() - began)
            await asyncio.sleep(3)
        return {"kills": 3, "outage_seconds_max": max(outages)}

    seen = played(cluster, 2043, inject)
    what = f"kill -9 of PostgreSQL and all its processes under {VOTERS:,} voters, started again, three times"
    figures("cluster: PostgreSQL killed", what, ASSERTED, 2043, **seen)
    holds(seen)


def test_redis_killed_flushed_and_cut_changes_no_count(cluster: Cluster, figures: Figures) -> None:
    async def inject(cluster: Cluster, sights: Sights, _chance: random.Random) -> dict[str, float]:
        with redis.Redis.from_url(cluster.redis.url) as line:
            for _ in range(5):
                line.flushall()
                with suppress(redis.ResponseError):
                    line.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                    line.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
                await asyncio.sleep(1)
        await asyncio.to_thread(cluster.redis.kill)
        await asyncio.sleep(3)
        before = len(sights.ages_ms)
        await asyncio.sleep(6)
        away = sights.ages_ms[before:]
        await asyncio.to_thread(cluster.redis.start)
        await asyncio.sleep(3)
        return {"frames_while_away": len(away), "tally_age_ms_while_away_max": max(away, default=0.0)}

    seen = played(cluster, 2044, inject)
    what = f"FLUSHALL and CLIENT KILL five times, then kill -9 of Redis for 9 s, under {VOTERS:,} voters"
    figures("cluster: Redis killed and flushed", what, ASSERTED, 2044, **seen)
    holds(seen)
    assert seen["frames_while_away"] > 0
    assert seen["tally_age_ms_while_away_max"] < STALE_SECONDS_MAX * 1000


def test_a_rolling_restart_under_load_loses_nothing(cluster: Cluster, figures: Figures) -> None:
    async def inject(cluster: Cluster, _sights: Sights, _chance: random.Random) -> dict[str, float]:
        codes = []
        for worker in cluster.workers:
            codes.append(await worker.end(signal.SIGTERM))
            await worker.start()
        assert codes == [0] * len(codes)
        return {"restarts": len(codes)}

    seen = played(cluster, 2045, inject)
    what = f"SIGTERM and a new start of each of four workers in turn, under {VOTERS:,} voters"
    figures("cluster: rolling restart", what, ASSERTED, 2045, **seen)
    holds(seen)
