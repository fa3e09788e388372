"""What a show's profile card counts besides results. Every function works in its caller's transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select, union

from app.storage.tables import AUDIENCE_MINUTE, BALLOT, CARD_FORMULA, LIKE_TOTAL, ROUND, RUN, upsert

_IN_MAX = 500


def online_peaks(connection: Connection, session_ids: Sequence[int]) -> dict[int, int]:
    """Return the greatest number of people on line at once, by session."""
    found: dict[int, int] = {}
    for some in _chunks(session_ids):
        for row in connection.execute(
            select(AUDIENCE_MINUTE.c.session_id, func.max(AUDIENCE_MINUTE.c.online).label("online"))
            .where(AUDIENCE_MINUTE.c.session_id.in_(some))
            .group_by(AUDIENCE_MINUTE.c.session_id)
        ):
            found[row.session_id] = row.online
    return found


def seen_peaks(connection: Connection, session_ids: Sequence[int]) -> dict[int, int]:
    """Return how many different people had been seen by the last minute that was written down, by session."""
    found: dict[int, int] = {}
    for some in _chunks(session_ids):
        for row in connection.execute(
            select(AUDIENCE_MINUTE.c.session_id, func.max(AUDIENCE_MINUTE.c.seen).label("seen"))
            .where(AUDIENCE_MINUTE.c.session_id.in_(some))
            .group_by(AUDIENCE_MINUTE.c.session_id)
        ):
            found[row.session_id] = row.seen
    return found


def people_counted(connection: Connection, session_ids: Sequence[int]) -> dict[int, int]:
    """Return how many different voters have a ballot or a like, by session."""
    found: dict[int, int] = {}
    for some in _chunks(session_ids):
        voted = (
            select(ROUND.c.session_id, BALLOT.c.voter)
            .join(RUN, RUN.c.round_id == ROUND.c.id)
            .join(BALLOT, BALLOT.c.run_id == RUN.c.id)
            .where(ROUND.c.session_id.in_(some))
        )
        liked = (
            select(ROUND.c.session_id, LIKE_TOTAL.c.voter)
            .join(RUN, RUN.c.round_id == ROUND.c.id)
            .join(LIKE_TOTAL, LIKE_TOTAL.c.run_id == RUN.c.id)
            .where(ROUND.c.session_id.in_(some))
        )
        people = union(voted, liked).subquery("people")
        for row in connection.execute(
            select(people.c.session_id, func.count().label("people")).group_by(people.c.session_id)
        ):
            found[row.session_id] = row.people
    return found


def read_formula(connection: Connection, show_id: int) -> list[dict[str, Any]] | None:
    """Return how the show's stars are counted, or None where it is by default."""
    found: list[dict[str, Any]] | None = connection.scalar(
        select(CARD_FORMULA.c.stars).where(CARD_FORMULA.c.show_id == show_id)
    )
    return found


def put_formula(connection: Connection, show_id: int, stars: Sequence[dict[str, Any]], now_ms: int) -> None:
    values: dict[str, Any] = {"stars": list(stars), "changed_at_ms": now_ms}
    statement = upsert(connection.dialect.name, CARD_FORMULA).values(show_id=show_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["show_id"], set_=values))


def remove_formula(connection: Connection, show_id: int) -> None:
    connection.execute(CARD_FORMULA.delete().where(CARD_FORMULA.c.show_id == show_id))


def _chunks(values: Sequence[int]) -> list[Sequence[int]]:
    return [values[start : start + _IN_MAX] for start in range(0, len(values), _IN_MAX)]
