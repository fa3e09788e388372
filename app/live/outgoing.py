"""Outgoing automations: watches the public frames of sessions, and calls other tools when something happens.

Lives on the event loop. A session with automations has one subscriber of the hub, which never waits; each automation
has one task and one bounded queue, so one that hangs delays no other, and nothing here is ever awaited by the hub or
the ticker. What was already true when a session is first watched sets nothing off. Only the public's view is read.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson
import structlog

from app.domain.clock import Clock
from app.domain.trigger import Happening, Trigger, happened, milestones
from app.live.calls import AllowList, Caller, Outcome
from app.live.close_codes import CloseCode
from app.live.hub import Frame, Hub, LiveSession
from app.schemas.automation import HttpAction, OscAction, Target, target_text

TRIES_MAX = 3
BACKOFF_SECONDS = 0.5
PENDING_MAX = 100
AGE_SECONDS_MAX = 60.0
"""What could not be delivered for so long is given up: a picture that changes a minute late is worse than none."""
FAILURES_MAX = 5
PAUSE_SECONDS = 30.0

Flatten = Callable[[Mapping[str, Any]], Mapping[str, Any]]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Automation:
    """What is called when. `every_ms` is there for `tally_changed` alone, `milestone` for `likes_milestone`."""

    id: int
    name: str
    trigger: Trigger
    every_ms: int | None
    milestone: int | None
    action: HttpAction | OscAction = field(repr=False)
    enabled: bool


@dataclass(slots=True)
class State:
    """How an automation went since the service started."""

    fired: int = 0
    delivered: int = 0
    failures: int = 0
    dropped: int = 0
    last_fired_at_ms: int | None = None
    last_delivered_at_ms: int | None = None
    last_status: int | None = None
    last_error: str = ""
    missing: tuple[str, ...] = ()

    def note(self, outcome: Outcome, now_ms: int) -> None:
        self.last_status, self.last_error, self.missing = outcome.status, outcome.error, outcome.missing
        if outcome.ok:
            self.delivered += 1
            self.last_delivered_at_ms = now_ms
        else:
            self.failures += 1


class Moment:
    """One public tally document; what is made of it is made once, however many automations ask."""

    def __init__(self, frame: Frame, flatten: Flatten) -> None:
        self.document: Mapping[str, Any] = orjson.loads(frame.payload)
        self.version = frame.version
        self.etag = frame.etag
        self._flatten = flatten

    @cached_property
    def flat(self) -> Mapping[str, Any]:
        return self._flatten(self.document)

    def with_event(self, happening: Happening, event_id: str) -> dict[str, Any]:
        """Return what templates read: the document, the flat feed under `flat`, what happened under `event`."""
        names = {each["key"]: each["name"] for each in (self.document["round"] or {"choices": []})["choices"]}
        event = {
            "id": event_id,
            "trigger": str(happening.trigger),
            "round": happening.round,
            "choice": happening.choice,
            "choice_name": names.get(happening.choice),
            "likes": happening.likes,
        }
        return {**self.document, "flat": self.flat, "event": event}


@dataclass(frozen=True, slots=True)
class Job:
    happening: Happening
    moment: Moment
    event_id: str
    due_until: float
    """By the loop's clock."""


