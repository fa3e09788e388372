"""The opening handshake of a WebSocket (RFC 6455, 4.2): the request's head in, an answer out. Pure.

The head of every ordinary client is read here. Whatever is odd is given to the `websockets` library, so that its
judgement and its words are the only ones: nothing is accepted here that the library refuses.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_PLAIN_BYTES_MAX = 4_096
_PLAIN_CONNECTIONS = (b"Upgrade", b"upgrade", b"keep-alive, Upgrade")
_PLAIN_LINES_MAX = 64
_PLAIN_BYTES = bytes((0x09, 0x0A, 0x0D, *range(0x20, 0x7F), *range(0x80, 0x100)))
_PLAIN_FIRST = re.compile(rb"GET (/[!$&-;=@-Z_a-z~%]*)(?:\?([!$&-;=?@-Z_a-z~%]*))? HTTP/1\.1")
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PLAIN_KEY = re.compile(rb"[A-Za-z0-9+/]{21}[AQgw]==")
"""Sixteen bytes in base64, of which the last four bits are none of theirs."""
_NEVER_PLAIN = frozenset({b"sec-websocket-protocol", b"content-length", b"transfer-encoding", b"expect"})


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What a client asked for."""

    path: str
    query: str
    host: str | None
    origin: str | None

    def query_value(self, name: str) -> str | None:
        """Return a parameter; the last one where several bear its name."""
        return dict(parse_qsl(self.query, keep_blank_values=True)).get(name) if self.query else None


def read_upgrade(head: bytes) -> tuple[Upgrade, bytes] | bytes:
    """Return what is asked for and the value of Sec-WebSocket-Accept, or the whole refusal."""
    return read_plain(head) or _read_by_library(head)


def accepted(accept: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Build the answer that opens a connection. No extension is ever accepted, compression neither."""
    more = b"".join(b"%s: %s\r\n" % header for header in headers)
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        b"%s\r\n%s\r\n" % (accept, more)
    )


def refused(status: HTTPStatus) -> bytes:
    """Build a refusal that says nothing but its status."""
    protocol = ServerProtocol()
    return _sent(protocol, protocol.reject(status, ""))


def read_plain(head: bytes) -> tuple[Upgrade, bytes] | None:
    """Return the same of an ordinary handshake that is whole and all that has come; None where anything is odd.

    So strict that the bytes may come from the line itself, with no parser of HTTP before.
    """
    lines = head.split(b"\r\n")
    ends = len(lines) - 1
    if (
        len(head) > _PLAIN_BYTES_MAX
        or ends > _PLAIN_LINES_MAX
        or not head.endswith(b"\r\n\r\n")
        or head.count(b"\n") != ends
        or head.count(b"\r") != ends
        or head.translate(None, _PLAIN_BYTES)
        or (found := _PLAIN_FIRST.fullmatch(lines[0])) is None
    ):
        return None
    target, query = found.groups()
    headers: dict[bytes, bytes] = {}
    for line in lines[1:-2]:
        written, colon, value = line.partition(b":")
        name = written.lower()
        if not colon or name in headers or _TOKEN.fullmatch(name) is None:
            return None
        headers[name] = value.strip(b" \t")
    if not _NEVER_PLAIN.isdisjoint(headers):
        return None
    key = headers.get(b"sec-websocket-key", b"")
    if (
        headers.get(b"upgrade") != b"websocket"
        or headers.get(b"connection") not in _PLAIN_CONNECTIONS
        or headers.get(b"sec-websocket-version") != b"13"
        or _PLAIN_KEY.fullmatch(key) is None
    ):
        return None
    host, origin = headers.get(b"host"), headers.get(b"origin")
    upgrade = Upgrade(
        unquote(target.decode("ascii")) if b"%" in target else target.decode("ascii"),
        "" if query is None else query.decode("ascii"),
        None if host is None else host.decode("latin-1"),
        None if origin is None else origin.decode("latin-1"),
    )
    return upgrade, b64encode(sha1(key + _GUID).digest())  # noqa: S324 - the protocol's, and no secret


def _read_by_library(head: bytes) -> tuple[Upgrade, bytes] | bytes:
    protocol = ServerProtocol()
    protocol.receive_data(head)
    asked = next(iter(protocol.events_received()), None)
    if not isinstance(asked, Request) or not asked.path.isascii():
        return refused(HTTPStatus.BAD_REQUEST)
    response = protocol.accept(asked)
    if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        return _sent(protocol, response)
    target, _, query = asked.path.partition("?")
    hosts = asked.headers.get_all("Host")
    upgrade = Upgrade(unquote(target), query, hosts[0] if hosts else None, asked.headers.get("Origin"))
    return upgrade, response.headers["Sec-WebSocket-Accept"].encode("ascii")


def _sent(protocol: ServerProtocol, response: Response) -> bytes:
    protocol.send_response(response)
    return b"".join(protocol.data_to_send())
