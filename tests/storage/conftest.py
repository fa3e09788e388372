"""A migrated file with one session of one round, for the queries."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from app.domain.session import Contestant
from app.storage import sessions
from app.storage.engine import Database
from tests.servers import Servers

NOW_MS = 1_795_176_000_000
RULES: dict[str, Any] = {
    "title": "观点PK",
    "question": "",
    "dimension": "views",
    "choices": None,
    "choices_max": 1,
    "changeable": False,
    "votes_per_day": None,
    "duration_ms": None,
    "grace_ms": 0,
    "visibility": "live",
    "likes_per_second": 15,
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, servers: Servers) -> Iterator[Database]:
    with servers.database() as (url, _):
        opened = Database(url or f"sqlite:///{tmp_path_factory.mktemp('storage') / 'arena.db'}")
        opened.migrate()
        yield opened
        opened.close()


@pytest.fixture
def place(tmp_path: Path, servers: Servers) -> Iterator[str]:
    """The address of a database of one's own, which is not opened yet."""
    with servers.database() as (url, _):
        yield url or f"sqlite:///{tmp_path / 'arena.db'}"


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A writing connection whose changes are rolled back."""
    with database.writer.connect() as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def make(connection: Connection) -> Callable[..., str]:
    """Make a session with rounds by their rules; return its code."""
    counter = itertools.count(1)

    def run(*rounds: dict[str, Any], sides: tuple[str, ...] = ("red", "blue"), **values: Any) -> str:
        number = next(counter)
        code = f"TEST{number}"
        show_id = sessions.find_show(connection, "arena") or sessions.add_show(
            connection, slug="arena", name="擂台", created_at_ms=NOW_MS
        )
        session_id = sessions.add_session(
            connection,
            **{
                "code": code,
                "show_id": show_id,
                "number": number,
                "title": "先锋擂台",
                "topic": "",
                "kind": "pk",
                "ended": False,
                "deciding": False,
                "starts_at_ms": None,
                "created_at_ms": NOW_MS,
                "scene": "board",
                "revision": 0,
                "voter_key": "k" * 64,
                "channels": [{"key": "web", "name": "网页", "delay_ms": 0}],
                **values,
            },
        )
        sessions.put_contestants(connection, session_id, [Contestant(key, f"{key}的名字") for key in sides])
        for i, rules in enumerate(rounds or ({},), 1):
            sessions.add_round(connection, session_id, i, {**RULES, **rules})
        return code

    return run
