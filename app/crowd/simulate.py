"""The simulation from its first join to its closing check.

Owns every task of the crowd: they are born here, named, and ended here, also when the caller is cancelled. It
gives no commands to the service; rounds are opened and locked by others.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import httpx2

from app.crowd import plan
from app.crowd.board import Board
from app.crowd.check import check_all
from app.crowd.history import check_history, write_history
from app.crowd.options import CrowdError, CrowdOptions, Progress, ProgressSink, Reading, RunKey
from app.crowd.phones import Ground, Phone, PollingPhone, SocketPhone
from app.crowd.player import Player
from app.crowd.record import Record
from app.crowd.report import CrowdReport, RunFigures, percentiles
from app.crowd.service import Service

GLANCE_S = 0.2
JOIN_S_MAX = 60.0
"""How long the beginning waits for the last voter; who comes later takes part all the same."""
CONVERGE_S = 5.0
"""How long the tally may lag behind the acknowledgements: a tick, a flush, a cache's second, reserve."""


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loops where it is installed: a crowd of thousands shares the machine with the service."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def simulate(
    options: CrowdOptions, *, progress: ProgressSink | None = None, stop: asyncio.Event | None = None
) -> CrowdReport:
    """Run a crowd against a running service, then check the service's figures against what was acknowledged.

    The seconds count from when everybody is online; `stop` ends them early. Ends at the latest `settle_s`
    and a few seconds after that. When cancelled it drops its connections and checks nothing.

    Raises:
        CrowdError: the service does not answer at the beginning, or does not know the session.
    """
    async with httpx2.AsyncClient(base_url=options.base_url, timeout=10, trust_env=False) as client:
        service = Service(options, client)
        await service.until_up(10.0)
        crowd = _Crowd(options, service, progress)
        try:
            await crowd.play(stop or asyncio.Event())
            await crowd.settle()
        finally:
            await crowd.leave()
        report = await crowd.closing()
    if options.history is not None:
        write_history(options.history, crowd.record.history)
    return report


