"""For the engineer who runs it: alive, ready, metrics."""

import asyncio
from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.domain.errors import NotStored, Overloaded
from app.domain.warning import REFUSAL_BYTES
from app.routers.deps import ArenaOf, problems
from app.routers.limits import Admission
from app.services import health
from app.services.arena import Arena

READY_SECONDS_MAX = 2

router = APIRouter(tags=["operator"])


@router.get("/healthz", summary="The process lives")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz", summary="It can read and write", responses=problems(503))
async def readyz(arena: ArenaOf) -> dict[str, str]:
    """Reads and commits within two seconds, or answers 503. Redis may be away: voting goes on without it."""
    try:
        async with asyncio.timeout(READY_SECONDS_MAX):
            await arena.read(health.ask)
            await arena.write(health.touch)
            free = await asyncio.to_thread(health.room, arena)
    except TimeoutError:
        raise Overloaded("The database does not answer; look at the disk and the log.", retry_after_s=5) from None
    if free is not None and free < REFUSAL_BYTES:
        # The log of the database is written over and over: on a full disk small commits go well for a while.
        raise NotStored("The disk is full; make room, or votes will be refused.", retry_after_s=5)
    ready = {"status": "ready", "database": "ok", "writer": "ok"}
    if arena.cluster is not None:
        ready |= {"redis": "ok" if await arena.cluster.redis.ping() else "away", "leads": str(arena.leads).lower()}
    return ready


for _path, _probe in (("/healthz", healthz), ("/readyz", readyz)):
    # Probes ask with HEAD; the documentation shows GET.
    router.add_api_route(_path, _probe, methods=["HEAD"], include_in_schema=False)


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def metrics(request: Request, arena: ArenaOf) -> Response:
    registry = CollectorRegistry()
    registry.register(_ArenaCollector(arena, request.app.state.admission))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _ArenaCollector(Collector):
    """Reads the arena's own counters when asked; nothing is counted twice."""

    def __init__(self, arena: Arena, admission: Admission) -> None:
        self._arena = arena
        self._admission = admission

    def collect(self) -> Iterator[Metric]:
        hub, writer = self._arena.hub, self._arena.writer
        yield GaugeMetricFamily("arena_sockets", "Open sockets and event streams.", hub.sockets)
        yield GaugeMetricFamily("arena_sessions_live", "Sessions held in memory.", len(hub.live))
        yield GaugeMetricFamily("arena_writes_waiting", "Writes that wait for their commit.", writer.waiting)
        yield CounterMetricFamily("arena_commits", "Transactions committed.", writer.commits)
        yield CounterMetricFamily("arena_commit_failures", "Transactions that failed.", writer.failures)
        yield CounterMetricFamily("arena_publications", "Tallies published.", hub.published)
        yield CounterMetricFamily("arena_frames_offered", "Frames offered to subscribers.", hub.offered)
        admission = self._admission
        yield GaugeMetricFamily("arena_requests_in_flight", "HTTP requests being worked on.", admission.in_flight)
        yield CounterMetricFamily("arena_requests_refused_full", "Refused with 503.", admission.refused_full)
        yield CounterMetricFamily("arena_requests_refused_fast", "Phones refused with 429.", admission.refused_fast)
        online = votes = likes = 0
        for live in hub.live.values():
            online += live.online()
            votes += sum(sum(each.votes.values()) for each in live.counts.values())
            likes += sum(sum(each.likes.values()) for each in live.counts.values())
        # Over all sessions: the list of codes is the crew's.
        yield GaugeMetricFamily("arena_online", "People on line.", online)
        yield GaugeMetricFamily("arena_votes", "Votes in the rounds' present runs.", votes)
        yield GaugeMetricFamily("arena_likes", "Likes in the rounds' present runs.", likes)
