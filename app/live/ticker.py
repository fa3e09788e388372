"""The tick: publishes what changed, and rings when a deadline has come. One task, born in the lifespan."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from time import perf_counter

import structlog

from app.domain.clock import Clock
from app.live.hub import Hub, LiveSession, Subscriber

HELD_SECONDS_MAX = 0.002
"""After so long the loop is let go, so that a tick over ten thousand never holds it for longer."""
LOOK_EVERY = 32
"""After so many subscribers it is seen whether that is so."""
AUDIENCE_INTERVAL_MS = 10_000
FOLLOWER_LATE_MS = 2_000

log = structlog.get_logger()


async def run_ticker(
    hub: Hub,
    clock: Clock,
    tick_ms: int,
    on_deadline: Callable[[str], Awaitable[object]],
    on_audience: Callable[[], Awaitable[object]],
    leads: Callable[[], bool] = lambda: True,
) -> None:
    """Tick until cancelled. What fails is tried again at the next tick and stops nothing else: one session's lock that
    cannot be stored keeps no other session from its audience.
    """
    audience_at_ms = clock.now_ms()
    begun: dict[str, asyncio.Task[None]] = {}

    def is_under_way(name: str) -> bool:
        return name in begun and not begun[name].done()

    def begin(name: str, work: Callable[[], Awaitable[object]]) -> None:
        # Not awaited here: what waits for a busy writer keeps nobody from the tallies.
        if not is_under_way(name):
            begun[name] = asyncio.create_task(_tried(work()), name="arena-tick")

    async with _ended(begun):
        loop = asyncio.get_running_loop()
        beat = loop.time()
        while True:
            # From beat to beat, so that the time that a tick takes lowers no rate; beats that were missed are let go.
            beat = max(beat + tick_ms / 1000, loop.time())
            await asyncio.sleep(beat - loop.time())
            now_ms = clock.now_ms()
            # Who leads rings at once; the others, should nobody lead, a little later: what is done is done once.
            for code in hub.due(now_ms - (0 if leads() else FOLLOWER_LATE_MS)):
                begin(code, partial(on_deadline, code))
            for code, live in list(hub.live.items()):
                await _tried(_publish(hub, live))
                # To tell a crowd takes longer than a tick: overlays do not wait for that.
                phones = f"phones of {code}"
                if not is_under_way(phones) and (due := hub.phones(live)):
                    begin(phones, partial(tell, live, due))
            if now_ms - audience_at_ms >= AUDIENCE_INTERVAL_MS and leads():
                audience_at_ms = now_ms
                begin("audience", on_audience)


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


async def publish(hub: Hub, live: LiveSession) -> None:
    """Offer what is new of a session to whoever is to be told now, letting others run in between."""
    await _publish(hub, live)
    await tell(live, hub.phones(live))


async def _publish(hub: Hub, live: LiveSession) -> None:
    await tell(live, hub.publish(live))


async def tell(live: LiveSession, subscribers: Sequence[Subscriber]) -> None:
    """Offer each the newest frame of its view. What is newer by the time that its turn comes, it is given at once."""
    ends = perf_counter() + HELD_SECONDS_MAX
    for i in range(0, len(subscribers), LOOK_EVERY):
        frames = live.frames
        public, staff, voter = frames["public"], frames["staff"], frames.get("voter")
        for each in subscribers[i : i + LOOK_EVERY]:
            if each.staff:
                each.offer(staff)
            else:
                each.offer(voter if voter is not None and live.has_voted(each.voter) else public)
        if perf_counter() > ends:
            await asyncio.sleep(0)
            ends = perf_counter() + HELD_SECONDS_MAX
