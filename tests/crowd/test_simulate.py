"""A crowd against the real service: rounds opened, paused, rerun, locked; the service killed; figures tampered with."""

import asyncio
import json
import signal
import sqlite3
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.crowd import CrowdError, CrowdOptions, CrowdReport, check_history, read_history, simulate
from app.crowd.history import LedgerRow
from tests.conftest import Process, Running, make_tokens

SESSION = json.loads((Path(__file__).parents[2] / "examples" / "first-bout.json").read_text(encoding="utf-8"))


class Director:
    """Makes a session and gives its commands; waits while a round is closing."""

    def __init__(self, base_url: str, token: str) -> None:
        headers = {"authorization": f"Bearer {token}"}
        self.client = httpx2.AsyncClient(base_url=base_url, headers=headers, timeout=20, trust_env=False)
        self.code = ""

    async def make(self, **changes: Any) -> str:
        channels = [{"key": "web"}, {"key": "wechat", "delay_ms": 300}]
        answer = await self.client.post("/api/v1/sessions", json={**SESSION, "channels": channels, **changes})
        assert answer.status_code == 201, answer.text
        self.code = answer.json()["code"]
        return self.code

    async def say(self, *commands: str) -> None:
        for command in commands:
            for _ in range(100):
                answer = await self.client.post(f"/api/v1/sessions/{self.code}/{command}")
                if answer.status_code != 409 or answer.json().get("phase") != "closing":
                    break
                await asyncio.sleep(0.05)
            assert answer.status_code == 200, answer.text


