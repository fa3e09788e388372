"""A filled database of each earlier release is upgraded: nothing is gone, nothing has changed, all constraints hold.

`filled/<revision>.sql` is the dump of a database that a service of that revision filled; `.json` has what its phones
were told. A new migration gets such a pair before it is released; an old pair is never made anew.
"""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.settings import Settings
from app.storage.engine import Database
from app.storage.sqlite import sqlite_module
from app.verify import verify_ledger
from tests.conftest import FakeClock, running
from tests.faults.figures import Figures
from tests.players import problem

pytestmark = pytest.mark.ordinary

FILLED = sorted((Path(__file__).parent / "filled").glob("*.sql"))


@pytest.fixture(params=FILLED, ids=lambda path: path.stem)
def filled(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture
def told(filled: Path) -> dict[str, Any]:
    """What the phones and the crew were told by the service that filled it."""
    document: dict[str, Any] = json.loads(filled.with_suffix(".json").read_text())
    return document


@pytest.fixture
def database(filled: Path, settings: Settings) -> Path:
    settings.data_dir.mkdir()
    path = settings.data_dir / "arena.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(filled.read_text())
    return path


def rows(path: Path) -> dict[str, Counter[tuple[Any, ...]]]:
    """Return the content of every table, by the columns it has."""
    with closing(sqlite_module().connect(path)) as connection:
        tables = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name != "alembic_version" and not name.startswith("sqlite_")
        ]
        found = {}
        for table in tables:
            cursor = connection.execute(f"SELECT * FROM {table}")
            names = [each[0] for each in cursor.description]
            found[table] = Counter(tuple(sorted(zip(names, row, strict=True), key=lambda x: x[0])) for row in cursor)
        return found


def kept_columns(before: Counter[tuple[Any, ...]], after: Counter[tuple[Any, ...]]) -> tuple[Any, Any]:
    """Return both contents by the columns that they share."""
    names = {name for row in before for name, _ in row} & {name for row in after for name, _ in row}

    def narrowed(some: Counter[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
        return Counter(tuple(pair for pair in row if pair[0] in names) for row in some.elements())

    return narrowed(before), narrowed(after)


def of_old(now: Any, was: Any) -> Any:
    """Return of a document what an older one had: members may be added by a later release, none changed."""
    if isinstance(was, dict):
        return {key: of_old(now[key], value) for key, value in was.items()}
    if isinstance(was, list):
        return [of_old(*pair) for pair in zip(now, was, strict=True)]
    return now


def upgrade(path: Path) -> None:
    opened = Database(f"sqlite:///{path}")
    opened.migrate()
    opened.close()


def test_upgrade_keeps_every_row_of_a_filled_database_and_its_constraints(
    database: Path, told: dict[str, Any], figures: Figures
) -> None:
    before = rows(database)
    upgrade(database)
    after = rows(database)
    changed = 0
    for table, content in before.items():
        assert table in after, f"the table {table} is gone"
        was, now = kept_columns(content, after[table])
        changed += (was - now).total() + (now - was).total()
    with closing(sqlite_module().connect(database)) as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        columns = [each[1] for each in connection.execute("PRAGMA table_info(ballot)") if each[1] not in ("id", "seq")]
        copy = ", ".join(columns)
        # One ballot a voter, slot and revision, one receipt each, and no ballot without its run: refused as ever.
        for changes in ({}, {"receipt": "'X'"}, {"revision": "99"}, {"run_id": "999", "receipt": "'Y'"}):
            values = ", ".join(changes.get(name, name) for name in columns)
            with pytest.raises(sqlite_module().IntegrityError):
                connection.execute(f"INSERT INTO ballot ({copy}) SELECT {values} FROM ballot LIMIT 1")
    figures(
        "migration",
        "a database that an earlier release filled is upgraded to the newest",
        "every row is there as it was; unique and foreign keys refuse as before; integrity_check is clean",
        rows=sum(content.total() for content in before.values()),
        ballots=before["ballot"].total(),
        rows_lost_or_changed=changed,
    )
    assert changed == 0
    assert before["ballot"].total() >= len(told["ballots"])


def test_upgraded_database_gives_the_same_results_receipts_and_refusals(
    database: Path, settings: Settings, told: dict[str, Any]
) -> None:
    code = told["code"]
    settings = settings.model_copy(update={"secret": SecretStr(told["secret"])})
    with running(settings, FakeClock(told["now_ms"] + 60_000)) as service:
        crew = service.crew()
        for number, digest in told["digests"].items():
            root = f"/api/v1/sessions/{code}/rounds/{number}"
            result = crew.client.get(f"{root}/result").json()
            assert result["digest"] == digest
            assert of_old(result["tally"], told["tallies"][number]) == told["tallies"][number]
            book = crew.client.get(f"{root}/ledger").json()
            assert verify_ledger(book, digest).problems == []
        for ballot in told["ballots"]:
            phone = service.client(ballot["token"])
            path = f"/api/v1/sessions/{code}/rounds/{ballot['round']}/vote"
            # In a round that has been run again an old ballot is of the earlier run.
            run = {"run": 1} if ballot["round"] == 2 else {}
            again = phone.put(path, json={"choices": ballot["choices"], "nonce": ballot["nonce"], **run})
            assert again.status_code == 200, again.text
            assert (again.json()["receipt"], again.json()["repeat"]) == (ballot["receipt"], True)
        late = service.client(told["ballots"][0]["token"])
        path = f"/api/v1/sessions/{code}/rounds/1/vote"
        problem(late.put(path, json={"choices": ["blue"], "nonce": "more"}), 409, "round_not_open")
        crew.do(code, "resume", number=3)
        assert service.phone(code).vote("red", number=3).status_code == 200
        crew.do(code, "lock", number=3)
