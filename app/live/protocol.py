"""The WebSocket protocol that uvicorn is given (`ws=`): bytes in, whole messages out. No task, no queue, no timer.

A connection is one small object. It reads frames where they arrive and writes straight to the line where the peer has
taken everything. uvicorn's contract with such a class is not documented: `(config, server_state, app_state)`,
`connection_made`, `data_received` of the request's head, `shutdown`, and a place among `server_state.connections`; so
uvicorn is pinned by the lock and `tests/live/test_wire_contract.py` holds it. Lives on the event loop's thread. What
the messages mean is its subclasses' business.
"""

import asyncio
from codecs import getincrementaldecoder
from collections.abc import Coroutine
from http import HTTPStatus
from time import monotonic
from typing import Any, ClassVar, cast

from app.live import frames
from app.live.close_codes import CloseCode
from app.live.frames import Violation, apply_mask, close_frame
from app.live.handshake import Upgrade, accepted, read_upgrade, refused
from app.live.line import write_now
from app.live.sweep import Sweep

MESSAGE_BYTES_MAX = 4_096
WAITING_BYTES_MAX = 262_144
"""A peer that reads nothing, but sends PINGs to be answered, is cut when so much waits for it."""
CLOSE_SECONDS_MAX = 2.0
RECEIVED_A_SECOND = 131_072
RECEIVED_BURST = 1_048_576
"""More than twenty messages of 4 KiB a second are no phone: PINGs are answered, so they are bounded as bytes."""

_CONNECTING, _OPEN, _CLOSING, _DEAF, _GONE = range(5)
"""`_CLOSING`: our close frame is out, the peer's is awaited. `_DEAF`: what still comes is thrown away."""
_NONE: list[Any] = []
_decoder = getincrementaldecoder("utf-8")


