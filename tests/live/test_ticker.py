"""The tick: what fails in one session keeps no other from its audience."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from app.domain.lifecycle import Phase
from app.live.facts import SessionLoaded
from app.live.hub import Hub
from app.live.ticker import run_ticker
from tests.conftest import FakeClock
from tests.live.test_hub import Listener
from tests.live.values import a_round, a_session, counted

TICK_MS = 1


async def ticking(hub: Hub, clock: FakeClock, seconds: float, **calls: Any) -> None:
    async def nothing(*_: object) -> None: ...

    task = asyncio.create_task(
        run_ticker(hub, clock, TICK_MS, calls.get("on_deadline", nothing), calls.get("on_audience", nothing))
    )
    await asyncio.sleep(seconds)
    assert not task.done(), "a tick that fails ends nothing"
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def two_sessions(clock: FakeClock) -> tuple[Hub, Listener, Listener]:
    hub = Hub(clock, epoch=5, sockets_max=10)
    due = a_round(closes_at_ms=clock.now_ms(), locks_at_ms=clock.now_ms())
    first, second = a_session(due, code="FIRST1"), replace(a_session(a_round(run_id=8), code="SECOND"), id=2)
    listeners = Listener(), Listener()
    for session, listener in zip((first, second), listeners, strict=True):
        hub.learn([SessionLoaded(session, {}, {}, set())])
        hub.subscribe(hub.live[session.code], listener)
    return hub, *listeners


def test_a_deadline_that_cannot_be_stored_is_tried_again_and_stops_no_other_session(
    clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    hub, first, second = two_sessions(clock)
    tried = []

    async def on_deadline(code: str) -> None:
        tried.append(code)
        raise OSError("no space left")

    hub.learn([counted("SECOND", 8, votes={"red": 1}, turnout=1)])
    asyncio.run(ticking(hub, clock, 0.1, on_deadline=on_deadline))
    assert set(tried) == {"FIRST1"}
    assert len(tried) > 3
    assert second.newest["tally"]["votes"] == 1
    assert first.newest["round"]["phase"] == Phase.OPEN
    assert "no space left" in capsys.readouterr().out


def test_a_session_that_cannot_be_rendered_keeps_no_other_from_its_audience(
    clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    hub, _, second = two_sessions(clock)
    hub.learn([counted("FIRST1", 7, votes={"red": 1}), counted("SECOND", 8, votes={"red": 1})])
    hub.live["FIRST1"].overlays.seen["x"] = {
        "id": object(),
        "bus": "preview",
        "verified": True,
        "seen_at_ms": clock.now_ms(),
    }
    asyncio.run(ticking(hub, clock, 0.1))
    assert second.newest["tally"]["votes"] == 1
    assert "a tick failed" in capsys.readouterr().out


def test_the_audience_is_kept_every_ten_seconds(clock: FakeClock) -> None:
    hub, *_ = two_sessions(clock)
    kept = []

    async def on_audience() -> None:
        kept.append(clock.now_ms())

    async def ten_minutes() -> None:
        task = asyncio.create_task(ticking(hub, clock, 0.25, on_audience=on_audience))
        for _ in range(4):
            await asyncio.sleep(0.04)
            clock.forward(10_000)
        await task

    asyncio.run(ten_minutes())
    assert len(kept) == 4


def test_a_lock_that_waits_ends_with_the_ticker(clock: FakeClock) -> None:
    hub, *_ = two_sessions(clock)
    ended = []

    async def on_deadline(code: str) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(code)

    async def run() -> None:
        await ticking(hub, clock, 0.05, on_deadline=on_deadline)
        assert ended == ["FIRST1"], "nothing that the ticker began outlives it"

    asyncio.run(run())
