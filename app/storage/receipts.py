"""Finds a ballot by its receipt. Reads by the unique index; says nothing of the voter."""

from sqlalchemy import Connection, Row, bindparam, select
from sqlalchemy.sql.elements import ColumnElement

from app.storage.tables import BALLOT, ROUND, RUN

_LATER = BALLOT.alias("later")
_STANDS: ColumnElement[bool] = ~(
    select(1)
    .where(
        _LATER.c.run_id == BALLOT.c.run_id,
        _LATER.c.voter == BALLOT.c.voter,
        _LATER.c.slot == BALLOT.c.slot,
        _LATER.c.revision > BALLOT.c.revision,
    )
    .exists()
)
FIND = (
    select(
        BALLOT.c.run_id,
        BALLOT.c.seq,
        BALLOT.c.choices,
        BALLOT.c.channel,
        BALLOT.c.accepted_at_ms,
        BALLOT.c.held,
        ROUND.c.number.label("round"),
        RUN.c.number.label("run"),
        RUN.c.phase,
        _STANDS.label("stands"),
    )
    .join(RUN, RUN.c.id == BALLOT.c.run_id)
    .join(ROUND, ROUND.c.id == RUN.c.round_id)
    .where(BALLOT.c.receipt == bindparam("of_receipt"), ROUND.c.session_id == bindparam("of_session"))
)


def find_receipt(
    connection: Connection, session_id: int, receipt: str
) -> Row[tuple[int, int, str, str, int, str, int, int, str, bool]] | None:
    """Return where a receipt's ballot stands in a session, and whether no later revision took its place; or None."""
    return connection.execute(FIND, {"of_receipt": receipt, "of_session": session_id}).one_or_none()
