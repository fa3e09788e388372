"""Seasons of a show: entries, promotion by hand and by rank, and the record of who moved whom."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row

from app.domain.errors import Conflict, NotCertified, NotLocked, PersonNotFound, SeasonNotFound
from app.domain.lifecycle import COUNTED
from app.domain.roles import Verb
from app.domain.season import (
    CHINESE,
    Stage,
    Standing,
    first_by_rank,
    moved_by_hand,
    moved_by_rank,
    stages_from,
)
from app.domain.session import Round, Session
from app.domain.standings import Formula, Ranked, ranked
from app.domain.tally import Counts
from app.live.document import tally_figures
from app.schemas.season import (
    EntryCreate,
    EntryDocument,
    EntryList,
    FormulaDocument,
    Moved,
    MovedByRank,
    MoveDocument,
    MoveList,
    MovesWanted,
    PersonNamed,
    RankedPerson,
    RankWanted,
    SeasonChanges,
    SeasonCreate,
    SeasonDocument,
    StageDocument,
)
from app.schemas.session import ShowDocument
from app.services.archive import contestants_in, exact_scores, is_contested, people_tied, staff_of
from app.services.arena import Arena, required_round, required_session
from app.services.identity import Bearer, Crew, audit
from app.services.people import make_person, person_document, required_person
from app.services.shows import next_of, required_show
from app.storage import people, seasons
from app.storage.writer import Transaction

ENTRIES_MAX = 5_000
"""Of one season."""
BY_HAND: Mapping[str, Any] = {"kind": "hand"}


async def create(arena: Arena, actor: Crew, show: str, wanted: SeasonCreate) -> bool:
    """Make a season. The same again makes none, and answers False.

    Raises:
        ShowNotFound; Conflict: another season has the slug.
    """
    actor.require(Verb.EDIT)
    return await arena.write(_create, actor, show, wanted)


async def change(arena: Arena, actor: Crew, show: str, season: str, changes: SeasonChanges) -> None:
    actor.require(Verb.EDIT)
    await arena.write(_change, actor, show, season, changes)


async def entries(
    arena: Arena, bearer: Bearer, show: str, season: str, stage: Stage | None, after: int, limit: int
) -> EntryList:
    """List who is entered; to the public those at the season's public stage and beyond."""

    def rows(connection: Connection) -> list[Row[Any]]:
        row = required_season(connection, required_show(connection, show).id, season)
        shown: Collection[Stage] = tuple(Stage) if staff_of(bearer) else stages_from(Stage(row.public_stage))
        wanted = [each for each in shown if stage in (None, each)]
        return seasons.list_entries(connection, row.id, wanted, after, limit + 1)

    found = await arena.read(rows)
    return EntryList(entries=[entry_document(row) for row in found[:limit]], next=next_of(found, limit))


async def enter(arena: Arena, actor: Crew, show: str, season: str, wanted: EntryCreate) -> tuple[EntryDocument, bool]:
    """Enter somebody who is known, or a new person. Says whether that was new."""
    actor.require(Verb.EDIT)
    row, new = await arena.write(_enter, actor, show, season, wanted)
    return entry_document(row), new


async def move(arena: Arena, actor: Crew, show: str, season: str, wanted: MovesWanted) -> Moved:
    """Move people to a stage by hand, all or none.

    Raises:
        PersonNotFound: somebody is not entered; InvalidRequest: a step back needs a reason.
    """
    actor.require(Verb.EDIT)
    moved, unchanged = await arena.write(_move_by_hand, actor, show, season, wanted)
    return Moved(moved=[entry_document(row) for row in moved], unchanged=unchanged)


async def move_by_rank(arena: Arena, actor: Crew, show: str, season: str, wanted: RankWanted) -> MovedByRank:
    """Move the first of a session's round to a stage.

    Raises:
        Conflict: the session is of no or another season, or a choice is nobody's; NotLocked, NotCertified, TieAtTheCut.
    """
    actor.require(Verb.EDIT)
    return await arena.write(_move_by_rank, actor, show, season, wanted)


