"""The topology of docker-compose.yml on one machine without Docker: `make cluster`, and the tests of it.

nginx, where it is installed, before several processes of `arena serve`, one PostgreSQL, one Redis; all on free ports,
all in one temporary directory, all ended by their own handles. SIGINT and SIGTERM end it and remove everything, SIGHUP
renews the arena's processes one after another.
"""

import contextlib
import http.client
import os
import pwd
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any

from deploy.servers import Postgres, Redis

HERE = Path(__file__).parent
START_SECONDS_MAX = 60
END_SECONDS_MAX = 40
LOOK_SECONDS = 0.1
PORTS = range(20_000, 32_000)
PORT_TRIES_MAX = 50


class ClusterError(Exception):
    """It did not start, or did not stay; says why in one sentence."""


def nginx_binary() -> str | None:
    """Return where nginx is, also where it lies outside of a plain user's path."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


class Cluster:
    """`nginx`: the program to use, None for none. `logs`: where the arena's log goes; None: to standard error."""

    def __init__(
        self,
        workers: int = 4,
        *,
        nginx: str | None = None,
        durable: bool = True,
        logs: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        *self.worker_ports, self._nginx_port = _free_row(workers + 1)
        self.directory = Path(tempfile.mkdtemp(prefix="arena-cluster-"))
        self.postgres = Postgres(durable=durable)
        self.redis = Redis()
        self._nginx = nginx
        self._logs = logs
        self._settings = dict(settings or {})
        self.arena: subprocess.Popen[bytes] | None = None
        self.proxy: subprocess.Popen[bytes] | None = None
        self._open: list[IO[bytes]] = []

    @property
    def port(self) -> int:
        """Where phones go: nginx, or the first of the arena's processes."""
        return self._nginx_port if self._nginx else self.worker_ports[0]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def access_log(self) -> Path:
        return self.directory / "nginx" / "run" / "access.log"

    @property
    def error_log(self) -> Path:
        return self.directory / "nginx" / "run" / "error.log"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "ARENA_DATA_DIR": str(self.directory / "data"),
            "ARENA_DATABASE_URL": self.postgres.url(),
            "ARENA_REDIS_URL": self.redis.url,
            "ARENA_HOST": "127.0.0.1",
            "ARENA_PORT": str(self.worker_ports[0]),
            "ARENA_WORKERS": str(len(self.worker_ports)),
            "ARENA_PUBLIC_URL": self.address,
            **self._settings,
        }

    def __enter__(self) -> "Cluster":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start all, from the back to the front, and wait until it answers.

        Raises:
            ClusterError
        """
        self.directory.chmod(0o711)  # nginx is not root, and has a directory of its own in here
        self.postgres.start()
        self.redis.start()
        # In a session of its own: Ctrl-C reaches this process alone, which ends the others in order.
        log = self._file(self._logs) if self._logs else None
        self.arena = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve"],
            env=self.environment,
            cwd=HERE.parent,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
        for port in self.worker_ports:
            self._wait(port, "/readyz", self.arena, "the arena")
        if self._nginx:
            self._start_nginx(self._nginx)

    def cli(self, *words: str) -> str:
        """Run a command of `arena` on this cluster, and return what it printed.

        Raises:
            ClusterError: it failed.
        """
        asked = [sys.executable, "-m", "app.cli", *words]
        done = subprocess.run(
            asked, env=self.environment, cwd=HERE.parent, capture_output=True, text=True, timeout=START_SECONDS_MAX
        )
        if done.returncode:
            raise ClusterError(f"`arena {words[0]}` failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def worker_pids(self) -> list[int]:
        """Return the arena's processes; none where the system does not tell."""
        with contextlib.suppress(OSError):
            pid = self.arena.pid if self.arena else 0
            return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return []

    def renew(self) -> None:
        """Have the arena's processes renewed one after another; returns at once."""
        if self.arena is not None:
            self.arena.send_signal(signal.SIGHUP)

    def ended(self) -> str:
        """Return which part has ended by itself, or ""."""
        parts = {"nginx": self.proxy, "the arena": self.arena}
        return next((name for name, child in parts.items() if child is not None and child.poll() is not None), "")

    def stop(self) -> None:
        """End all, from the front to the back, and remove everything."""
        for child in (self.proxy, self.arena):
            if child is not None and child.poll() is None:
                workers = self.worker_pids() if child is self.arena else []
                child.terminate()
                try:
                    child.wait(END_SECONDS_MAX)
                except subprocess.TimeoutExpired:
                    for pid in (child.pid, *workers):
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGKILL)
                    child.wait()
        self.redis.stop()
        self.postgres.stop()
        for each in self._open:
            each.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _start_nginx(self, binary: str) -> None:
        root = self.directory / "nginx"
        (root / "here").mkdir(parents=True)
        run = root / "run"
        run.mkdir()
        shutil.copyfile(HERE / "nginx.conf", root / "nginx.conf")
        arenas = "".join(f"server 127.0.0.1:{port} max_fails=1 fail_timeout=1s;\n" for port in self.worker_ports)
        (root / "here" / "arenas.conf").write_text(arenas)
        (root / "here" / "site.conf").write_text(
            f"listen 127.0.0.1:{self._nginx_port} backlog=4096;\naccess_log {self.access_log} arena;\n"
        )
        as_nobody: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            shutil.chown(run, nobody.pw_uid, nobody.pw_gid)
            as_nobody = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self.proxy = subprocess.Popen(
            [binary, "-e", "stderr", "-p", str(run), "-c", str(root / "nginx.conf"), "-g", "daemon off;"],
            stdout=subprocess.DEVNULL,
            stderr=self._file(self.error_log),
            start_new_session=True,
            **as_nobody,
        )
        self._wait(self._nginx_port, "/healthz", self.proxy, "nginx")

    def _file(self, path: Path) -> IO[bytes]:
        file = path.open("ab")
        self._open.append(file)
        return file

    def _wait(self, port: int, path: str, child: subprocess.Popen[bytes], name: str) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if child.poll() is not None:
                raise ClusterError(f"{name} ended at its start.")
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            with contextlib.closing(line), contextlib.suppress(OSError, http.client.HTTPException):
                line.request("GET", path)
                if line.getresponse().status == http.client.OK:
                    return
            time.sleep(LOOK_SECONDS)
        raise ClusterError(f"{name} did not start.")


