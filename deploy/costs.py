"""What each part of a cluster takes of a core: `python -m deploy.costs [processes] [seconds]`, for docs/scaling.md.

A cluster of its own, loaded by the generators of the benchmarks. CPU is what the operating system counted; who holds
the turn to write is looked up in PostgreSQL's locks. Under three minutes; says little on a machine that is busy.
"""

import http.client
import json
import os
import re
import signal
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg

from app.storage.engine import WRITE_LOCK
from benchmarks import machine
from benchmarks.arena import Arena
from benchmarks.servers import Generator
from deploy.cluster import Cluster, nginx_binary

SOCKETS = 1_000
LOOK_SECONDS = 0.02
TOKENS_A_SECOND = 4_000
_HELD = "SELECT granted FROM pg_locks WHERE locktype = 'advisory' AND classid = %s::oid AND objid = %s::oid"


def asked(port: int, path: str) -> tuple[bytes, str]:
    """Return a body and its ETag."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as line:
        line.request("GET", path)
        answer = line.getresponse()
        return answer.read(), answer.getheader("ETag") or ""


class Parts:
    """The processes of a cluster by name, and what they take between enter and exit."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        ports = {_port_of(pid): pid for pid in cluster.worker_pids()}
        self.leader = next(p for p in ports if json.loads(asked(p, "/readyz")[0])["leads"] == "true")
        self.follower = next(p for p in ports if p != self.leader)
        assert cluster.postgres._child is not None
        assert cluster.proxy is not None
        self.pids = {
            "leader": ports[self.leader],
            "follower": ports[self.follower],
            "PostgreSQL": cluster.postgres._child.pid,
            "Redis": cluster.redis.pid,
            "nginx": cluster.proxy.pid,
        }
        self.turn = 0.0
        """Share of the time in which somebody held the turn to write."""
        self.seconds = 0.0
        self.commits = 0.0
        self.taken: dict[str, float] = {}

    def __enter__(self) -> "Parts":
        self._looking, self._looks, self._held = True, 0, 0
        self._thread = threading.Thread(target=self._look, name="costs-look")
        self._usage, self._before = machine.Usage(*self.pids.values()), self._committed()
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.seconds, taken = self._usage.taken()
        self._looking = False
        self._thread.join()
        self.taken = dict(zip(self.pids, taken, strict=True))
        self.commits = self._committed() - self._before
        self.turn = self._held / max(1, self._looks)

    def _look(self) -> None:
        address = self.cluster.postgres.url().replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            while self._looking:
                rows = connection.execute(_HELD, (WRITE_LOCK >> 32, WRITE_LOCK & 0xFFFFFFFF)).fetchall()
                self._held += any(granted for (granted,) in rows)
                self._looks += 1
                time.sleep(LOOK_SECONDS)

    def _committed(self) -> float:
        told = [asked(port, "/metrics")[0].decode() for port in self.cluster.worker_ports]
        return sum(float(re.findall(r"^arena_commits_total (\S+)", text, re.MULTILINE)[0]) for text in told)

    def row(self, name: str, number: float, note: str = "", share: float = 1.0) -> None:
        """Print µs of CPU for each of so many; `share`: of the time that was measured."""
        cells = [f"{1e6 * each * share / max(1, number):,.1f}" for each in self.taken.values()]
        print(f"| {name} | {' | '.join(cells)} | {note} |", flush=True)


def _port_of(pid: int) -> int:
    found = re.search(rb"(?:^|\0)ARENA_PORT=(\d+)\0", Path(f"/proc/{pid}/environ").read_bytes())
    assert found
    return int(found[1])