async def moves(arena: Arena, actor: Crew, show: str, season: str, after: int, limit: int) -> MoveList:
    """Return the record, oldest first."""
    actor.require(Verb.READ)

    def rows(connection: Connection) -> list[Row[Any]]:
        row = required_season(connection, required_show(connection, show).id, season)
        return seasons.list_moves(connection, row.id, after, limit + 1)

    found = await arena.read(rows)
    return MoveList(moves=[_move_document(row) for row in found[:limit]], next=next_of(found, limit))


def required_season(connection: Connection, show_id: int, slug: str) -> Row[Any]:
    row = seasons.find_season(connection, show_id, slug)
    if row is None:
        raise SeasonNotFound(f"The show has no season “{slug}”; list its seasons.")
    return row


def season_document(show: Row[Any], row: Row[Any], counts: Mapping[tuple[int, str], int]) -> SeasonDocument:
    """Return a season without its sessions."""
    return SeasonDocument(
        show=ShowDocument(slug=show.slug, name=show.name),
        season=row.slug,
        name=row.name,
        public_stage=row.public_stage,
        formula=None if row.formula is None else FormulaDocument(**asdict(Formula(**row.formula))),
        created_at_ms=row.created_at_ms,
        stages=[
            StageDocument(stage=stage, name=CHINESE[stage], entries=counts.get((row.id, stage), 0)) for stage in Stage
        ],
        sessions=None,
    )


def entry_document(row: Row[Any]) -> EntryDocument:
    return EntryDocument(
        id=row.id,
        person=person_document(row),
        stage=row.stage,
        unit=row.unit,
        entered_at_ms=row.entered_at_ms,
        moved_at_ms=row.moved_at_ms,
    )


def record_moves(
    transaction: Transaction,
    actor: Crew,
    season_id: int,
    entry_ids: Mapping[int, str | None],
    to: str,
    reason: str,
    basis: Mapping[int, Mapping[str, Any]],
) -> None:
    """Write down who moved whom. `entry_ids` holds where each stood; `basis` the ground of each."""
    shared = {
        "season_id": season_id,
        "to_stage": to,
        "at_ms": transaction.now_ms,
        "actor": actor.name or str(actor.role),
        "role": str(actor.role),
        "token_id": actor.id,
        "reason": reason,
    }
    seasons.add_moves(
        transaction.connection,
        [
            {**shared, "entry_id": entry_id, "from_stage": before, "basis": dict(basis.get(entry_id, BY_HAND))}
            for entry_id, before in entry_ids.items()
        ],
    )


def require_room(transaction: Transaction, season_id: int, more: int) -> None:
    standing = sum(seasons.count_stages(transaction.connection, [season_id]).values())
    if standing + more > ENTRIES_MAX:
        raise Conflict(f"A season has at most {ENTRIES_MAX} entries; it has {standing}.")


def _create(transaction: Transaction, actor: Crew, show: str, wanted: SeasonCreate) -> bool:
    connection = transaction.connection
    of = required_show(connection, show)
    known = seasons.find_season(connection, of.id, wanted.season)
    if known is not None:
        if known.name != wanted.name:
            raise Conflict(f"The season “{wanted.season}” is “{known.name}”; choose another slug.", name=known.name)
        return False
    values = wanted.model_dump(mode="json", exclude={"season"})
    seasons.add_season(connection, show_id=of.id, slug=wanted.season, created_at_ms=transaction.now_ms, **values)
    audit(transaction, actor, "season_made", after={"show": show, "season": wanted.season, **values})
    return True


def _change(transaction: Transaction, actor: Crew, show: str, season: str, changes: SeasonChanges) -> None:
    connection = transaction.connection
    row = required_season(connection, required_show(connection, show).id, season)
    sent = changes.model_dump(mode="json", exclude_unset=True)
    if changes.formula is not None:
        # Stored whole: what a formula leaves out is worth nothing, it is not left as it was.
        sent["formula"] = changes.formula.model_dump()
    values = {
        key: value
        for key, value in sent.items()
        if (value is not None or key == "formula") and value != getattr(row, key)
    }
    if values:
        seasons.change_season(connection, row.id, **values)
        before = {key: getattr(row, key) for key in values}
        audit(transaction, actor, "season_changed", before=before, after={"show": show, "season": season, **values})


