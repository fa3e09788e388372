"""`arena copy`: everything goes from SQLite to PostgreSQL and back, counts the same, and goes on from there."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Table, func, insert, select
from sqlmodel import SQLModel
from typer.testing import CliRunner

from app import cli
from app.storage import move as moving
from app.storage.ballots import recount
from app.storage.engine import Database
from app.storage.tables import BALLOT, ORIGIN, PRESENCE, RUNNING_TALLY, SESSION, SNAPSHOT
from tests.cluster.conftest import Cluster
from tests.conftest import Running
from tests.players import counted, problem
from tests.test_cli import Done, refused

MADE_ANEW = {PRESENCE, RUNNING_TALLY, SNAPSHOT}
TABLES = [each for each in SQLModel.metadata.sorted_tables if each not in MADE_ANEW]
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def copy(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Done]:
    """Run `arena copy` to its end in this process."""
    for name in [name for name in os.environ if name.startswith("ARENA_")]:
        monkeypatch.delenv(name)

    def run(source: str, target: str) -> Done:
        environment = {"ARENA_DATA_DIR": str(cluster.settings.data_dir)}
        result = CliRunner().invoke(cli.app, ["copy", "--from", source, "--to", target], env=environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        own = [line for line in result.stdout.splitlines(keepends=True) if not line.startswith("[")]
        return Done(result.exit_code, "".join(own), result.stderr)

    return run


def sqlite(path: Path) -> str:
    return f"sqlite:///{path}"


def play(service: Running) -> tuple[str, dict[str, Any]]:
    """Play a session through the wire; return its code, and its first round's ledger."""
    crew = service.crew()
    contestants = [{"name": "王伟", "portrait_url": PIXEL}, {"name": "杨玭"}]
    code = crew.make(contestants=contestants, rounds=[{"choices_max": 2, "changeable": True}, {}])
    crew.do(code, "open")
    phones = [service.phone(code, ("web", "wechat")[i % 2]) for i in range(12)]
    for i, phone in enumerate(phones):
        assert phone.vote(*(("red",), ("blue",), ("red", "blue"))[i % 3]).status_code == 200
    assert phones[0].vote("blue").status_code == 200
    assert phones[1].like(blue=1).status_code == 200
    counted(phones[0].tally, {"red": 7, "blue": 9})
    crew.do(code, "lock", "reveal")
    crew.do(code, "open", number=2)
    assert phones[2].vote("red", number=2).status_code == 200
    ledger: dict[str, Any] = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/ledger").json()
    return code, ledger


def fill(connection: Connection) -> None:
    """Put a row into each table that has none, so that no table is copied untried. What it says means nothing; it is
    said of the newest session, which nobody opens.
    """
    for table in TABLES:
        if connection.scalar(select(func.count()).select_from(table)):
            continue
        row: dict[str, Any] = {}
        for column in table.columns:
            if column.foreign_keys:
                row[column.name] = connection.scalar(select(func.max(next(iter(column.foreign_keys)).column)))
            elif not (column.primary_key and column.name == "id"):
                row[column.name] = _value(column)
        connection.execute(insert(table).values(row))


def _value(column: "sa.Column[Any]") -> Any:
    match column.type:
        case sa.JSON():
            return {"甲": [1, None, 2.5]}
        case sa.BigInteger():
            return 2**40
        case sa.Boolean():
            return True
        case sa.Integer():
            return 2
        case sa.LargeBinary():
            return b"\0\xff"
        case sa.Float() | sa.Numeric():
            return 2.5
        case _:
            return "é中"[: getattr(column.type, "length", None) or 2]


def rows_of(url: str) -> dict[str, list[Any]]:
    """Return everything that a copy carries."""
    database = Database(url)
    try:
        with database.reader.connect() as connection:
            return {table.name: _rows(connection, table) for table in TABLES}
    finally:
        database.close()


def _rows(connection: Connection, table: Table) -> list[Any]:
    found = connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
    return [dict(row) for row in found]


