"""The first protocol of every connection (uvicorn's `http=`): it looks at the first bytes and steps aside.

Thousands of phones come back at once after a cut. What a phone sends is an ordinary opening handshake, whole in one
piece: that is read here and goes straight to the WebSocket protocol; no HTTP protocol, parser or scope is made for it.
Whatever is not exactly that goes to the HTTP protocol as if nothing had been before it. Who connects and says nothing
is let go when the keep-alive time is over. Lives on the event loop's thread. Leans on the same undocumented contract as
`live/protocol.py`; `tests/live/test_arriving.py` holds it.
"""

import asyncio
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.live.handshake import read_plain
from app.live.protocol import Wire

LOOK_SECONDS = 1.0


class Silent:
    """Those who have said nothing yet: one timer for all, which runs while there are any."""

    def __init__(self) -> None:
        self._ends: dict[Arriving, float] = {}
        """In the order of their arrival, which is that of their ends."""
        self._timer: asyncio.TimerHandle | None = None

    def add(self, one: "Arriving", seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._ends[one] = loop.time() + seconds
        if self._timer is None:
            self._timer = loop.call_later(LOOK_SECONDS, self._look)

    def remove(self, one: "Arriving") -> None:
        self._ends.pop(one, None)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(LOOK_SECONDS, self._look) if self._ends else None
        now = loop.time()
        for one in [one for one, ends in self._ends.items() if ends <= now]:
            one.shutdown()


class Arriving(asyncio.Protocol):
    __slots__ = ("_given", "_transport")

    silent: ClassVar[Silent]
    """Of the service; each service has a subclass of its own."""
    http: ClassVar[type[HttpToolsProtocol]]
    ws: ClassVar[type[Wire]]

    def __init__(
        self, config: Any, server_state: Any, app_state: Any, _loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        self._given = config, server_state, app_state, _loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        config, server_state, *_ = self._given
        self._transport = cast(asyncio.Transport, transport)
        server_state.connections.add(self)
        self.silent.add(self, config.timeout_keep_alive)

    def data_received(self, data: bytes) -> None:
        config, server_state, app_state, loop = self._given
        self._leave()
        asked = read_plain(data) if data.startswith(b"GET ") else None
        if asked is not None:
            wire = self.ws(config, server_state, app_state)
            wire.connection_made(self._transport)
            wire.take(asked)
            return
        http = self.http(config, server_state, app_state, loop)
        http.connection_made(self._transport)
        self._transport.set_protocol(http)
        http.data_received(data)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._leave()

    def shutdown(self) -> None:
        """Called by uvicorn when the service ends."""
        self._transport.close()

    def _leave(self) -> None:
        self._given[1].connections.discard(self)
        self.silent.remove(self)


def first_protocol(http: type[HttpToolsProtocol], ws: type[Wire]) -> type[Arriving]:
    """Return the class that uvicorn is given (`http=`) where these two come after."""
    return type("ArenaArriving", (Arriving,), {"__slots__": (), "silent": Silent(), "http": http, "ws": ws})