def _enter(transaction: Transaction, actor: Crew, show: str, season: str, wanted: EntryCreate) -> tuple[Row[Any], bool]:
    connection = transaction.connection
    of = required_show(connection, show)
    row = required_season(connection, of.id, season)
    person = (
        required_person(connection, of.id, wanted.person)
        if isinstance(wanted.person, str)
        else make_person(transaction, actor, of, wanted.person)
    )
    known = seasons.entries_of_people(connection, row.id, [person.id])
    if known:
        return known[person.id], False
    require_room(transaction, row.id, 1)
    seasons.add_entries(connection, row.id, [(person.id, wanted.unit)], str(wanted.stage), transaction.now_ms)
    entry = seasons.entries_of_people(connection, row.id, [person.id])[person.id]
    record_moves(transaction, actor, row.id, {entry.id: None}, str(wanted.stage), "", {})
    after = {"show": show, "season": season, "person": person.key, "stage": str(wanted.stage)}
    audit(transaction, actor, "entered", after=after)
    return entry, True


def _move_by_hand(
    transaction: Transaction, actor: Crew, show: str, season: str, wanted: MovesWanted
) -> tuple[list[Row[Any]], list[str]]:
    connection = transaction.connection
    of = required_show(connection, show)
    row = required_season(connection, of.id, season)
    standing = _entered(connection, of.id, row.id, list(dict.fromkeys(wanted.people)))
    moved = moved_by_hand([_standing(each) for each in standing.values()], wanted.to, wanted.reason)
    rows = _move(transaction, actor, row.id, [standing[key] for key in moved], wanted.to, wanted.reason, {})
    if moved:
        after = {"show": show, "season": season, "to": str(wanted.to), "people": moved}
        audit(transaction, actor, "moved", after=after, detail=wanted.reason)
    return rows, [key for key in standing if key not in set(moved)]


def _move_by_rank(transaction: Transaction, actor: Crew, show: str, season: str, wanted: RankWanted) -> MovedByRank:
    connection = transaction.connection
    of = required_show(connection, show)
    row = required_season(connection, of.id, season)
    session = required_session(connection, wanted.session.upper())
    belongs = seasons.season_of_session(connection, session.id)
    if belongs is None or belongs.id != row.id:
        raise Conflict(f"The session {session.code} is not of this season; put it into the season first.")
    round_ = _ranked_round(session, wanted.round)
    named = people_tied(session, seasons.people_of_sessions(connection, [session.id]).get(session.id, []))
    tied = {key: named[key] for key in named.keys() & contestants_in(round_, session)}
    figures = _figures(session, round_, wanted.by)
    shown = {tied[each["key"]].key: each[wanted.by] for each in figures["choices"] if each["key"] in tied}
    board = ranked(
        exact_scores(figures)
        if wanted.by == "score"
        else {each["key"]: int(each[wanted.by]) for each in figures["choices"]}
    )
    taken = first_by_rank(_of_people(board, tied), wanted.top, wanted.ties)
    places = {each.key: each for each in taken}
    standing = _entered(connection, of.id, row.id, list(places))
    moved = moved_by_rank(places, [_standing(each) for each in standing.values()], wanted.to)
    shared = {
        "kind": "rank",
        "session": session.code,
        "round": round_.number,
        "run": round_.run.number,
        "by": wanted.by,
        "digest": _digest(round_),
    }
    basis = {standing[key].id: {**shared, "rank": places[key].rank, "figure": shown[key]} for key in moved}
    rows = _move(transaction, actor, row.id, [standing[key] for key in moved], wanted.to, wanted.reason, basis)
    if moved:
        after = {"show": show, "season": season, "to": str(wanted.to), "people": moved, **shared, "top": wanted.top}
        audit(transaction, actor, "moved_by_rank", session_id=session.id, round=round_.number, after=after)
    return MovedByRank(
        moved=[entry_document(each) for each in rows],
        unchanged=[key for key in places if key not in set(moved)],
        ranking=[
            RankedPerson(rank=each.rank, person=each.key, figure=shown[each.key], moved=each.key in set(moved))
            for each in taken
        ],
    )


