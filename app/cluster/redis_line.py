"""The line to Redis or Valkey: publications go out to all processes, phones seen are counted over all.

Nothing depends on it: what it carries stands in PostgreSQL too, where every process looks each second. A call that
fails or takes long marks the line as away; it is tried again a second later, and delays nobody meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any, TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

T = TypeVar("T")
CALL_SECONDS_MAX = 0.5
AGAIN_SECONDS = 1.0
CHANNEL = "arena:tallies"
ADD_MAX = 5_000
SEEN_SECONDS = 7 * 86_400
_LOST = (RedisError, OSError, TimeoutError)

log = structlog.get_logger()


class RedisLine:
    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url, socket_timeout=CALL_SECONDS_MAX, socket_connect_timeout=CALL_SECONDS_MAX, health_check_interval=5
        )
        self.pool = self._redis.connection_pool
        """Its connections, for who speaks to Redis otherwise; closed with the line."""
        self._known: dict[str, int] = {}
        self._away_since: float | None = None
        self.away = False
        """Whether the last call failed."""

    async def listen(self, hear: Callable[[bytes], Awaitable[None]]) -> None:
        """Hand over each publication as it comes, until cancelled."""
        while True:
            try:
                async with self._redis.pubsub() as line:
                    await line.subscribe(CHANNEL)
                    while True:
                        said = await line.get_message(ignore_subscribe_messages=True, timeout=AGAIN_SECONDS)
                        if said is not None:
                            await hear(said["data"])
            except _LOST:
                self._lost()
                await asyncio.sleep(AGAIN_SECONDS)

    async def publish(self, content: bytes) -> None:
        await self._asked(lambda: self._redis.publish(CHANNEL, content), None)

    async def seen(self, code: str, voters: Iterable[str], everybody: Collection[str]) -> int | None:
        """Add phones to those seen in a session; return how many there are over all processes, None while away.

        What was lost with Redis is told again: `everybody` are all that this process knows of.
        """
        key = f"arena:seen:{code}"
        known = await self._asked(lambda: self._redis.pfcount(key), None)
        if known is None:
            return None
        # What was counted once never gets less by itself.
        lost = known < self._known.get(code, 0) or known * 10 < len(everybody) * 9
        new = list(everybody if lost else voters)
        for start in range(0, len(new), ADD_MAX):
            some = new[start : start + ADD_MAX]
            if await self._asked(lambda some=some: self._redis.pfadd(key, *some), None) is None:  # type: ignore[misc]
                return None
        if new:
            await self._asked(lambda: self._redis.expire(key, SEEN_SECONDS), None)
            known = await self._asked(lambda: self._redis.pfcount(key), None)
        if known is None:
            return None
        self._known[code] = int(known)
        return int(known)

    async def once(self, key: str, seconds: int) -> bool | None:
        """Take a key that can be taken once; None while away."""
        return await self._asked(lambda: _taken(self._redis, key, seconds), None)

    async def ping(self) -> bool:
        return bool(await self._asked(lambda: self._redis.ping(), False))

    async def close(self) -> None:
        await self._redis.aclose()

    async def _asked(self, call: Callable[[], Awaitable[Any]], instead: T) -> Any | T:
        now = asyncio.get_running_loop().time()
        if self._away_since is not None and now - self._away_since < AGAIN_SECONDS:
            return instead
        try:
            async with asyncio.timeout(CALL_SECONDS_MAX):
                answer = await call()
        except _LOST:
            self._lost()
            return instead
        if self.away:
            log.info("redis is back")
        self._away_since, self.away = None, False
        return answer

    def _lost(self) -> None:
        if not self.away:
            log.warning("redis is away; voting goes on, tallies come through the database")
        self._away_since, self.away = asyncio.get_running_loop().time(), True


async def _taken(redis: Redis, key: str, seconds: int) -> bool:
    return bool(await redis.set(key, b"", nx=True, ex=seconds))