class Wire(asyncio.Protocol):
    """One connection. Subclasses say what is at a path and what is done with a message."""

    __slots__ = (
        "_awaited", "_connections", "_corked", "_credit", "_credit_at", "_decoder", "_fd", "_headers", "_held",
        "_opcode", "_part", "_parts", "_paused", "_rest", "_size", "_state", "_tasks", "_timer", "_transport",
    )  # fmt: skip

    sweep: ClassVar[Sweep]
    """Of the service; each service has a subclass of its own."""
    message_bytes_max: ClassVar[int] = MESSAGE_BYTES_MAX
    received_burst: ClassVar[int] = RECEIVED_BURST

    def __init__(self, config: Any, server_state: Any, app_state: Any) -> None:  # noqa: ARG002 - uvicorn's
        self._connections: set[Any] = server_state.connections
        self._tasks: set[asyncio.Task[Any]] = server_state.tasks
        self._headers: list[tuple[bytes, bytes]] | None = server_state.default_headers
        self._state = _CONNECTING
        self._fd = -1
        """Of the line, while it is open and may be written to past the transport."""
        self._part = -1
        self._paused = False
        self._held = 0
        self._rest = b""
        self._opcode = 0
        """Of the message whose fragments are coming, 0 between messages."""
        self._size = 0
        self._parts: list[Any] = _NONE
        self._decoder: Any = None
        self._awaited: bytes | None = None
        self._corked: list[bytes] | None = None
        """What is said while bytes are being read; it leaves in one go."""
        self._timer: asyncio.TimerHandle | None = None
        self._credit = self.received_burst
        self._credit_at = 0.0

    # What subclasses do.

    def accepts(self, path: str) -> bool:
        """Say whether anything is at this path."""
        raise NotImplementedError

    def opened(self, upgrade: Upgrade) -> None:
        """Called once, when the connection is open."""

    def heard(self, text: str) -> None:
        """Called with each text message."""

    def heard_binary(self, payload: bytes, /) -> None:
        """Called with each binary message."""

    def flows(self) -> None:
        """Called when the peer has taken all that had waited."""

    def gone(self) -> None:
        """Called once, when an opened connection has ended, for whatever reason."""

    # What uvicorn and the transport call.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        was_open = self._part >= 0
        self._state, self._fd = _GONE, -1
        self._connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if was_open:
            self.sweep.remove(self, self._part)
            self._part = -1
            self.gone()
        self._rest, self._corked = b"", None

    def shutdown(self) -> None:
        """Called by uvicorn when the service ends. Who reads nothing is let go two seconds later."""
        if self._state == _CONNECTING:
            self._transport.close()
            return
        self.close_with(CloseCode.GOING_DOWN.number, CloseCode.GOING_DOWN.reason)
        if self._state != _GONE:
            self._state, self._fd = _DEAF, -1
            self._transport.close()

    def pause_writing(self) -> None:
        self._paused = True
        self.sweep.stalled(self)

    def resume_writing(self) -> None:
        self._paused = False
        self.sweep.flows(self)
        if self._state == _OPEN:
            self.flows()

    def data_received(self, data: bytes) -> None:
        if self._state == _CONNECTING:
            self.take(read_upgrade(data))
            return
        now = monotonic()
        earned = int((now - self._credit_at) * RECEIVED_A_SECOND)
        self._credit, self._credit_at = min(self.received_burst, self._credit + earned) - len(data), now
        if self._credit < 0:
            self.abort()
        elif self._held:
            self._rest += data
        elif self._state <= _CLOSING:
            if self._rest:
                data, self._rest = self._rest + data, b""
            self._read(data)

    # What subclasses call.

    @property
    def is_open(self) -> bool:
        return self._state == _OPEN

    def waiting_bytes(self) -> int:
        """Return how much the peer has not taken yet."""
        return self._transport.get_write_buffer_size() if self._state != _GONE else 0

    def write(self, frame: bytes) -> None:
        """Write a whole frame. Nothing happens where the connection is closing or gone."""
        if self._state == _OPEN:
            self._send(frame)

    def hold(self) -> None:
        """Read nothing more until as many `go_on`: what was said must be answered before what comes next is heard."""
        self._held += 1
        self._transport.pause_reading()

    def go_on(self) -> None:
        self._held -= 1
        if self._held or self._state == _GONE:
            return
        self._transport.resume_reading()
        if self._rest and self._state <= _CLOSING:
            rest, self._rest = self._rest, b""
            self._read(rest)

    def close_with(self, code: int, reason: str) -> None:
        """Send a close frame, and let go of the connection at the latest two seconds later."""
        if self._state == _OPEN:
            self._send(close_frame(code, reason))
            self._state, self._fd = _CLOSING, -1
            self._end_soon()

    def abort(self) -> None:
        """End the connection at once; what waits for the peer is lost."""
        self._state, self._fd = _DEAF, -1
        self._corked = None
        self._transport.abort()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        """Begin a task that uvicorn knows of: it is waited for at the end."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # The sweep's.

    def keep_alive(self, payload: bytes) -> None:
        if self._state != _OPEN:
            return
        if self._awaited is not None:
            self._fail(frames.TIMED_OUT, "no answer to a ping")
        elif not self._paused:  # one who takes nothing is watched as such
            self._awaited = payload
            self._send(frames.frame(frames.PING, payload))

    def give_up(self) -> None:
        self.abort()

    def take(self, asked: tuple[Upgrade, bytes] | bytes) -> None:
        """Open the connection by what is asked and the key's answer, or write a refusal and end."""
        transport = self._transport
        # uvicorn sets this protocol after the handshake; before it, a full buffer would be told to the one before.
        transport.set_protocol(self)
        if not isinstance(asked, bytes) and not self.accepts(asked[0].path):
            asked = refused(HTTPStatus.FORBIDDEN)
        if isinstance(asked, bytes):
            self._state = _DEAF
            transport.write(asked)
            transport.close()
            return
        upgrade, accept = asked
        # Anything that waits is told at once, and so is when nothing waits any more.
        transport.set_write_buffer_limits(high=0)
        self._paused = transport.get_write_buffer_size() > 0
        if transport.get_extra_info("sslcontext") is None:
            self._fd = transport.get_extra_info("socket").fileno()
        self._part = self.sweep.add(self)
        self._credit_at = monotonic()
        self._state = _OPEN
        self._corked = [accepted(accept, self._headers or ())]
        self._headers = None
        self.opened(upgrade)
        self._uncork()

    # Reading.

    def _read(self, data: bytes) -> None:
        self._corked = []
        try:
            self._rest = data[self._read_frames(data) :]
            if self._rest and not self._held:
                self._judge_beginning(self._rest)
        except Violation as violation:
            self._fail(violation.code, violation.reason)
        self._uncork()
        if self._paused and self.waiting_bytes() > WAITING_BYTES_MAX:
            self.abort()

    def _read_frames(self, data: bytes) -> int:
        """Take in whole frames. Returns where the first unfinished one begins."""
        at, end = 0, len(data)
        while end - at >= 2 and not self._held:
            first, second = data[at], data[at + 1]
            length, start = second & 0x7F, at + 6
            if length >= 126:
                start = at + 8 if length == 126 else at + 14
                if end < start - 4:
                    break
                length = int.from_bytes(data[at + 2 : start - 4], "big")
            plain = first == frames.FIN | frames.TEXT and 0x80 <= second < 0xFF and not self._opcode
            if not plain:
                frames.judge_head(first, second, length, self._opcode != 0)
            if length > self.message_bytes_max - self._size and not first & 0x08:
                raise Violation(CloseCode.TOO_BIG.number, CloseCode.TOO_BIG.reason)
            if end < start + length:
                break
            payload = apply_mask(data[start : start + length], data[start - 4 : start]) if length else b""
            at = start + length
            if plain:
                if self._state == _OPEN:
                    self.heard(_decoded(payload))
            else:
                self._take(first, payload)
            if self._state > _CLOSING:
                return end
        return at

    def _take(self, first: int, payload: bytes) -> None:
        """Take in a frame that is not a whole text message."""
        opcode, final = first & 0x0F, bool(first & frames.FIN)
        if opcode == frames.PING:
            self.write(frames.frame(frames.PONG, payload))
        elif opcode == frames.PONG:
            if payload == self._awaited:
                self._awaited = None
        elif opcode == frames.CLOSE:
            self._take_close(payload)
        elif opcode == frames.BINARY and final:
            if self._state == _OPEN:
                self.heard_binary(payload)
        else:
            self._take_fragment(opcode, final, payload)

    def _take_fragment(self, opcode: int, final: bool, payload: bytes) -> None:
        if opcode != frames.CONTINUATION:
            self._opcode, self._parts = opcode, []
            self._decoder = _decoder() if opcode == frames.TEXT else None
        self._size += len(payload)
        part = payload if self._decoder is None else _decoded_part(self._decoder, payload, final)
        if part:  # empty ones would pile up without end, for they count nothing
            self._parts.append(part)
        if not final:
            return
        opcode, parts = self._opcode, self._parts
        self._opcode = self._size = 0
        self._decoder, self._parts = None, _NONE
        if self._state == _OPEN and opcode == frames.TEXT:
            self.heard("".join(parts))
        elif self._state == _OPEN:
            self.heard_binary(b"".join(parts))

    def _judge_beginning(self, rest: bytes) -> None:
        """Judge what has come of a frame: bytes that can be no UTF-8 are not waited for to the end."""
        if len(rest) < 2:
            return
        length, start = rest[1] & 0x7F, 6
        if length >= 126:
            start = 8 if length == 126 else 14
        opcode = rest[0] & 0x0F
        text = opcode == frames.TEXT or (opcode == frames.CONTINUATION and self._opcode == frames.TEXT)
        if text and len(rest) > start:
            decoder = _decoder()
            if opcode == frames.CONTINUATION:
                decoder.setstate(self._decoder.getstate())
            _decoded_part(decoder, apply_mask(rest[start:], rest[start - 4 : start]), False)

    # Ending.

    def _take_close(self, payload: bytes) -> None:
        code = frames.close_code_of(payload)
        if self._state == _OPEN:
            self._send(close_frame(code))
            self._end_soon()
        self._uncork()
        self._state, self._fd = _DEAF, -1
        self._transport.close()

    def _fail(self, code: int, reason: str) -> None:
        """Say why, and end. The peer's bytes that are still on their way are read and thrown away: to close at once
        would reset the line and take our word with it.
        """
        if self._state == _OPEN:
            self._send(close_frame(code, reason))
            self._uncork()
            self._end_soon()
            if self._transport.can_write_eof():
                self._transport.write_eof()
        else:
            self._transport.abort()
        self._state, self._fd, self._rest = _DEAF, -1, b""

    def _end_soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(CLOSE_SECONDS_MAX, self._transport.abort)

    def _uncork(self) -> None:
        corked, self._corked = self._corked, None
        if corked and self._state != _GONE:
            self._send(corked[0] if len(corked) == 1 else b"".join(corked))

    def _send(self, data: bytes) -> None:
        if self._corked is not None:
            self._corked.append(data)
        elif self._paused or self._fd < 0:
            self._transport.write(data)
        else:
            self._send_now(data)

    def _send_now(self, data: bytes) -> None:
        """Write past the transport, in which nothing waits: so this overtakes nothing."""
        sent = write_now(self._fd, data, len(data))
        if sent != len(data):
            self._send_rest(data, sent)

    def _send_rest(self, data: bytes, sent: int) -> None:
        """Give to the transport what the kernel did not take. Where the line is broken, the transport finds out."""
        self._transport.write(data[max(0, sent) :])


def _decoded(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise Violation(frames.NOT_UTF8, "the text is no UTF-8") from None


def _decoded_part(decoder: Any, payload: bytes, final: bool) -> str:
    try:
        text: str = decoder.decode(payload, final)
    except UnicodeDecodeError:
        raise Violation(frames.NOT_UTF8, "the text is no UTF-8") from None
    return text
