"""Four workers on one PostgreSQL and one Redis, voters who go to any of them, watchers who compare what they see."""

import asyncio
import hashlib
import json
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from app.settings import Settings
from deploy.servers import Postgres, Redis, free_port
from tests.load import LINE_LOST, SIDES, Account, Line
from tests.test_kill import Nursery

WORKERS = 4
READY_SECONDS_MAX = 30


class AnyLine(Line):
    """A line to whichever worker takes it; another one after each loss."""

    def __init__(self, ports: Sequence[int], chance: random.Random, seconds_max: float = 5) -> None:
        super().__init__(ports[0], seconds_max)
        self._ports, self._chance = ports, chance

    async def open(self) -> None:
        if self._streams is None:
            self.port = self._chance.choice(self._ports)
        await super().open()

    async def until_answered(self, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        """Ask until somebody answers and has the time to."""
        while True:
            with suppress(*LINE_LOST):
                status, answer = await self.ask(method, path, body, token)
                if status != 503:
                    return status, answer
            await self.close()
            await asyncio.sleep(self._chance.uniform(0.05, 0.5))


@dataclass
class Cluster:
    settings: Settings
    postgres: Postgres
    redis: Redis
    workers: list[Nursery] = field(default_factory=list)

    @property
    def ports(self) -> list[int]:
        return [each.port for each in self.workers]

    async def start(self) -> None:
        self.workers = [Nursery(self.settings, free_port()) for _ in range(WORKERS)]
        await asyncio.gather(*(each.start() for each in self.workers))
        await self.leader()

    def close(self) -> None:
        for each in self.workers:
            each.close()

    async def leader(self) -> int:
        """Return which worker leads, once one does."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            for i, port in enumerate(self.ports):
                with suppress(*LINE_LOST):
                    async with Line(port, 2) as line:
                        status, answer = await line.ask("GET", "/readyz")
                    if status == 200 and answer["leads"] == "true":
                        return i
            await asyncio.sleep(0.1)
        raise AssertionError("nobody leads")

    async def all_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS_MAX
        for port in self.ports:
            while True:
                with suppress(*LINE_LOST):
                    async with Line(port, 3) as line:
                        if (await line.ask("GET", "/readyz"))[0] == 200:
                            break
                assert time.monotonic() < deadline, "a worker does not become ready"
                await asyncio.sleep(0.1)
        await self.leader()


@dataclass
class Sights:
    """What the watchers of all workers were shown."""

    new_epoch: asyncio.Event = field(default_factory=asyncio.Event)

    frames: int = 0
    backwards: int = 0
    told_twice: int = 0
    """Versions that two workers showed with different bytes."""
    epochs: set[int] = field(default_factory=set)
    ages_ms: list[float] = field(default_factory=list)
    digests: dict[tuple[int, int], str] = field(default_factory=dict)

    def see(self, text: str, newest: tuple[int, int]) -> tuple[int, int]:
        document = json.loads(text)
        if document.get("type") != "tally":
            return newest
        now = (document["epoch"], document["version"])
        self.frames += 1
        if now[0] not in self.epochs:
            self.epochs.add(now[0])
            self.new_epoch.set()
        self.backwards += now < newest
        digest = hashlib.sha256(text.encode()).hexdigest()
        self.told_twice += self.digests.setdefault(now, digest) != digest
        self.ages_ms.append(time.time() * 1000 - document["server_time_ms"])
        return max(now, newest)


async def watch(cluster: Cluster, i: int, code: str, sights: Sights, ended: asyncio.Event) -> None:
    """Be one phone that looks on at one worker, and comes back when it was lost."""
    newest = (0, 0)
    url = f"ws://127.0.0.1:{cluster.workers[i].port}/ws/sessions/{code}"
    while not ended.is_set():
        with suppress(OSError, TimeoutError, ConnectionClosed, InvalidHandshake):
            async with connect(url, proxy=None, close_timeout=1, open_timeout=5, compression=None) as line:
                while not ended.is_set():
                    with suppress(TimeoutError):
                        async with asyncio.timeout(0.5):
                            newest = sights.see(str(await line.recv()), newest)
        await asyncio.sleep(0.1)


async def voter(
    cluster: Cluster, account: Account, chance: random.Random, ended: asyncio.Event, pause_s: tuple[float, float]
) -> None:
    """Be one phone after another, at any worker; what is not answered is sent again, elsewhere, until it is."""
    line = AnyLine(cluster.ports, chance)
    await asyncio.sleep(chance.uniform(0, pause_s[1]))
    try:
        while not ended.is_set():
            status, joined = await line.until_answered("POST", f"{account.path}/join", {})
            assert status == 200, joined
            entry = account.new_entry(joined["token"], chance)
            while entry.outcome not in ("ok", "fail") or (entry.outcome == "fail" and not ended.is_set()):
                if entry.outcome == "fail" and chance.random() < 0.5:
                    break  # some give up: their ballot must not be there
                try:
                    await account.resend(line, entry)
                except LINE_LOST:
                    account.lost(entry)
                if entry.outcome != "ok":
                    await line.close()
                    await asyncio.sleep(chance.uniform(0.05, 0.5))
            if chance.random() < 0.3 and not ended.is_set():
                await _like(account, line, entry, chance)
            await asyncio.sleep(chance.uniform(*pause_s))
    finally:
        await line.close()


async def _like(account: Account, line: Line, entry: Any, chance: random.Random) -> None:
    side = chance.choice(SIDES)
    entry.likes_sent[side] += chance.randrange(1, 9)
    path = f"{account.path}/rounds/{account.round}/likes"
    with suppress(*LINE_LOST):
        status, answer = await line.ask("PUT", path, {"totals": {side: entry.likes_sent[side]}}, entry.token)
        if status == 200:
            entry.likes_acked[side] = answer["totals"][side]
