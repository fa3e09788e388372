"""People of a show in the database. Every function works in its caller's transaction."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from app.storage.tables import ENTRY, PERSON, SEASON, SESSION, SESSION_PERSON

FIELDS = ("key", "name", "title", "organisation", "sector", "portrait_url", "clip_url", "slogan")
_IN_MAX = 500
_MADE = re.compile(r"p([1-9][0-9]{0,8})")


def find_person(connection: Connection, show_id: int, key: str) -> Row[Any] | None:
    return connection.execute(select(PERSON).where(PERSON.c.show_id == show_id, PERSON.c.key == key)).one_or_none()


def people_by_key(connection: Connection, show_id: int, keys: Iterable[str]) -> dict[str, Row[Any]]:
    """Return those of these people who are there."""
    found: dict[str, Row[Any]] = {}
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), _IN_MAX):
        some = wanted[start : start + _IN_MAX]
        for row in connection.execute(select(PERSON).where(PERSON.c.show_id == show_id, PERSON.c.key.in_(some))):
            found[row.key] = row
    return found


def people_of(connection: Connection, show_id: int) -> list[Row[Any]]:
    """Return everybody of a show, oldest first."""
    return list(connection.execute(select(PERSON).where(PERSON.c.show_id == show_id).order_by(PERSON.c.id)))


def list_people(connection: Connection, show_id: int, after: int, limit: int, piece: str) -> list[Row[Any]]:
    """Return people with a greater id than `after`; with a piece, those whose name or organisation has it."""
    statement = select(PERSON).where(PERSON.c.show_id == show_id, PERSON.c.id > after)
    if piece:
        statement = statement.where(
            or_(PERSON.c.name.contains(piece, autoescape=True), PERSON.c.organisation.contains(piece, autoescape=True))
        )
    return list(connection.execute(statement.order_by(PERSON.c.id).limit(limit)))


def add_people(connection: Connection, show_id: int, people: Sequence[Mapping[str, Any]], now_ms: int) -> None:
    """Add people; each brings every one of FIELDS."""
    connection.execute(insert(PERSON), [{"show_id": show_id, "created_at_ms": now_ms, **each} for each in people])


def change_person(connection: Connection, person_id: int, **values: Any) -> None:
    connection.execute(update(PERSON).where(PERSON.c.id == person_id).values(**values))


def next_number(connection: Connection, show_id: int) -> int:
    """Return the first number above those of the keys p1, p2, … that the show has given out."""
    keys = connection.scalars(select(PERSON.c.key).where(PERSON.c.show_id == show_id, PERSON.c.key.like("p%")))
    return 1 + max((int(match[1]) for key in keys if (match := _MADE.fullmatch(key))), default=0)


def entries_of(connection: Connection, person_id: int) -> list[Row[Any]]:
    """Return the seasons in which a person is entered, and at which stage."""
    return list(
        connection.execute(
            select(SEASON.c.slug, ENTRY.c.stage)
            .join(SEASON, SEASON.c.id == ENTRY.c.season_id)
            .where(ENTRY.c.person_id == person_id)
            .order_by(SEASON.c.id)
        )
    )


def sessions_of(connection: Connection, person_id: int) -> list[Row[Any]]:
    """Return the sessions in which a person stands, and as whom."""
    return list(
        connection.execute(
            select(SESSION.c.code, SESSION_PERSON.c.contestant)
            .join(SESSION, SESSION.c.id == SESSION_PERSON.c.session_id)
            .where(SESSION_PERSON.c.person_id == person_id)
            .order_by(SESSION.c.id)
        )
    )


def count_people(connection: Connection, show_id: int) -> int:
    return connection.scalar(select(func.count()).where(PERSON.c.show_id == show_id)) or 0


def people_named(connection: Connection, show_id: int, name: str, organisation: str) -> list[Row[Any]]:
    """Return the people of this name in this organisation, oldest first."""
    return list(
        connection.execute(
            select(PERSON)
            .where(PERSON.c.show_id == show_id, PERSON.c.name == name, PERSON.c.organisation == organisation)
            .order_by(PERSON.c.id)
        )
    )
