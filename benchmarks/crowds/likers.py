"""Phones that like at a fixed pace over their open sockets. Each like is answered; none goes before its turn."""

import json
import os
import time
from typing import Any

from benchmarks import machine
from benchmarks.loop import Loop, WebSocketLine
from benchmarks.wire import handshake, masked


class Liker(WebSocketLine):
    __slots__ = ("crowd", "hello", "total")

    def __init__(self, crowd: "Likers", head: bytes, hello: bytes) -> None:
        self.crowd = crowd
        self.hello = hello
        self.total = 0
        super().__init__(crowd.loop, crowd.port, head)

    def opened(self) -> None:
        self.crowd.open += 1
        if self.hello:
            self.send(self.hello)

    def like(self) -> None:
        self.total += 1
        self.send(masked(b'{"type":"like","round":1,"totals":{"red":%d}}' % self.total))

    def heard(self, data: bytes, start: int, end: int) -> None:
        if data.startswith(b'{"type":"liked"', start):
            self.crowd.answers += 1
        elif data.startswith(b'{"type":"problem"', start):
            raise ValueError(f"a like was refused: {data[start:end][:400]!r}")


class Likers:
    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.open = self.answers = 0
        self._lines: list[Liker] = []
        self._pid = 0

    def do(self, command: dict[str, Any]) -> dict[str, Any]:
        if command["do"] == "connect":
            self._pid = command["pid"]
            head = handshake(command["path"], command["port"])
            self.port = command["port"]
            for line in self._lines:
                line.close()
            self.open = 0
            tokens = command.get("tokens") or [""] * command["sockets"]
            says = [masked(json.dumps({"type": "hello", "token": each}).encode()) if each else b"" for each in tokens]
            self._lines = [Liker(self, head, each) for each in says]
            if not self.loop.until(lambda: self.open == len(self._lines)):
                raise TimeoutError("not all sockets were opened")
            self.loop.rest(0.3)
            return {}
        return self._like(command["per_second"], command["seconds"])

    def _like(self, per_second: float, seconds: float) -> dict[str, Any]:
        usage = machine.Usage(self._pid, os.getpid())
        sent, before, began = 0, self.answers, time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            while sent < passed * per_second:
                self._lines[sent % len(self._lines)].like()
                sent += 1
            self.loop.turn(0.002)
        self.loop.until(lambda: self.answers - before >= sent, 10)
        taken_s, (server_cpu, own_cpu) = usage.taken()
        return {
            "likes": self.answers - before,
            "sent": sent,
            "seconds": taken_s,
            "server_cpu_s": server_cpu,
            "generator_busy": own_cpu / taken_s,
        }
