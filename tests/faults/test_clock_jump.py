"""The wall clock jumps by an hour in an open round: no vote after the lock, versions grow, the round ends once.

The service reads the wall clock once, at its start, and goes on by the monotonic one. So the first tests move the
machine's clock (as the process sees it) under a running service, and over a restart; the last one gives it a clock that
breaks its own promise and jumps.
"""

import random
import time
from contextlib import closing
from typing import Any

import pytest

import app.domain.clock as clock_module
from app.domain.clock import SystemClock
from app.settings import Settings
from app.storage.sqlite import sqlite_module
from app.verify import verify_ledger
from tests.conftest import FakeClock, Running, running
from tests.faults.figures import Figures
from tests.players import Crew, eventually, problem

HOUR_MS = 3_600_000
SEED = 20_26


class WallClock:
    """Stands in the place of `time` in the clock's module: the wall moves by hand, the monotonic time does not."""

    def __init__(self) -> None:
        self.offset_ms = 0

    def time_ns(self) -> int:
        return time.time_ns() + self.offset_ms * 1_000_000

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    made = WallClock()
    monkeypatch.setattr(clock_module, "time", made)
    return made


class Audience:
    """Votes one by one, and what each was told; with the tallies' epochs and versions as they were seen."""

    def __init__(self, service: Running, code: str) -> None:
        self.service = service
        self.code = code
        self.accepted: list[str] = []
        self.refused = 0
        self.late = 0
        """Accepted after somebody had seen the round locked."""
        self.seen = (0, 0)
        self._ended = False

    def vote(self) -> bool:
        self._look()
        answer = self.service.phone(self.code).vote("red")
        if answer.status_code == 200:
            self.accepted.append(answer.json()["receipt"])
            self.late += self._ended
        else:
            problem(answer, 409, "round_not_open")
            self.refused += 1
        self._look()
        return answer.status_code == 200

    def _look(self) -> None:
        document = self.service.crew().tally(self.code)
        now = (document["epoch"], document["version"])
        assert now >= self.seen, f"versions went back from {self.seen} to {now}"
        self.seen = now
        locked = document["round"]["phase"] == "locked"
        assert locked or not self._ended, "a locked round is open again"
        self._ended = locked


def locks(crew: Crew, code: str) -> int:
    """Count how often the run was brought to its end, by the audit log."""
    entries = crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]
    return sum((entry["after"] or {}).get("phase") == "locked" for entry in entries)


def the_books_hold(crew: Crew, audience: Audience) -> dict[str, Any]:
    """Assert that the ledger has what was acknowledged and nothing else, and that the result is its count."""
    root = f"/api/v1/sessions/{audience.code}/rounds/1"
    book: dict[str, Any] = crew.client.get(f"{root}/ledger").json()
    result = crew.client.get(f"{root}/result").json()
    assert sorted(row[1] for row in book["ballots"]) == sorted(audience.accepted)
    assert result["ballots"] == len(audience.accepted)
    assert locks(crew, audience.code) == 1, "a round ends once"
    assert audience.late == 0
    return book


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS], ids=["forward", "back"])
def test_a_jump_of_the_machines_clock_moves_no_deadline_of_a_running_service(
    settings: Settings, wall: WallClock, figures: Figures, jump_ms: int
) -> None:
    with running(settings, SystemClock()) as service:
        crew = service.crew()
        code = crew.make(rounds=[{"duration_ms": 2_500}])
        audience = Audience(service, code)
        began = time.monotonic()
        opened = crew.do(code, "open")["rounds"][0]
        assert audience.vote()
        wall.offset_ms = jump_ms
        before_ms = (time.monotonic() - began) * 1000
        assert before_ms < 2_000
        assert audience.vote(), "it is still open"
        assert crew.round(code)["closes_at_ms"] == opened["closes_at_ms"]
        crew.become(code, "locked")
        ended_ms = (time.monotonic() - began) * 1000
        assert not audience.vote()
        wall.offset_ms = 0
        assert not audience.vote()
        book = the_books_hold(crew, audience)
        assert verify_ledger(book, book["result"]["digest"]).problems == []
    figures(
        f"clock jump, running, an hour {'forward' if jump_ms > 0 else 'back'}",
        "the machine's clock, as the service sees it, is moved in an open round of 2.5 s",
        "the deadline comes when it would have; no vote after it; versions grow; the round ends once; verify holds",
        late_accepts=audience.late,
        round_of_2500_ms_ended_after_ms=ended_ms,
    )
    assert 2_400 < ended_ms < 4_000


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS], ids=["forward", "back"])
def test_a_jump_over_a_restart_in_an_open_round_accepts_nothing_after_its_end(
    settings: Settings, wall: WallClock, figures: Figures, jump_ms: int
) -> None:
    """A start reads the wall clock anew: forward, the deadline has passed; back, it comes an hour later."""
    with running(settings, SystemClock()) as service:
        crew = service.crew()
        code = crew.make(rounds=[{"duration_ms": 600_000}])
        crew.do(code, "open")
        audience = Audience(service, code)
        assert all(audience.vote() for _ in range(5))
        epoch = audience.seen[0]
    wall.offset_ms = jump_ms
    with running(settings, SystemClock()) as service:
        crew = service.crew()
        audience.service = service
        if jump_ms > 0:
            crew.become(code, "locked")
            assert not audience.vote()
        else:
            assert crew.round(code)["phase"] == "open"
            assert audience.vote(), "a round is never shortened by a clock that went back"
            crew.do(code, "lock")
        assert not audience.vote()
        assert audience.seen[0] > epoch, "the epoch grows whatever the clock says"
        book = the_books_hold(crew, audience)
        problems = verify_ledger(book, book["result"]["digest"]).problems
    figures(
        f"clock jump, restart, an hour {'forward' if jump_ms > 0 else 'back'}",
        "a restart in an open round of 10 min, with the machine's clock an hour off",
        "forward: locked at once; back: open until locked by hand; nothing accepted after; epochs grow; books settle",
        late_accepts=audience.late,
        accepted=len(audience.accepted),
        problems_found_by_verify=len(problems),
    )
    assert problems == []


@pytest.mark.parametrize("draw", range(6))
def test_a_clock_that_jumps_under_the_service_breaks_nothing(settings: Settings, figures: Figures, draw: int) -> None:
    """Its own clock never does; here it jumps between votes, before, at and after the deadline, by up to an hour."""
    chance = random.Random(f"{SEED}/{draw}")
    clock = FakeClock()
    with running(settings, clock) as service:
        crew = service.crew()
        code = crew.make(rounds=[{"duration_ms": 1_800_000}])
        crew.do(code, "open")
        audience = Audience(service, code)
        for _ in range(40):
            clock.forward(chance.choice((-HOUR_MS, HOUR_MS, -60_000, 60_000, 600_000, 1)))
            audience.vote()
        clock.forward(10 * HOUR_MS)
        eventually(lambda: crew.round(code)["phase"] == "locked")
        assert not audience.vote()
        the_books_hold(crew, audience)
        with closing(sqlite_module().connect(settings.data_dir / "arena.db")) as beside:
            assert beside.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    if draw == 0:
        figures(
            "clock jump, injected",
            "a clock that jumps by up to an hour between 40 votes of a round of 30 min, six draws",
            "no vote after the lock; versions grow; the round ends once; books settle",
            SEED,
            late_accepts=audience.late,
            accepted_in_the_first_draw=len(audience.accepted),
            refused_in_the_first_draw=audience.refused,
        )
