"""Backup beside a running service, restore elsewhere: every vote acknowledged before the backup began is there."""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app import cli
from app.cli import listen
from app.domain import ledger
from app.settings import Settings
from app.storage.backup import BackupError, back_up, restore
from app.storage.engine import Database
from app.storage.sqlite import sqlite_module
from app.verify import verify_ledger
from tests.conftest import Process, Running, make_tokens
from tests.load import Account, Line, Load
from tests.players import BOUT
from tests.servers import of_sqlite

pytestmark = of_sqlite

VOTERS = 12


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Iterator[Process]:
    """A second service, on a data directory and a port of its own, not yet started."""
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    service = Process(settings.model_copy(update={"data_dir": tmp_path / "elsewhere"}), port)
    try:
        yield service
    finally:
        service.end()


@pytest.fixture
def filled(settings: Settings) -> Path:
    """A database with tables and tokens, held by nobody."""
    make_tokens(settings, 0)
    return settings.data_dir / "arena.db"


def arena(data_dir: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(cli.app, arguments, env={"ARENA_DATA_DIR": str(data_dir), "ARENA_DATABASE_URL": ""})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def votes_in(path: Path) -> dict[str, list[Any]]:
    with closing(sqlite_module().connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {row[0]: list(row) for row in connection.execute("SELECT receipt, choices, accepted_at_ms FROM ballot")}


@pytest.mark.slow
def test_drill_backup_under_load_kill_restore_elsewhere_and_recount(
    process: Process, elsewhere: Process, tmp_path: Path
) -> None:
    saved = tmp_path / "saved.db"
    staff = make_tokens(process.settings, int(time.time() * 1000))["admin"]

    async def vote_and_back_up() -> tuple[Account, set[str]]:
        async with Line(process.port) as line:
            status, session = await line.ask("POST", "/api/v1/sessions", BOUT, staff)
            assert status == 201, session
            account = Account(process.port, session["code"], 1)
            await line.ask("POST", f"{account.path}/rounds/1/open", token=staff)
            load = Load(account, VOTERS, 20_17)
            await asyncio.sleep(0.8)
            before = {each.receipt["receipt"] for each in account.entries if each.receipt}
            done = await asyncio.to_thread(arena, process.settings.data_dir, "backup", str(saved))
            assert done.exit_code == 0, done.output
            during = sum(each.receipt is not None for each in account.entries) - len(before)
            await asyncio.sleep(0.2)
            process.end(signal.SIGKILL)
            await load.stop()
        assert len(before) > VOTERS
        assert during >= 0
        return account, before

    process.start()
    account, before = asyncio.run(vote_and_back_up())
    assert len([each for each in account.entries if each.receipt]) > len(before)  # the load went on meanwhile
    epoch = account.seen[0]

    done = arena(elsewhere.settings.data_dir, "restore", str(saved))
    assert done.exit_code == 0, done.output
    shutil.copy(process.settings.data_dir / "secret", elsewhere.settings.data_dir / "secret")
    kept = votes_in(elsewhere.settings.data_dir / "arena.db")
    assert before <= kept.keys()

    elsewhere.start()

    async def recount() -> dict[str, Any]:
        account.port = elsewhere.port
        async with Line(elsewhere.port) as line:
            _, tally = await line.ask("GET", f"{account.path}/tally", token=staff)
            # Phones come back as who they were: a retry gets its receipt, where the backup has it.
            for entry in [each for each in account.entries if each.receipt and each.receipt["receipt"] in kept][:20]:
                await account.resend(line, entry)
            assert tally["epoch"] > epoch
            assert tally["tally"]["votes"] == len(kept)
            for what in ("lock", "reveal"):
                status, _ = await line.ask("POST", f"{account.path}/rounds/1/{what}", token=staff)
                assert status == 200
            _, book = await line.ask("GET", f"{account.path}/rounds/1/ledger")
            return dict(book)

    book = asyncio.run(recount())
    receipts = {row[1] for row in book["ballots"]}
    assert receipts == kept.keys() >= before
    lines = [ledger.LedgerLine(*row[:5], tuple(row[5]), *row[6:]) for row in book["ballots"]]
    votes, turnout = ledger.recount(lines, book["choices"])
    assert (votes, turnout) == (book["result"]["votes"], book["result"]["turnout"])
    assert verify_ledger(book, book["result"]["digest"]).problems == []
    export = tmp_path / "export.json"
    assert arena(elsewhere.settings.data_dir, "export", "--code", account.code, "--out", str(export)).exit_code == 0
    assert json.loads(export.read_text()) == book
    assert arena(elsewhere.settings.data_dir, "verify", str(export)).exit_code == 0
    print({"before": len(before), "restored": len(kept)})


def test_backup_is_one_file_for_its_owner_alone_and_replaces_an_earlier_one(filled: Path, tmp_path: Path) -> None:
    target = tmp_path / "saved.db"
    target.write_text("an earlier one")
    copy = back_up(filled, target)
    assert (copy.bytes, copy.sessions, copy.ballots) == (target.stat().st_size, 0, 0)
    assert target.stat().st_mode & 0o077 == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "saved.db"]
    assert votes_in(target) == {}


def test_failed_backup_leaves_the_earlier_one_and_nothing_else(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "saved.db"
    back_up(filled, target)
    earlier = target.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BackupError, match="No space left"):
        back_up(filled, target)
    assert target.read_bytes() == earlier
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "saved.db"]


