"""Reads a session whole, and writes what commands change of it. Every function works in its caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from app.domain.ledger import CHAIN_START
from app.domain.lifecycle import ON_AIR, Phase, RunState
from app.domain.session import Channel, Choice, Contestant, Correction, Round, Session
from app.domain.text import is_plain
from app.storage.hot import Statement
from app.storage.tables import CONTESTANT, CORRECTION, PORTRAIT, ROUND, RUN, SESSION, SHOW, upsert

_RUN_FIELDS = tuple(each.name for each in fields(RunState))
_REVISION = Statement(lambda _: select(SESSION.c.revision).where(SESSION.c.code == bindparam("of_code")), "of_code")
_RAISE_REVISION = update(SESSION).where(SESSION.c.id == bindparam("of_session")).values(revision=SESSION.c.revision + 1)
_CONTESTANT_FIELDS = tuple(each.name for each in fields(Contestant))
# Each is put together once: that costs several times what running it does, and a session is read by every command.
_REAL = SESSION.alias("real_session")
_HEAD = (
    select(SESSION, SHOW.c.slug, SHOW.c.name.label("show_name"), _REAL.c.code.label("real_code"))
    .join(SHOW, SHOW.c.id == SESSION.c.show_id)
    .outerjoin(_REAL, _REAL.c.id == SESSION.c.rehearsal_of)
    .where(SESSION.c.code == bindparam("of_code"))
)
_CONTESTANTS = (
    select(CONTESTANT).where(CONTESTANT.c.session_id == bindparam("of_session")).order_by(CONTESTANT.c.position)
)
_ANY_RUN = RUN.alias("any_run")
_ROUNDS = (
    select(
        ROUND,
        RUN.c.id.label("run_id"),
        *(RUN.c[name].label(f"run_{name}") for name in _RUN_FIELDS),
        RUN.c.result,
    )
    .join(RUN, RUN.c.round_id == ROUND.c.id)
    .where(
        ROUND.c.session_id == bindparam("of_session"),
        RUN.c.number == select(func.max(_ANY_RUN.c.number)).where(_ANY_RUN.c.round_id == ROUND.c.id).scalar_subquery(),
    )
    .order_by(ROUND.c.number)
)
_CORRECTIONS = (
    select(CORRECTION.c.run_id, CORRECTION.c.record, CORRECTION.c.digest)
    .join(RUN, RUN.c.id == CORRECTION.c.run_id)
    .join(ROUND, ROUND.c.id == RUN.c.round_id)
    .where(ROUND.c.session_id == bindparam("of_session"))
    .order_by(CORRECTION.c.run_id, CORRECTION.c.number)
)


def load_session(connection: Connection, code: str) -> Session | None:
    """Return the session with its rounds and their present runs, or None."""
    # PostgreSQL does not look for what it cannot hold: it fails.
    head = connection.execute(_HEAD, {"of_code": code}).one_or_none() if is_plain(code) else None
    if head is None:
        return None
    contestants = tuple(
        Contestant(**{name: getattr(row, name) for name in _CONTESTANT_FIELDS})
        for row in connection.execute(_CONTESTANTS, {"of_session": head.id})
    )
    corrected = corrections_of(connection, head.id)
    rounds = tuple(
        _round(row, contestants, corrected.get(row.run_id, ()))
        for row in connection.execute(_ROUNDS, {"of_session": head.id})
    )
    return Session(
        id=head.id,
        code=head.code,
        number=head.number,
        title=head.title,
        topic=head.topic,
        kind=head.kind,
        ended=head.ended,
        show_slug=head.slug,
        show_name=head.show_name,
        deciding=head.deciding,
        starts_at_ms=head.starts_at_ms,
        created_at_ms=head.created_at_ms,
        scene=head.scene,
        preview=head.preview,
        panicked_at_ms=head.panicked_at_ms,
        channels=tuple(Channel(**each) for each in head.channels),
        contestants=contestants,
        rounds=rounds,
        revision=head.revision,
        current=head.current_round or (rounds[0].number if rounds else None),
        voter_key=head.voter_key,
        ended_at_ms=head.ended_at_ms,
        purged_at_ms=head.purged_at_ms,
        rehearsal_of=head.real_code,
    )


def _round(row: Row[Any], contestants: Sequence[Contestant], corrections: Sequence[Correction]) -> Round:
    own = row.choices is not None
    choices = (
        tuple(Choice(each["key"], each["name"]) for each in row.choices)
        if own
        else tuple(Choice(each.key, each.name) for each in contestants)
    )
    run = {name: getattr(row, f"run_{name}") for name in _RUN_FIELDS}
    run["phase"] = Phase(run["phase"])
    return Round(
        id=row.id,
        number=row.number,
        title=row.title,
        question=row.question,
        dimension=row.dimension,
        choices=choices,
        own_choices=own,
        choices_max=row.choices_max,
        changeable=row.changeable,
        votes_per_day=row.votes_per_day,
        duration_ms=row.duration_ms,
        grace_ms=row.grace_ms,
        visibility=row.visibility,
        likes_per_second=row.likes_per_second,
        sealed=row.sealed,
        quarantine=tuple(row.quarantine),
        run_id=row.run_id,
        run=RunState(**run),
        result=row.result,
        corrections=tuple(corrections),
    )


def corrections_of(connection: Connection, session_id: int) -> dict[int, list[Correction]]:
    """Return the confirmed corrections of a session's runs, in their order."""
    found: dict[int, list[Correction]] = {}
    for row in connection.execute(_CORRECTIONS, {"of_session": session_id}):
        found.setdefault(row.run_id, []).append(Correction(row.record, row.digest))
    return found


