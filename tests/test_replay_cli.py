"""`arena replay` as an operator types it: what it lists, plays, refuses, and hears from the keyboard."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from app import cli
from app.live.hub import Hub
from app.replay_cli import on_key, terminal_keys
from app.services.history import read_history
from app.services.replay import Player
from app.settings import Settings
from app.storage.engine import Database, read_only
from tests.conftest import FakeClock, Running
from tests.players import eventually
from tests.servers import of_sqlite

Run = Callable[..., Any]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `arena replay …` to its end in this process."""
    monkeypatch.setattr(cli, "configure_logs", lambda: None)
    environment = {"ARENA_DATA_DIR": str(settings.data_dir), "ARENA_DATABASE_URL": settings.database_url}
    return lambda *arguments: CliRunner().invoke(cli.app, ["replay", *arguments], env=environment)


@pytest.fixture
def code(still_arena: Running, clock: FakeClock) -> str:
    crew = still_arena.crew()
    code = crew.make()
    crew.do(code, "open")
    assert still_arena.phone(code).vote("red").status_code == 200
    clock.forward(61_000)
    crew.do(code, "lock", "reveal")
    return code


@pytest.fixture
def player(code: str, settings: Settings, clock: FakeClock) -> Player:
    with read_only(settings.url) as connection:
        history = read_history(connection, code)
    return Player(history, Hub(clock, 0, 10, shared=True), clock)


def test_the_list_says_what_can_be_played(run: Run, code: str, still_arena: Running) -> None:
    never = still_arena.crew().make()
    listed = run("--list")
    assert listed.exit_code == 0
    # 20:00 in Shanghai, as the test's clock has it.
    assert re.search(rf"{code} +2026-11-20 20:00:00 +0:01:01  1 轮 runs  1 票 ballots  先锋擂台 第1期", listed.stdout)
    assert never not in listed.stdout


def test_what_cannot_be_played_is_refused_in_a_sentence(run: Run, code: str, still_arena: Running) -> None:
    never = still_arena.crew().make()
    for arguments, sentence in (
        (["NOSUCH"], "No session has the code NOSUCH"),
        ([never], "No round of it was ever opened".replace("it", never)),
        ([code, "--speed", "0"], "A speed lies between"),
        ([code, "--from", "soon"], "is no time of the replay"),
    ):
        refused = run(*arguments)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert sentence in refused.stderr


@of_sqlite
def test_a_database_that_is_not_there_or_of_another_release_is_refused(run: Run, settings: Settings) -> None:
    missing = run("--list")
    assert missing.exit_code == 1
    assert "There is no database at" in missing.stderr
    assert not settings.data_dir.exists()
    settings.data_dir.mkdir()
    (settings.data_dir / "arena.db").touch()
    assert "of another release" in run("ANY").stderr
    assert (settings.data_dir / "arena.db").read_bytes() == b""


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with “mysql:”"), read_only("mysql://x/y"):
        pass


@of_sqlite
def test_the_file_is_the_same_byte_for_byte(code: str, still_arena: Running, run: Run, settings: Settings) -> None:
    still_arena.stop()
    file = settings.data_dir / "arena.db"
    before = file.read_bytes(), file.stat().st_mtime_ns
    assert run("--list").exit_code == 0
    with read_only(settings.url) as connection:
        read_history(connection, code)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    database = Database(settings.url)  # and it can be served again
    database.serve_alone()
    database.close()


def test_it_plays_beside_the_running_service_until_it_is_told_to_stop(code: str, settings: Settings) -> None:
    environment = {
        **os.environ,
        "ARENA_DATA_DIR": str(settings.data_dir),
        "ARENA_DATABASE_URL": settings.database_url,
        "ARENA_REDIS_URL": settings.redis_url,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli", "replay", code.lower(), "--port", "0", "--speed", "60", "--from", "0:10"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    ) as child:
        assert child.stdout is not None
        told = ""
        while "Bearer" not in told:
            line = child.stdout.readline()
            assert line, told
            told += line
        assert told.startswith(f"重播 REPLAY {code} 先锋擂台 第1期 · 2026-11-20 19:59:55 · 0:01:07 · ×60")
        base_url = re.findall(r"http://[^/]+", told)[0].replace("localhost", "127.0.0.1")

        def at_the_end() -> bool:
            try:
                state = httpx2.get(f"{base_url}/api/v1/replay", timeout=5, trust_env=False, verify=False).json()
            except httpx2.TransportError:
                return False
            return bool(state["position"] == state["length"] and state["speed"] == 60)

        eventually(at_the_end, 30)
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0


def test_keys_control_the_player(player: Player, capsys: pytest.CaptureFixture[str]) -> None:
    assert on_key(player, b" ")
    assert player.paused
    assert on_key(player, b" ")
    assert not player.paused
    on_key(player, b"\x1b[C")
    assert player.position_ms == 10_000
    on_key(player, b"\x1b[D")
    assert player.position_ms == 0
    on_key(player, b"+")
    assert player.speed == 2
    on_key(player, b"\x1b[C")
    on_key(player, b"0")
    assert player.position_ms == 0
    for _ in range(5):
        on_key(player, b"-")
    assert player.speed == 0.125
    assert "A speed lies between" in capsys.readouterr().err
    assert not on_key(player, b"x")


def test_the_terminal_is_heard_and_left_as_it_was(player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    keyboard, terminal = os.openpty()
    before = termios.tcgetattr(terminal)

    async def press() -> None:
        with terminal_keys(player):
            os.write(keyboard, b" ")
            await asyncio.to_thread(eventually, lambda: player.paused)

    with os.fdopen(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        asyncio.run(press())
        assert termios.tcgetattr(terminal) == before
    os.close(keyboard)
