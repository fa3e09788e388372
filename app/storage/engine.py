"""Opens the database: one writing connection, a few reading ones, and the migrations.

On SQLite one process writes. On PostgreSQL several may, and take turns: a transaction of the writer begins with an
advisory lock that all of them share, so that everything written is one sequence there too.
"""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn
from urllib.parse import quote

import sqlalchemy
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, select, text

from alembic import command
from app.storage.sqlite import BUSY_TIMEOUT_MS, database_file, sqlite_module
from app.storage.tables import ORIGIN, upsert

READERS = 4
WRITE_LOCK = 0x61_72_65_6E_61
"""Of PostgreSQL's advisory locks, the one that a writing transaction holds. A session may hold the two after it."""
LEADER_LOCK = WRITE_LOCK + 1
SOLE_LOCK = WRITE_LOCK + 2
STALLED_MS_MAX = 3_000
"""A process that is frozen in a transaction holds the lock of all: the server ends its connection after so long."""
LOCK_MS_MAX = 10_000
_MIGRATIONS = Path(__file__).parents[2] / "alembic"
_NOW = text("SELECT setval('commit_clock', greatest(last_value, :now_ms)) FROM commit_clock")


class Database:
    """Two engines over one database. `writer` belongs to the writer thread; `reader` never writes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._held: IO[str] | Connection | None = None
        self.shared = url.startswith("postgresql+psycopg://")
        """Whether others may write beside this process."""
        if self.shared:
            self.writer = _postgresql(url, 1, idle_in_transaction_session_timeout=STALLED_MS_MAX)
            self.reader = _postgresql(url, READERS, default_transaction_read_only="on")
            _take_turns(self.writer)
            # For what may be lost with a crash and needs no turn: who is present.
            self.beside = _postgresql(url, 1, autocommit=True, synchronous_commit="off")
        elif url.startswith("sqlite:///"):
            self.writer = _sqlite(url, "BEGIN IMMEDIATE", pool_size=1)
            self.reader = _sqlite(url, "BEGIN", pool_size=READERS, query_only=True)
            self.beside = self.writer
        else:
            _refuse(url)

    def serve_alone(self, *, others: bool = False) -> None:
        """Hold the database for this process until it is closed; `others`: for all who hold it so too.

        Raises:
            RuntimeError: another process serves it otherwise, with a sentence that says what to do.
        """
        if self._held is not None:
            return
        if not self.shared:
            path = database_file(self.url)
            file = path.with_name(f"{path.name}-serving").open("w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                raise RuntimeError(
                    f"Another process serves {path}: stop it; to run several, set ARENA_DATABASE_URL to a PostgreSQL "
                    "and ARENA_REDIS_URL to a Redis."
                ) from None
            self._held = file
            return
        connection = self.beside.connect()
        suffix = "_shared" if others else ""
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock{suffix}({SOLE_LOCK})").scalar_one():
            connection.close()
            raise RuntimeError(
                "Other processes serve this database "
                + ("without Redis: stop them." if others else "too: set ARENA_REDIS_URL for all of them, or stop them.")
            )
        # Kept by the connection itself, which nobody else is given from here on.
        connection.detach()
        self._held = connection

    def migrate(self) -> None:
        """Bring the tables to the newest version; nothing happens where they are. Others wait their turn."""
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
            statement = upsert(connection.dialect.name, ORIGIN).values(id=1, epoch=epoch, secret_check="")
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"epoch": epoch}))
            return epoch

    def require_secret(self, secret: str) -> None:
        """Refuse where the database's other processes sign with another secret.

        Raises:
            ValueError: with a sentence that says what to set.
        """
        check = hashlib.sha256(f"arena secret {secret}".encode()).hexdigest()
        with self.writer.begin() as connection:
            known = connection.scalar(select(ORIGIN.c.secret_check).where(ORIGIN.c.id == 1))
            if known and known != check:
                raise ValueError(
                    "This database is served with another secret: set ARENA_SECRET to that of the other processes."
                )
            statement = upsert(connection.dialect.name, ORIGIN).values(id=1, epoch=0, secret_check=check)
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"secret_check": check}))

    def close(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None
        for engine in (self.reader, self.beside, self.writer):
            engine.dispose()


@contextmanager
def read_only(url: str) -> Iterator[Connection]:
    """Open a database to look at it and nothing else, beside whoever serves it: all of it as of one moment.

    The file is opened as one that cannot be written; PostgreSQL is told so of the connection.

    Raises:
        ValueError: no such kind of address, no file there, or tables of another release, with a sentence.
    """
    if url.startswith("postgresql+psycopg://"):
        engine = _postgresql(url, 1, default_transaction_read_only="on")
    elif url.startswith("sqlite:///"):
        path = database_file(url).absolute()
        if not path.is_file():
            raise ValueError(f"There is no database at {path}; set ARENA_DATA_DIR.")
        module = sqlite_module()
        address = f"file:{quote(str(path))}?mode=ro"
        engine = create_engine(
            "sqlite://",
            module=module,
            creator=lambda: module.connect(address, uri=True, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None),
            poolclass=NullPool,
            hide_parameters=True,
        )

        @event.listens_for(engine, "begin")
        def _on_begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN")

    else:
        _refuse(url)
    try:
        with engine.connect() as connection:
            have = set(MigrationContext.configure(connection).get_current_heads())
            if have != set(ScriptDirectory(str(_MIGRATIONS)).get_heads()):
                raise ValueError(
                    "The database is of another release of the arena; use that one, or run `arena migrate` first."
                )
            yield connection
    finally:
        engine.dispose()


def commit_ms(connection: Connection, now_ms: int) -> int:
    """Return the time of the transaction that has just begun: never earlier than another process's last one."""
    if connection.dialect.name == "sqlite":
        return now_ms
    return int(connection.execute(_NOW, {"now_ms": now_ms}).scalar_one())


def _postgresql(url: str, pool_size: int, *, autocommit: bool = False, **options: str | int) -> Engine:
    given = {"statement_timeout": LOCK_MS_MAX + 5_000, "lock_timeout": LOCK_MS_MAX, "timezone": "UTC", **options}
    # Readers see one moment however many statements they take; the writer is alone, and must see what the last one
    # committed while it waited for its turn.
    several = "REPEATABLE READ" if "default_transaction_read_only" in options else "READ COMMITTED"
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=LOCK_MS_MAX / 1000,
        # A reader finds out about a restarted server before it asks; the writer's batch is refused and asked again.
        pool_pre_ping="default_transaction_read_only" in options or autocommit,
        isolation_level="AUTOCOMMIT" if autocommit else several,
        connect_args={
            "connect_timeout": 3,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            "application_name": "arena",
            "options": " ".join(f"-c {name}={value}" for name, value in given.items()),
        },
        # A failing insert's parameters are ballots: they must not reach the log with the exception's text.
        hide_parameters=True,
    )


def _take_turns(engine: Engine) -> None:
    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")


def _sqlite(url: str, begin: str, *, pool_size: int, query_only: bool = False) -> Engine:
    Path(sqlalchemy.make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        module=sqlite_module(),
        pool_size=pool_size,
        max_overflow=0,
        connect_args={"check_same_thread": False},
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
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _refuse(url: str) -> NoReturn:
    kind = url.partition(":")[0]
    raise ValueError(
        f"ARENA_DATABASE_URL begins with “{kind}:”; it is sqlite:///path or postgresql+psycopg://user@host/name."
    )
