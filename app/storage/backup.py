"""Copies the database to a file beside a running service, and puts such a file in the database's place.

A copy gets its name only when it is whole: it is written under another name in the same directory, checked by SQLite,
synced, then renamed. Reads the database by connections of its own and never writes to it.
"""

import json
import os
import secrets
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.storage.sqlite import BUSY_TIMEOUT_MS, sqlite_module

_BESIDE = ("-wal", "-shm", "-journal")


NOTE = "last_backup.json"


class BackupError(Exception):
    """A copy was not made; says why, in one sentence."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What a copy holds."""

    bytes: int
    sessions: int
    ballots: int
    replaced: Path | None = None
    """Where the database that stood before is kept."""


def back_up(database: Path, target: Path) -> Copy:
    """Copy the database as it stands at one moment; the service goes on. An earlier file of that name is replaced.

    Raises:
        BackupError: there is no database, the target is the database itself, the disk is full, or the copy is damaged.
    """
    if not database.is_file():
        raise BackupError(f"There is no database at {database}; set ARENA_DATA_DIR.")
    taken = {database.absolute(), *(database.absolute().with_name(database.name + end) for end in _BESIDE)}
    if target.absolute() in taken or (target.exists() and target.samefile(database)):
        raise BackupError(f"{target} is the database itself; name another file.")
    if target.is_dir():
        raise BackupError(f"{target} is a directory; name a file in it.")
    return _put_in_place(database, target, lambda temporary: temporary.replace(target))


def note_backup(data_dir: Path, made: Path, at_ms: int) -> None:
    """Write down, where the service sees it, that a backup was made: which file, and when.

    Raises:
        BackupError: it cannot be written.
    """
    note = data_dir / NOTE
    part = note.with_name(f".{NOTE}.{secrets.token_hex(4)}.part")
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"at_ms": at_ms, "file": str(made.absolute())}))
        part.replace(note)
    except OSError as error:
        raise BackupError(
            f"{note} cannot be written ({error.strerror}), so the preflight will not know of it."
        ) from None


def last_backup_ms(data_dir: Path) -> int | None:
    """Return when the last backup was noted; None where none was, or its note cannot be understood.

    Raises:
        OSError: the note cannot be read.
    """
    try:
        noted = json.loads((data_dir / NOTE).read_text())
        return int(noted["at_ms"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return None


def restore(source: Path, database: Path, *, force: bool = False) -> Copy:
    """Put a backup in the database's place. What stood there is kept beside it, under a name that says so.

    The next start raises the epoch to the time of day, so that clients take the restored tallies for the newer ones.

    Raises:
        BackupError: the backup is damaged or none of the arena's, a service holds the database, or there is one and
            `force` was not given.
    """
    if not source.is_file():
        raise BackupError(f"There is no file {source}.")
    if database.exists() and source.samefile(database):
        raise BackupError(f"{source} is the database itself; name a backup.")
    with closing(_opened(source)) as connection:
        _checked(connection, source)
    if database.exists() and not force:
        raise BackupError(f"There is a database at {database}; with --force it is put aside.")
    database.parent.mkdir(parents=True, exist_ok=True)
    kept: list[Path] = []

    def place(temporary: Path) -> None:
        if database.exists():
            kept.append(_put_aside(database))
        # A log of the old database would be played into the new one.
        for end in _BESIDE:
            database.with_name(database.name + end).unlink(missing_ok=True)
        temporary.replace(database)

    if database.exists():
        _require_unused(database)
    copy = _put_in_place(source, database, place)
    return Copy(copy.bytes, copy.sessions, copy.ballots, kept[0] if kept else None)


def _put_in_place(source: Path, target: Path, place: Callable[[Path], object]) -> Copy:
    """Copy to a temporary name, check, sync, hand the name to `place`, and sync the directory."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    module = sqlite_module()
    try:
        # Voters' hashes and their key stand in it: it is for its owner alone, from the first byte.
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(_opened(source)) as reader, closing(module.connect(temporary, isolation_level=None)) as writer:
            # All pages in one step, thus one moment: in several, each commit of the service would begin it anew.
            reader.backup(writer, pages=-1)
            # One file, whole by itself: no log beside it to be forgotten.
            writer.execute("PRAGMA journal_mode=DELETE")
            sessions, ballots = _checked(writer, temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        size = temporary.stat().st_size
        place(temporary)
        _sync_directory(target.absolute().parent)
    except OSError as error:
        raise BackupError(f"{target} cannot be written ({error.strerror}); look at the disk.") from None
    except module.Error as error:
        raise BackupError(f"{source} cannot be copied ({error}); look at the disk.") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return Copy(size, sessions, ballots)


def _opened(path: Path) -> Any:
    module = sqlite_module()
    try:
        connection = module.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA query_only=ON")
    except module.Error as error:
        raise BackupError(f"{path} cannot be opened ({error}).") from None
    return connection


def _checked(connection: Any, path: Path) -> tuple[int, int]:
    """Return the number of sessions and ballots of a file that SQLite finds whole.

    Raises:
        BackupError: it is damaged, or no database of the arena.
    """
    module = sqlite_module()
    try:
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found == "ok" and connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
            found = "a reference leads nowhere"
        if found != "ok":
            raise BackupError(f"{path} is damaged ({str(found).splitlines()[-1]}); use another backup.")
        sessions = connection.execute("SELECT count(*) FROM arena_session").fetchone()[0]
        ballots = connection.execute("SELECT count(*) FROM ballot").fetchone()[0]
    except module.OperationalError as error:
        raise BackupError(f"{path} is no database of the arena ({error}).") from None
    except module.DatabaseError as error:
        raise BackupError(f"{path} is damaged or no database ({error}); use another backup.") from None
    return int(sessions), int(ballots)


def _require_unused(database: Path) -> None:
    """Refuse where another connection is open: leaving the log's mode takes a lock that none else may share."""
    module = sqlite_module()
    connection = module.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=0.5)
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
    except module.OperationalError:
        raise BackupError(f"A service holds {database}; stop it first.") from None
    except module.DatabaseError:
        # Damaged beyond opening, so that no service can hold it: the very reason to restore.
        return
    finally:
        connection.close()


def _put_aside(database: Path) -> Path:
    kept = database.with_name(f"{database.name}.replaced-{secrets.token_hex(4)}")
    # A second name, not a move: there is a database at every moment.
    os.link(database, kept)
    return kept


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
