"""What the preflight asks outside of the process: the machine's clock and disk, time servers, the public address.

Such calls may hang (a dead file server, a name server that is silent), so each runs in a thread of its own that nobody
waits for longer than its bound, and that does not keep the process from ending. At most `THREADS_MAX` hang at once.
"""

import asyncio
import ctypes
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2

from app.domain.preflight import Answer, Reach
from app.services.qr import qr_svg

T = TypeVar("T")
THREADS_MAX = 12
ADDRESS_SECONDS_MAX = 3.0
_ANSWER_BYTES_MAX = 262_144
_STATUS_OFFSET, _UNSYNCHRONISED = 40, 0x40


class ProbesHang(Exception):
    """So many earlier probes hang that no other is begun."""


class Probes:
    """Runs blocking calls, each in a thread of its own."""

    def __init__(self) -> None:
        self._running = 0

    async def run(self, call: Callable[..., T], *args: Any) -> T:
        """Return what a call returns; whoever stops waiting leaves it to its end.

        Raises:
            ProbesHang, and whatever the call raises.
        """
        if self._running >= THREADS_MAX:
            raise ProbesHang
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def end(result: T | None, error: BaseException | None) -> None:
            self._running -= 1
            if future.cancelled():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]

        def work() -> None:
            result, error = None, None
            try:
                result = call(*args)
            except Exception as failed:
                error = failed
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(end, result, error)

        self._running += 1
        threading.Thread(target=work, name="arena-probe", daemon=True).start()
        return await future


def machine_now_ms() -> int:
    return time.time_ns() // 1_000_000


def clock_is_synchronised() -> bool | None:
    """Ask the kernel whether a time server keeps its clock; None where that cannot be read. Needs no privilege.

    See adjtimex(2): with `modes` 0 it only reads.
    """
    if sys.platform != "linux" or struct.calcsize("P") != 8:
        return None
    timex = ctypes.create_string_buffer(512)
    try:
        state = ctypes.CDLL(None).adjtimex(timex)
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    (status,) = struct.unpack_from("i", timex, _STATUS_OFFSET)
    return not status & _UNSYNCHRONISED


def reach(url: str, code: str) -> Reach:
    """Ask the public address for the session's QR, as a phone's browser would; blocks for seconds at most."""
    host = ""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return Reach(url, (host,))
    hosts = (host, *sorted({str(each[4][0]) for each in found}))
    begun = time.monotonic()
    status, body, failed = 0, b"", ""
    try:
        status, body = _get(f"{url}/api/v1/sessions/{code}/qr.svg", secure=parts.scheme == "https")
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        failed = type(error).__name__
    if status >= 500:
        failed = f"HTTP {status}"
    took_ms = round((time.monotonic() - begun) * 1000)
    ours = status == 200 and body == qr_svg(f"{url}/v/{code}")
    return Reach(url, hosts, Answer(took_ms, failed), ours)


def _get(address: str, *, secure: bool) -> tuple[int, bytes]:
    # Certificates are read only where they are needed: that takes longer than all the rest.
    with (
        httpx2.Client(timeout=ADDRESS_SECONDS_MAX, trust_env=False, verify=secure) as client,
        client.stream("GET", address) as answer,
    ):
        body = b""
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > _ANSWER_BYTES_MAX:
                break
        return answer.status_code, body
