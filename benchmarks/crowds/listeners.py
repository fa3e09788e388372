"""Many sockets that only listen, and at most one that taps so that there is something to tell.

Counts what is delivered, and reads from the operating system what the server took for it.
"""

import json
import os
import socket
import time
from typing import Any

from benchmarks import machine
from benchmarks.loop import Loop, WebSocketLine
from benchmarks.wire import PING, handshake, masked

CONNECTING_MAX = 64
MESSAGE_BYTES_MIN = 9
"""Shorter is no message but Engine.IO's own."""
TAP_SECONDS = 0.1
DRAIN_SECONDS, DRAIN_SECONDS_MAX = 0.25, 20.0
IDLE_SHARE = 0.1
"""A server that takes less of its core than this has said all that it was told to say."""
PINGS_TO_STALL = 3_200
"""So many answers, 400 kB, are more than the kernel keeps for one who reads nothing, and less than what is cut."""


class Listener(WebSocketLine):
    __slots__ = ("crowd", "greeting")

    def __init__(self, crowd: "Listeners", head: bytes, greeting: bytes) -> None:
        self.crowd = crowd
        self.greeting = greeting
        super().__init__(crowd.loop, crowd.port, head)

    def opened(self) -> None:
        self.crowd.open += 1
        if self.greeting:
            self.send(self.greeting)

    def heard(self, data: bytes, start: int, end: int) -> None:
        if end - start >= MESSAGE_BYTES_MIN:
            crowd = self.crowd
            crowd.messages += 1
            crowd.bytes += end - start
            crowd.last_at = crowd.loop.now
        elif end - start == 1 and data[start] == 0x32:  # Engine.IO's ping, answered by its pong
            self.send(masked(b"3"))

    def lost(self) -> None:
        self.crowd.lost += 1


class Tapper(WebSocketLine):
    """A phone that likes ten times a second, so that every tick has something new to tell."""

    __slots__ = ("answers", "taps", "token")

    def __init__(self, loop: Loop, port: int, head: bytes, token: str) -> None:
        self.token = token
        self.taps = 0
        self.answers = 0
        super().__init__(loop, port, head)

    def opened(self) -> None:
        self.send(masked(json.dumps({"type": "hello", "token": self.token}).encode()))

    def heard(self, data: bytes, start: int, end: int) -> None:
        if data.startswith(b'{"type":"liked"', start):
            self.answers += 1

    def tap(self) -> None:
        self.taps += 1
        self.send(masked(b'{"type":"like","round":1,"totals":{"red":%d}}' % self.taps))


