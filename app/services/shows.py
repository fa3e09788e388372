"""A show by its slug, and where the next page of its lists begins."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

from app.domain.errors import ShowNotFound
from app.storage import seasons


def required_show(connection: Connection, slug: str) -> Row[Any]:
    row = seasons.find_show(connection, slug)
    if row is None:
        raise ShowNotFound(f"No show has the slug “{slug}”; list the shows.")
    return row


def next_of(rows: Sequence[Row[Any]], limit: int) -> int | None:
    """Return the `after` of the next page, where one more row than the limit was found."""
    return rows[limit - 1].id if len(rows) > limit else None
