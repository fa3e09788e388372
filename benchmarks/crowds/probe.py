"""One client that goes before all others on its core, and asks a hundred times a second: how long is the loop held?"""

import time
from typing import Any

from benchmarks import machine
from benchmarks.crowds.voters import shares
from benchmarks.loop import HttpLine, Loop, WebSocketLine
from benchmarks.wire import handshake, request

INTERVAL_SECONDS = 0.01


class Asker(HttpLine):
    __slots__ = ("asked_at", "content", "waits")

    def __init__(self, loop: Loop, port: int) -> None:
        self.asked_at = 0.0
        self.waits: list[float] = []
        self.content = request("GET", "/healthz", port)
        super().__init__(loop, port)

    def ask(self) -> None:
        self.asked_at = time.monotonic()
        self.send(self.content)

    def answered(self, status: int, data: bytes) -> None:
        self.waits.append(time.monotonic() - self.asked_at)
        self.asked_at = 0.0


class Watcher(WebSocketLine):
    """Notes how old each tally is when it comes, by the clock of the machine that both share."""

    __slots__ = ("ages",)

    def __init__(self, loop: Loop, port: int, head: bytes) -> None:
        self.ages: list[float] = []
        super().__init__(loop, port, head)

    def heard(self, data: bytes, start: int, end: int) -> None:
        at = data.find(b'"server_time_ms":', start, end)
        if at > 0:
            made_ms = int(data[at + 17 : data.index(b",", at)])
            self.ages.append(time.time() - made_ms / 1000)


class Probe:
    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        machine.first_in_line()

    def do(self, command: dict[str, Any]) -> dict[str, Any]:
        """Ask for so long; a question that waits longer than the interval is followed by the next at once."""
        asker = Asker(self.loop, command["port"])
        watcher = Watcher(self.loop, command["port"], handshake(command["path"], command["port"]))
        self.loop.rest(0.2)
        watcher.ages.clear()
        ends = due = time.monotonic()
        ends += command["seconds"]
        while time.monotonic() < ends:
            if not asker.asked_at and time.monotonic() >= due:
                due = max(due + INTERVAL_SECONDS, time.monotonic())
                asker.ask()
            self.loop.turn(max(0.0005, min(INTERVAL_SECONDS, due - time.monotonic())))
        self.loop.until(lambda: not asker.asked_at, 10)
        asker.close()
        watcher.close()
        return {"held": shares(sorted(asker.waits)), "age": shares(sorted(watcher.ages)), "asked": len(asker.waits)}
