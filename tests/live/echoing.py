"""The product's WebSocket protocol with an echo for what is said, on a real uvicorn and a real socket."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import uvicorn

from app.cli import listen
from app.live.arriving import first_protocol
from app.live.frames import BINARY, frame, text_frame
from app.live.handshake import Upgrade
from app.live.http_guard import GuardedHttp
from app.live.protocol import Wire
from app.live.sweep import Sweep

START_SECONDS_MAX = 10


class Echo(Wire):
    """Says what it hears. Its connections, and what became of them, are kept for the test to look at."""

    __slots__ = ()
    opened_ones: ClassVar[list["Echo"]]
    gone_ones: ClassVar[list["Echo"]]

    def accepts(self, path: str) -> bool:
        return path == "/echo"

    def opened(self, upgrade: Upgrade) -> None:
        self.opened_ones.append(self)

    def heard(self, text: str) -> None:
        self.write(text_frame(text.encode()))

    def heard_binary(self, payload: bytes) -> None:
        self.write(frame(BINARY, payload))

    def gone(self) -> None:
        self.gone_ones.append(self)


@dataclass
class Echoing:
    port: int
    server: uvicorn.Server
    protocol: type[Echo]
    loop: asyncio.AbstractEventLoop

    def connect(self) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """An application that is not there."""


@contextlib.contextmanager
def echoing(
    loop: str = "asyncio", ping_seconds: float = 20, silent_seconds: int = 5, **changes: Any
) -> Iterator[Echoing]:
    """Run an echo server in a thread. `changes` are put on the protocol class."""
    names = {"__slots__": (), "sweep": Sweep(ping_seconds), "opened_ones": [], "gone_ones": [], **changes}
    protocol: type[Echo] = type("BoundEcho", (Echo,), names)
    config = uvicorn.Config(
        _nothing, http=first_protocol(GuardedHttp, protocol), ws=protocol, loop=loop, lifespan="off", log_config=None,
        access_log=False, timeout_graceful_shutdown=5, timeout_keep_alive=silent_seconds,
    )  # fmt: skip
    server = uvicorn.Server(config)
    listener = listen("127.0.0.1", 0)
    ended = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    def run() -> None:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            loops.append(runner.get_loop())
            runner.run(server.serve(sockets=[listener]))
        ended.set()

    threading.Thread(target=run, name="echo").start()
    for _ in range(START_SECONDS_MAX * 100):
        if server.started or ended.wait(0.01):
            break
    assert server.started, "the echo did not start"
    try:
        yield Echoing(listener.getsockname()[1], server, protocol, loops[0])
    finally:
        server.should_exit = True
        ended_in_time = ended.wait(START_SECONDS_MAX)
        listener.close()
        assert ended_in_time, "the echo did not stop"
