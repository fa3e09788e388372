"""Pollers: kept-alive connections, each of which asks for the tally again as soon as it has one."""

import os
import re
import time
from typing import Any

from benchmarks import machine
from benchmarks.loop import HttpLine, Loop
from benchmarks.wire import request

ETAG = re.compile(rb"(?i)\r\netag: (\S+)\r\n")


class Poller(HttpLine):
    __slots__ = ("crowd",)

    def __init__(self, crowd: "Pollers") -> None:
        self.crowd = crowd
        super().__init__(crowd.loop, crowd.port)

    def ask(self) -> None:
        self.crowd.under_way += 1
        self.send(self.crowd.content)

    def answered(self, status: int, data: bytes) -> None:
        crowd = self.crowd
        crowd.under_way -= 1
        crowd.answers += 1
        if status == 200 and crowd.status == 304:
            crowd.learn(data)  # the tally was made anew, as it is every five seconds
        elif status != crowd.status:
            raise ValueError(f"an answer was {status}: {data[:300]!r}")
        else:
            crowd.bytes = len(data)
        if not crowd.ended:
            self.ask()


class Pollers:
    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.port = self.under_way = self.answers = self.status = self.bytes = 0
        self.path = ""
        self.content = b""
        self.ended = False

    def know(self, tag: str) -> None:
        """Ask with this tag from now on; without one for the whole."""
        self.content = request("GET", self.path, self.port, headers=f"If-None-Match: {tag}\r\n" if tag else "")

    def learn(self, answer: bytes) -> None:
        """Take the tag of a newer tally, as a client would."""
        found = ETAG.search(answer)
        if found is None:
            raise ValueError(f"an answer had no tag: {answer[:300]!r}")
        self.know(found[1].decode())

    def do(self, command: dict[str, Any]) -> dict[str, Any]:
        """Poll for so long. `tag`: ask with `If-None-Match`, and expect 304 as long as there is nothing newer."""
        self.port, self.path, tag = command["port"], command["path"], command.get("tag") or ""
        self.status = 304 if tag else 200
        self.know(tag)
        lines = [Poller(self) for _ in range(command["at_once"])]
        self.answers, self.bytes, self.ended = 0, 0, False
        usage = machine.Usage(command["pid"], os.getpid())
        ends = time.monotonic() + command["seconds"]
        for line in lines:
            line.ask()
        while time.monotonic() < ends:
            self.loop.turn(0.05)
        seconds, (server_cpu, own_cpu) = usage.taken()
        answers = self.answers
        self.ended = True
        self.loop.until(lambda: self.under_way == 0, 20)
        for line in lines:
            line.close()
        if not self.bytes:
            raise ValueError(f"no answer was {self.status}")
        return {
            "answers": answers,
            "seconds": seconds,
            "server_cpu_s": server_cpu,
            "generator_busy": own_cpu / seconds,
            "bytes": self.bytes,
        }
