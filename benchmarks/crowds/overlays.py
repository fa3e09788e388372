"""The overlays of an evening, in a process that goes before the phones': notes when which turnout is shown to them."""

import json
import time
from typing import Any

from benchmarks import machine
from benchmarks.loop import Loop, WebSocketLine
from benchmarks.wire import handshake, masked


class Overlay(WebSocketLine):
    __slots__ = ("hello", "shown")

    def __init__(self, loop: Loop, port: int, head: bytes, hello: bytes) -> None:
        self.hello = hello
        self.shown: list[tuple[float, float, int, int, int]] = []
        """When a frame came, by the monotonic and by the machine's clock (ms), of which round, turnout and likes."""
        super().__init__(loop, port, head)

    def opened(self) -> None:
        self.send(self.hello)

    def heard(self, data: bytes, start: int, end: int) -> None:
        at, wall_ms = time.monotonic(), time.time() * 1000
        said = json.loads(data[start:end])
        if said["type"] == "tally" and said["round"] is not None:
            likes = said["tally"]["likes"] if said["tally"] else 0
            self.shown.append((at, wall_ms, said["round"]["number"], said["round"]["turnout"], likes))


class Overlays:
    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self._overlays: list[Overlay] = []
        machine.first_in_line()

    def do(self, command: dict[str, Any]) -> dict[str, Any]:
        if command["do"] == "connect":
            head = handshake(command["path"], command["port"])
            hello = masked(json.dumps({"type": "hello", "role": "overlay", "token": command["token"]}).encode())
            self._overlays = [Overlay(self.loop, command["port"], head, hello) for _ in range(command["overlays"])]
            return {}
        self.loop.rest(command["seconds"])
        return {"shown": [each.shown for each in self._overlays]}
