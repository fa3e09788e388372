"""What may be deleted: of a rehearsal everything, of anything else nothing; and no cheat makes the one of the other."""

from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Connection, Integer, LargeBinary, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from app.domain.session import Contestant
from app.storage import sessions
from app.storage.engine import Database
from app.storage.rehearsals import delete_rehearsal
from app.storage.tables import RUN, SESSION
from tests.storage.conftest import NOW_MS, RULES

APPEND_ONLY = ("ballot", "ledger_batch", "correction", "audit_entry", "external_tally")


def filled(connection: Connection, table: str, session_id: int, run_id: int) -> None:
    """Put one row of a session into one of the tables that hold what belongs to it."""
    values: dict[str, Any] = {}
    for column in SQLModel.metadata.tables[table].c:
        if column.name in ("session_id", "run_id"):
            values[column.name] = session_id if column.name == "session_id" else run_id
        elif column.name != "id" and not column.nullable:
            values[column.name] = value_for(column.type, f"{session_id}-{column.name}"[:20])
    connection.execute(insert(SQLModel.metadata.tables[table]).values(**values))


def value_for(kind: Any, text_: str) -> Any:
    for of, value in ((Boolean, False), (Integer, 1), (JSON, {}), (LargeBinary, b"")):
        if isinstance(kind, of):
            return value
    return text_


OWNED = sorted(
    name
    for name, table in SQLModel.metadata.tables.items()
    if {"session_id", "run_id"} & set(table.c.keys())
    # These two are of a season as well, which a rehearsal never is in.
    and name not in ("round", "run", "season_session", "session_person")
)


@pytest.fixture
def pair(connection: Connection) -> tuple[int, int]:
    """A real session and its rehearsal, each with a row in every table that has any of a session."""
    show_id = sessions.add_show(connection, slug="pair", name="先锋擂台", created_at_ms=NOW_MS)
    made: list[int] = []
    for code in ("REAL42", "RHTEST"):
        session_id = sessions.add_session(
            connection, code=code, show_id=show_id, title="", topic="", kind="pk", created_at_ms=NOW_MS, channels=[],
            voter_key=code, rehearsal_of=made[0] if made else None, ended=False, deciding=False, scene="board",
            revision=0,
        )  # fmt: skip
        sessions.put_contestants(connection, session_id, [Contestant("red", "王伟"), Contestant("blue", "杨玭")])
        sessions.add_round(connection, session_id, 1, {**RULES, "sealed": False, "quarantine": []})
        for table in OWNED:
            if table != "contestant":
                filled(connection, table, session_id, run_of(connection, session_id))
        made.append(session_id)
    return made[0], made[1]


def run_of(connection: Connection, session_id: int) -> int:
    statement = text("SELECT run.id FROM run JOIN round ON round.id = run.round_id WHERE round.session_id = :id")
    return int(connection.execute(statement, {"id": session_id}).scalar_one())


def counts(connection: Connection) -> dict[str, int]:
    return {
        name: connection.scalar(select(func.count()).select_from(table)) or 0
        for name, table in SQLModel.metadata.tables.items()
    }


def refused(connection: Connection, statement: str, **values: Any) -> None:
    savepoint = connection.begin_nested()
    with pytest.raises(DBAPIError):
        connection.execute(text(statement), values)
    savepoint.rollback()


def test_a_rehearsal_goes_with_every_row_and_the_real_session_keeps_each(
    connection: Connection, pair: tuple[int, int]
) -> None:
    real, rehearsal = pair
    before = counts(connection)
    went = delete_rehearsal(connection, rehearsal)
    after = counts(connection)
    # Half of all that there was went, table by table: the other half is the real session's.
    assert {name: before[name] - after[name] for name in before if before[name] != after[name]} == went
    assert went == {**dict.fromkeys([*OWNED, "round", "run", "arena_session"], 1), "contestant": 2}
    for table in OWNED:
        whose = "session_id" if "session_id" in SQLModel.metadata.tables[table].c else "run_id"
        mine = real if whose == "session_id" else run_of(connection, real)
        rows = connection.execute(text(f"SELECT count(*) FROM {table} WHERE {whose} = :mine"), {"mine": mine})
        assert rows.scalar_one() > 0, table


def test_a_real_session_is_never_deleted(connection: Connection, pair: tuple[int, int]) -> None:
    savepoint = connection.begin_nested()
    with pytest.raises(DBAPIError):
        delete_rehearsal(connection, pair[0])
    savepoint.rollback()
    refused(connection, "DELETE FROM arena_session WHERE id = :id", id=pair[0])


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_what_is_append_only_is_deleted_of_a_rehearsal_alone(
    connection: Connection, pair: tuple[int, int], table: str
) -> None:
    for session_id, allowed in ((pair[0], False), (pair[1], True)):
        by_run = "run_id" in SQLModel.metadata.tables[table].c
        whose, mine = ("run_id", run_of(connection, session_id)) if by_run else ("session_id", session_id)
        statement = f"DELETE FROM {table} WHERE {whose} = :mine"
        if allowed:
            assert connection.execute(text(statement), {"mine": mine}).rowcount == 1
        else:
            refused(connection, statement, mine=mine)
            refused(connection, f"DELETE FROM {table}")
            refused(connection, f"UPDATE {table} SET {whose} = {whose}")


