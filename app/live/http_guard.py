"""The HTTP protocol that uvicorn is given: its own, with bounds on how long and how large a request may come in.

uvicorn's httptools protocol has none: a head that never ends is gathered without end, and a connection that trickles is
kept for ever. Here a head, a body and an idle connection each have their time and their size. Leans on attributes of
uvicorn's `HttpToolsProtocol` that are not documented (its `http=` setting is), so uvicorn is pinned by the lock and
`tests/faults/test_http_guard.py` holds the contract. Lives on the event loop's thread. It never looks at what is asked.
"""

import asyncio

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
REFUSED_SECONDS_MAX = 2
THROWN_BYTES_MAX = 16_777_216
"""How much is read only to be thrown away; then the line is reset, and its answer may be lost with it."""

_BETWEEN, _HEAD, _BODY, _OVER = range(4)


class _HeadTooLarge(Exception):
    """The head passed its bound; raised through the parser."""


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
        self._where = _OVER
        super().handle_websocket_upgrade()

    def on_headers_complete(self) -> None:
        if self._raw_bytes > HEAD_BYTES_MAX:
            # Much of it may be the body, which came along.
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > HEAD_BYTES_MAX:
                raise _HeadTooLarge
        self._where = _BODY
        if self._timer is not None:
            self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._where = _BETWEEN
        self._raw_bytes = self._body_bytes = 0
        if self._timer is not None:
            self._stop_timer()
        super().on_message_complete()

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
