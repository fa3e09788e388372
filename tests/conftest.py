"""A fresh, real service for each test: its own SQLite file, a real listening socket, the uvicorn of `arena serve`."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog

from app.cli import ArenaServer, listen, server_config
from app.domain.clock import SystemClock
from app.domain.roles import Role
from app.services.identity import COMMAND_LINE, add_token
from app.settings import Settings
from app.storage.engine import Database
from app.storage.writer import Transaction
from tests.players import Crew, Phone

START_SECONDS_MAX = 30

# structlog's own way with exceptions draws every local variable, which takes seconds for a batch of two thousand.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


class FakeClock:
    """Stands still until it is told to move; starts at 20:00 in Shanghai on a Friday."""

    def __init__(self, now_ms: int = 1_795_176_000_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def forward(self, ms: int) -> None:
        self._now_ms += ms


@dataclass
class Running:
    """A running service and who may talk to it."""

    base_url: str
    data_dir: Path
    clock: Any
    tokens: dict[str, str]
    app: Any
    server: ArenaServer
    clients: list[httpx2.Client] = field(default_factory=list)

    @property
    def admin_token(self) -> str:
        return self.tokens["admin"]

    @property
    def ws_url(self) -> str:
        return self.base_url.replace("http", "ws")

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
def settings(tmp_path: Path) -> Settings:
    # All phones of a test share one address; the tests of joining set their own limit.
    return Settings(
        _env_file=None, data_dir=tmp_path / "data", host="127.0.0.1", port=0, tick_ms=20, join_free_per_minute=1_000_000
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
def start(settings: Settings) -> Iterator[Callable[..., Running]]:
    """Start services by hand: other settings, or one after another on the same file."""
    with contextlib.ExitStack() as stack:

        def run(clock: Any = None, **changes: Any) -> Running:
            wanted = settings.model_copy(update=changes)
            return stack.enter_context(running(wanted, clock or SystemClock()))

        yield run


def make_tokens(settings: Settings, now_ms: int) -> dict[str, str]:
    """Make a token of each role, as the command line does."""
    database = Database(settings.url)
    database.migrate()
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
    server = ArenaServer(config)
    listener = listen(settings.host, settings.port)
    port = listener.getsockname()[1]
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), name="arena-test")
    thread.start()
    deadline = time.monotonic() + START_SECONDS_MAX
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started, "the service did not start"
    service = Running(f"http://127.0.0.1:{port}", settings.data_dir, clock, tokens, config.app, server)
    try:
        yield service
    finally:
        for client in service.clients:
            client.close()
        server.should_exit = True
        thread.join(START_SECONDS_MAX)
        listener.close()
        assert not thread.is_alive(), "the service did not stop"


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
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    service = Process(settings, port)
    try:
        yield service
    finally:
        service.end()
