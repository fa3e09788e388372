"""What goes over the wire from the generator: HTTP heads and WebSocket frames, as bytes. Pure.

The generator is no browser: its key is always the same and its mask is zero, which both are allowed and cost nothing.
"""

import struct

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
"""The sample key of RFC 6455; the floor written in C knows its answer by heart."""
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def handshake(path: str, port: int, deflate: bool = False) -> bytes:
    extensions = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" if deflate else ""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {KEY.decode()}\r\nSec-WebSocket-Version: 13\r\n{extensions}\r\n"
    ).encode()


def masked(payload: bytes, opcode: int = TEXT) -> bytes:
    """Build a client's final frame; its mask is zero."""
    length = len(payload)
    first = 0x80 | opcode
    if length < 126:
        return struct.pack("!BBI", first, 0x80 | length, 0) + payload
    return struct.pack("!BBHI", first, 0xFE, length, 0) + payload


def request(method: str, path: str, port: int, body: bytes = b"", headers: str = "") -> bytes:
    """Build a request of a kept-alive connection. `headers` are whole lines, each ended."""
    length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}{length}\r\n".encode() + body


def content_length(head: bytes) -> int:
    """Return the length of the body that follows an answer's head; zero where it has none.

    Raises:
        ValueError: it is chunked, which no contestant's answer is.
    """
    low = head.lower()
    at = low.find(b"\r\ncontent-length:")
    if at < 0:
        if b"\r\ntransfer-encoding:" in low:
            raise ValueError("a chunked answer")
        return 0
    return int(low[at + 17 : low.index(b"\r\n", at + 17)])
