"""Wires the arena together: settings in, application out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from app.domain.clock import Clock, SystemClock
from app.live.ticker import run_ticker
from app.routers import audience, crew, feeds, operator, pages, sessions, socket
from app.routers.limits import Limits
from app.routers.problems import add_problem_handlers
from app.services import reports, rounds
from app.services.arena import Arena
from app.settings import Settings

VERSION = "0.1.0"


def create_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """Build the application. Nothing is opened before its lifespan begins.

    Raises:
        ValueError: settings that do not fit together, with a sentence that says what to set.
    """
    settings.refuse_impossible()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        arena = await asyncio.to_thread(Arena, settings, clock or SystemClock())
        app.state.arena = arena
        await arena.start()
        ticker = asyncio.create_task(
            run_ticker(
                arena.hub,
                arena.clock,
                settings.tick_ms,
                lambda code: rounds.deadline(arena, code),
                lambda: reports.keep_audience(arena),
            ),
            name="arena-ticker",
        )
        try:
            yield
        finally:
            ticker.cancel()
            arena.hub.cut_all()
            try:
                await reports.keep_audience(arena)
            finally:
                await arena.stop()

    app = FastAPI(
        title="Pioneer Arena 先锋擂台",
        version=VERSION,
        summary="Live PK sessions: likes and votes from phones, exact tallies for overlays.",
        lifespan=lifespan,
        redoc_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    add_problem_handlers(app)
    app.add_middleware(Limits)
    # The last one added is the outermost: refusals of the others are readable from other origins too.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", "If-None-Match", "Last-Event-ID"],
        expose_headers=["ETag", "Retry-After", "Location", *feeds.HEADERS],
        max_age=86_400,
    )
    for router in (sessions.router, sessions.commands, audience.router, feeds.router, crew.router):
        app.include_router(router, prefix="/api/v1")
    app.include_router(socket.router)
    app.include_router(operator.router)
    app.include_router(feeds.schemas)
    app.include_router(pages.router)
    return app
