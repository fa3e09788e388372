"""The HTTP protocol that uvicorn is given: its own, with bounds on how long and how large a request may come in.

uvicorn's httptools protocol has none: a head that never ends is gathered without end, and a connection that trickles is
kept for ever. Here a head, a body and an idle connection each have their time and their size. Leans on attributes of
uvicorn's `HttpToolsProtocol` that are not documented (its `http=` setting is), so uvicorn is pinned by the lock and
`tests/faults/test_http_guard.py` holds the contract. Lives on the event loop's thread. It never looks at what is asked.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEAD_SECONDS_MAX = 10
HEAD_BYTES_MAX = 32_768
BODY_WINDOW_SECONDS = 30
BODY_WINDOW_BYTES_MIN = 32_768
"""In each window a body must end or bring so much: one byte now and then is no progress."""
FRAMING_BYTES_MAX = 65_536
"""Of a chunked body: sizes, extensions and trailers beyond eight times what they carry."""
LINGER_SECONDS_MAX = 10
"""How long the rest of a body is read, and thrown away, once its answer has been given."""
PIPELINED_MAX = 128
"""How many requests may wait behind the one that is being answered."""
REFUSED_SECONDS_MAX = 2
THROWN_BYTES_MAX = 16_777_216
"""How much is read only to be thrown away; then the line is reset, and its answer may be lost with it."""

_BETWEEN, _HEAD, _BODY, _OVER = range(4)


class _HeadTooLarge(Exception):
    """The head passed its bound; raised through the parser."""


class _TooManyWaiting(Exception):
    """More is asked behind each other than is kept; raised through the parser, whose line is let go."""


class _Waiting:
    """Stands where uvicorn's cycle stands while an answer is made past it: what is asked behind it waits in uvicorn's
    own pipeline, and the end of the service lets the line go after it.
    """

    __slots__ = ("disconnected", "keep_alive", "message_event", "response_complete")

    def __init__(self) -> None:
        self.disconnected = self.response_complete = False
        self.keep_alive = True
        self.message_event = self

    def set(self) -> None:
        """Nobody awaits a message of it."""


class GuardedHttp(HttpToolsProtocol):
    """Parsing, keep-alive and upgrades are uvicorn's; only what takes too long or grows too large is cut here.

    A request that arrives whole, as nearly all do, starts no timer.
    """

    _where = _BETWEEN
    _raw_bytes = 0
    """What came since the last message ended; less where several come at once."""
    _body_bytes = 0
    _judged_bytes = 0
    _timer: asyncio.TimerHandle | None = None
    _answered = False
    """The present request has had its answer from `at_once`."""
    _taking: list[bytes] | None = None
    """The body so far of a request that may be for `take`."""

    def at_once(self) -> bytes | None:
        """Return the whole answer to the request of `self.url` and `self.headers`, where it is ready; else None, and
        the application is asked. Only of a GET that may have no body.
        """
        return None

    def takes(self) -> bool:
        """Say whether the PUT of `self.url` and `self.headers` may be for `take`: its body is small and of a known
        length.
        """
        return False

    def take(self, body: bytes, answer: Callable[[bytes], None], /) -> bool:  # noqa: ARG002
        """Take in a whole request that `takes` let through; `answer` is called once with the whole answer, then or
        later. False: nothing was done, and the application is asked.
        """
        return False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # uvicorn starts this one after an answer only; who connects and says nothing is idle too.
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        self._where = _OVER
        self._stop_timer()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._raw_bytes += len(data)
        if self._where == _OVER:
            if self._raw_bytes > THROWN_BYTES_MAX:
                self.transport.abort()
            return
        if self._where == _BETWEEN:
            self._where = _HEAD
        super().data_received(data)
        if self._where == _HEAD:
            if self._raw_bytes > HEAD_BYTES_MAX:
                self._refuse(431)
            elif self._timer is None:
                self._timer = self.loop.call_later(HEAD_SECONDS_MAX, self._head_is_late)
        elif self._where == _BODY:
            if self._raw_bytes > FRAMING_BYTES_MAX + 9 * self._body_bytes:
                self._refuse(400)
            elif self._raw_bytes > THROWN_BYTES_MAX and self.cycle.response_complete:
                self.transport.abort()
            elif self._timer is None:
                self._judged_bytes = self._body_bytes
                self._timer = self.loop.call_later(BODY_WINDOW_SECONDS, self._judge_body)

    def handle_websocket_upgrade(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._refuse(400)  # the answer that is under way would stand between the frames
            return
        self._where = _OVER
        super().handle_websocket_upgrade()
        # It and its parser hold each other; ten thousand such pairs would wait for the collector.
        self.parser = None  # type: ignore[assignment]

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= PIPELINED_MAX:
            raise _TooManyWaiting
        # Behind an answer in the same segment no `data_received` of uvicorn's has ended the wait for the next request.
        self._unset_keepalive_if_required()
        if self._raw_bytes > HEAD_BYTES_MAX:
            # Much of it may be the body, which came along.
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > HEAD_BYTES_MAX:
                raise _HeadTooLarge
        self._where = _BODY
        if self._timer is not None:
            self._stop_timer()
        method = self.parser.get_method()
        if method == b"GET" and self._is_idle() and (answer := self.at_once()) is not None:
            self._answered = True
            self.transport.write(answer)
        elif method == b"PUT" and self._is_idle() and self.takes():
            self._taking = []
        else:
            super().on_headers_complete()

    def _is_idle(self) -> bool:
        """Say whether nothing else is under way: what is asked before must be answered before, and who does not read
        must wait.
        """
        parser = self.parser
        return (
            parser.get_http_version() == "1.1"  # one of 1.0 that keeps its line open wants to be told so
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and (self.cycle is None or self.cycle.response_complete)
            and not self.pipeline
            and not self.flow.write_paused
            and not self.expect_100_continue
            and not self.transport.is_closing()
        )

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._taking is not None:
            self._taking.append(body)
        elif not self._answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._where = _BETWEEN
        self._raw_bytes = self._body_bytes = 0
        if self._timer is not None:
            self._stop_timer()
        if self._taking is not None:
            self._take_whole(b"".join(self._taking))
            return
        if not self._answered:
            super().on_message_complete()
            return
        self._answered = False
        self.server_state.total_requests += 1
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _take_whole(self, body: bytes) -> None:
        self._taking = None
        waiting = _Waiting()
        before, self.cycle = self.cycle, waiting  # type: ignore[assignment]
        if self.take(body, partial(self._give, waiting)):
            return
        self.cycle = before
        super().on_headers_complete()
        super().on_body(body)
        super().on_message_complete()

    def _give(self, waiting: _Waiting, answer: bytes) -> None:
        waiting.response_complete = True
        if self.transport.is_closing():
            return
        self.transport.write(answer)
        if not waiting.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._where == _BODY and self.cycle.response_complete:
            self._stop_timer()
            self._timer = self.loop.call_later(LINGER_SECONDS_MAX, self.transport.abort)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """Answer what the parser did not take; called by uvicorn, also where the head was too large."""
        if self._where == _HEAD and self._raw_bytes > HEAD_BYTES_MAX:
            self._refuse(431)
        else:
            self._refuse(400)

    def _head_is_late(self) -> None:
        self._timer = None
        if self.flow.read_paused:  # an earlier answer is still being made; the client is not to blame
            self._timer = self.loop.call_later(HEAD_SECONDS_MAX, self._head_is_late)
        else:
            self._refuse(408)

    def _judge_body(self) -> None:
        self._timer = None
        if self.flow.read_paused or self._body_bytes - self._judged_bytes >= BODY_WINDOW_BYTES_MIN:
            self._judged_bytes = self._body_bytes
            self._timer = self.loop.call_later(BODY_WINDOW_SECONDS, self._judge_body)
        else:
            self._where = _OVER
            self.transport.abort()

    def _refuse(self, status: int) -> None:
        """Answer where nothing else is being answered, and let go within two seconds, whatever still comes in."""
        self._where = _OVER
        self._stop_timer()
        self._unset_keepalive_if_required()
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()
            return
        reason = STATUS_LINE[status][13:-2]
        self.transport.write(
            STATUS_LINE[status] + b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n%s" % (len(reason), reason)
        )
        # Closing at once, with more on its way in, would reset the line and take the answer with it.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._timer = self.loop.call_later(REFUSED_SECONDS_MAX, self.transport.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
