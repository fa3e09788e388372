"""Takes out of the database's files what was deleted or overwritten in it.

SQLite leaves old bytes in the free space of its pages and in its log. A purge therefore marks the file, in the same
transaction, and the file is then written anew: VACUUM, and the log is cut to nothing. The mark says since when, and
stays until that has succeeded, whoever does it and after whatever crash.
"""

from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from app.storage.engine import Database
from app.storage.sqlite import BUSY_TIMEOUT_MS, database_file, sqlite_module
from app.storage.tables import SESSION, TICKET, VISIT

_MINUTE_MS = 60_000


class ScrubError(Exception):
    """The file could not be written anew now; says why, in one sentence. Trying again is safe."""


def mark_for_scrub(connection: Connection, now_ms: int) -> None:
    """Note in the file's head that it holds what must go, and since when; part of the caller's transaction. PostgreSQL
    needs no mark: there each process vacuums after its own purge, and the server does so by itself in time.
    """
    if connection.dialect.name == "sqlite" and scrub_wanted_since_ms(connection) is None:
        # The head has room for 32 bits: minutes last until the year 6053.
        connection.exec_driver_sql(f"PRAGMA user_version={now_ms // _MINUTE_MS}")


def scrub_wanted_since_ms(connection: Connection) -> int | None:
    """Return since when the file holds what must go, to the minute; None where it holds nothing such."""
    if connection.dialect.name != "sqlite":
        return None
    minute: int = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    return minute * _MINUTE_MS or None


def scrub(database: Path) -> None:
    """Write the file anew and cut its log, by a connection of its own. Others wait up to its end; nothing is lost.

    Takes about a second for each 200 MB, and needs as much free space again as the file has.

    Raises:
        ScrubError: the disk is full, or others kept the file busy.
    """
    module = sqlite_module()
    try:
        with closing(module.connect(database, isolation_level=None, check_same_thread=False)) as connection:
            connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("VACUUM")
            _cut_log(connection)
            connection.execute("PRAGMA user_version=0")
            _cut_log(connection)
    except module.Error as error:
        raise ScrubError(f"{database} could not be written anew ({error}); it will be tried again.") from None


def scrub_database(database: Database) -> None:
    """Take what was deleted out of a database. PostgreSQL vacuums its tables; its write-ahead log is the operator's.

    Raises:
        ScrubError
    """
    if not database.shared:
        scrub(database_file(database.url))
        return
    with database.beside.connect() as connection:
        for table in (SESSION, TICKET, VISIT):
            connection.exec_driver_sql(f'VACUUM "{table.name}"')


def _cut_log(connection: Any) -> None:
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise ScrubError("Others were reading, so the log could not be cut; it will be tried again.")