def revision_of(connection: Connection, code: str) -> int | None:
    """Return the session's revision, or None where there is no such session."""
    found = _REVISION.rows(connection, code)
    return found[0][0] if found else None


def raise_revision(connection: Connection, session_id: int) -> None:
    connection.execute(_RAISE_REVISION, {"of_session": session_id})


def session_exists(connection: Connection, code: str) -> bool:
    return connection.scalar(select(SESSION.c.id).where(SESSION.c.code == code)) is not None


def all_codes(connection: Connection) -> list[str]:
    return list(connection.scalars(select(SESSION.c.code).order_by(SESSION.c.id)))


def codes_on_air(connection: Connection) -> list[str]:
    """List the sessions in which a round is open, paused or closing: those whose deadlines go on after a restart."""
    return list(
        connection.scalars(
            select(SESSION.c.code)
            .distinct()
            .join(ROUND, ROUND.c.session_id == SESSION.c.id)
            .join(RUN, RUN.c.round_id == ROUND.c.id)
            .where(RUN.c.phase.in_([str(phase) for phase in ON_AIR]))
        )
    )


def list_sessions(connection: Connection, limit: int, before_id: int | None, session_id: int | None) -> list[Row[Any]]:
    """Return sessions newest first, with their show's slug and name and their number of rounds."""
    rounds = select(func.count()).where(ROUND.c.session_id == SESSION.c.id).scalar_subquery()
    statement = (
        select(SESSION, SHOW.c.slug, SHOW.c.name.label("show_name"), rounds.label("rounds"))
        .join(SHOW, SHOW.c.id == SESSION.c.show_id)
        .order_by(SESSION.c.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        statement = statement.where(SESSION.c.id < before_id)
    if session_id is not None:
        statement = statement.where(SESSION.c.id == session_id)
    return list(connection.execute(statement))


def list_shows(connection: Connection) -> list[Row[Any]]:
    return list(connection.execute(select(SHOW.c.slug, SHOW.c.name).order_by(SHOW.c.id)))


def find_show(connection: Connection, slug: str) -> int | None:
    return connection.scalar(select(SHOW.c.id).where(SHOW.c.slug == slug))


def add_show(connection: Connection, **values: Any) -> int:
    return _inserted_id(connection.execute(insert(SHOW).values(**values)))


def add_session(connection: Connection, **values: Any) -> int:
    return _inserted_id(connection.execute(insert(SESSION).values(**values)))


def change_session(connection: Connection, session_id: int, **values: Any) -> None:
    connection.execute(update(SESSION).where(SESSION.c.id == session_id).values(**values))


def put_contestants(connection: Connection, session_id: int, contestants: Sequence[Contestant]) -> None:
    """Replace a session's contestants."""
    connection.execute(CONTESTANT.delete().where(CONTESTANT.c.session_id == session_id))
    connection.execute(
        insert(CONTESTANT),
        [{"session_id": session_id, "position": i, **asdict(each)} for i, each in enumerate(contestants)],
    )


def put_portrait(connection: Connection, digest: str, content_type: str, content: bytes) -> None:
    """Keep a picture; nothing happens where it is kept already."""
    statement = upsert(connection.dialect.name, PORTRAIT).values(
        digest=digest, content_type=content_type, content=content
    )
    connection.execute(statement.on_conflict_do_nothing())


def read_portrait(connection: Connection, digest: str) -> tuple[str, bytes] | None:
    row = connection.execute(select(PORTRAIT).where(PORTRAIT.c.digest == digest)).one_or_none()
    return None if row is None else (row.content_type, row.content)


def add_round(connection: Connection, session_id: int, number: int, rules: Mapping[str, Any]) -> None:
    """Add a round in draft, with its first run."""
    added = connection.execute(insert(ROUND).values(session_id=session_id, number=number, **rules))
    add_run(connection, _inserted_id(added), RunState())


def change_round(connection: Connection, round_id: int, rules: Mapping[str, Any]) -> None:
    connection.execute(update(ROUND).where(ROUND.c.id == round_id).values(**rules))


def remove_round(connection: Connection, round_id: int) -> None:
    """Remove a round that was never opened."""
    connection.execute(RUN.delete().where(RUN.c.round_id == round_id))
    connection.execute(ROUND.delete().where(ROUND.c.id == round_id))


def add_run(connection: Connection, round_id: int, state: RunState) -> None:
    connection.execute(insert(RUN).values(round_id=round_id, chain_head=CHAIN_START, **_run_values(state)))


def change_run(connection: Connection, run_id: int, state: RunState, result: Mapping[str, Any] | None = None) -> None:
    """Store a run's state; a result, once given, is kept."""
    values = _run_values(state)
    if result is not None:
        values["result"] = dict(result)
    connection.execute(update(RUN).where(RUN.c.id == run_id).values(**values))


def runs_of(connection: Connection, round_id: int) -> list[Row[Any]]:
    """Return all runs of a round, oldest first."""
    return list(connection.execute(select(RUN).where(RUN.c.round_id == round_id).order_by(RUN.c.number)))


def _run_values(state: RunState) -> dict[str, Any]:
    return {**asdict(state), "phase": str(state.phase)}


def _inserted_id(result: Any) -> int:
    key: int = result.inserted_primary_key[0]
    return key
