"""What processes on one PostgreSQL share beside the ledger. Each function says whose connection it works on.

Running tallies are kept in the transactions that count. Snapshots and presence are written outside of the writers'
turns: they can be lost without harm, and are made anew within a second.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, text

from app.domain.tally import Counts
from app.storage.ballots import recount
from app.storage.tables import (
    ACCESS_TOKEN,
    BALLOT,
    PRESENCE,
    ROUND,
    RUN,
    RUNNING_TALLY,
    SESSION,
    SNAPSHOT,
    upsert,
)

PRESENT_MS = 10_000
"""A process that has not told of itself for so long is gone."""

_NOW = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
_COUNTS = select(RUNNING_TALLY.c.counts, RUNNING_TALLY.c.changes).where(RUNNING_TALLY.c.run_id == bindparam("of_run"))
_REVISIONS = select(SESSION.c.id, SESSION.c.code, SESSION.c.revision).where(
    SESSION.c.id.in_(bindparam("sessions", expanding=True))
)
_CHANGES = (
    select(ROUND.c.session_id, RUNNING_TALLY.c.run_id, RUNNING_TALLY.c.changes)
    .join(RUN, RUN.c.id == RUNNING_TALLY.c.run_id)
    .join(ROUND, ROUND.c.id == RUN.c.round_id)
    .where(ROUND.c.session_id.in_(bindparam("sessions", expanding=True)))
)
_COUNTS_OF = select(RUNNING_TALLY.c.run_id, RUNNING_TALLY.c.counts).where(
    RUNNING_TALLY.c.run_id.in_(bindparam("runs", expanding=True))
)
_SNAPSHOTS = select(SNAPSHOT.c.session_id, SNAPSHOT.c.epoch, SNAPSHOT.c.version).where(
    SNAPSHOT.c.session_id.in_(bindparam("sessions", expanding=True))
)
_CONTENT = select(SNAPSHOT.c.content).where(SNAPSHOT.c.session_id == bindparam("of_session"))


@dataclass(frozen=True, slots=True)
class Present:
    """Who is with a session, over all processes."""

    session_id: int
    workers: int
    online: int
    overlays: list[dict[str, Any]]


def database_now_ms(connection: Connection) -> int:
    return int(connection.execute(_NOW).scalar_one())


def clocks_ms(connection: Connection) -> tuple[int, int]:
    """Return the database's time, and that of the last transaction which any process wrote."""
    committed = connection.execute(text("SELECT last_value FROM commit_clock")).scalar_one()
    return database_now_ms(connection), int(committed)


def add_counts(connection: Connection, run_id: int, news: Counts) -> None:
    """Add what a batch counted to a run's tally; called in the batch's own transaction."""
    row = connection.execute(_COUNTS, {"of_run": run_id}).one_or_none()
    if row is None:
        # The first batch of the run; or its ballots came by a move, which carries no running tallies.
        _put(connection, run_id, recount(connection, run_id, ()), 1)
        return
    counts = read_counts(row.counts)
    counts.grow(news)
    _put(connection, run_id, counts, row.changes + 1)


def put_counts(connection: Connection, run_id: int, counts: Counts) -> None:
    """Put a run's tally in the place of the one that stands, as a correction does."""
    row = connection.execute(_COUNTS, {"of_run": run_id}).one_or_none()
    _put(connection, run_id, counts, 1 if row is None else row.changes + 1)


def _put(connection: Connection, run_id: int, counts: Counts, changes: int) -> None:
    values = {"changes": changes, "counts": figures_of(counts)}
    statement = upsert(connection.dialect.name, RUNNING_TALLY).values(run_id=run_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["run_id"], set_=values))


def figures_of(counts: Counts) -> dict[str, Any]:
    return {**counts.figures(), "voided": sorted(counts.voided), "corrections": counts.corrections}


def read_counts(figures: Mapping[str, Any]) -> Counts:
    return Counts.announced(figures, figures["corrections"])


def revisions(connection: Connection, sessions: Collection[int]) -> list[Any]:
    """Return id, code and revision of sessions."""
    return list(connection.execute(_REVISIONS, {"sessions": list(sessions)}))


