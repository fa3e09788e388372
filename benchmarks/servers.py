"""Starts servers, pinned to their core, and load generators, and ends them again."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.arena import Arena, prepared
from benchmarks.contestants import ROOT, RUN_DIR, Contestant

START_SECONDS_MAX = 120
PROFILE = "BENCHMARK_PROFILE"


class BenchmarkError(Exception):
    """Something did not start, ended too soon, or answered wrongly; the sentence says what."""


@dataclass
class Server:
    contestant: Contestant
    port: int
    pid: int
    arena: Arena | None = None
    """What one must know to use the service; only where it is the contestant."""

    @property
    def path(self) -> str:
        return self.contestant.path.format(code=self.arena.code) if self.arena else self.contestant.path

    def turn_telling(self) -> None:
        """Let a peer begin or stop to tell; the service tells when somebody taps."""
        if self.arena is None:
            os.kill(self.pid, signal.SIGUSR2)


def free_port() -> int:
    with closing(socket.socket()) as some:
        some.bind(("127.0.0.1", 0))
        return int(some.getsockname()[1])


@contextmanager
def running(
    contestant: Contestant,
    payload: Path | None = None,
    settings: Mapping[str, str] | None = None,
    watched: Path | None = None,
    **session: Any,
) -> Iterator[Server]:
    """Run a contestant on the server's core until the block ends. What follows `payload` is for the service:
    `watched`, into which file it writes how long its tasks' steps took.
    """
    machine.raise_open_files()
    RUN_DIR.mkdir(parents=True, exist_ok=True)
    port = free_port()
    with tempfile.TemporaryDirectory(dir=RUN_DIR, prefix=contestant.key) as directory:
        environment, command = dict(os.environ), []
        if contestant.command is None:
            environment |= prepared(Path(directory), port, settings or {})
            module = ["app.cli"] if watched is None else ["benchmarks.watched", str(watched)]
            command = [sys.executable, *_profiler(), "-m", *module, "serve"]
        else:
            command = list(contestant.command(port, payload or Path(directory)))
        with _process(command, environment, port) as pid:
            arena = Arena.opened(port, environment, session) if contestant.command is None else None
            yield Server(contestant, port, pid, arena)


def _profiler() -> list[str]:
    """Return how the service is run under cProfile, where BENCHMARK_PROFILE names a file for it."""
    path = os.environ.get(PROFILE)
    return ["-m", "cProfile", "-o", path] if path else []


@contextmanager
def _process(command: Sequence[str], environment: Mapping[str, str], port: int) -> Iterator[int]:
    log_path = RUN_DIR / f"{port}.log"
    with log_path.open("wb") as log:
        child = subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=log, stderr=log, preexec_fn=machine.pin_to_servers_core
        )
    try:
        _wait_for(child, port, log_path)
        yield child.pid
        if PROFILE in os.environ:  # it writes the profile at its end
            child.terminate()
            child.wait(30)
    finally:
        child.kill()
        child.wait()
        log_path.unlink(missing_ok=True)


def _wait_for(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < end:
        if child.poll() is not None:
            raise BenchmarkError(f"it ended at its start: {log.read_text(errors='replace')[-600:]}")
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), 1)):
            return
        time.sleep(0.05)
    raise BenchmarkError(f"it did not start in {START_SECONDS_MAX} s: {log.read_text(errors='replace')[-600:]}")


class Generator:
    """A load generator: a process of its own on the other core, told what to do line by line."""

    def __init__(self, crowd: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.generate", crowd],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def begin(self, do: str, **command: Any) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps({"do": do, **command}).encode() + b"\n")
        self._child.stdin.flush()

    def end(self) -> dict[str, Any]:
        """Wait for the answer to what was begun.

        Raises:
            BenchmarkError: it could not be done.
        """
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise BenchmarkError("the load generator ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BenchmarkError(answer["error"])
        return answer

    def ask(self, do: str, **command: Any) -> dict[str, Any]:
        self.begin(do, **command)
        return self.end()

    def __enter__(self) -> "Generator":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