def _free_row(count: int) -> list[int]:
    """Return free ports in a row, as `arena serve --workers` takes them: below those that outgoing connections are
    given, so that none is taken while its process is renewed.
    """
    for _ in range(PORT_TRIES_MAX):
        first = secrets.choice(PORTS)
        row = list(range(first, first + count))
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for port in row:
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return row
    raise ClusterError(f"No {count} free ports in a row.")


def main() -> int:
    """Run until told to end; return the exit code."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    nginx = nginx_binary()
    if nginx is None:
        print("nginx is not installed, so the arena's processes are open at their own ports, without a cache in front.")
    try:
        with Cluster(nginx=nginx) as cluster:
            signal.signal(signal.SIGHUP, lambda _number, _frame: cluster.renew())
            link = cluster.cli("token", "create", "--role", "admin", "--name", "console", "--hours", "24", "--link")
            print(f"先锋擂台 Pioneer Arena serves at {cluster.address}")
            print(f"Console: {link}")
            print(f"Processes: {' '.join(map(str, cluster.worker_ports))}; SIGHUP to {os.getpid()} renews them.")
            print("Ctrl-C ends it, and removes everything that was stored.", flush=True)
            while not (gone := cluster.ended()):
                time.sleep(LOOK_SECONDS)
            raise ClusterError(f"{gone} has ended.")
    except ClusterError as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _end(_number: int, _frame: FrameType | None) -> None:
    # Once: what ends the parts must not be cut short by a second Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
