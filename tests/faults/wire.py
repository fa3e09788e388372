"""A WebSocket without the weight of a client library, so that one process can be some thousands of phones."""

import asyncio
import base64
import json
import os
from typing import Any, cast

from tests.live.test_hostile_sockets import masked

HANDSHAKE_SECONDS_MAX = 20


class Wire(asyncio.Protocol):
    """Looks into a message only where somebody waits for its type."""

    def __init__(self, port: int, code: str) -> None:
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[int] = loop.create_future()
        """The close code that was told; 1006 where the line just ended."""
        self.tally = b""
        """The newest."""
        self._request = (
            f"GET /ws/sessions/{code} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
        self._opened: asyncio.Future[None] = loop.create_future()
        self._buffer = bytearray()
        self._waiting: dict[bytes, asyncio.Future[dict[str, Any]]] = {}

    @classmethod
    async def open(cls, port: int, code: str) -> "Wire":
        """Connect and shake hands. Raises OSError or TimeoutError where that fails."""
        loop = asyncio.get_running_loop()
        wire = cls(port, code)
        await loop.create_connection(lambda: wire, "127.0.0.1", port)
        async with asyncio.timeout(HANDSHAKE_SECONDS_MAX):
            await wire._opened
        return wire

    async def ask(self, *kinds: str, **message: Any) -> dict[str, Any]:
        """Say something, and return the next message of one of these types. Raises OSError where the line ends."""
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        for kind in kinds:
            self._waiting[kind.encode()] = answer
        self._transport.write(masked(json.dumps(message).encode()))
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS_MAX):
                return await answer
        finally:
            for kind in kinds:
                self._waiting.pop(kind.encode(), None)

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by its ways only
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._opened.done():
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._opened.set_exception(OSError(head.split(b"\r\n")[0].decode()))
                return
            self._buffer = rest
            self._opened.set_result(None)
        while frame := self._next_frame():
            self._take(*frame)

    def connection_lost(self, exc: Exception | None) -> None:
        gone = ConnectionResetError("the line has gone")
        if not self._opened.done():
            self._opened.set_exception(gone)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(gone)
        if not self.closed.done():
            self.closed.set_result(1006)

    def _next_frame(self) -> tuple[int, bytes] | None:
        if len(self._buffer) < 2:
            return None
        length, start = self._buffer[1] & 0x7F, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(self._buffer) < start:
                return None
            length = int.from_bytes(self._buffer[2:start], "big")
        if len(self._buffer) < start + length:
            return None
        opcode, payload = self._buffer[0] & 0x0F, bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        return opcode, payload

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == 8:
            if not self.closed.done():
                self.closed.set_result(int.from_bytes(payload[:2], "big"))
            self._transport.write(masked(payload[:2], opcode=8))
            self._transport.close()
        elif opcode == 9:
            self._transport.write(masked(payload, opcode=10))
        elif opcode == 1:
            kind = payload[9 : payload.index(b'"', 9)]
            if kind == b"tally":
                self.tally = payload
                self.on_tally(payload)
            if (answer := self._waiting.get(kind)) is not None and not answer.done():
                answer.set_result(json.loads(payload))

    def on_tally(self, payload: bytes) -> None:
        """Called with each tally; a test may put its own in the place."""