class Listeners:
    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.port = 0
        self.pid = 0
        self.lines: list[Listener] = []
        self.open = self.messages = self.bytes = self.lost = 0
        self.tapper: Tapper | None = None
        self.stalled: list[Listener] = []
        self.last_at = 0.0
        """When the last message came."""

    def do(self, command: dict[str, Any]) -> dict[str, Any]:
        match command["do"]:
            case "connect":
                return self._connect(command)
            case "window":
                return self._window(command)
            case "begin":
                return self._begin(command)
            case "finish":
                return self._finish()
            case "stall":
                return self._stall(command)
            case "unstall":
                return self._unstall()
            case other:
                raise ValueError(f"listeners cannot {other}")

    def _connect(self, command: dict[str, Any]) -> dict[str, Any]:
        """Open so many sockets more, a few at a time. `tokens`: each says hello with its own."""
        self.port, self.pid = command["port"], command["pid"]
        head = handshake(command["path"], self.port, command.get("deflate", False))
        greeting = b"".join(masked(text.encode()) for text in command.get("greeting", []))
        tokens = command.get("tokens")
        usage, messages = machine.Usage(self.pid), self.messages
        number, first = command["sockets"], self.open
        for i in range(number):
            hello = masked(json.dumps({"type": "hello", "token": tokens[i]}).encode()) if tokens else b""
            self.lines.append(Listener(self, head, greeting + hello))
            while first + i + 1 - self.open >= CONNECTING_MAX:
                self.loop.turn()
        if not self.loop.until(lambda: self.open == first + number):
            raise TimeoutError(f"{self.open - first} of {number} sockets were opened")
        seconds, (server_cpu,) = usage.taken()
        if "tapper" in command:
            self.tapper = Tapper(self.loop, self.port, head, command["tapper"])
        return {
            "seconds": seconds,
            "server_cpu_s": server_cpu,
            "messages": self.messages - messages,
            "resident_kb": machine.resident_kb(self.pid),
        }

    def _begin(self, command: dict[str, Any]) -> dict[str, Any]:
        """Begin to count; the tapper, where one is, taps for so long."""
        if self.tapper is not None:
            self._tap(time.monotonic() + command["seconds"], time.monotonic())
        self._usage = machine.Usage(self.pid, os.getpid())
        self._before = self.messages, self.bytes
        self._began = self.last_at = time.monotonic()
        return {}

    def _finish(self) -> dict[str, Any]:
        """Wait until the server has said all that it still had to say, and count: no message's CPU is missing."""
        ends = time.monotonic() + DRAIN_SECONDS_MAX
        while time.monotonic() < ends:
            messages, usage = self.messages, machine.Usage(self.pid)
            self.loop.rest(DRAIN_SECONDS)
            seconds, (cpu,) = usage.taken()
            if messages == self.messages and cpu < IDLE_SHARE * seconds:
                break
        _, (server_cpu, own_cpu) = self._usage.taken()
        if self.lost:
            raise ConnectionError(f"{self.lost} sockets were closed by the server")
        messages, size = self._before
        delivered, seconds = self.messages - messages, self.last_at - self._began
        return {
            "seconds": seconds,
            "messages": delivered,
            "bytes": (self.bytes - size) / max(1, delivered),
            "server_cpu_s": server_cpu,
            "generator_busy": own_cpu / max(seconds, 0.01),
        }

    def _stall(self, command: dict[str, Any]) -> dict[str, Any]:
        """Open sockets that ask for more answers than the kernel keeps for them, and are never read again."""
        head = handshake(command["path"], self.port)
        before = self.open
        self.stalled = [Listener(self, head, b"") for _ in range(command["sockets"])]
        for line in self.stalled:
            line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.loop.until(lambda: self.open == before + len(self.stalled))
        for line in self.stalled:
            self.loop.remove(line.fd)
            line.send(masked(b"x" * 125, PING) * PINGS_TO_STALL)
        self.loop.rest(0.5)
        return {}

    def _unstall(self) -> dict[str, Any]:
        for line in self.stalled:
            line.close()
        self.open -= len(self.stalled)
        self.loop.rest(0.3)
        return {}

    def _window(self, command: dict[str, Any]) -> dict[str, Any]:
        """Count for so long, after a while in which it may settle."""
        ends = time.monotonic() + command["settle"] + command["seconds"]
        if self.tapper is not None:
            self._tap(ends, time.monotonic())
        self.loop.rest(command["settle"])
        usage = machine.Usage(self.pid, os.getpid())
        messages, size = self.messages, self.bytes
        self.loop.rest(command["seconds"])
        seconds, (server_cpu, own_cpu) = usage.taken()
        if self.lost:
            raise ConnectionError(f"{self.lost} sockets were closed by the server")
        delivered = self.messages - messages
        return {
            "seconds": seconds,
            "messages": delivered,
            "bytes": (self.bytes - size) / max(1, delivered),
            "server_cpu_s": server_cpu,
            "generator_busy": own_cpu / seconds,
        }

    def _tap(self, ends: float, now: float) -> None:
        if self.tapper is not None and now < ends:
            self.tapper.tap()
            self.loop.at(now + TAP_SECONDS, lambda: self._tap(ends, time.monotonic()))
