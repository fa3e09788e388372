"""`arena serve --workers 2` as an operator runs it: several processes, started again, renewed, ended together."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.cluster.conftest import Cluster
from tests.conftest import START_SECONDS_MAX, make_tokens
from tests.players import Crew, Phone, counted, eventually

pytestmark = pytest.mark.slow  # six interpreters start


def two_free_ports() -> int:
    """Return a port that is free, as the one after it is."""
    while True:
        with socket.socket() as first, socket.socket() as second, contextlib.suppress(OSError):
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            second.bind(("127.0.0.1", port + 1))
            return port


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def lives(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


@dataclass
class Workers:
    parent: subprocess.Popen[bytes]
    ports: tuple[int, int]
    probes: list[httpx2.Client] = field(default_factory=list)
    clients: list[httpx2.Client] = field(default_factory=list)

    @property
    def pids(self) -> list[int]:
        return children(self.parent.pid)

    def client(self, i: int, token: str | None = None) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        address = f"http://127.0.0.1:{self.ports[i]}"
        client = httpx2.Client(base_url=address, headers=headers, timeout=5, trust_env=False, verify=False)
        self.clients.append(client)
        return client

    def wait(self, i: int) -> None:
        """Wait until one serves, without taking from it the processor that it starts on."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self.serves(i):
            assert time.monotonic() < deadline, "it does not serve"
            time.sleep(0.2)

    def serves(self, i: int) -> bool:
        self.probes = self.probes or [self.client(each) for each in range(2)]
        with contextlib.suppress(httpx2.TransportError):
            return self.probes[i].get("/readyz").status_code == 200
        return False


@pytest.fixture
def workers(cluster: Cluster, tmp_path: Path) -> Iterator[Workers]:
    port = two_free_ports()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ARENA_")} | {
        "ARENA_DATA_DIR": str(cluster.settings.data_dir),
        "ARENA_DATABASE_URL": cluster.settings.database_url,
        "ARENA_REDIS_URL": cluster.settings.redis_url,
        "ARENA_PORT": str(port),
        "ARENA_TICK_MS": "50",
        "ARENA_JOIN_FREE_PER_MINUTE": "1000000",
    }
    with (tmp_path / "log").open("ab") as log:
        parent = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--workers", "2"],
            env=environment,
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parents[2],
        )
    made = Workers(parent, (port, port + 1))
    try:
        yield made
    finally:
        left = made.pids if parent.poll() is None else []
        for pid in [*left, parent.pid] if parent.poll() is None else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        parent.wait(10)
        for client in made.clients:
            client.close()


class Voters(threading.Thread):
    """Phones that vote one after another and, as a phone does, try again, at the other process too, until they are
    answered.
    """

    def __init__(self, workers: Workers, code: str) -> None:
        super().__init__(daemon=True)
        self.code = code
        self.clients = [workers.client(i) for i in range(2)]
        self.ended = threading.Event()
        self.receipts: list[str] = []
        self.tries = 0
        self.longest_s = 0.0

    def run(self) -> None:
        while not self.ended.is_set():
            began = time.monotonic()
            token = self._answered("POST", f"/api/v1/sessions/{self.code}/join", {}, "")["token"]
            body = {"choices": ["red"], "nonce": "n" * 16}
            path = f"/api/v1/sessions/{self.code}/rounds/1/vote"
            self.receipts.append(self._answered("PUT", path, body, str(token))["receipt"])
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            time.sleep(0.05)

    def _answered(self, method: str, path: str, body: Mapping[str, object], token: str) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        while True:
            self.tries += 1
            with contextlib.suppress(httpx2.TransportError):
                client = self.clients[self.tries % 2]
                answer = client.request(method, path, json=body, headers=headers)
                if answer.status_code == 200:
                    document: dict[str, str] = answer.json()
                    return document
                assert answer.status_code == 503, answer.text
            time.sleep(0.05)


def test_workers_serve_are_started_again_renewed_and_ended_and_no_vote_is_lost(
    cluster: Cluster, workers: Workers
) -> None:
    token = make_tokens(cluster.settings, time.time_ns() // 1_000_000)["admin"]
    for i in (0, 1):
        workers.wait(i)
    crews = [Crew(workers.client(i, token)) for i in (0, 1)]
    code = crews[0].make()
    crews[1].do(code, "open")
    for i in (0, 1):
        assert Phone.joined(workers.client(i), code).vote("blue").status_code == 200
    for crew in crews:
        counted(lambda crew=crew: crew.tally(code), {"red": 0, "blue": 2})  # type: ignore[misc]
    voters = Voters(workers, code)
    voters.start()
    eventually(lambda: len(voters.receipts) > 5)

    # One that is killed is started again, on its port; the other is left alone.
    first, second = before = workers.pids
    os.kill(first, signal.SIGKILL)
    eventually(lambda: len(workers.pids) == 2 and first not in workers.pids)
    assert second in workers.pids
    workers.wait(0)

    # All are renewed, one after another: one serves at any time.
    before = workers.pids
    workers.parent.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 2 * START_SECONDS_MAX
    while set(workers.pids) & set(before) or not (workers.serves(0) and workers.serves(1)):
        assert time.monotonic() < deadline, "they were not renewed"
        assert workers.serves(0) or workers.serves(1), "none of them served"
        time.sleep(0.2)
    voters.ended.set()
    voters.join(START_SECONDS_MAX)
    print(f"{len(voters.receipts)} votes, {voters.tries} requests, the longest took {voters.longest_s:.1f} s")
    count = len(voters.receipts)
    assert count > 20
    for i in (0, 1):
        crew = Crew(workers.client(i, token))
        counted(lambda crew=crew: crew.tally(code), {"red": count, "blue": 2})  # type: ignore[misc]
    crew.do(code, "lock", "reveal")
    ledger = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/ledger").json()
    stored = [each[1] for each in ledger["ballots"] if each[5] == ["red"]]
    assert sorted(stored) == sorted(voters.receipts)

    pids = workers.pids
    workers.parent.send_signal(signal.SIGTERM)
    assert workers.parent.wait(20) == 0
    assert not any(lives(pid) for pid in pids)
