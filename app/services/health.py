"""Whether what the service stands on answers: the database, its disk. For probes and for the preflight."""

import shutil
from pathlib import Path

from sqlalchemy import Connection, text, update

from app.services.arena import Arena
from app.storage.sqlite import database_file
from app.storage.tables import ORIGIN
from app.storage.writer import Transaction


def ask(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))


def touch(transaction: Transaction) -> None:
    """Write a row as it is: an empty commit would succeed on a full disk."""
    transaction.connection.execute(update(ORIGIN).values(epoch=ORIGIN.c.epoch))


def disk_of(arena: Arena) -> Path:
    """Return a directory on the disk that this process writes to: the database's, where it is here."""
    if arena.database.shared:
        return arena.settings.data_dir
    return database_file(arena.settings.url).parent


def free_bytes(directory: Path) -> int:
    return shutil.disk_usage(directory).free


def room(arena: Arena) -> int | None:
    """Return the bytes that are free on the database's disk; None where that is another machine's."""
    return None if arena.database.shared else free_bytes(disk_of(arena))