def test_the_audit_log_of_no_session_is_never_deleted(connection: Connection, pair: tuple[int, int]) -> None:
    columns = "at_ms, actor, role, action, detail, token_id, digest"
    connection.execute(text(f"INSERT INTO audit_entry ({columns}) VALUES (1, '', '', 'show_made', '', 0, '')"))
    refused(connection, "DELETE FROM audit_entry WHERE session_id IS NULL")


@pytest.mark.parametrize(
    "cheat",
    [
        "UPDATE arena_session SET rehearsal_of = :real WHERE id = :other",
        "UPDATE arena_session SET rehearsal_of = NULL WHERE id = :rehearsal",
        "UPDATE arena_session SET rehearsal_of = :other WHERE id = :rehearsal",
        "UPDATE arena_session SET id = 99999 WHERE id = :rehearsal",
        "UPDATE round SET session_id = :rehearsal WHERE session_id = :real",
        "UPDATE round SET id = id + 1000 WHERE session_id = :real",
        "UPDATE run SET round_id = (SELECT id FROM round WHERE session_id = :rehearsal) WHERE id = :run",
        "UPDATE run SET id = id + 1000 WHERE id = :run",
        "DELETE FROM run WHERE id = :run",
        "DELETE FROM round WHERE session_id = :real",
    ],
)
def test_no_update_makes_what_is_real_a_rehearsals(connection: Connection, pair: tuple[int, int], cheat: str) -> None:
    real, rehearsal = pair
    other = sessions.add_session(
        connection, code="OTHER2", show_id=connection.scalar(select(SESSION.c.show_id).where(SESSION.c.id == real)),
        title="", topic="", kind="pk", created_at_ms=NOW_MS, channels=[], voter_key="x", ended=False, deciding=False,
        scene="board", revision=0,
    )  # fmt: skip
    values = {"real": real, "rehearsal": rehearsal, "other": other, "run": run_of(connection, real)}
    refused(connection, cheat, **{name: value for name, value in values.items() if f":{name}" in cheat})


def test_a_rehearsal_is_of_a_real_session(connection: Connection, pair: tuple[int, int]) -> None:
    copied = (
        "INSERT INTO arena_session (code, show_id, title, topic, kind, ended, deciding, created_at_ms, scene, channels,"
        " voter_key, revision, rehearsal_of) SELECT 'CHEAT2', show_id, title, topic, kind, ended, deciding, "
        "created_at_ms, scene, channels, voter_key, revision, {of} FROM arena_session WHERE id = :id"
    )
    refused(connection, copied.format(of=":of"), id=pair[0], of=pair[1])
    refused(connection, copied.format(of=":of"), id=pair[0], of=999_999)
    # One at most.
    refused(connection, copied.format(of=":of"), id=pair[0], of=pair[0])


@pytest.mark.parametrize(
    "cheat",
    [
        "INSERT OR REPLACE INTO arena_session SELECT {columns} FROM arena_session WHERE id = :real",
        "INSERT OR REPLACE INTO round (id, session_id, number, title, question, dimension, choices_max, changeable, "
        "grace_ms, visibility, likes_per_second, sealed, quarantine) SELECT id, :rehearsal, 2, '', '', 'free', 1, 0, 0,"
        " 'live', 1, 0, '[]' FROM round WHERE session_id = :real",
        "INSERT OR REPLACE INTO run (id, round_id, number, phase, open_ms, chain_head, ballots, batches) SELECT :run, "
        "id, 2, 'draft', 0, '', 0, 0 FROM round WHERE session_id = :rehearsal",
    ],
)
def test_nothing_real_is_replaced_by_a_rehearsals_own(
    connection: Connection, pair: tuple[int, int], cheat: str
) -> None:
    if connection.dialect.name != "sqlite":
        pytest.skip("REPLACE is SQLite's")
    # Whoever looks at the keys would refuse some of these; the triggers must do so without them.
    names = [each.name for each in SESSION.c]
    columns = ", ".join(":rehearsal_of" if name == "rehearsal_of" else name for name in names)
    cheat = cheat.format(columns=columns)
    values = {"real": pair[0], "rehearsal": pair[1], "run": run_of(connection, pair[0]), "rehearsal_of": pair[0]}
    savepoint = connection.begin_nested()
    with pytest.raises(DBAPIError, match=r"is there already|of a real session"):
        connection.execute(text(cheat), {name: each for name, each in values.items() if f":{name}" in cheat})
    savepoint.rollback()


def test_a_run_that_was_never_opened_is_still_removed_with_its_round(
    connection: Connection, database: Database
) -> None:
    show_id = sessions.add_show(connection, slug="draft", name="x", created_at_ms=NOW_MS)
    session_id = sessions.add_session(
        connection, code="DRAFT2", show_id=show_id, title="", topic="", kind="pk", created_at_ms=NOW_MS, channels=[],
        voter_key="x", ended=False, deciding=False, scene="board", revision=0,
    )  # fmt: skip
    sessions.add_round(connection, session_id, 1, {**RULES, "sealed": False, "quarantine": []})
    round_id = connection.execute(text("SELECT id FROM round WHERE session_id = :id"), {"id": session_id}).scalar_one()
    sessions.remove_round(connection, round_id)
    assert connection.scalar(select(func.count()).select_from(RUN).where(RUN.c.round_id == round_id)) == 0