class Circuit:
    """Leaves a target alone for a while after failures in a row; then one more failure is enough."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._failures = 0
        self._until = 0.0
        self._again = asyncio.Event()
        """Set by a call that went well before the pause was over, such as a test by hand."""
        self.paused_until_ms: int | None = None

    async def closed(self) -> None:
        """Return when the target may be called."""
        loop = asyncio.get_running_loop()
        while (left := self._until - loop.time()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._again.wait()

    def note(self, outcome: Outcome) -> None:
        if outcome.alive:
            self._failures, self._until, self.paused_until_ms = 0, 0.0, None
            self._again.set()
            return
        self._failures += 1
        now = asyncio.get_running_loop().time()
        # Calls that were under way when the pause began end in it, and lengthen nothing.
        if self._failures >= FAILURES_MAX and now >= self._until:
            self._again.clear()
            self._until = now + PAUSE_SECONDS
            self.paused_until_ms = self._clock.now_ms() + round(PAUSE_SECONDS * 1000)
            log.warning("automation target paused", target=self._name, error=outcome.error)


class Runner:
    """One automation that is switched on: its queue, and the task that empties it."""

    def __init__(self, automation: Automation, code: str, state: State, circuit: Circuit, caller: Caller, clock: Clock):
        self.automation = automation
        self._code = code
        self._state = state
        self._circuit = circuit
        self._caller = caller
        self._clock = clock
        self._jobs: deque[Job] = deque()
        self._newest: Job | None = None
        self._wake = asyncio.Event()
        self._delivering = False
        self._next_at = 0.0
        self._count = 0
        self._task = asyncio.create_task(self._run(), name=f"arena-automation-{automation.id}")

    @property
    def pending(self) -> int:
        return len(self._jobs) + (self._newest is not None) + self._delivering

    def fire(self, happening: Happening, moment: Moment) -> None:
        """Put a call into the queue and return at once."""
        self._count += 1
        self._state.fired += 1
        self._state.last_fired_at_ms = self._clock.now_ms()
        event_id = f"{self._code}-{moment.document['epoch']}-{moment.version}-{self.automation.id}-{self._count}"
        job = Job(happening, moment, event_id, asyncio.get_running_loop().time() + AGE_SECONDS_MAX)
        if happening.trigger is Trigger.TALLY_CHANGED:
            self._newest = job
        else:
            if len(self._jobs) >= PENDING_MAX:
                self._jobs.popleft()
                self._state.dropped += 1
            self._jobs.append(job)
        self._wake.set()

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            await self._paced()
            await self._circuit.closed()
            job = self._taken()
            if job is None:
                self._wake.clear()
                continue
            self._delivering = True
            try:
                await self._deliver(job)
            except Exception as error:
                # Its own fault must not end it; what the call held stays out of the log.
                self._state.last_error = "It failed inside the service; see the log."
                log.error("automation failed", session=self._code, id=self.automation.id, error=type(error).__name__)
            finally:
                self._delivering = False

    async def _paced(self) -> None:
        if self.automation.every_ms is not None:
            await asyncio.sleep(max(0.0, self._next_at - asyncio.get_running_loop().time()))

    def _taken(self) -> Job | None:
        if self._jobs:
            return self._jobs.popleft()
        job, self._newest = self._newest, None
        return job

    async def _deliver(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        automation, state = self.automation, self._state
        await self._caller.ready()
        if automation.every_ms is not None:
            self._next_at = loop.time() + automation.every_ms / 1000
        document = job.moment.with_event(job.happening, job.event_id)
        # Of a tally the next one is newer than a second try.
        tries = 1 if job.happening.trigger is Trigger.TALLY_CHANGED else TRIES_MAX
        for number in range(1, tries + 1):
            await self._circuit.closed()
            if loop.time() > job.due_until:
                state.last_error = state.last_error or f"It waited for more than {AGE_SECONDS_MAX:g} s."
                break
            outcome = await self._caller.call(automation.action, document, job.event_id)
            self._circuit.note(outcome)
            state.note(outcome, self._clock.now_ms())
            if outcome.ok:
                return
            if not outcome.retry or number == tries:
                break
            await asyncio.sleep(BACKOFF_SECONDS * 2 ** (number - 1) * random.uniform(0.5, 1.5))  # noqa: S311
        state.dropped += 1
        if tries > 1:
            log.warning("automation given up", session=self._code, id=automation.id, error=state.last_error)


class Watcher:
    """A session's one subscriber. Keeps the newest public frame until its task has compared it with the last."""

    def __init__(self, flatten: Flatten, calls: Callable[[], bool]) -> None:
        self._calls = calls
        self.staff = False
        self.token_id = 0
        self.expires_at_ms = 0
        self.voter = ""
        self.present = False
        self.runners: dict[int, Runner] = {}
        self._flatten = flatten
        self._last: Moment | None = None
        self._newest: Frame | None = None
        self._wake = asyncio.Event()

    def offer(self, frame: Frame) -> None:
        if self._last is None:
            # What is true already sets nothing off. Kept at once: the next frame may come before the task runs.
            self._last = Moment(frame, self._flatten)
        else:
            self._newest = frame
            self._wake.set()

    def cut(self, _code: CloseCode) -> None:
        """Only a service that goes down cuts it, and that ends it by `Outgoing.close`."""

    async def run(self) -> None:
        """Compare frames until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            frame, self._newest = self._newest, None
            if frame is None or self._last is None or frame.etag == self._last.etag:
                continue
            before, self._last = self._last, Moment(frame, self._flatten)
            try:
                self._compare(before, self._last)
            except Exception as error:
                log.error("automations not judged", error=type(error).__name__)

    def _compare(self, before: Moment, after: Moment) -> None:
        if not self._calls():
            return
        happenings = happened(before.document, after.document)
        for runner in self.runners.values():
            automation = runner.automation
            if automation.milestone is not None:
                own = milestones(before.document, after.document, automation.milestone)
            else:
                own = [each for each in happenings if each.trigger is automation.trigger]
            for each in own:
                runner.fire(each, after)


class Outgoing:
    """All automations of this process. Made once in the lifespan."""

    def __init__(
        self, hub: Hub, clock: Clock, allowed: AllowList, flatten: Flatten, calls: Callable[[], bool] = lambda: True
    ) -> None:
        self.allowed = allowed
        self._calls = calls
        """Whether this process calls; of several that watch, one does."""
        self.changing = asyncio.Lock()
        """Held by who reads automations from the database to hand them to `put`: what was read last stands."""
        self._hub = hub
        self._clock = clock
        self._flatten = flatten
        self._caller = Caller(allowed)
        self._circuits: dict[tuple[str, Target], Circuit] = {}
        self._states: dict[int, State] = {}
        self._watchers: dict[str, tuple[LiveSession, Watcher, asyncio.Task[None]]] = {}
        self.known: set[str] = set()
        """Sessions whose automations were handed over, those without any too."""
        self.testing = 0

    async def put(self, live: LiveSession, automations: Iterable[Automation]) -> None:
        """Take a session's automations in the place of those it had. What waits of a changed one is dropped."""
        code = live.session.code
        self.known.add(code)
        wanted = {each.id: each for each in automations if each.enabled}
        watched = self._watchers.get(code)
        if watched is None:
            if not wanted:
                return
            watcher = Watcher(self._flatten, self._calls)
            self._hub.subscribe(live, watcher)
            task = asyncio.create_task(watcher.run(), name=f"arena-automations-{code}")
            watched = self._watchers[code] = (live, watcher, task)
        watcher = watched[1]
        for automation_id, runner in list(watcher.runners.items()):
            if wanted.get(automation_id) != runner.automation:
                del watcher.runners[automation_id]
                await runner.stop()
        for automation_id, automation in wanted.items():
            if automation_id not in watcher.runners:
                watcher.runners[automation_id] = Runner(
                    automation, code, self.state(automation_id), self._circuit(automation), self._caller, self._clock
                )
        if not wanted:
            await self._unwatch(code)

    def state(self, automation_id: int) -> State:
        return self._states.setdefault(automation_id, State())

    def forget(self, automation_id: int) -> None:
        self._states.pop(automation_id, None)

    def pending(self, code: str, automation_id: int) -> int:
        watched = self._watchers.get(code)
        runner = watched[1].runners.get(automation_id) if watched else None
        return runner.pending if runner else 0

    def paused_until_ms(self, automation: Automation) -> int | None:
        circuit = self._circuits.get((automation.action.kind, automation.action.target))
        until_ms = circuit.paused_until_ms if circuit else None
        return until_ms if until_ms is not None and until_ms > self._clock.now_ms() else None

    async def test(self, live: LiveSession, automation: Automation) -> Outcome:
        """Call once with the present public tally, past the queue and a paused target."""
        self._hub.refresh(live)
        moment = Moment(live.frames["public"], self._flatten)
        round_ = moment.document["round"] or {"number": None, "choices": []}
        happening = Happening(automation.trigger, round_["number"])
        if automation.milestone is not None and round_["choices"]:
            happening = Happening(
                automation.trigger, round_["number"], round_["choices"][0]["key"], automation.milestone
            )
        event_id = f"{live.session.code}-{moment.document['epoch']}-{moment.version}-{automation.id}-test"
        outcome = await self._caller.call(automation.action, moment.with_event(happening, event_id), event_id)
        self._circuit(automation).note(outcome)
        self.state(automation.id).note(outcome, self._clock.now_ms())
        return outcome

    async def close(self) -> None:
        """End all tasks. What was still waiting is dropped."""
        for code in list(self._watchers):
            await self._unwatch(code)
        await self._caller.close()

    def _circuit(self, automation: Automation) -> Circuit:
        key = automation.action.kind, automation.action.target
        if key not in self._circuits:
            self._circuits[key] = Circuit(target_text(key[1]), self._clock)
        return self._circuits[key]

    async def _unwatch(self, code: str) -> None:
        live, watcher, task = self._watchers.pop(code)
        self._hub.unsubscribe(live, watcher)
        task.cancel()
        await asyncio.gather(task, *(each.stop() for each in watcher.runners.values()), return_exceptions=True)
