"""Wires a replay together: a history in, an application out that serves it as the service served the session."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from app.domain.clock import Clock
from app.live.hub import Hub
from app.routers import asyncapi, audience, feeds, joining, ograf, pages, replay, sessions
from app.routers.limits import Admission, Limits
from app.routers.problems import add_problem_handlers
from app.services.history import History
from app.services.replay import Player, ReplayArena, run_player
from app.settings import Settings


def create_replay_app(
    settings: Settings,
    clock: Clock,
    history: History,
    controls_token: str,
    *,
    speed: float = 1,
    start_ms: int = 0,
    loop: bool = False,
    skip_quiet: bool = False,
    beside: Callable[[Player], AbstractContextManager[object]] = nullcontext,
) -> replay.ReplayApp:
    """Build the application. It has no database: the history is all it knows. `beside` is open while it plays.

    Raises:
        InvalidRequest: a speed that cannot be played.
    """
    # A QR that leads to the service would let people vote in a replay's place.
    settings = settings.model_copy(update={"public_url": ""})
    hub = Hub(clock, 0, settings.sockets_max, shared=True)
    player = Player(history, hub, clock, speed=speed, start_ms=start_ms, loop=loop, skip_quiet=skip_quiet)
    arena = ReplayArena(settings, clock, hub, player)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        playing = asyncio.create_task(run_player(player, hub, settings.tick_ms), name="arena-replay")
        try:
            with beside(player):
                yield
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            hub.cut_all()

    app = replay.ReplayApp(title="Pioneer Arena 先锋擂台: replay 重播", lifespan=lifespan, redoc_url=None)
    add_problem_handlers(app)
    app.state.arena = arena
    app.state.controls_token = controls_token
    app.state.admission = Admission(settings.requests_in_flight_max)
    app.add_middleware(replay.NothingCounts, arena=arena)
    app.add_middleware(Limits, admission=app.state.admission)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", "If-None-Match", "Last-Event-ID"],
        expose_headers=["ETag", *feeds.HEADERS],
        max_age=86_400,
    )
    app.include_router(replay.router)
    for router in (sessions.router, audience.router, feeds.router, joining.router):
        app.include_router(router, prefix="/api/v1")
    for router in (asyncapi.router, feeds.schemas, pages.router, ograf.router):
        app.include_router(router)
    return app
