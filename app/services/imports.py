"""Loads a file of nominees into a season: all of it, or, where one row is bad, nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from app.domain.errors import InvalidImport
from app.domain.roles import Verb
from app.domain.roster import Fault, Nominee, Roster, read_rows
from app.domain.season import Stage
from app.schemas.season import Imported, ImportNote
from app.services import sheets
from app.services.arena import Arena
from app.services.identity import Crew, audit
from app.services.people import require_room as require_people_room
from app.services.seasons import record_moves, require_room, required_season
from app.services.sheets import UnreadableFile
from app.services.shows import required_show
from app.storage import people, seasons
from app.storage.people import FIELDS
from app.storage.writer import Transaction

ROWS_MAX = 5_000
FAULTS_SHOWN = 200
NOTES_SHOWN = 200


@dataclass(slots=True)
class _Plan:
    """Who of the file is made, who is entered, and what is to be told."""

    made: list[dict[str, Any]] = field(default_factory=list)
    entering: dict[str, Nominee] = field(default_factory=dict)
    """By the person's key."""
    known_people: int = 0
    known: int = 0
    notes: list[ImportNote] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


async def load(arena: Arena, actor: Crew, show: str, season: str, content: bytes, dry_run: bool) -> Imported:
    """Load a file; with `dry_run` only say what would come of it.

    Raises:
        InvalidImport: with every bad row by line; nothing was loaded.
    """
    actor.require(Verb.EDIT)
    digest = hashlib.sha256(content).hexdigest()
    # Read on a reader's thread: a large sheet takes a moment in which nobody's vote shall wait.
    roster = await arena.read(lambda _: _read(content))
    _refuse(roster.faults, roster.bad, roster.rows)
    return await arena.write(_load, actor, show, season, roster, digest, dry_run)


def _read(content: bytes) -> Roster:
    try:
        return read_rows(sheets.rows_of(content), ROWS_MAX)
    except UnreadableFile as error:
        return Roster(faults=[Fault(error.line, "", str(error))])


def _refuse(faults: Sequence[Fault], bad: int, total: int) -> None:
    if faults:
        first = faults[0]
        raise InvalidImport(
            f"Nothing was loaded: {bad} {'line is' if bad == 1 else 'lines are'} not as it should be; line "
            f"{first.line}: {first.message}.",
            rows=[{"line": each.line, "field": each.field, "message": each.message} for each in faults[:FAULTS_SHOWN]],
            bad=bad,
            total=total,
        )


def _load(
    transaction: Transaction, actor: Crew, show: str, season: str, roster: Roster, digest: str, dry_run: bool
) -> Imported:
    connection = transaction.connection
    of = required_show(connection, show)
    row = required_season(connection, of.id, season)
    plan = _plan(transaction, of, row, roster)
    _refuse(plan.faults, len({each.line for each in plan.faults}), roster.rows)
    require_people_room(connection, of.id, len(plan.made))
    require_room(transaction, row.id, len(plan.entering))
    if not dry_run and plan.entering:
        _enter(transaction, actor, of, row, plan, digest)
        after = {
            "show": show,
            "season": season,
            "rows": roster.rows,
            "added": len(plan.entering),
            "people_made": len(plan.made),
            "digest": digest,
        }
        audit(transaction, actor, "imported", after=after)
    return Imported(
        dry_run=dry_run,
        rows=roster.rows,
        added=len(plan.entering),
        known=plan.known,
        people_made=len(plan.made),
        people_known=plan.known_people,
        ignored=roster.ignored,
        notes=plan.notes[:NOTES_SHOWN],
        digest=digest,
    )


def _plan(transaction: Transaction, show: Row[Any], season: Row[Any], roster: Roster) -> _Plan:
    connection = transaction.connection
    everybody = people.people_of(connection, show.id)
    by_key = {row.key: row for row in everybody}
    named: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in everybody:
        named.setdefault((row.name, row.organisation), []).append(row)
    entered = seasons.entries_of_people(connection, season.id, [row.id for row in everybody])
    plan = _Plan()
    taken = by_key.keys() | {each.key for each in roster.nominees}
    number = people.next_number(connection, show.id)
    meant: dict[str, int] = {}
    for each in roster.nominees:
        known, fault = _known(each, by_key, named)
        if fault is not None:
            plan.faults.append(fault)
            continue
        if known is None:
            key = each.key
            while not key:
                key = f"p{number}" if f"p{number}" not in taken else ""
                number += 1
            plan.made.append({**{name: getattr(each, name) for name in FIELDS}, "key": key})
            plan.entering[key] = each
            continue
        if known.key in meant:
            plan.faults.append(Fault(each.line, "key", f"line {meant[known.key]} is the same person"))
        meant[known.key] = each.line
        plan.known_people += 1
        plan.notes += _differences(each, known)
        if known.id in entered:
            plan.known += 1
        else:
            plan.entering[known.key] = each
    return plan


def _known(
    nominee: Nominee, by_key: Mapping[str, Row[Any]], named: Mapping[tuple[str, str], list[Row[Any]]]
) -> tuple[Row[Any] | None, Fault | None]:
    """Return the person whom a row means, or None where that is somebody new; or why nobody can say."""
    if nominee.key:
        known = by_key.get(nominee.key)
        if known is not None and known.name != nominee.name:
            return None, Fault(nominee.line, "key", f"the key is {known.name}'s; give another or none")
        return known, None
    same = named.get(nominee.identity, [])
    if len(same) > 1:
        keys = ", ".join(each.key for each in same[:5])
        return None, Fault(nominee.line, "key", f"several are called so ({keys}); say which by the key")
    return (same[0] if same else None), None


def _differences(nominee: Nominee, known: Row[Any]) -> list[ImportNote]:
    differing = [
        name for name in FIELDS[2:] if getattr(nominee, name) and getattr(nominee, name) != getattr(known, name)
    ]
    if not differing:
        return []
    return [ImportNote(line=nominee.line, message=f"{known.key} is known and keeps {', '.join(differing)}")]


def _enter(transaction: Transaction, actor: Crew, show: Row[Any], season: Row[Any], plan: _Plan, digest: str) -> None:
    connection, now_ms = transaction.connection, transaction.now_ms
    if plan.made:
        people.add_people(connection, show.id, plan.made, now_ms)
    known = people.people_by_key(connection, show.id, plan.entering)
    rows = [(known[key].id, each.unit) for key, each in plan.entering.items()]
    seasons.add_entries(connection, season.id, rows, str(Stage.NOMINATED), now_ms)
    entries = seasons.entries_of_people(connection, season.id, [person_id for person_id, _ in rows])
    lines = {entries[known[key].id].id: each.line for key, each in plan.entering.items()}
    basis = {entry_id: {"kind": "import", "digest": digest, "line": line} for entry_id, line in lines.items()}
    record_moves(transaction, actor, season.id, dict.fromkeys(lines), str(Stage.NOMINATED), "", basis)