def _ranked_round(session: Session, number: int | None) -> Round:
    """Return the round asked for, or the last counted one over the contestants, where it may be counted by."""
    if number is None:
        counted = [each for each in session.rounds if each.run.phase in COUNTED and is_contested(each, session)]
        if not counted:
            raise NotLocked("No round over the contestants is locked yet; lock one, or name the round.", phase="draft")
        round_ = counted[-1]
    else:
        round_ = required_round(session, number)
    if round_.run.phase not in COUNTED or round_.standing is None:
        raise NotLocked(
            f"Round {round_.number} is {round_.run.phase}; people are moved by a count that is locked.",
            phase=str(round_.run.phase),
        )
    if round_.seal_unbroken:
        raise NotCertified(f"Round {round_.number} is sealed; a scrutineer certifies the count first.")
    return round_


def _figures(session: Session, round_: Round, by: str) -> dict[str, Any]:
    assert round_.standing is not None
    if by == "score" and not session.weights:
        raise Conflict("No channel of this session has a weight, so there is no score; rank by votes or likes.")
    return tally_figures(round_.choices, Counts.announced(round_.standing), session.channels)


def _digest(round_: Round) -> str:
    """Return the digest of what stands: of the last correction, else of what the lock announced."""
    assert round_.result is not None
    return round_.corrections[-1].digest if round_.corrections else str(round_.result["digest"])


def _of_people(board: Sequence[Ranked], tied: Mapping[str, Row[Any]]) -> list[Ranked]:
    unknown = [each.key for each in board if each.key not in tied]
    if unknown:
        raise Conflict(
            f"The choice “{unknown[0]}” is tied to no person; say in the season who it is, or name another round.",
            contestants=unknown,
        )
    return [Ranked(each.rank, tied[each.key].key, each.figure) for each in board]


def _entered(connection: Connection, show_id: int, season_id: int, keys: Sequence[str]) -> dict[str, Row[Any]]:
    """Return the entries of these people, in their order. Raises PersonNotFound."""
    known = people.people_by_key(connection, show_id, keys)
    entered = seasons.entries_of_people(connection, season_id, [known[key].id for key in keys if key in known])
    found = {row.key: row for row in entered.values()}
    if missing := [key for key in keys if key not in found]:
        raise PersonNotFound(f"“{missing[0]}” is not entered in this season; enter them first.", people=missing)
    return {key: found[key] for key in keys}


def _standing(row: Row[Any]) -> Standing:
    return Standing(row.key, Stage(row.stage))


def _move(
    transaction: Transaction,
    actor: Crew,
    season_id: int,
    rows: Sequence[Row[Any]],
    to: Stage,
    reason: str,
    basis: Mapping[int, Mapping[str, Any]],
) -> list[Row[Any]]:
    """Move entries and write it down; returns them as they then stand."""
    if not rows:
        return []
    connection = transaction.connection
    for row in rows:
        if not seasons.move_entry(connection, row.id, row.stage, str(to), transaction.now_ms):
            raise Conflict(f"“{row.key}” was moved by somebody else meanwhile; look again.")
    record_moves(transaction, actor, season_id, {row.id: row.stage for row in rows}, str(to), reason, basis)
    now = seasons.entries_of_people(connection, season_id, [row.person_id for row in rows])
    return [now[row.person_id] for row in rows]


def _move_document(row: Row[Any]) -> MoveDocument:
    return MoveDocument(
        id=row.id,
        person=PersonNamed(key=row.key, name=row.name),
        from_=row.from_stage,
        to=row.to_stage,
        by=row.actor,
        role=row.role,
        at_ms=row.at_ms,
        reason=row.reason,
        basis=row.basis,
    )
