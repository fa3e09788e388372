"""Suite 8: four processes against one, on one PostgreSQL and one Redis, on the same machine.

Nothing is pinned: servers, databases and generators share all cores, so on two cores the rates say what is left for
each, and the CPU for a vote or a frame says what it costs. nginx is left out; deploy/costs.py has its part.
"""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from deploy.cluster import Cluster

from benchmarks import machine
from benchmarks.arena import Arena
from benchmarks.contestants import ARENA
from benchmarks.results import Outcome, Table, figure, progress, times
from benchmarks.servers import Generator, running

AT_ONCE = 256
SOCKETS = 4_000
TOKENS_A_SECOND = 12_000
SETTINGS = {
    "ARENA_JOIN_FREE_PER_MINUTE": "1000000",
    "ARENA_SOCKETS_MAX": "19500",
    # Twenty ticks a second to so many: more than one process can tell, so that what is told is what it can.
    "ARENA_TICK_MS": "50",
}


class Group:
    """Processes that serve one arena: where to reach each, and what of the machine is theirs."""

    def __init__(self, arena: Arena, ports: Sequence[int], service: int, beside: Sequence[int]) -> None:
        self.arena = arena
        self.ports = ports
        self.service = service
        self.beside = beside

    @classmethod
    def of_cluster(cls, cluster: Cluster) -> "Group":
        assert cluster.arena is not None
        assert cluster.postgres._child is not None
        secret = (cluster.directory / "data" / "secret").read_text().strip()
        arena = Arena(cluster.port, secret, cluster.cli("token", "create", "--role", "admin"))
        return cls(arena, cluster.worker_ports, cluster.arena.pid, (cluster.postgres._child.pid, cluster.redis.pid))

    def _each(self, crowd: str, stack: ExitStack) -> list[tuple[Generator, int]]:
        return [(stack.enter_context(Generator(crowd)), port) for port in self.ports]

    def votes(self, seconds: float) -> dict[str, float]:
        """Vote over HTTP at all processes at once."""
        arena = self.arena.another()
        with ExitStack() as stack:
            crowds = self._each("http-voters", stack)
            share = AT_ONCE // len(crowds)
            command: dict[str, Any] = {"pid": self.service, "path": f"{arena.path}/rounds/1/vote", "at_once": share}
            for warm, length in ((True, 1.0), (False, seconds)):
                number = share * 8 if warm else int(seconds * TOKENS_A_SECOND / len(crowds))
                for crowd, port in crowds:
                    crowd.begin("vote", **command, port=port, tokens=arena.tokens(number), seconds=length)
                if not warm:
                    usage = machine.Usage(self.service, *self.beside)
                told = [crowd.end() for crowd, _ in crowds]
            _, (service, *beside) = usage.taken()
        votes = sum(each["votes"] for each in told)
        return {
            "per_second": sum(each["votes"] / each["seconds"] for each in told),
            "us": 1e6 * service / votes,
            "beside_us": 1e6 * sum(beside) / votes,
            "p99": max(each["p99"] for each in told),
        }

    def frames(self, seconds: float) -> dict[str, float]:
        """Let all sockets listen, shared out over the processes, while somebody likes ten times a second."""
        arena = self.arena.another()
        path = ARENA.path.format(code=arena.code)
        with ExitStack() as stack:
            crowds = self._each("listeners", stack)
            for i, (crowd, port) in enumerate(crowds):
                tapper = {"tapper": arena.tokens(1)[0]} if i == 0 else {}
                sockets = SOCKETS // len(crowds)
                crowd.ask("connect", port=port, pid=self.service, path=path, sockets=sockets, **tapper)
            for crowd, _ in crowds:
                crowd.begin("window", settle=1, seconds=seconds)
            told = [crowd.end() for crowd, _ in crowds]
        messages = sum(each["messages"] for each in told)
        return {
            "per_second": sum(each["messages"] / each["seconds"] for each in told),
            # Each generator counts what the whole service took in its own window.
            "us": 1e6 * median(each["server_cpu_s"] for each in told) / messages,
        }


def run(workers: int, passes: int, seconds: float) -> Outcome:
    """Measure one process on SQLite, one and then `workers` on PostgreSQL, by turns; the medians stand."""
    names = {"sqlite": "one, SQLite", "one": "one, PostgreSQL", "several": f"{workers}, PostgreSQL"}
    found: dict[str, list[tuple[dict[str, float], dict[str, float]]]] = {}
    with ExitStack() as stack:
        server = stack.enter_context(running(ARENA, settings=SETTINGS))
        os.sched_setaffinity(server.pid, os.sched_getaffinity(0))
        assert server.arena is not None
        groups = {"sqlite": Group(server.arena, [server.port], server.pid, ())}
        for key, number in (("one", 1), ("several", workers)):
            cluster = Cluster(number, logs=Path(os.devnull), settings=SETTINGS)
            groups[key] = Group.of_cluster(stack.enter_context(cluster))
        for number in range(passes):
            for key, group in groups.items():
                progress(f"processes, pass {number + 1}: {names[key]}")
                found.setdefault(key, []).append((group.votes(seconds), group.frames(seconds)))
    figures = {
        key: {
            f"{what}_{name}": median(each[i][name] for each in found[key])
            for i, what in enumerate(("votes", "frames"))
            for name in found[key][0][i]
        }
        for key in found
    }
    columns = (
        "processes", "votes/s", "to one", "p99, ms", "µs a vote", "of PostgreSQL and Redis",
        "frames/s", "to one", "µs a frame",
    )  # fmt: skip
    one = figures["one"]
    rows = [
        [
            names[key],
            figure(each["votes_per_second"]),
            times(each["votes_per_second"], one["votes_per_second"]),
            figure(each["votes_p99"]),
            figure(each["votes_us"]),
            figure(each["votes_beside_us"]),
            figure(each["frames_per_second"]),
            times(each["frames_per_second"], one["frames_per_second"]),
            figure(each["frames_us"]),
        ]
        for key, each in figures.items()
    ]
    note = (
        f"{AT_ONCE} votes under way over HTTP; {SOCKETS:,} sockets, told 20 times a second. All processes, PostgreSQL, "
        f"Redis and the generators share {len(os.sched_getaffinity(0))} cores."
    )
    table = Table(f"{workers} processes against one, median of {passes}", columns, rows, [note])
    return Outcome("processes", [table], figures)
