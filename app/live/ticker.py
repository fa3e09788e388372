"""The tick: publishes what changed, and rings when a deadline has come. One task, born in the lifespan."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import structlog

from app.domain.clock import Clock
from app.live.hub import Hub, LiveSession

YIELD_EVERY = 250
"""After so many subscribers the loop is let go, so that a tick over ten thousand never holds it for long."""
AUDIENCE_INTERVAL_MS = 10_000

log = structlog.get_logger()


async def run_ticker(
    hub: Hub,
    clock: Clock,
    tick_ms: int,
    on_deadline: Callable[[str], Awaitable[object]],
    on_audience: Callable[[], Awaitable[object]],
) -> None:
    """Tick until cancelled. What fails is tried again at the next tick and stops nothing else: one session's lock that
    cannot be stored keeps no other session from its audience.
    """
    audience_at_ms = clock.now_ms()
    begun: dict[str, asyncio.Task[None]] = {}

    def begin(name: str, work: Callable[[], Awaitable[object]]) -> None:
        # Not awaited here: what waits for a busy writer keeps nobody from the tallies.
        if name not in begun or begun[name].done():
            begun[name] = asyncio.create_task(_tried(work()), name="arena-tick")

    async with _ended(begun):
        while True:
            await asyncio.sleep(tick_ms / 1000)
            now_ms = clock.now_ms()
            for code in hub.due(now_ms):
                begin(code, partial(on_deadline, code))
            for live in list(hub.live.values()):
                await _tried(_publish(hub, live))
            if now_ms - audience_at_ms >= AUDIENCE_INTERVAL_MS:
                audience_at_ms = now_ms
                begin("", on_audience)


@asynccontextmanager
async def _ended(tasks: dict[str, asyncio.Task[None]]) -> AsyncIterator[None]:
    """Let nothing that was begun outlive the ticker: a lock must not be asked of a writer that has stopped."""
    try:
        yield
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def _tried(work: Awaitable[object]) -> None:
    try:
        await work
    except Exception:
        log.exception("a tick failed")


async def _publish(hub: Hub, live: LiveSession) -> None:
    for i, subscriber in enumerate(hub.publish(live), 1):
        subscriber.offer(live.frames[live.view_of(subscriber.voter, subscriber.staff)])
        if i % YIELD_EVERY == 0:
            await asyncio.sleep(0)
