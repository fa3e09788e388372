"""The WebSocket protocol that uvicorn is given: its own, with a way to write prebuilt frames past the ASGI machinery.

A tick writes one and the same frame to every socket; through ASGI each would cost a task switch and an encoding.
Leans on uvicorn's `WebSocketsSansIOProtocol` (its `ws=` setting is public, the attributes used here are not), so
uvicorn is pinned by the lock and `tests/live/` holds the contract. Lives on the event loop's thread.
"""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION = "arena.socket"
WAITING_BYTES_MAX = 262_144
"""A peer that reads nothing, but sends PINGs to be answered, is cut when so much waits for it."""
CLOSE_SECONDS_MAX = 2
RECEIVED_A_SECOND = 131_072
RECEIVED_BURST = 1_048_576
"""More than twenty messages of 4 KiB a second are no phone: PINGs are answered, so they are bounded as bytes."""


def text_frame(payload: bytes) -> bytes:
    """Build an unmasked, final text frame (RFC 6455, 5.2)."""
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 65_536:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload


class SocketProtocol(WebSocketsSansIOProtocol):
    """Handshake, parsing, keepalive and close are uvicorn's and websockets'; only data frames are written here."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if scope := getattr(self, "scope", None):
            scope["extensions"][EXTENSION] = self

    credit = RECEIVED_BURST
    credit_at = 0.0

    def data_received(self, data: bytes) -> None:
        now = self.loop.time()
        earned = int((now - self.credit_at) * RECEIVED_A_SECOND)
        self.credit, self.credit_at = min(RECEIVED_BURST, self.credit + earned) - len(data), now
        if self.credit < 0:
            self.transport.abort()
            return
        super().data_received(data)
        if self.transport.get_write_buffer_size() > WAITING_BYTES_MAX:
            self.transport.abort()

    def waiting_bytes(self) -> int:
        """Return how much the peer has not taken yet."""
        return self.transport.get_write_buffer_size()

    def write_frame(self, frame: bytes) -> None:
        """Write a whole frame. Nothing happens where the connection is closing or gone."""
        if self.handshake_complete and not (self.close_sent or self.disconnected or self.transport.is_closing()):
            self.transport.write(frame)

    def close_with(self, code: int, reason: str) -> None:
        """Send a close frame, and let go of the connection at the latest two seconds later."""
        if not self.handshake_complete or self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(CLOSE_SECONDS_MAX, self.transport.abort)
