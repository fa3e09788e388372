"""One HTTP/1.1 connection of one simulated phone, kept alive, one request at a time.

A phone has a connection of its own, so two thousand phones have two thousand. A general client costs about
900 µs of CPU a request and this one about 60, which is what lets a crowd of pollers fit on one core. It
follows no redirects and keeps no cookies; whoever shares a line between tasks must take turns.
"""

import asyncio
import ssl
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

import httptools


class Answer(NamedTuple):
    """An answer in full; only the headers that the crowd uses are kept, their names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


KEPT_HEADERS = frozenset({b"etag", b"retry-after"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where the service is, taken apart once."""

    host: str
    port: int
    secure: ssl.SSLContext | None
    prefix: str
    authority: str

    @classmethod
    def of(cls, base_url: str) -> "Address":
        parts = urlsplit(base_url)
        secure = ssl.create_default_context() if parts.scheme == "https" else None
        port = parts.port or (443 if secure else 80)
        return cls(
            parts.hostname or "localhost",
            port,
            secure,
            parts.path.rstrip("/"),
            parts.netloc.rpartition("@")[2],
        )


class HttpLine:
    """A keep-alive connection that opens itself when it is needed."""

    __slots__ = ("_address", "_wire")

    def __init__(self, address: Address) -> None:
        self._address = address
        self._wire: _Wire | None = None

    async def request(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None, timeout_s: float
    ) -> Answer:
        """Send one request and wait for its answer.

        Raises:
            OSError: no connection, or it broke before the answer was whole: the request may or may not have
            been done. TimeoutError: no answer in time; the connection is given up, so that a late answer
            cannot be mistaken.
        """
        at = self._address
        try:
            async with asyncio.timeout(timeout_s):
                if self._wire is None or not self._wire.usable:
                    loop = asyncio.get_running_loop()
                    _, self._wire = await loop.create_connection(_Wire, at.host, at.port, ssl=at.secure)
                return await self._wire.ask(self._head(method, path, headers, body))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Drop the connection."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _head(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> bytes:
        lines = [f"{method} {self._address.prefix}{path} HTTP/1.1", f"host: {self._address.authority}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body is not None:
            lines += ["content-type: application/json", f"content-length: {len(body)}"]
        return "\r\n".join((*lines, "", "")).encode("latin-1") + (body or b"")


class _Wire(asyncio.Protocol):
    """The bytes of one connection; a new one for each, so that the end of an old one disturbs no other."""

    __slots__ = ("_body", "_headers", "_parser", "_transport", "_waiter")

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes) -> Answer:
        assert self._waiter is None, "one request at a time"
        assert self._transport is not None
        self._waiter = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._headers, self._body = {}, []
        self._transport.write(request)
        try:
            return await self._waiter
        finally:
            self._waiter = None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a TCP or TLS transport: both read and write

    def data_received(self, data: bytes) -> None:
        if self._parser is None:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(f"not HTTP: {error}"))
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._fail(exc if isinstance(exc, OSError) else ConnectionResetError("the connection was closed"))

    def _fail(self, error: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)

    # httptools
    def on_header(self, name: bytes, value: bytes) -> None:
        if (name := name.lower()) in KEPT_HEADERS:
            self._headers[name.decode()] = value.decode("latin-1")

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        parser, waiter = self._parser, self._waiter
        assert parser is not None
        if waiter is not None and not waiter.done():
            waiter.set_result(Answer(parser.get_status_code(), self._headers, b"".join(self._body)))
        if not parser.should_keep_alive():
            self.close()
