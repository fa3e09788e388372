"""One cluster for all tests of it: nginx where it is installed, two processes, a PostgreSQL and a Redis."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.settings import Settings
from deploy.cluster import Cluster, nginx_binary
from tests.conftest import make_tokens
from tests.players import Crew, Phone

WORKERS = 2


@dataclass
class Town:
    """A running cluster, who may talk to it, and every secret that was used."""

    cluster: Cluster
    tokens: dict[str, str]
    log: Path
    clients: list[httpx2.Client] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    trickled: Future[float] | None = None
    """How long nginx suffered one who never ends a head."""

    def client(self, token: str = "", port: int = 0) -> httpx2.Client:
        """Talk to the front, or to one process at its own port."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        base_url = f"http://127.0.0.1:{port or self.cluster.port}"
        made = httpx2.Client(base_url=base_url, headers=headers, timeout=20, trust_env=False, verify=False)
        self.clients.append(made)
        return made

    @property
    def crew(self) -> Crew:
        return Crew(self.client(self.tokens["admin"]))

    def open_session(self, **changes: Any) -> str:
        code = self.crew.make(**changes)
        self.crew.do(code, "open")
        return code

    def phone(self, code: str, port: int = 0) -> Phone:
        phone = Phone.joined(self.client(port=port), code)
        self.secrets.add(phone.token)
        return phone

    def access_log(self, *words: str) -> list[list[str]]:
        """Return the fields of those lines of nginx's log that hold all words."""
        lines = self.cluster.access_log.read_text().splitlines()
        return [line.split() for line in lines if all(word in line.split() for word in words)]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    log = tmp_path_factory.mktemp("cluster") / "arena.log"
    settings = {"ARENA_TICK_MS": "50", "ARENA_JOIN_FREE_PER_MINUTE": "1000000"}
    with Cluster(WORKERS, nginx=nginx_binary(), durable=False, logs=log, settings=settings) as cluster:
        known = Settings(_env_file=None, database_url=cluster.postgres.url(), redis_url=cluster.redis.url)
        tokens = make_tokens(known, time.time_ns() // 1_000_000)
        made = Town(cluster, tokens, log, secrets=set(tokens.values()))
        # It takes as long as some tests together, and runs beside them.
        with ThreadPoolExecutor(1, "trickler") as beside:
            made.trickled = beside.submit(trickle, cluster.port) if cluster.proxy else None
            yield made
        for client in made.clients:
            client.close()


def trickle(port: int) -> float:
    """Begin a request and never end its head; return after how many seconds the line was closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        began = time.monotonic()
        with suppress(ConnectionResetError):
            line.recv(1_000)
        return time.monotonic() - began


@pytest.fixture
def behind_nginx(town: Town) -> Town:
    if town.cluster.proxy is None:
        pytest.skip("nginx is not installed")
    return town


def within(seconds: float, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)
