"""Runs several processes of `arena serve` side by side, and starts again one that has ended.

Each listens on its own port, from the first one up, for a proxy that sends a phone to the one with the fewest; or all
on one port, which the kernel shares out. SIGTERM ends all; SIGHUP renews one after another, so that the others serve.
"""

import http.client
import os
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from types import FrameType

import structlog

from app.settings import Settings

LOOK_SECONDS = 0.2
BETWEEN_STARTS_SECONDS = 1.0
END_SECONDS_MAX = 20
READY_SECONDS_MAX = 30
BETWEEN_RENEWALS_SECONDS = 2.0
"""A proxy leaves out for a while who has refused it; the next must not go before the last is asked again."""

log = structlog.get_logger()


class Workers:
    def __init__(self, settings: Settings, *, shared_port: bool) -> None:
        self._settings = settings
        self._shared_port = shared_port
        self._children: list[subprocess.Popen[bytes]] = []
        self._started_at = [0.0] * settings.workers
        self._ending = False
        self._renewing = False

    def run(self) -> int:
        """Run until told to end; return the exit code."""
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        signal.signal(signal.SIGHUP, self._renew)
        self._children = [self._start(i) for i in range(self._settings.workers)]
        while not self._ending:
            time.sleep(LOOK_SECONDS)
            for i, child in enumerate(self._children):
                if child.poll() is not None and not self._ending and self._may_start(i):
                    log.warning("a worker has ended and is started again", worker=i, code=child.returncode)
                    self._children[i] = self._start(i)
            if self._renewing:
                self._renewing = False
                self._renew_all()
        for child in self._children:
            _end(child)
        return 0

    def _may_start(self, i: int) -> bool:
        return time.monotonic() - self._started_at[i] > BETWEEN_STARTS_SECONDS

    def _start(self, i: int) -> subprocess.Popen[bytes]:
        self._started_at[i] = time.monotonic()
        own = {"ARENA_WORKERS": "1", "ARENA_HOST": self._settings.host, "ARENA_PORT": str(self._port(i))}
        if i:
            own["ARENA_OSC_PORT"] = "0"  # one of them hears commands by OSC
        command = [sys.executable, "-m", "app.cli", "serve", *(["--shared-port"] if self._shared_port else [])]
        # In a group of its own: Ctrl-C reaches the parent alone, which ends its children in order.
        return subprocess.Popen(command, env={**os.environ, **own}, start_new_session=True)  # noqa: S603

    def _port(self, i: int) -> int:
        return self._settings.port + (0 if self._shared_port else i)

    def _renew_all(self) -> None:
        for i, child in enumerate(self._children):
            if self._ending:
                return
            _end(child)
            self._children[i] = self._start(i)
            deadline = time.monotonic() + READY_SECONDS_MAX
            while not self._ready(i) and time.monotonic() < deadline and not self._ending:
                time.sleep(LOOK_SECONDS)
            pause_ends = time.monotonic() + BETWEEN_RENEWALS_SECONDS
            while time.monotonic() < pause_ends and not self._ending:
                time.sleep(LOOK_SECONDS)

    def _ready(self, i: int) -> bool:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._settings.host, self._settings.host)  # noqa: S104
        line = http.client.HTTPConnection(host, self._port(i), timeout=2)
        with closing(line), suppress(OSError, http.client.HTTPException):
            line.request("GET", "/readyz")
            return line.getresponse().status == http.client.OK
        return False

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self._ending = True
        for child in self._children:
            with suppress(ProcessLookupError):
                child.send_signal(signal.SIGTERM)

    def _renew(self, _signal: int, _frame: FrameType | None) -> None:
        self._renewing = True


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
