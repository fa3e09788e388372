"""The tick: publishes what changed, and rings when a deadline has come. One task, born in the lifespan."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from app.domain.clock import Clock
from app.live.hub import Hub

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
    """Tick until cancelled. A failing deadline is tried again at the next tick, a failing tick stops nothing."""
    audience_at_ms = clock.now_ms()
    while True:
        await asyncio.sleep(tick_ms / 1000)
        try:
            now_ms = clock.now_ms()
            for code in hub.due(now_ms):
                await on_deadline(code)
            await _publish_all(hub)
            if now_ms - audience_at_ms >= AUDIENCE_INTERVAL_MS:
                audience_at_ms = now_ms
                await on_audience()
        except Exception:
            log.exception("a tick failed")


async def _publish_all(hub: Hub) -> None:
    for live in list(hub.live.values()):
        for i, subscriber in enumerate(hub.publish(live), 1):
            subscriber.offer(live.frames[live.view_of(subscriber.voter, subscriber.staff)])
            if i % YIELD_EVERY == 0:
                await asyncio.sleep(0)
