"""The service, with every step of every task measured: `python -m benchmarks.watched FILE serve …`, else as `arena`.

A step is what a task does between two awaits: for so long nobody else's turn comes. Measured in the service's own
process, by the clock and by the CPU that the loop's thread took; the second is not spoiled by what else runs beside.
SIGUSR1 writes what was measured since the last time into FILE, by the tasks' names.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Coroutine, Generator
from pathlib import Path
from typing import Any

from app import cli

STEPS_MAX = 1_000_000


class Watched(Coroutine[Any, Any, Any]):
    """A coroutine whose steps are noted."""

    def __init__(self, inner: Coroutine[Any, Any, Any], steps: dict[str, list[tuple[float, float]]]) -> None:
        self._inner = inner
        self._steps = steps

    def send(self, value: Any) -> Any:
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            return self._inner.send(value)
        finally:
            task = asyncio.current_task()
            name = task.get_name() if task is not None else ""
            noted = self._steps.setdefault(name if name.startswith("arena-") else "other", [])
            if len(noted) < STEPS_MAX:
                noted.append((time.perf_counter() - wall, time.thread_time() - cpu))

    def throw(self, *error: Any) -> Any:
        return self._inner.throw(*error)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._inner.__await__()


def watch(path: Path) -> None:
    """Have each service of this process watched."""
    steps: dict[str, list[tuple[float, float]]] = {}

    def make(loop: asyncio.AbstractEventLoop, inner: Any, **more: Any) -> "asyncio.Task[Any]":
        return asyncio.Task(Watched(inner, steps), loop=loop, **more)

    def write(*_signal: object) -> None:
        summed = {
            name: {
                "steps": len(each),
                "wall_ms": 1000 * max(wall for wall, _ in each),
                "cpu_ms": 1000 * max(cpu for _, cpu in each),
                "cpu_total_ms": 1000 * sum(cpu for _, cpu in each),
            }
            for name, each in steps.items()
            if each
        }
        for each in steps.values():
            each.clear()
        being_made = path.with_suffix(".new")
        being_made.write_text(json.dumps(summed))
        being_made.rename(path)

    started = cli.ArenaServer.startup

    async def startup(self: cli.ArenaServer, sockets: Any = None) -> None:
        asyncio.get_running_loop().set_task_factory(make)  # before the lifespan begins its tasks
        await started(self, sockets)

    cli.ArenaServer.startup = startup  # type: ignore[method-assign]
    signal.signal(signal.SIGUSR1, write)


def steps_of(pid: int, path: Path, seconds_max: float = 10.0) -> dict[str, dict[str, float]]:
    """Ask a watched service what its tasks' steps took since the last time."""
    path.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR1)
    ends = time.monotonic() + seconds_max
    while not path.exists():
        if time.monotonic() > ends:
            raise TimeoutError("the service did not write what it measured")
        time.sleep(0.01)
    found: dict[str, dict[str, float]] = json.loads(path.read_text())
    return found


if __name__ == "__main__":
    watch(Path(sys.argv[1]))
    sys.argv[1:] = sys.argv[2:]
    cli.app()
