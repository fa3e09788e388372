"""The two engines over one file: durable, one writer, readers that cannot write, an epoch that only grows."""

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from app.storage.engine import Database
from app.storage.sqlite import keeps_commits, sqlite_module
from app.storage.tables import ORIGIN
from tests.servers import of_sqlite

pytestmark = of_sqlite

NOW_MS = 1_795_176_000_000


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'deep' / 'er' / 'arena.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    opened.migrate()
    yield opened
    opened.close()


@pytest.mark.parametrize("side", ["writer", "reader"])
def test_every_connection_is_durable_and_keeps_foreign_keys(database: Database, side: str) -> None:
    engine = getattr(database, side)
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "query_only")
        }
    full = 2
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "busy_timeout": 5_000,
        "query_only": int(side == "reader"),
    }


@pytest.mark.parametrize(
    ("version", "kept"),
    [
        ("3.40.1", False),
        ("3.44.5", False),
        ("3.44.6", True),
        ("3.44.9", True),
        ("3.45.0", False),
        ("3.45.3", False),
        ("3.50.6", False),
        ("3.50.7", True),
        ("3.51.0", False),
        ("3.51.2", False),
        ("3.51.3", True),
        ("3.52.0", True),
        ("4.0.0", True),
    ],
)
def test_versions_that_can_lose_commits_are_known(version: str, kept: bool) -> None:
    assert keeps_commits(tuple(int(part) for part in version.split("."))) is kept


def test_library_in_use_keeps_commits(database: Database) -> None:
    with database.reader.connect() as connection:
        version = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
    assert keeps_commits(tuple(int(part) for part in version.split(".")))


def test_machine_whose_every_sqlite_loses_commits_is_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    old = ModuleType("pysqlite3.dbapi2")
    old.sqlite_version = "3.50.4"  # type: ignore[attr-defined]
    parent = ModuleType("pysqlite3")
    parent.dbapi2 = old  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pysqlite3", parent)
    monkeypatch.setitem(sys.modules, "pysqlite3.dbapi2", old)
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.40.1")
    with pytest.raises(RuntimeError, match=r"3\.40\.1 can lose committed votes; install"):
        sqlite_module()


def test_interpreters_own_sqlite_serves_where_it_is_new_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysqlite3", None)
    monkeypatch.setitem(sys.modules, "pysqlite3.dbapi2", None)
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.51.3")
    assert sqlite_module() is sqlite3


def test_reader_cannot_write(database: Database) -> None:
    with (
        database.reader.connect() as connection,
        pytest.raises(OperationalError, match="attempt to write a readonly database"),
    ):
        connection.execute(ORIGIN.insert().values(id=7, epoch=1))


def test_reader_sees_one_moment_whatever_is_committed_meanwhile(database: Database) -> None:
    first = database.next_epoch(NOW_MS)
    with database.reader.connect() as connection:
        assert connection.execute(text("SELECT epoch FROM origin")).scalar_one() == first
        database.next_epoch(NOW_MS)
        assert connection.execute(text("SELECT epoch FROM origin")).scalar_one() == first


def test_writing_transaction_takes_the_write_lock_at_its_beginning(database: Database) -> None:
    other = Database(database.url)
    try:
        with database.writer.begin(), other.writer.connect() as waiting:
            waiting.connection.dbapi_connection.execute("PRAGMA busy_timeout=1")  # type: ignore[union-attr]
            with pytest.raises(OperationalError, match="database is locked"):
                waiting.execute(text("SELECT 1"))
    finally:
        other.close()


def test_epoch_grows_with_every_start_also_within_a_second(url: str) -> None:
    epochs = []
    for _ in range(3):
        database = Database(url)
        database.migrate()
        epochs.append(database.next_epoch(NOW_MS))
        database.close()
    assert epochs == [NOW_MS // 1000, NOW_MS // 1000 + 1, NOW_MS // 1000 + 2]


def test_epoch_grows_when_the_clock_has_gone_back(database: Database) -> None:
    first = database.next_epoch(NOW_MS)
    assert database.next_epoch(NOW_MS - 86_400_000) == first + 1


def test_epoch_of_a_restored_backup_is_newer_than_what_was_shown_before(database: Database) -> None:
    database.next_epoch(NOW_MS)
    shown_after_the_backup = NOW_MS // 1000 + 60
    assert database.next_epoch(NOW_MS + 120_000) > shown_after_the_backup


def test_refusal_of_the_database_names_no_parameters(database: Database) -> None:
    database.next_epoch(NOW_MS)
    with database.writer.connect() as connection, pytest.raises(IntegrityError) as refusal:
        connection.execute(ORIGIN.insert().values(id=1, epoch=4_711))
    assert "4711" not in str(refusal.value)


def test_other_databases_are_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"begins with “mysql:”; it is sqlite:///path or postgresql"):
        Database("mysql://localhost/arena")
