"""People of a show: who is known, by which key, and where they stand."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row

from app.domain.errors import Conflict, InvalidRequest, PersonNotFound
from app.domain.roles import Verb
from app.schemas.person import (
    PersonChanges,
    PersonDocument,
    PersonEntry,
    PersonFields,
    PersonList,
    PersonSession,
    PersonWhole,
)
from app.services.arena import Arena
from app.services.identity import Crew, audit
from app.services.sessions import kept_portrait
from app.services.shows import next_of, required_show
from app.storage import people
from app.storage.writer import Transaction

PEOPLE_MAX = 20_000
"""Of one show."""


async def list_people(arena: Arena, actor: Crew, show: str, after: int, limit: int, piece: str) -> PersonList:
    actor.require(Verb.READ)

    def rows(connection: Connection) -> list[Row[Any]]:
        return people.list_people(connection, required_show(connection, show).id, after, limit + 1, piece)

    found = await arena.read(rows)
    return PersonList(people=[person_document(row) for row in found[:limit]], next=next_of(found, limit))


async def person(arena: Arena, actor: Crew, show: str, key: str) -> PersonWhole:
    """Return a person with their entries and sessions. Raises ShowNotFound, PersonNotFound."""
    actor.require(Verb.READ)

    def rows(connection: Connection) -> tuple[Row[Any], list[Row[Any]], list[Row[Any]]]:
        row = required_person(connection, required_show(connection, show).id, key)
        return row, people.entries_of(connection, row.id), people.sessions_of(connection, row.id)

    row, entered, stood = await arena.read(rows)
    return PersonWhole(
        **person_document(row).model_dump(),
        entries=[PersonEntry(season=each.slug, stage=each.stage) for each in entered],
        sessions=[PersonSession(code=each.code, contestant=each.contestant) for each in stood],
    )


async def create(arena: Arena, actor: Crew, show: str, fields: PersonFields) -> PersonDocument:
    """Add a person. Raises ShowNotFound, Conflict: the key is taken, or there are too many."""
    actor.require(Verb.EDIT)
    return person_document(await arena.write(_create, actor, show, fields))


async def change(arena: Arena, actor: Crew, show: str, key: str, changes: PersonChanges) -> PersonWhole:
    """Change what was sent. Contestants of sessions stay as they were made."""
    actor.require(Verb.EDIT)
    await arena.write(_change, actor, show, key, changes)
    return await person(arena, actor, show, key)


def required_person(connection: Connection, show_id: int, key: str) -> Row[Any]:
    row = people.find_person(connection, show_id, key)
    if row is None:
        raise PersonNotFound(f"The show has no person “{key}”; list its people.")
    return row


def make_person(transaction: Transaction, actor: Crew, show: Row[Any], fields: PersonFields) -> Row[Any]:
    """Add a person in its caller's transaction. Without a key, who is there already in every field is that person: a
    button may bounce. Raises Conflict.
    """
    connection = transaction.connection
    values = {**fields.model_dump(), "portrait_url": kept_portrait(transaction, fields.portrait_url)}
    if fields.key is None:
        values["key"] = f"p{people.next_number(connection, show.id)}"
        for known in people.people_named(connection, show.id, fields.name, fields.organisation):
            if all(getattr(known, name) == value for name, value in values.items() if name != "key"):
                return known
    key = values["key"]
    if people.find_person(connection, show.id, key) is not None:
        raise Conflict(f"The key “{key}” is taken in this show; choose another, or leave it out.", key=key)
    require_room(connection, show.id, 1)
    people.add_people(connection, show.id, [values], transaction.now_ms)
    audit(transaction, actor, "person_made", after={"show": show.slug, **_audited(values)})
    return required_person(connection, show.id, key)


def require_room(connection: Connection, show_id: int, more: int) -> None:
    if people.count_people(connection, show_id) + more > PEOPLE_MAX:
        raise Conflict(f"A show has at most {PEOPLE_MAX} people.")


def person_document(row: Row[Any]) -> PersonDocument:
    return PersonDocument(**{name: getattr(row, name) for name in PersonDocument.model_fields})


def _create(transaction: Transaction, actor: Crew, show: str, fields: PersonFields) -> Row[Any]:
    return make_person(transaction, actor, required_show(transaction.connection, show), fields)


def _change(transaction: Transaction, actor: Crew, show: str, key: str, changes: PersonChanges) -> None:
    connection = transaction.connection
    row = required_person(connection, required_show(connection, show).id, key)
    sent = {name: value for name, value in changes.model_dump(exclude_unset=True).items() if value is not None}
    if "portrait_url" in sent:
        sent["portrait_url"] = kept_portrait(transaction, sent["portrait_url"])
    values = {name: value for name, value in sent.items() if value != getattr(row, name)}
    if not values:
        if not sent:
            raise InvalidRequest("Nothing was sent that could change; send at least one field.")
        return
    people.change_person(connection, row.id, **values)
    before = {name: getattr(row, name) for name in values}
    after = {"show": show, "key": key, **values}
    audit(transaction, actor, "person_changed", before=before, after=after)


def _audited(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("key", "name", "organisation")}
