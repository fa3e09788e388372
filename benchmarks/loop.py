"""The generator's own event loop: one epoll, plain non-blocking sockets, timers. One process, one thread.

asyncio would cost more a message than the servers that are measured.
"""

import heapq
import select
import socket
import time
from collections.abc import Callable
from itertools import count
from typing import Protocol

from benchmarks.wire import CLOSE, KEY, PING, PONG, content_length, masked

READ_BYTES = 8_192
CONNECT_SECONDS_MAX = 120.0
_WHOLE_TEXT = 0x81

__all__ = ["KEY", "HttpLine", "Loop", "Reader", "WebSocketLine"]


class Reader(Protocol):
    def readable(self) -> None: ...


class Loop:
    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._readers: dict[int, Reader] = {}
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = count()
        self.now = time.monotonic()
        """When the present turn began; cheaper than to ask the clock for each message."""
        self.late: list[float] = []
        """By how many seconds each timer came too late: how far this process lags behind."""

    def add(self, fd: int, reader: Reader, events: int = select.EPOLLIN) -> None:
        self._readers[fd] = reader
        self._epoll.register(fd, events)

    def wait_for_bytes(self, fd: int) -> None:
        """Wait for bytes where so far a connection was waited for."""
        self._epoll.modify(fd, select.EPOLLIN)

    def remove(self, fd: int) -> None:
        if self._readers.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def at(self, when: float, do: Callable[[], object]) -> None:
        """Call at a moment of the monotonic clock."""
        heapq.heappush(self._timers, (when, next(self._numbers), do))

    def turn(self, seconds_max: float = 1.0) -> None:
        """Wait for what comes, at most so long, and deal with it."""
        timers = self._timers
        if timers:
            seconds_max = min(seconds_max, max(0.0, timers[0][0] - time.monotonic()))
        readers = self._readers
        events = self._epoll.poll(seconds_max, 1024)
        self.now = time.monotonic()
        for fd, _ in events:
            reader = readers.get(fd)
            if reader is not None:
                reader.readable()
        if timers:
            now = time.monotonic()
            while timers and timers[0][0] <= now:
                when, _, do = heapq.heappop(timers)
                self.late.append(now - when)
                do()

    def until(self, done: Callable[[], bool], seconds_max: float = CONNECT_SECONDS_MAX) -> bool:
        """Turn until it is done; say whether it was in time."""
        end = time.monotonic() + seconds_max
        while not done():
            if time.monotonic() > end:
                return False
            self.turn(min(0.05, seconds_max))
        return True

    def rest(self, seconds: float) -> None:
        """Turn for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.turn(left)


class Line:
    """A non-blocking connection. Where it is lost, `lost` is called once."""

    __slots__ = ("_unsent", "fd", "loop", "port", "rest", "sock")

    def __init__(self, loop: Loop, port: int) -> None:
        self.loop = loop
        self.port = port
        self.rest = b""
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Closed with a reset: no port of the generator's is kept waiting by an earlier pass.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.sock.setblocking(False)
        self.fd = self.sock.fileno()
        at_once = self.sock.connect_ex(("127.0.0.1", port)) == 0
        self._unsent: bytes | None = None if at_once else b""
        """What leaves once the connection stands: a server that is busy lets one wait."""
        loop.add(self.fd, self, select.EPOLLIN if at_once else select.EPOLLOUT)

    def readable(self) -> None:
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        """Write at once. What the kernel does not take is waited for; so much is sent only where something is wrong."""
        if self._unsent is not None:
            self._unsent += data
            return
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.gone()
            return
        if sent < len(data):
            self.sock.settimeout(10)
            self.sock.sendall(data[sent:])
            self.sock.setblocking(False)

    def read(self) -> bytes:
        """Return what has come, joined to what was left over; nothing where the line is lost or silent."""
        if self._unsent is not None:
            self._connected(self._unsent)
            return b""
        try:
            data = self.sock.recv(READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self.gone()
            return b""
        if self.rest:
            data = self.rest + data
            self.rest = b""
        return data

    def _connected(self, unsent: bytes) -> None:
        if self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.gone()
            return
        self.loop.wait_for_bytes(self.fd)
        self._unsent = None
        self.send(unsent)

    def gone(self) -> None:
        if self.fd >= 0:
            self.close()
            self.lost()

    def close(self) -> None:
        if self.fd >= 0:
            self.loop.remove(self.fd)
            self.sock.close()
            self.fd = -1

    def lost(self) -> None:
        raise ConnectionError(f"the server on port {self.port} closed a connection")


class WebSocketLine(Line):
    """A WebSocket. Subclasses take `opened` and `heard`."""

    __slots__ = ("close_code", "is_open")

    def __init__(self, loop: Loop, port: int, head: bytes) -> None:
        super().__init__(loop, port)
        self.is_open = False
        self.close_code = 0
        """With which the server closed; 0 where it has not said."""
        self.send(head)

    def opened(self) -> None:
        """The handshake is done."""

    def heard(self, data: bytes, start: int, end: int) -> None:
        """A whole frame of text or bytes has come, or a part of a fragmented one."""

    def readable(self) -> None:
        data = self.read()
        at, end = 0, len(data)
        if end > 4 and data[1] == 126 and data[0] == _WHOLE_TEXT and end == 4 + (data[2] << 8 | data[3]):
            self.heard(data, 4, end)  # nearly always one whole tally
            return
        if not self.is_open and end:
            at = data.find(b"\r\n\r\n") + 4
            if at < 4:
                self.rest = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(f"port {self.port} refused a handshake: {data[:200]!r}")
            self.is_open = True
            self.opened()
        while end - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                start += 2
                length = data[at + 2] << 8 | data[at + 3] if start <= end else end
            elif length == 127:
                start += 8
                length = int.from_bytes(data[at + 2 : start], "big") if start <= end else end
            if start + length > end:
                break
            opcode = data[at] & 15
            at = start + length
            if opcode < CLOSE:
                self.heard(data, start, at)
            elif opcode == PING:
                self.send(masked(data[start:at], PONG))
            elif opcode == CLOSE:
                self.close_code = int.from_bytes(data[start : start + 2], "big")
                self.gone()
                return
        if at < end:
            self.rest = data[at:]


class HttpLine(Line):
    """A kept-alive HTTP connection with one request at a time. Subclasses take `answered`."""

    __slots__ = ("_like",)

    def __init__(self, loop: Loop, port: int) -> None:
        super().__init__(loop, port)
        self._like = 0
        """The length of the answer before: one of the same length, that begins well, is not parsed."""

    def answered(self, status: int, data: bytes) -> None:
        """A whole answer has come; `data` is head and body."""

    def readable(self) -> None:
        data = self.read()
        if not data:
            return
        if len(data) != self._like:
            end_of_head = data.find(b"\r\n\r\n") + 4
            if end_of_head < 4 or len(data) < end_of_head + content_length(data[:end_of_head]):
                self.rest = data
                return
            self._like = len(data)
        self.answered(int(data[9:12]), data)
