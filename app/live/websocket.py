"""One WebSocket as a subscriber. It has no task and no queue: it writes at once where the peer has taken everything,
and otherwise keeps the newest frame alone. One who takes nothing for STALLED_SECONDS_MAX is cut.
"""

import asyncio

from starlette.websockets import WebSocket

from app.live.close_codes import CloseCode
from app.live.hub import Frame
from app.live.protocol import EXTENSION, SocketProtocol, text_frame

ANSWER_BYTES_MAX = 65_536
"""Answers are never skipped; one who lets so much of them wait is cut."""
RETRY_SECONDS = 0.25
STALLED_SECONDS_MAX = 10


class SocketSubscriber:
    def __init__(self, websocket: WebSocket) -> None:
        wire = websocket.scope.get("extensions", {}).get(EXTENSION)
        assert isinstance(wire, SocketProtocol), "run the service with `arena serve`: it brings its own socket protocol"
        self._wire = wire
        self._loop = asyncio.get_running_loop()
        self._newest: Frame | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._stalled_at: float | None = None
        self._code: CloseCode | None = None
        self.staff = False
        self.token_id = 0
        self.expires_at_ms = 0
        self.voter = ""
        self.present = True

    def offer(self, frame: Frame) -> None:
        if self._code is None:
            self._newest = frame
            if self._retry is None:
                self._push()

    def answer(self, payload: bytes) -> None:
        """Write an answer: JSON, encoded."""
        if self._wire.waiting_bytes() > ANSWER_BYTES_MAX:
            self.cut(CloseCode.TOO_SLOW)
        elif self._code is None:
            self._wire.write_frame(text_frame(payload))

    def cut(self, code: CloseCode) -> None:
        if self._code is None:
            self._code = code
            self.forget()
            self._wire.close_with(code.number, code.reason)

    def forget(self) -> None:
        """Let go of what waits. Called when the connection has gone."""
        self._newest = None
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    @property
    def is_cut(self) -> bool:
        return self._code is not None

    def _push(self) -> None:
        self._retry = None
        if self._newest is None:
            return
        if self._wire.waiting_bytes() == 0:
            self._wire.write_frame(self._newest.wire)
            self._newest = None
            self._stalled_at = None
            return
        now = self._loop.time()
        if self._stalled_at is None:
            self._stalled_at = now
        elif now - self._stalled_at > STALLED_SECONDS_MAX:
            self.cut(CloseCode.TOO_SLOW)
            return
        self._retry = self._loop.call_later(RETRY_SECONDS, self._push)
