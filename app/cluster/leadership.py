"""Who leads: one process of all that serve a database, as long as it holds an advisory lock of PostgreSQL's.

The lock belongs to a connection of its own, and everything that a leader stores goes through that connection: so who
has lost the lock can store nothing. A process that is frozen loses it after FROZEN_MS_MAX, because the server ends
connections that say nothing for so long. Blocking; for a thread.
"""

from threading import Lock

from sqlalchemy import BigInteger, Connection, bindparam, create_engine, func, update
from sqlalchemy.exc import DBAPIError

from app.storage.engine import LEADER_LOCK
from app.storage.tables import ORIGIN

FROZEN_MS_MAX = 5_000

_RAISE = (
    update(ORIGIN)
    .values(epoch=func.greatest(ORIGIN.c.epoch + 1, bindparam("now_s", type_=BigInteger)))
    .returning(ORIGIN.c.epoch)
)
_OPTIONS = {
    "idle_session_timeout": FROZEN_MS_MAX,
    "statement_timeout": FROZEN_MS_MAX,
    # A publication that a crash loses is made again.
    "synchronous_commit": "off",
    "timezone": "UTC",
}


class Leadership:
    """A connection, and whether it holds the lock."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(
            url,
            pool_size=1,
            max_overflow=0,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            connect_args={
                "connect_timeout": 3,
                "tcp_user_timeout": FROZEN_MS_MAX,
                "application_name": "arena-leader",
                "options": " ".join(f"-c {name}={value}" for name, value in _OPTIONS.items()),
            },
        )
        self._connection: Connection | None = None
        self._turn = Lock()
        self._closed = False

    def seek(self) -> Connection | None:
        """Return the connection where the lock could be had, None where another holds it."""
        with self._turn:
            if self._closed:
                return None
            if self._connection is None:
                self._connection = self._engine.connect()
            taken = self._connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({LEADER_LOCK})").scalar_one()
            return self._connection if taken else None

    def begin_term(self, connection: Connection, now_ms: int) -> int:
        """Raise the epoch of tallies for a term that begins, and return it.

        By the leader's own connection, which waits for no writer's turn; and synced, unlike all else on it: an epoch
        that a crash forgot would be given twice.
        """
        connection.exec_driver_sql("SET synchronous_commit = on")
        epoch = connection.execute(_RAISE, {"now_s": now_ms // 1000}).scalar_one()
        connection.exec_driver_sql("SET synchronous_commit = off")
        return int(epoch)

    def leave(self) -> None:
        """Let go of the lock, if it was held, with the connection."""
        with self._turn:
            connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.invalidate()
                connection.close()
            except DBAPIError:
                pass

    def close(self) -> None:
        """Leave for good: whoever still seeks in another thread gets nothing."""
        with self._turn:
            self._closed = True
        self.leave()
        self._engine.dispose()
