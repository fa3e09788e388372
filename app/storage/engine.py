"""Opens the database: one writing connection, a few reading ones, and the migrations.

SQLite before 3.51.3 (3.50.7 and 3.44.6 in their lines) can lose committed writes when two connections write and
checkpoint in WAL at once (the WAL-reset bug, sqlite.org/wal.html), and `arena token create` does write beside the
service. So an older library is refused at start, and the wheel of pysqlite3, where installed, takes the place of the
interpreter's own.
"""

import sqlite3
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event, select

from alembic import command
from app.storage.tables import ORIGIN, upsert

READERS = 4
BUSY_TIMEOUT_MS = 5_000
_MIGRATIONS = Path(__file__).parents[2] / "alembic"


class Database:
    """Two engines over one database. `writer` belongs to the writer thread; `reader` never writes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.writer = _engine(url, "BEGIN IMMEDIATE", pool_size=1)
        self.reader = _engine(url, "BEGIN", pool_size=READERS, query_only=True)

    def migrate(self) -> None:
        """Bring the tables to the newest version; nothing happens where they are."""
        with self.writer.connect() as connection:
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def next_epoch(self, now_ms: int) -> int:
        """Raise the epoch of tallies and return it. Seconds of time at least, so that a restored backup does not
        repeat one.
        """
        with self.writer.begin() as connection:
            last = connection.scalar(select(ORIGIN.c.epoch).where(ORIGIN.c.id == 1)) or 0
            epoch: int = max(last + 1, now_ms // 1000)
            statement = upsert(connection.dialect.name, ORIGIN).values(id=1, epoch=epoch)
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"epoch": epoch}))
            return epoch

    def close(self) -> None:
        self.reader.dispose()
        self.writer.dispose()


def sqlite_module() -> ModuleType:
    """Return the DB-API module whose SQLite keeps its commits.

    Raises:
        RuntimeError: none is installed; says which to install.
    """
    candidates: list[ModuleType] = [sqlite3]
    try:
        import pysqlite3.dbapi2

        candidates.insert(0, pysqlite3.dbapi2)
    except ImportError:
        pass
    for module in candidates:
        if keeps_commits(tuple(int(part) for part in module.sqlite_version.split("."))):
            return module
    raise RuntimeError(
        f"This Python's SQLite {sqlite3.sqlite_version} can lose committed votes; install pysqlite3 0.6.1 or newer, "
        "or a Python with SQLite 3.51.3 or newer."
    )


def keeps_commits(version: tuple[int, ...]) -> bool:
    """Say whether a version of SQLite is free of the WAL-reset bug."""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def _engine(url: str, begin: str, *, pool_size: int, query_only: bool = False) -> Engine:
    if not url.startswith("sqlite:///"):
        raise ValueError("Only SQLite addresses are understood here: sqlite:///path.")
    Path(sqlalchemy.make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        module=sqlite_module(),
        pool_size=pool_size,
        max_overflow=0,
        connect_args={"check_same_thread": False},
        # A failing insert's parameters are ballots: they must not reach the log with the exception's text.
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: a deferred read-then-write fails with BUSY_SNAPSHOT.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-65536",
            f"query_only={'ON' if query_only else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
