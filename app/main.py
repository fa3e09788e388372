"""Wires the arena together: settings in, application out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from app.domain.clock import Clock, SystemClock
from app.feeds.flat_json import flat
from app.live.calls import AllowList
from app.live.outgoing import Outgoing
from app.live.ticker import run_ticker
from app.osc import OscIn, checked_reader
from app.routers import (
    air,
    asyncapi,
    audience,
    automations,
    crew,
    feeds,
    joining,
    ograf,
    operator,
    pages,
    preflight,
    records,
    rehearsals,
    seasons,
    sessions,
    standings,
    tickets,
    visits,
    wechat,
)
from app.routers.front import FrontedApp
from app.routers.limits import Admission, Limits
from app.routers.problems import add_problem_handlers
from app.services import reports, rounds
from app.services.air import run_air
from app.services.arena import Arena
from app.services.automations import run_automations
from app.services.automations import start as start_automations
from app.services.crowds import Crowds
from app.services.gate import Gate
from app.services.preflight import Preflights
from app.services.purge import run_purge
from app.services.rehearsals import run_rehearsals
from app.services.visits import visit_gate
from app.services.wechat import WeChat
from app.settings import Settings

VERSION = "0.1.0"


def create_app(settings: Settings, clock: Clock | None = None) -> FrontedApp:
    """Build the application. Nothing is opened before its lifespan begins.

    Raises:
        ValueError: settings that do not fit together, with a sentence that says what to set.
    """
    settings.refuse_impossible()
    allowed = AllowList(settings.automation_targets)
    osc_reader = checked_reader(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        arena = await asyncio.to_thread(Arena, settings, clock or SystemClock())
        app.state.arena = arena
        app.state.gate = Gate(
            settings, arena.clock, arena.signing_secret, arena.cluster.redis if arena.cluster else None
        )
        app.state.visit_gate = visit_gate(arena, settings)
        app.state.wechat = WeChat(arena, settings)
        app.state.preflights = Preflights(arena)
        app.state.crowds = crowds = Crowds(settings, arena.clock, arena.hub)
        app.state.outgoing = outgoing = Outgoing(arena.hub, arena.clock, allowed, flat, lambda: arena.leads)
        await arena.start()
        await start_automations(arena, outgoing)
        osc = OscIn(arena, osc_reader) if osc_reader else None
        if osc is not None:
            await osc.start()
        ticker = asyncio.create_task(
            run_ticker(
                arena.hub,
                arena.clock,
                settings.tick_ms,
                lambda code: rounds.deadline(arena, code),
                lambda: reports.keep_audience(arena),
                lambda: arena.leads,
            ),
            name="arena-ticker",
        )
        purge = asyncio.create_task(run_purge(arena), name="arena-purge")
        logging = asyncio.create_task(run_air(arena), name="arena-air")
        watching = asyncio.create_task(run_automations(arena, outgoing), name="arena-automations")
        rehearsing = asyncio.create_task(run_rehearsals(arena), name="arena-rehearsals")
        try:
            yield
        finally:
            for task in (ticker, purge, watching, logging, rehearsing):
                task.cancel()
            await asyncio.gather(ticker, purge, watching, logging, rehearsing, return_exceptions=True)
            if osc is not None:
                await osc.close()
            await crowds.close()
            await outgoing.close()
            await app.state.wechat.close()
            arena.hub.cut_all()
            try:
                await reports.keep_audience(arena)
            finally:
                await arena.stop()

    app = FrontedApp(
        title="Pioneer Arena 先锋擂台",
        version=VERSION,
        summary="Live PK sessions: likes and votes from phones, exact tallies for overlays.",
        lifespan=lifespan,
        redoc_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    add_problem_handlers(app)
    app.state.admission = Admission(settings.requests_in_flight_max)
    app.add_middleware(Limits, admission=app.state.admission)
    # The last one added is the outermost: refusals of the others are readable from other origins too.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "Last-Event-ID"],
        expose_headers=["ETag", "Retry-After", "Location", *feeds.HEADERS],
        max_age=86_400,
    )
    for router in (
        sessions.router,
        sessions.commands,
        air.router,
        air.records,
        joining.router,
        tickets.router,
        audience.router,
        feeds.router,
        crew.router,
        preflight.router,
        records.router,
        rehearsals.router,
        automations.router,
        seasons.router,
        standings.router,
        visits.router,
    ):
        app.include_router(router, prefix="/api/v1")
    app.include_router(operator.router)
    app.include_router(asyncapi.router)
    app.include_router(feeds.schemas)
    app.include_router(pages.router)
    app.include_router(ograf.router)
    app.include_router(wechat.router)
    return app
