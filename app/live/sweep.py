"""One timer for all connections of a service: who is due is sent a PING, who did not answer the last one or takes
nothing is let go.

A timer a connection would cost as much memory as the connection itself. There are as many parts as steps in a ping
interval; a connection joins the part that was looked at last, and each step looks at one: so no step has more PINGs to
send than connections came in a quarter of a second. Lives on the event loop's thread; the timer runs while there are
connections.
"""

import asyncio
from itertools import count
from time import monotonic
from typing import Protocol

PING_SECONDS = 20.0
"""How often each is sent a PING, and how long it has for the PONG."""
STEP_SECONDS = 0.25
STALLED_SECONDS_MAX = 10.0
"""One whose bytes wait for so long is let go."""


class Swept(Protocol):
    """A connection as the sweep sees it. None of these waits for the peer."""

    def keep_alive(self, payload: bytes, /) -> None:
        """Send a PING with this payload, or give up where the last one is not answered."""

    def give_up(self) -> None:
        """Let go of a peer that takes nothing."""


class Sweep:
    """The connections of one service."""

    def __init__(self, ping_seconds: float = PING_SECONDS) -> None:
        parts = max(1, round(ping_seconds / STEP_SECONDS))
        self._step_seconds = ping_seconds / parts
        self._parts: list[set[Swept]] = [set() for _ in range(parts)]
        self._due = 0
        self._numbers = count(1)
        self._stalled: dict[Swept, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.connections = 0

    def add(self, connection: Swept) -> int:
        """Take a connection in; its first PING comes after a whole interval. Returns its part, to be given back."""
        part = (self._due - 1) % len(self._parts)
        self._parts[part].add(connection)
        self.connections += 1
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._step_seconds, self._step)
        return part

    def remove(self, connection: Swept, part: int) -> None:
        self._parts[part].discard(connection)
        self._stalled.pop(connection, None)
        self.connections -= 1

    def stalled(self, connection: Swept) -> None:
        """Note that bytes wait for a connection, from now on."""
        self._stalled.setdefault(connection, monotonic())

    def flows(self, connection: Swept) -> None:
        """Note that a connection has taken everything."""
        self._stalled.pop(connection, None)

    def _step(self) -> None:
        self._timer = None
        if self.connections == 0:
            return
        self._timer = asyncio.get_running_loop().call_later(self._step_seconds, self._step)
        now = monotonic()
        for connection, since in list(self._stalled.items()):
            if now - since > STALLED_SECONDS_MAX:
                del self._stalled[connection]
                connection.give_up()
        payload = next(self._numbers).to_bytes(8, "big")
        part, self._due = self._parts[self._due], (self._due + 1) % len(self._parts)
        for connection in list(part):
            connection.keep_alive(payload)
