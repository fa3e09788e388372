"""A fresh, real service for each test: its own SQLite file, a real listening socket, the uvicorn of `arena serve`."""

import asyncio
import atexit
import contextlib
import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from fastapi import routing

from app.cli import ArenaServer, listen, server_config
from app.domain.clock import SystemClock
from app.domain.roles import Role
from app.services.identity import COMMAND_LINE, add_token
from app.settings import Settings
from app.storage.engine import Database
from app.storage.writer import Transaction
from tests.players import Crew, Phone
from tests.servers import Servers

START_SECONDS_MAX = 60
STOP_LOOK_SECONDS = 0.01

# structlog's own way with exceptions draws every local variable, which takes seconds for a batch of two thousand.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Where services store: in files, or in a PostgreSQL that ARENA_TEST_DATABASE=postgresql asks for, with
    ARENA_TEST_REDIS=1 as one of a cluster.
    """
    with Servers.as_asked() as asked:
        yield asked


def pytest_collection_finish() -> None:
    """Keep what was imported and collected, half a million objects, out of the collector's sight: else it looks through
    them in every test.
    """
    gc.collect()
    gc.freeze()


class FakeClock:
    """Stands still until it is told to move; starts at 20:00 in Shanghai on a Friday."""

    def __init__(self, now_ms: int = 1_795_176_000_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def forward(self, ms: int) -> None:
        self._now_ms += ms


class PromptServer(ArenaServer):
    """Sees within a hundredth of a second that it is to stop; uvicorn looks only ten times a second."""

    async def main_loop(self) -> None:
        looks = 0
        while not await self.on_tick(looks):
            looks += 1
            await asyncio.sleep(STOP_LOOK_SECONDS)


def share_routes() -> None:
    """Let the services of one process share what FastAPI works out of each route: a third of a second at the first
    request of every one, and the same each time.
    """
    build = routing._EffectiveRouteContext.from_api_route
    built: dict[tuple[int, str], Any] = {}  # what is built keeps its route, so that no number comes again
    # FastAPI hides a warning of pydantic's by the whole process's filters: two services at once bring it back.
    alone = threading.Lock()

    def once(*, original_route: routing.APIRoute, include_context: Any) -> Any:
        key = (id(original_route), include_context.prefix)
        with alone:
            if key not in built:
                built[key] = build(original_route=original_route, include_context=include_context)
            return built[key]

    routing._EffectiveRouteContext.from_api_route = once


share_routes()


@dataclass
class Running:
    """A running service and who may talk to it."""

    base_url: str
    data_dir: Path
    clock: Any
    tokens: dict[str, str]
    app: Any
    server: ArenaServer
    thread: threading.Thread
    clients: list[httpx2.Client] = field(default_factory=list)

    @property
    def admin_token(self) -> str:
        return self.tokens["admin"]

    @property
    def ws_url(self) -> str:
        return self.base_url.replace("http", "ws")

    def stop(self) -> None:
        """Let it end in order, and wait until it has."""
        self.server.should_exit = True
        self.thread.join(START_SECONDS_MAX)
        assert not self.thread.is_alive(), "the service did not stop"

    def client(self, token: str | None = None) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # Nothing here speaks TLS, and reading the machine's certificates takes longer than most tests.
        client = httpx2.Client(base_url=self.base_url, headers=headers, timeout=20, trust_env=False, verify=False)
        self.clients.append(client)
        return client

    def crew(self, role: str = "admin") -> Crew:
        return Crew(self.client(self.tokens[role]))

    def phone(self, code: str, channel: str | None = None) -> Phone:
        return Phone.joined(self.client(), code, channel)


@pytest.fixture
def settings(tmp_path: Path, servers: Servers) -> Iterator[Settings]:
    with servers.database() as (database_url, redis_url):
        # All phones of a test share one address; the tests of joining set their own limit.
        yield Settings(
            _env_file=None,
            data_dir=tmp_path / "data",
            database_url=database_url,
            redis_url=redis_url,
            host="127.0.0.1",
            port=0,
            tick_ms=20,
            join_free_per_minute=1_000_000,
        )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def arena(settings: Settings) -> Iterator[Running]:
    """A service on the machine's clock."""
    with running(settings, SystemClock()) as service:
        yield service


@pytest.fixture
def still_arena(settings: Settings, clock: FakeClock) -> Iterator[Running]:
    """A service whose clock the test moves."""
    with running(settings, clock) as service:
        yield service