def measure(cluster: Cluster, arena: Arena, seconds: float) -> None:
    """Print the rows one after another."""
    parts = Parts(cluster)
    print(f"{time.strftime('%F %H:%M')}, {machine.described()}, load {os.getloadavg()[0]:.1f}\n")
    print(f"| µs of CPU | {' | '.join(parts.pids)} | |\n|{'---|' * (len(parts.pids) + 2)}", flush=True)
    with parts:
        time.sleep(seconds)
    parts.row("a second of rest, no session", parts.seconds)
    for name, port, at_once in (
        ("a vote at a follower, 64 at once", parts.follower, 64),
        ("a vote at the leader, 64 at once", parts.leader, 64),
        ("a vote through nginx, 256 at once", cluster.port, 256),
    ):
        _votes(parts, arena.another(), name, port, at_once, seconds)
    _frames(parts, arena.another(), "a second of five ticks, nobody listens", cluster.port, 0, seconds)
    _frames(parts, arena.another(), "a frame through nginx", cluster.port, SOCKETS, seconds)
    _frames(parts, arena.another(), "a frame of a follower", parts.follower, SOCKETS, seconds)
    polled = arena.another()
    for name, port in (("through nginx", cluster.port), ("at a follower", parts.follower)):
        asked(port, f"{polled.path}/tally")
        time.sleep(3)  # until it changes no more, for who is there is told a moment later
        tag = asked(port, f"{polled.path}/tally")[1]
        for status, more in (("200", {}), ("304", {"tag": tag})):
            command = {"port": port, "pid": os.getpid(), "path": f"{polled.path}/tally", "at_once": 32, **more}
            with Generator("pollers") as generator, parts:
                told = generator.ask("poll", **command, seconds=seconds)
            parts.row(f"a poll {name}, {status}", told["answers"], f"{told['answers'] / told['seconds']:,.0f} a second")


def _votes(parts: Parts, arena: Arena, name: str, port: int, at_once: int, seconds: float) -> None:
    command: dict[str, Any] = {"port": port, "pid": os.getpid(), "path": f"{arena.path}/rounds/1/vote"}
    with Generator("http-voters") as generator:
        generator.ask("vote", **command, at_once=at_once, tokens=arena.tokens(max(50, at_once)), seconds=1)
        tokens = arena.tokens(int(seconds * TOKENS_A_SECOND))
        with parts:
            told = generator.ask("vote", **command, at_once=at_once, tokens=tokens, seconds=seconds)
    rate = told["votes"] / told["seconds"]
    note = (
        f"{rate:,.0f} a second, p99 {told['p99']:.0f} ms, {told['votes'] / max(1, parts.commits):.0f} a commit; "
        f"{1e6 * parts.turn / rate:,.0f} µs of the turn"
    )
    parts.row(name, told["votes"], note)


def _frames(parts: Parts, arena: Arena, name: str, port: int, sockets: int, seconds: float) -> None:
    with Generator("listeners") as generator:
        path = f"/ws/sessions/{arena.code}"
        before = machine.resident_kb(parts.pids["nginx"])
        generator.ask("connect", port=port, pid=os.getpid(), path=path, sockets=sockets, tapper=arena.tokens(1)[0])
        grown = machine.resident_kb(parts.pids["nginx"]) - before
        generator.ask("window", settle=1, seconds=0)
        with parts:
            told = generator.ask("window", settle=0, seconds=seconds)
    note = f"{told['bytes']:.0f} bytes; nginx {grown / sockets:.1f} kB a socket" if sockets else "ten likes a second"
    parts.row(name, told["messages"] or parts.seconds, note)


def main(processes: int = 4, seconds: float = 4) -> None:
    machine.raise_open_files()
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))  # ends the cluster too
    nginx = nginx_binary()
    if nginx is None:
        sys.exit("nginx is not installed, and is part of what is measured.")
    settings = {"ARENA_JOIN_FREE_PER_MINUTE": "1000000"}
    with Cluster(processes, nginx=nginx, logs=Path(os.devnull), settings=settings) as cluster:
        secret = (cluster.directory / "data" / "secret").read_text().strip()
        arena = Arena(cluster.port, secret, cluster.cli("token", "create", "--role", "admin"))
        measure(cluster, arena, seconds)


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:]))
