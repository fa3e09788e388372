"""Several services on one PostgreSQL and one Redis, both real, and what the tests of them ask again and again."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.cli import listen
from app.domain.clock import SystemClock
from app.settings import Settings
from app.storage.engine import Database
from deploy.servers import Postgres, Redis
from tests.conftest import Process, Running, running
from tests.players import eventually
from tests.servers import Servers

TOLD_SECONDS = 1.0
"""So soon a publication reaches the other process where Redis carries it."""
LATE_SECONDS = 3.0
"""So late it may come where Redis is away: two seconds, and one for a machine that is busy."""


@dataclass
class Cluster:
    """The services of one database. What is started here is stopped here, in the reverse order."""

    settings: Settings
    servers: Servers
    stack: contextlib.ExitStack
    services: list[Running] = field(default_factory=list)

    @property
    def redis(self) -> Redis:
        assert self.servers.redis is not None
        return self.servers.redis

    @property
    def postgres(self) -> Postgres:
        assert self.servers.postgres is not None
        return self.servers.postgres

    def start(self, **changes: Any) -> Running:
        """Start a service in a thread of this process."""
        service = self.stack.enter_context(running(self.settings.model_copy(update=changes), SystemClock()))
        self.services.append(service)
        return service

    def process(self, **changes: Any) -> Process:
        """Make a service in a process of its own, to be started, stopped and killed."""
        with listen("127.0.0.1", 0) as free:
            port = free.getsockname()[1]
        process = Process(self.settings.model_copy(update=changes), port)
        self.stack.callback(process.end)
        return process

    def client(self, process: Process, token: str | None = None) -> httpx2.Client:
        """Speak to a process; what it says while it is dead is an exception."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.stack.enter_context(
            httpx2.Client(base_url=process.base_url, headers=headers, timeout=10, trust_env=False, verify=False)
        )

    def database(self) -> Database:
        database = Database(self.settings.database_url)
        self.stack.callback(database.close)
        return database

    def leader(self) -> Running:
        """Wait until one of the services of this process leads, and return it."""
        return eventually(lambda: [each for each in self.services if leads(each)])[0]

    def follower(self) -> Running:
        leader = self.leader()
        return next(each for each in self.services if each is not leader)


def leads(service: Running) -> bool:
    """Say whether a running service leads; one that has stopped does not."""
    return service.thread.is_alive() and bool(service.app.state.arena.cluster.leads)


@pytest.fixture(scope="session")
def machines() -> Iterator[Servers]:
    """Start a PostgreSQL and a Redis, whatever the other tests run on."""
    postgres, redis = Postgres(durable=False), Redis()
    with contextlib.ExitStack() as started:
        started.callback(postgres.stop)
        postgres.start()
        template = Database(postgres.url())
        template.migrate()
        template.close()
        started.callback(redis.stop)
        redis.start()
        yield Servers(postgres, redis)


@contextlib.contextmanager
def clustered(machines: Servers, directory: Path, **changes: Any) -> Iterator[Cluster]:
    """Give a database of its own, and stop all that was started on it."""
    with machines.database() as (database_url, redis_url), contextlib.ExitStack() as stack:
        settings = Settings(
            _env_file=None,
            data_dir=directory,
            database_url=database_url,
            redis_url=redis_url,
            host="127.0.0.1",
            port=0,
            tick_ms=20,
            join_free_per_minute=1_000_000,
            **changes,
        )
        yield Cluster(settings, machines, stack)


@pytest.fixture
def cluster(machines: Servers, tmp_path: Path) -> Iterator[Cluster]:
    """A cluster in which nothing runs yet."""
    with clustered(machines, tmp_path / "data") as made:
        yield made


@pytest.fixture(scope="module")
def pair(machines: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Running]]:
    """Two services that a whole module plays on: the one that leads, and the other. Each test makes its own session."""
    with clustered(machines, tmp_path_factory.mktemp("pair")) as made:
        made.start()
        made.start()
        yield made.leader(), made.follower()


@pytest.fixture
def one(pair: tuple[Running, Running]) -> Running:
    return pair[0]


@pytest.fixture
def two(pair: tuple[Running, Running]) -> Running:
    return pair[1]
