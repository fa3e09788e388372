"""Reads what a past session has left, whole. Every function works in its caller's transaction; none writes."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from app.storage.tables import BALLOT, LIKE_TOTAL, ROUND, RUN, SESSION

ROWS_AT_ONCE = 5_000


def runs_of_session(connection: Connection, session_id: int) -> list[Row[Any]]:
    """Return every run with its round's number, oldest first in each round."""
    return list(
        connection.execute(
            select(RUN, ROUND.c.number.label("round"))
            .join(ROUND, ROUND.c.id == RUN.c.round_id)
            .where(ROUND.c.session_id == session_id)
            .order_by(ROUND.c.number, RUN.c.number)
        )
    )


def every_ballot(connection: Connection, run_id: int) -> Iterator[Row[Any]]:
    """Return a run's ballots in the order of the ledger, without holding all of them."""
    statement = (
        select(
            BALLOT.c.voter,
            BALLOT.c.slot,
            BALLOT.c.revision,
            BALLOT.c.choices,
            BALLOT.c.channel,
            BALLOT.c.accepted_at_ms,
            BALLOT.c.held,
        )
        .where(BALLOT.c.run_id == run_id)
        .order_by(BALLOT.c.seq)
    )
    rows: Iterator[Row[Any]] = iter(connection.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE}))
    return rows


def likes_by_channel(connection: Connection, run_ids: Sequence[int]) -> list[Row[Any]]:
    """Return the sums of likes of each run, choice and channel as they stand."""
    return list(
        connection.execute(
            select(
                LIKE_TOTAL.c.run_id,
                LIKE_TOTAL.c.choice,
                LIKE_TOTAL.c.channel,
                func.sum(LIKE_TOTAL.c.total).label("likes"),
            )
            .where(LIKE_TOTAL.c.run_id.in_(run_ids))
            .group_by(LIKE_TOTAL.c.run_id, LIKE_TOTAL.c.choice, LIKE_TOTAL.c.channel)
            .order_by(LIKE_TOTAL.c.run_id, LIKE_TOTAL.c.choice, LIKE_TOTAL.c.channel)
        )
    )


def played_sessions(connection: Connection) -> list[Row[Any]]:
    """Return the sessions of which a round was ever opened, the last ones first: what a replay can show."""
    opened = func.min(RUN.c.opened_at_ms)
    return list(
        connection.execute(
            select(
                SESSION.c.code,
                SESSION.c.title,
                opened.label("opened_at_ms"),
                func.max(func.coalesce(RUN.c.revealed_at_ms, RUN.c.locked_at_ms, RUN.c.opened_at_ms)).label(
                    "last_at_ms"
                ),
                func.count(RUN.c.opened_at_ms).label("runs"),
                func.sum(RUN.c.ballots).label("ballots"),
            )
            .join(ROUND, ROUND.c.session_id == SESSION.c.id)
            .join(RUN, RUN.c.round_id == ROUND.c.id)
            .where(RUN.c.opened_at_ms.is_not(None))
            .group_by(SESSION.c.id, SESSION.c.code, SESSION.c.title)
            .order_by(opened.desc())
        )
    )