@pytest.fixture
def start(settings: Settings, servers: Servers) -> Iterator[Callable[..., Running]]:
    """Start services by hand: with other settings, in another directory with a database of its own, or one after
    another on the same database, which stops the one before.
    """
    with contextlib.ExitStack() as stack:
        present: dict[Path, tuple[Running, tuple[str, str]]] = {}

        def run(clock: Any = None, **changes: Any) -> Running:
            wanted = settings.model_copy(update=changes)
            addresses = wanted.database_url, wanted.redis_url
            if wanted.data_dir in present:
                before, addresses = present[wanted.data_dir]
                before.stop()
            elif wanted.data_dir != settings.data_dir:
                addresses = stack.enter_context(servers.database())
            wanted = wanted.model_copy(update={"database_url": addresses[0], "redis_url": addresses[1]})
            service = stack.enter_context(running(wanted, clock or SystemClock()))
            present[wanted.data_dir] = service, addresses
            return service

        yield run


@cache
def migrated() -> Path:
    """Return a database file with every table and nothing in it, made once a process."""
    directory = Path(tempfile.mkdtemp(prefix="arena-template-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    database = Database(f"sqlite:///{directory / 'arena.db'}")
    database.migrate()
    database.close()
    return directory / "arena.db"


def make_tokens(settings: Settings, now_ms: int) -> dict[str, str]:
    """Make a token of each role, as the command line does; in a fresh database where there is none."""
    path = Path(settings.url.removeprefix("sqlite:///"))
    was_there = path.exists()
    if settings.url.startswith("sqlite:///") and not was_there:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(migrated(), path)
    database = Database(settings.url)
    if was_there:
        database.migrate()  # of whatever age it is; PostgreSQL's are copied from one that has all tables
    with database.writer.begin() as connection:
        transaction = Transaction(connection, now_ms)
        tokens = {str(role): add_token(transaction, COMMAND_LINE, role, f"test {role}", None, None)[1] for role in Role}
    database.close()
    return tokens


@contextlib.contextmanager
def running(settings: Settings, clock: Any) -> Iterator[Running]:
    """Run the real server in a thread of its own."""
    tokens = make_tokens(settings, clock.now_ms())
    config = server_config(settings, clock)
    config.loop = "asyncio"
    server = PromptServer(config)
    listener = listen(settings.host, settings.port)
    port = listener.getsockname()[1]
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), name="arena-test")
    thread.start()
    deadline = time.monotonic() + START_SECONDS_MAX
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started, "the service did not start"
    service = Running(f"http://127.0.0.1:{port}", settings.data_dir, clock, tokens, config.app, server, thread)
    try:
        yield service
    finally:
        for client in service.clients:
            client.close()
        service.stop()
        listener.close()


@dataclass
class Process:
    """`arena serve` as a process of its own, to be killed."""

    settings: Settings
    port: int
    child: subprocess.Popen[bytes] | None = None
    log: Path | None = None
    """Where what it writes goes; nowhere, unless a test reads it."""

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {
            **os.environ,
            "ARENA_DATA_DIR": str(self.settings.data_dir),
            "ARENA_PORT": str(self.port),
            "ARENA_HOST": "127.0.0.1",
            "ARENA_TICK_MS": "50",
            "ARENA_JOIN_FREE_PER_MINUTE": str(self.settings.join_free_per_minute),
            "ARENA_DATABASE_URL": self.settings.database_url,
            "ARENA_REDIS_URL": self.settings.redis_url,
        }
        with (self.log or Path(os.devnull)).open("ab") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "serve"],
                env=environment,
                stdout=log,
                stderr=log,
                cwd=Path(__file__).parents[1],
            )
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx2.TransportError):
                if httpx2.get(f"{self.base_url}/healthz", timeout=2, trust_env=False, verify=False).status_code == 200:
                    return
            assert self.child.poll() is None, "the service ended at its start"
            time.sleep(0.03)
        raise AssertionError("the service did not start")

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(how)
            self.child.wait(30)
        self.child = None


@pytest.fixture
def process(settings: Settings) -> Iterator[Process]:
    """A service in a process of its own, not yet started."""
    # Held until the end, but not listened on: else another worker's service may be given the port before this one is.
    with listen("127.0.0.1", 0) as held:
        service = Process(settings, held.getsockname()[1])
        try:
            yield service
        finally:
            service.end()
