"""Which SQLite is used, and where its file is.

SQLite before 3.51.3 (3.50.7 and 3.44.6 in their lines) can lose committed writes when two connections write and
checkpoint in WAL at once (the WAL-reset bug, sqlite.org/wal.html), and `arena token create` does write beside the
service. So an older library is refused at start, and the wheel of pysqlite3, where installed, takes the place of the
interpreter's own.
"""

import sqlite3
from pathlib import Path
from types import ModuleType

import sqlalchemy

BUSY_TIMEOUT_MS = 5_000


def database_file(url: str) -> Path:
    """Return the file of an SQLite address."""
    return Path(sqlalchemy.make_url(url).database or "")


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
