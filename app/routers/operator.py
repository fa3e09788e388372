"""For the engineer who runs it: alive, ready, metrics."""

import asyncio
import shutil
from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, text, update

from app.domain.errors import NotStored, Overloaded
from app.routers.deps import ArenaOf, problems
from app.routers.limits import Admission
from app.services.arena import Arena
from app.storage.backup import database_file
from app.storage.tables import ORIGIN
from app.storage.writer import Transaction

READY_SECONDS_MAX = 2
FREE_BYTES_MIN = 1_048_576

router = APIRouter(tags=["operator"])


@router.get("/healthz", summary="The process lives")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz", summary="It can read and write", responses=problems(503))
async def readyz(arena: ArenaOf) -> dict[str, str]:
    """Reads and commits within two seconds, or answers 503."""
    try:
        async with asyncio.timeout(READY_SECONDS_MAX):
            await arena.read(_ask)
            await arena.write(_touch)
            free_bytes = await asyncio.to_thread(_free_bytes, arena)
    except TimeoutError:
        raise Overloaded("The database does not answer; look at the disk and the log.", retry_after_s=5) from None
    if free_bytes < FREE_BYTES_MIN:
        # The log of the database is written over and over: on a full disk small commits go well for a while.
        raise NotStored("The disk is full; make room, or votes will be refused.", retry_after_s=5)
    return {"status": "ready", "database": "ok", "writer": "ok"}


for _path, _probe in (("/healthz", healthz), ("/readyz", readyz)):
    # Probes ask with HEAD; the documentation shows GET.
    router.add_api_route(_path, _probe, methods=["HEAD"], include_in_schema=False)


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def metrics(request: Request, arena: ArenaOf) -> Response:
    registry = CollectorRegistry()
    registry.register(_ArenaCollector(arena, request.app.state.admission))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _touch(transaction: Transaction) -> None:
    """Write a row as it is: an empty commit would succeed on a full disk."""
    transaction.connection.execute(update(ORIGIN).values(epoch=ORIGIN.c.epoch))


def _free_bytes(arena: Arena) -> int:
    return shutil.disk_usage(database_file(arena.settings.url).parent).free


def _ask(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))


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