def test_file_and_directory_are_synced_and_the_name_comes_between(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, synced = tmp_path / "saved.db", []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append((Path(f"/proc/self/fd/{handle}").readlink().name.endswith(".part"), target.exists()))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    back_up(filled, target)
    assert synced == [(True, False), (False, True)]


@pytest.mark.parametrize("name", ["arena.db", "arena.db-wal", "arena.db-shm", "."])
def test_backup_never_writes_over_the_database(filled: Path, name: str) -> None:
    before = filled.read_bytes()
    with pytest.raises(BackupError):
        back_up(filled, filled.parent / name)
    link = filled.parent / "link.db"
    link.symlink_to(filled)
    with pytest.raises(BackupError, match="itself"):
        back_up(filled, link)
    assert filled.read_bytes() == before


def test_backup_of_nothing_is_refused_and_makes_nothing(tmp_path: Path) -> None:
    done = arena(tmp_path / "none", "backup", str(tmp_path / "saved.db"))
    assert done.exit_code == 1
    assert "ARENA_DATA_DIR" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_restore_is_refused_while_a_service_holds_the_database(arena_service: Running, tmp_path: Path) -> None:
    database, saved = arena_service.data_dir / "arena.db", tmp_path / "saved.db"
    code = arena_service.crew().make()
    back_up(database, saved)
    before = database.stat().st_ino
    with pytest.raises(BackupError, match="A service holds"):
        restore(saved, database, force=True)
    assert database.stat().st_ino == before
    crew = arena_service.crew()
    crew.do(code, "open")
    assert arena_service.phone(code).vote("red").status_code == 200  # and it goes on undisturbed


@pytest.fixture
def arena_service(arena: Running) -> Running:
    return arena


def test_restore_needs_force_where_a_database_stands_and_keeps_that_one(filled: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved.db"
    back_up(filled, saved)
    with closing(sqlite_module().connect(filled, isolation_level=None)) as connection:
        connection.execute("DELETE FROM access_token")
    with pytest.raises(BackupError, match="--force"):
        restore(saved, filled)
    done = arena(filled.parent, "restore", str(saved), "--force")
    assert done.exit_code == 0, done.output

    def tokens(path: Path) -> int:
        with closing(sqlite_module().connect(path)) as connection:
            return int(connection.execute("SELECT count(*) FROM access_token").fetchone()[0])

    (aside,) = filled.parent.glob("arena.db.replaced-*")
    assert (tokens(filled), tokens(aside)) == (5, 0)
    assert str(aside) in done.stdout


def test_leftover_log_of_the_old_database_does_not_reach_the_restored_one(filled: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved.db"
    back_up(filled, saved)
    filled.unlink()
    for end in ("-wal", "-shm"):
        filled.with_name(f"arena.db{end}").write_bytes(b"of another time")
    restore(saved, filled)
    assert [path.name for path in sorted(filled.parent.glob("arena.db*"))] == ["arena.db"]
    assert votes_in(filled) == {}


def test_damaged_database_may_be_replaced(filled: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved.db"
    back_up(filled, saved)
    filled.write_bytes(b"\x00" * 8192)
    restore(saved, filled, force=True)
    assert votes_in(filled) == {}


@pytest.mark.parametrize("damage", ["hole", "half", "text", "other", "missing"])
def test_damaged_backup_is_refused_and_changes_nothing(filled: Path, tmp_path: Path, damage: str) -> None:
    saved = tmp_path / "saved.db"
    back_up(filled, saved)
    content = saved.read_bytes()
    match damage:
        case "hole":
            saved.write_bytes(content[:4096] + b"\xff" * 8192 + content[4096 + 8192 :])
        case "half":
            saved.write_bytes(content[: len(content) // 2])
        case "text":
            saved.write_text("no database\n" * 1000)
        case "other":
            saved.unlink()
            with closing(sqlite3.connect(saved)) as connection:
                connection.execute("CREATE TABLE ballot (seq)")
        case "missing":
            saved.unlink()
    before = filled.read_bytes()
    for force in (False, True):
        with pytest.raises(BackupError):
            restore(saved, filled, force=force)
    assert filled.read_bytes() == before
    assert not list(filled.parent.glob(".*part"))


def test_restored_database_starts_with_a_greater_epoch(filled: Path, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{filled}")
    before = database.next_epoch(1_795_176_000_000)
    database.close()
    saved = tmp_path / "saved.db"
    back_up(filled, saved)
    database = Database(f"sqlite:///{filled}")
    lost = [database.next_epoch(1_795_176_000_000 + 1_000 * i) for i in range(5)]
    database.close()
    restore(saved, filled, force=True)
    database = Database(f"sqlite:///{filled}")
    assert database.next_epoch(1_795_176_060_000) > max(lost) > before
    database.close()
