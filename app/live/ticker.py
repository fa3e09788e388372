"""The tick: publishes what changed, and rings when a deadline has come. One task, born in the lifespan."""

import asyncio
from collections.abc import Awaitable, Callable

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
    locking: dict[str, asyncio.Task[None]] = {}
    while True:
        await asyncio.sleep(tick_ms / 1000)
        now_ms = clock.now_ms()
        for code in hub.due(now_ms):
            # Not awaited here: a lock that waits for a busy writer keeps nobody from the tallies.
            if code not in locking:
                locking[code] = asyncio.create_task(_tried(on_deadline(code)), name="arena-deadline")
                locking[code].add_done_callback(lambda _, code=code: locking.pop(code))  # type: ignore[misc]
        for live in list(hub.live.values()):
            await _tried(_publish(hub, live))
        if now_ms - audience_at_ms >= AUDIENCE_INTERVAL_MS:
            audience_at_ms = now_ms
            await _tried(on_audience())


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
