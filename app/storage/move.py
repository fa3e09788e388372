"""Carries a database over to another, from SQLite to PostgreSQL or back, while no service has either.

Everything is copied but what is made anew by itself: running tallies, snapshots, presence. One transaction on the
target: it is there whole, or not at all.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, insert, select, text
from sqlmodel import SQLModel

from app.storage import shared
from app.storage.ballots import recount
from app.storage.engine import Database
from app.storage.tables import BALLOT, ORIGIN, PRESENCE, RUN, RUNNING_TALLY, SESSION, SNAPSHOT

CHUNK = 2_000
_MADE_ANEW = (PRESENCE, RUNNING_TALLY, SNAPSHOT)


class MoveError(Exception):
    """Nothing was moved; says why, in one sentence."""


@dataclass(frozen=True, slots=True)
class Moved:
    sessions: int
    rows: int
    ballots: int
    runs: int
    """Runs whose counts were made from the ballots of both, and are the same."""


def move(source: Database, target: Database) -> Moved:
    """Copy all, then count every run from its ballots and likes on both sides.

    Raises:
        MoveError: the target holds sessions already, or what was counted differs.
    """
    with source.reader.connect() as read, target.writer.begin() as write:
        if write.scalar(select(func.count()).select_from(SESSION)):
            raise MoveError("The target holds sessions already; name an empty database.")
        rows = sum(_copy(read, write, table) for table in SQLModel.metadata.sorted_tables if table not in _MADE_ANEW)
        runs = list(read.scalars(select(RUN.c.id).order_by(RUN.c.id)))
        for run_id in runs:
            before, after = recount(read, run_id, ()), recount(write, run_id, ())
            if before != after:
                raise MoveError(f"The run {run_id} counts otherwise on the target; nothing was moved.")
            if target.shared:
                shared.put_counts(write, run_id, after)
        ballots = write.scalar(select(func.count()).select_from(BALLOT)) or 0
        sessions = write.scalar(select(func.count()).select_from(SESSION)) or 0
    return Moved(sessions, rows, ballots, len(runs))


def _copy(read: Connection, write: Connection, table: Table) -> int:
    if table is ORIGIN:
        write.execute(ORIGIN.delete())
    count = 0
    found = read.execution_options(yield_per=CHUNK).execute(select(table).order_by(*table.primary_key.columns))
    for some in found.mappings().partitions():
        write.execute(insert(table), [dict(row) for row in some])
        count += len(some)
    if write.dialect.name == "postgresql" and "id" in table.c and table is not ORIGIN:
        # Rows that brought their own numbers do not move the sequence that numbers the next one.
        write.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', 'id'), "  # noqa: S608 - our own table
                f'(SELECT coalesce(max(id), 0) + 1 FROM "{table.name}"), false)'
            )
        )
    return count