async def play(
    director: Director, options: CrowdOptions, script: Callable[[], Coroutine[Any, Any, None]]
) -> CrowdReport:
    """Run a script from when the crowd is online; the crowd ends with it."""
    stop, online = asyncio.Event(), asyncio.Event()
    crowd = asyncio.create_task(
        simulate(options, progress=lambda at: online.set() if at.stage == "playing" else None, stop=stop)
    )
    waiting = asyncio.create_task(online.wait())
    await asyncio.wait({crowd, waiting}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if not crowd.done():
            await script()
            stop.set()
        return await crowd
    finally:
        waiting.cancel()
        crowd.cancel()
        await asyncio.gather(waiting, crowd, return_exceptions=True)
        await director.client.aclose()


def test_every_vote_and_like_of_a_hundred_voters_is_counted_once(arena: Running, tmp_path: Path) -> None:
    async def run() -> CrowdReport:
        director = Director(arena.base_url, arena.admin_token)
        options = CrowdOptions(
            arena.base_url, await director.make(), voters=100, likes_rate=100, seconds=60, round_s=1.5,
            token=arena.admin_token, history=tmp_path / "history.jsonl",
        )  # fmt: skip

        async def script() -> None:
            await director.say("rounds/1/open")
            await asyncio.sleep(1.0)
            await director.say("rounds/1/pause")
            await asyncio.sleep(0.5)
            await director.say("rounds/1/resume")
            await asyncio.sleep(1.0)
            await director.say("rounds/1/lock", "rounds/1/reveal", "rounds/1/rerun", "rounds/1/open")
            await asyncio.sleep(1.0)
            await director.say("rounds/1/lock", "rounds/1/reveal", "rounds/2/open")
            await asyncio.sleep(1.5)

        return await play(director, options, script)

    report = asyncio.run(run())
    assert report.problems == []
    assert report.joined == 100
    assert {(row.round, row.run): row.phase for row in report.runs} == {
        (1, 1): "revealed",
        (1, 2): "revealed",
        (2, 1): "open",
    }
    assert sum(row.votes_counted or 0 for row in report.runs) > 100
    assert sum(row.likes_counted or 0 for row in report.runs) > 100
    assert report.counts["polls"] > 0
    assert report.counts["frames"] > 0
    assert report.counts["repeats"] > 0
    assert report.refusals["vote round_not_open"] > 0
    history = read_history(tmp_path / "history.jsonl")
    assert {event.what for event in history} >= {"invoke", "ok", "fail"}
    assert check_history(history, rows_of(arena.data_dir)) == []


def test_votes_that_a_quarantine_holds_are_not_taken_for_lost(arena: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever votes within a second of joining is held: the quick ones of this crowd.
    monkeypatch.setattr("app.domain.ballot.TOO_SOON_MS", 1_000)

    async def run() -> tuple[CrowdReport, dict[str, Any]]:
        director = Director(arena.base_url, arena.admin_token)
        rounds = [{**SESSION["rounds"][0], "quarantine": ["too_soon"], "duration_ms": None}]
        code = await director.make(rounds=rounds)
        await director.say("rounds/1/open")
        options = CrowdOptions(
            arena.base_url, code, voters=40, likes_rate=0, seconds=60, round_s=3.0, token=arena.admin_token
        )

        async def script() -> None:
            await asyncio.sleep(2.5)
            await director.say("rounds/1/lock", "rounds/1/reveal")

        report = await play(director, options, script)
        result = httpx2.get(f"{arena.base_url}/api/v1/sessions/{code}/rounds/1/result", trust_env=False).json()
        return report, result

    report, result = asyncio.run(run())
    assert report.problems == []
    assert 0 < result["tally"]["held"]["ballots"] < 40
    assert result["tally"]["turnout"] > 0


@pytest.mark.slow
def test_a_killed_service_has_lost_nothing_that_it_acknowledged(process: Process, tmp_path: Path) -> None:
    token = make_tokens(process.settings, 0)["admin"]
    process.start()

    async def run() -> CrowdReport:
        director = Director(process.base_url, token)
        options = CrowdOptions(
            process.base_url, await director.make(), voters=60, likes_rate=200, seconds=60, round_s=4,
            reconnect_s=(0.1, 0.5), answer_timeout_s=3, token=token, history=tmp_path / "history.jsonl",
        )  # fmt: skip

        async def script() -> None:
            await director.say("rounds/1/open")
            for _ in range(2):
                await asyncio.sleep(0.8)
                await asyncio.to_thread(process.end, signal.SIGKILL)
                await asyncio.to_thread(process.start)
            await asyncio.sleep(2.5)
            await director.say("rounds/1/lock")

        return await play(director, options, script)

    report = asyncio.run(run())
    assert report.problems == []
    assert report.counts["sockets_opened"] > 2 * 40
    assert check_history(read_history(tmp_path / "history.jsonl"), rows_of(process.settings.data_dir)) == []


def test_a_vote_taken_out_of_the_database_is_found(arena: Running) -> None:
    """The check itself must be able to fail against a real service."""

    async def run() -> CrowdReport:
        director = Director(arena.base_url, arena.admin_token)
        options = CrowdOptions(
            arena.base_url, await director.make(), voters=20, likes_rate=0, seconds=60, round_s=0.5,
            token=arena.admin_token,
        )  # fmt: skip

        async def script() -> None:
            await director.say("rounds/1/open")
            await asyncio.sleep(1.5)
            await asyncio.to_thread(take_out_one, arena.data_dir)
            # The reveal waits for the lock, and the lock recounts what is in the database.
            await director.say("rounds/1/lock", "rounds/1/reveal")

        return await play(director, options, script)

    report = asyncio.run(run())
    assert not report.ok
    assert any("1 are lost" in problem for problem in report.problems)


def test_an_unknown_session_is_told_at_once(arena: Running) -> None:
    with pytest.raises(CrowdError, match="session_not_found"):
        asyncio.run(simulate(CrowdOptions(arena.base_url, "NOSUCH", voters=3, seconds=1)))


def test_a_hidden_tally_without_a_token_is_noted_not_passed_over(arena: Running) -> None:
    async def run() -> CrowdReport:
        director = Director(arena.base_url, arena.admin_token)
        rounds = [{"title": "成效PK", "visibility": "on_reveal"}]
        options = CrowdOptions(arena.base_url, await director.make(rounds=rounds), voters=4, seconds=60, round_s=0.2)

        async def script() -> None:
            await director.say("rounds/1/open")
            await asyncio.sleep(1.0)

        return await play(director, options, script)

    report = asyncio.run(run())
    assert report.problems == []
    assert report.unchecked == 1
    assert any("round 1 run 1 was not checked" in note for note in report.notes)
    assert all(row.votes_counted is None for row in report.runs)


def rows_of(data_dir: Path) -> list[LedgerRow]:
    """Read the ballots from the database itself, past the service."""
    with sqlite3.connect(f"file:{data_dir / 'arena.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "SELECT b.receipt, r.number, u.number, b.voter, b.choices, b.slot, b.revision, b.nonce "
            "FROM ballot b JOIN run u ON u.id = b.run_id JOIN round r ON r.id = u.round_id"
        ).fetchall()
    connection.close()
    return [LedgerRow(*row[:4], tuple(row[4].split(",")), *row[5:]) for row in rows]


def take_out_one(data_dir: Path) -> None:
    with sqlite3.connect(data_dir / "arena.db", timeout=10) as connection:
        connection.execute("DROP TRIGGER ballot_no_delete")
        connection.execute("DELETE FROM ballot WHERE rowid = (SELECT max(rowid) FROM ballot)")
    connection.close()