def without_origin(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: each for name, each in rows.items() if name != ORIGIN.name}


def test_everything_goes_to_postgresql_and_back_and_the_arena_goes_on_there(
    cluster: Cluster, copy: Callable[[str, str], Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "CHUNK", 5)  # several chunks of what there is
    service = cluster.start(database_url="", redis_url="")
    code, ledger = play(service)
    service.crew().make()
    admin = service.admin_token
    service.stop()
    source = sqlite(cluster.settings.data_dir / "arena.db")
    database = Database(source)
    with database.writer.begin() as connection:
        fill(connection)
    database.close()
    before = rows_of(source)
    assert all(before.values())
    ballots, sessions = len(before[BALLOT.name]), len(before[SESSION.name])

    with cluster.servers.database("template0") as (postgresql, _redis):
        done = copy(source, postgresql)
        assert done.code == 0, done.err
        assert f"Copied {sessions:,} sessions, {ballots:,} ballots, {sum(map(len, before.values())):,} rows" in done.out
        assert f"{code} round 1 run 1: holds." in done.out
        assert rows_of(postgresql) == before
        assert rows_of(source) == before

        # Back into a file: nothing was lost on the way.
        back = sqlite(tmp_path / "back" / "arena.db")
        done = copy(postgresql, back)
        assert done.code == 0, done.err
        assert rows_of(back) == before

        # It goes on where it was, with the same people and the same proof, and all that is new finds its number.
        moved = cluster.start(database_url=postgresql, redis_url="")
        crew = moved.crew()
        assert crew.client.get(f"/api/v1/sessions/{code}/rounds/1/ledger").json() == ledger
        assert moved.client(admin).get("/api/v1/me").status_code == 200
        assert crew.round(code, 2)["phase"] == "open"
        assert moved.phone(code).vote("blue", number=2).status_code == 200
        counted(lambda: crew.tally(code), {"red": 1, "blue": 1})
        crew.do(code, "lock", "reveal", number=2)
        again, other = play(moved)
        assert other["session"] == again != code
        show = crew.client.post("/api/v1/shows", json={"name": "另一档"})
        assert show.status_code == 201, show.text
        crew.client.get("/api/v1/tokens").raise_for_status()
        moved.stop()


def test_target_with_sessions_is_refused_and_stays_as_it_is(
    cluster: Cluster, copy: Callable[[str, str], Done], tmp_path: Path
) -> None:
    full = cluster.start()
    full.crew().make()
    before = rows_of(cluster.settings.database_url)
    own = sqlite(tmp_path / "own" / "arena.db")
    service = cluster.start(database_url=own, redis_url="")
    service.crew().make()

    # Whoever serves either of them keeps it.
    refused(copy(own, cluster.settings.database_url), "stop")
    service.stop()
    refused(copy(own, cluster.settings.database_url), "stop")
    full.stop()
    refused(copy(own, cluster.settings.database_url), "holds sessions already", "empty")
    assert without_origin(rows_of(cluster.settings.database_url)) == without_origin(before)
    problem(cluster.start().client(service.admin_token).get("/api/v1/me"), 401, "token_invalid")


def test_copy_that_breaks_off_leaves_the_target_empty(
    cluster: Cluster, copy: Callable[[str, str], Done], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service = cluster.start(database_url="", redis_url="")
    play(service)
    service.stop()
    source = sqlite(cluster.settings.data_dir / "arena.db")
    counts = iter(range(100))
    monkeypatch.setattr(
        moving, "recount", lambda connection, run_id, keys: (next(counts), recount(connection, run_id, keys))
    )
    refused(copy(source, cluster.settings.database_url), "counts otherwise", "nothing was moved")
    assert not any(rows for name, rows in rows_of(cluster.settings.database_url).items() if name != ORIGIN.name)
    monkeypatch.setattr(moving, "recount", recount)
    assert copy(source, cluster.settings.database_url).code == 0
    assert json.dumps(rows_of(cluster.settings.database_url)[SESSION.name])