def changes(connection: Connection, sessions: Collection[int]) -> list[Any]:
    """Return session, run and number of changes of all running tallies of sessions."""
    return list(connection.execute(_CHANGES, {"sessions": list(sessions)}))


def counts_of(connection: Connection, runs: Collection[int]) -> dict[int, Counts]:
    return {row.run_id: read_counts(row.counts) for row in connection.execute(_COUNTS_OF, {"runs": list(runs)})}


def store_snapshot(connection: Connection, session_id: int, epoch: int, version: int, content: bytes) -> bool:
    """Store a publication, unless a later leader has stored one; say whether it was stored."""
    values = {"epoch": epoch, "version": version, "content": content}
    statement = upsert(connection.dialect.name, SNAPSHOT).values(session_id=session_id, **values)
    stored = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["session_id"], set_=values, where=SNAPSHOT.c.epoch <= statement.excluded.epoch
        ).returning(SNAPSHOT.c.version)
    )
    return stored.one_or_none() is not None


def newer_snapshots(connection: Connection, known: Mapping[int, tuple[int, int]]) -> list[bytes]:
    """Return the publications that are newer than what is known, by session."""
    newer = [
        row.session_id
        for row in connection.execute(_SNAPSHOTS, {"sessions": list(known)})
        if (row.epoch, row.version) > known[row.session_id]
    ]
    return [content for each in newer if (content := connection.scalar(_CONTENT, {"of_session": each})) is not None]


def be_present(connection: Connection, worker: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Tell of this process and the sessions that it serves: `session_id`, `online`, `overlays` of each."""
    now_ms = database_now_ms(connection)
    there = {row.id for row in revisions(connection, [row["session_id"] for row in rows])}
    for row in rows:
        if row["session_id"] not in there:
            # A rehearsal that was purged a moment ago.
            continue
        values = {"at_ms": now_ms, "online": row["online"], "overlays": row["overlays"]}
        statement = upsert(connection.dialect.name, PRESENCE).values(
            worker=worker, session_id=row["session_id"], **values
        )
        connection.execute(statement.on_conflict_do_update(index_elements=["worker", "session_id"], set_=values))


def who_is_present(connection: Connection) -> list[Present]:
    """Return the sessions that any process serves now."""
    since = database_now_ms(connection) - PRESENT_MS
    found: dict[int, Present] = {}
    for row in connection.execute(select(PRESENCE).where(PRESENCE.c.at_ms > since).order_by(PRESENCE.c.worker)):
        before = found.get(row.session_id) or Present(row.session_id, 0, 0, [])
        found[row.session_id] = Present(
            row.session_id, before.workers + 1, before.online + row.online, [*before.overlays, *row.overlays]
        )
    return list(found.values())


def workers_present(connection: Connection) -> int:
    since = database_now_ms(connection) - PRESENT_MS
    return connection.scalar(select(func.count(PRESENCE.c.worker.distinct())).where(PRESENCE.c.at_ms > since)) or 0


def forget_absent(connection: Connection, worker: str | None = None) -> None:
    """Remove a process that leaves, and those that have been gone for a minute."""
    gone = PRESENCE.c.at_ms < database_now_ms(connection) - 6 * PRESENT_MS
    connection.execute(delete(PRESENCE).where(gone if worker is None else gone | (PRESENCE.c.worker == worker)))


def revoked_since(connection: Connection, since_ms: int) -> list[int]:
    """Return the tokens that were revoked since."""
    return list(connection.scalars(select(ACCESS_TOKEN.c.id).where(ACCESS_TOKEN.c.revoked_at_ms >= since_ms)))


def voters_after(connection: Connection, run_id: int, seq: int) -> list[Any]:
    """Return who has voted in a run after a ballot of it, with the ballots' numbers."""
    statement = select(BALLOT.c.seq, BALLOT.c.voter).where(BALLOT.c.run_id == run_id, BALLOT.c.seq > seq)
    return list(connection.execute(statement.order_by(BALLOT.c.seq)))
