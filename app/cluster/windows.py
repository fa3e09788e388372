"""Windows of the `limits` library over all processes: in Redis, and in this process alone while Redis is away.

Away, each process lets through what all may together: phones are not refused because a server is gone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from limits import RateLimitItem, WindowStats
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from redis.exceptions import RedisError

from app.cluster.redis_line import AGAIN_SECONDS, CALL_SECONDS_MAX, RedisLine

T = TypeVar("T")


class Windows:
    """`redis` is the line whose connections are used, and closed with it; None: this process is the only one."""

    def __init__(self, redis: RedisLine | None) -> None:
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._again_at = 0.0
        self._shared: FixedWindowRateLimiter | None = None
        if redis is not None:
            # Their keys stand under the library's own prefix, LIMITS. The address is the pool's, not the one named.
            storage = RedisStorage("async+redis://", implementation="redispy", connection_pool=redis.pool)  # type: ignore[arg-type]
            self._shared = FixedWindowRateLimiter(storage)

    async def hit(self, item: RateLimitItem, address: str) -> bool:
        """Take one of a window; say whether there was one left."""
        return await self._asked(lambda windows: windows.hit(item, address))

    async def test(self, item: RateLimitItem, address: str) -> bool:
        return await self._asked(lambda windows: windows.test(item, address))

    async def stats(self, item: RateLimitItem, address: str) -> WindowStats:
        return await self._asked(lambda windows: windows.get_window_stats(item, address))

    async def _asked(self, ask: Callable[[FixedWindowRateLimiter], Awaitable[T]]) -> T:
        now = asyncio.get_running_loop().time()
        if self._shared is not None and now >= self._again_at:
            try:
                async with asyncio.timeout(CALL_SECONDS_MAX):
                    return await ask(self._shared)
            except (RedisError, StorageError, OSError, TimeoutError):
                self._again_at = now + AGAIN_SECONDS
        return await ask(self._own)