class _Crowd:
    """One simulation under way."""

    def __init__(self, options: CrowdOptions, service: Service, progress: ProgressSink | None) -> None:
        self.options, self.service, self._progress = options, service, progress
        self.record, self.board = Record(), Board()
        self._ground = Ground(options, self.board, self.record)
        self._phones: list[Phone] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._base: dict[RunKey, Reading] = {}
        self._hidden_base: set[RunKey] = set()
        self._began = time.monotonic()
        self._cpu_began = time.process_time()
        self._played_s = 0.0
        self._cpu_s = 0.0

    async def play(self, stop: asyncio.Event) -> None:
        """Let everybody join and take part for the seconds asked."""
        session = await self.service.session()
        if self.options.rehearsal and session.get("rehearsal") is not True:
            raise CrowdError(f"{self.options.code} is no rehearsal; no crowd plays where votes count.")
        self.board.learn(session)
        self._base, self._hidden_base = await self.service.base()
        self._make_phones([each["key"] for each in session["channels"] if each.get("identity", "device") == "device"])
        self._start(self._keep_learning(), "crowd-board")
        for phone in self._phones:
            self._start(phone.run(), f"crowd-voter-{phone.player.number}")
        deadline = time.monotonic() + JOIN_S_MAX
        while self._ground.online < self.options.voters and time.monotonic() < deadline and not stop.is_set():
            await self._glance("joining", stop)
        self._began, self._cpu_began = time.monotonic(), time.process_time()
        while time.monotonic() < self._began + self.options.seconds and not stop.is_set():
            await self._glance("playing", stop)
        self._played_s = time.monotonic() - self._began
        self._cpu_s = time.process_time() - self._cpu_began

    async def settle(self) -> None:
        """Begin nothing new, and wait until every vote has its answer or the time is up."""
        for phone in self._phones:
            phone.player.stop()
            phone.arm()
        deadline = time.monotonic() + self.options.settle_s
        while time.monotonic() < deadline and not all(phone.player.settled for phone in self._phones):
            await self._glance("settling", None)
        for phone in self._phones:
            phone.player.conclude()

    async def leave(self) -> None:
        """End every task and connection."""
        for phone in self._phones:
            phone.disarm()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for phone in self._phones:
            phone.hang_up()
        await asyncio.to_thread(self._ground.worker.close)

    async def closing(self) -> CrowdReport:
        """Hold the service's figures against what was acknowledged."""
        self._tell("checking")
        problems: list[str] = []
        notes: list[str] = []
        readings: dict[RunKey, Reading] = {}
        converged_s: float | None = None
        began = time.monotonic()
        while True:
            try:
                await self.service.until_up(self.options.settle_s)
                readings, unread = await self.service.readings(self.record.runs - self._hidden_base)
                problems = check_all(
                    self.record.history, self.record.likes, self._base, readings, alone=self.options.alone
                )
                if not problems:
                    problems = await self._check_ledgers(readings, notes)
            except (CrowdError, httpx2.TransportError) as error:
                problems, unread = [f"the closing check could not be made: {error}"], {}
            if not problems:
                converged_s = time.monotonic() - began
            if not problems or time.monotonic() > began + CONVERGE_S:
                break
            await asyncio.sleep(0.3)
        notes += [f"round {n} run {run} was not checked: {why}" for (n, run), why in sorted(unread.items())]
        notes += [
            f"round {n} run {run} was not checked: what stood before the crowd came is hidden from it"
            for n, run in sorted(self._hidden_base)
        ]
        return self._report(problems, notes, readings, converged_s, len(unread) + len(self._hidden_base))

    async def _check_ledgers(self, readings: dict[RunKey, Reading], notes: list[str]) -> list[str]:
        """Hold the history against the ledgers that may be seen, where nobody was there before this crowd."""
        problems: list[str] = []
        notes.clear()
        for number in sorted({number for number, _ in readings}):
            rows = await self.service.ledger(number)
            if rows is None:
                continue
            # Ballots from before the crowd came would stand there as nobody's.
            runs = {(row.round, row.run) for row in rows} & set(readings) - set(self._base)
            history = [event for event in self.record.history if (event.round, event.run) in runs]
            rows = [row for row in rows if (row.round, row.run) in runs]
            problems += check_history(history, rows, alone=self.options.alone)
            if runs:
                notes.append(f"the ledger of round {number} holds {len(rows)} ballots and fits the history")
        return problems

    def _report(
        self,
        problems: list[str],
        notes: list[str],
        readings: dict[RunKey, Reading],
        converged_s: float | None,
        unchecked: int,
    ) -> CrowdReport:
        record = self.record
        faults = [*record.faults]
        if record.faults_total > len(faults):
            faults.append(f"and {record.faults_total - len(faults)} more of this kind")
        return CrowdReport(
            voters=self.options.voters,
            joined=self._ground.joined,
            played_s=self._played_s,
            cpu_share=self._cpu_s / self._played_s if self._played_s else 0.0,
            counts=dict(record.counts),
            refusals=dict(record.refusals.most_common()),
            closes=dict(record.closes),
            vote_ms=percentiles(record.vote_latencies_ms),
            like_ms=percentiles(record.like_latencies_ms),
            runs=RunFigures.of(record.history, record.likes, self._base, readings),
            converged_s=converged_s,
            problems=[*faults, *problems],
            notes=notes,
            unchecked=unchecked,
        )

    def _make_phones(self, channels: list[str]) -> None:
        options = self.options
        rng = Random(options.seed)  # noqa: S311  # a simulation, seeded on purpose
        weights = dict(options.channels) if options.channels else dict.fromkeys(channels, 1.0)
        if not options.channels and channels:
            weights[channels[0]] = 3.0
        if options.rehearsal and (closed := sorted(weights.keys() - set(channels))):
            raise CrowdError(f"The channel {closed[0]} is not there, or asks for more than a phone: name others.")
        names = list(weights) or ["web"]
        tied = options.race == "tied"
        if options.race is None:
            drawn = rng.choices(names, [weights.get(name, 1.0) for name in names], k=options.voters)
        else:
            # Two of a pair take the same way, or a channel's delay or weight would part them.
            ways = plan.mixed(rng, weights or {"web": 1.0}, (options.voters + 1) // 2 if tied else options.voters)
            drawn = [ways[number // 2 if tied else number] for number in range(options.voters)]
        horizon_at = asyncio.get_running_loop().time() + options.seconds
        for number, channel in enumerate(drawn):
            player = Player(number, options, self.board, self.record, horizon_at)
            kind = SocketPhone if tied or rng.random() < options.websocket_share else PollingPhone
            self._phones.append(kind(self._ground, player, channel))

    async def _keep_learning(self) -> None:
        """Fetch the session again whenever a run is seen whose choices are not known."""
        while True:
            await self.board.stale.wait()
            try:
                self.board.learn(await self.service.session())
            except (CrowdError, httpx2.TransportError):
                await asyncio.sleep(0.5)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(self._ground.ended)
        self._tasks.append(task)

    async def _glance(self, stage: str, stop: asyncio.Event | None) -> None:
        self._tell(stage)
        if stop is None:
            await asyncio.sleep(GLANCE_S)
            return
        try:
            async with asyncio.timeout(GLANCE_S):
                await stop.wait()
        except TimeoutError:
            return

    def _tell(self, stage: str) -> None:
        if self._progress is None:
            return
        counts = self.record.counts
        self._progress(
            Progress(
                stage=stage,
                elapsed_s=0.0 if stage == "joining" else time.monotonic() - self._began,
                seconds=self.options.seconds,
                joined=self._ground.joined,
                online=self._ground.online,
                votes=counts["vote_ok"],
                likes=counts["likes_acked"],
                refused=self.record.refusals.total(),
                reconnects=max(0, counts["sockets_opened"] - self._ground.joined),
            )
        )
