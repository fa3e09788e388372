"""One WebSocket as a subscriber. A frame is written at once where the peer has taken everything; otherwise only the
newest waits, and is written when the peer has caught up. One who takes nothing for ten seconds is cut.
"""

from typing import Any

from app.live.close_codes import CloseCode
from app.live.frames import text_frame
from app.live.hub import Frame
from app.live.line import write_now
from app.live.protocol import Wire

ANSWER_BYTES_MAX = 65_536
"""Answers are never skipped; one who lets so much of them wait is cut."""


class SocketSubscriber(Wire):
    __slots__ = ("_newest", "expires_at_ms", "present", "staff", "token_id", "voter")

    def __init__(self, config: Any, server_state: Any, app_state: Any) -> None:
        super().__init__(config, server_state, app_state)
        self._newest: Frame | None = None
        self.staff = False
        self.token_id = 0
        self.expires_at_ms = 0
        self.voter = ""
        self.present = True

    def offer(self, frame: Frame) -> None:
        if self._paused:
            self._newest = frame
            return
        wire, fd = frame.wire, self._fd
        if fd < 0 or self._corked is not None:
            self.write(wire)
            return
        # The way of nearly every frame, ten thousand times a tick.
        length = len(wire)
        sent = write_now(fd, wire, length)
        if sent != length:
            self._send_rest(wire, sent)

    def answer(self, payload: bytes) -> None:
        """Write an answer: JSON, encoded."""
        if self._paused and self.waiting_bytes() > ANSWER_BYTES_MAX:
            self.cut(CloseCode.TOO_SLOW)
        else:
            self.write(text_frame(payload))

    def cut(self, code: CloseCode) -> None:
        """Close with a code. What waited is forgotten."""
        self._newest = None
        self.close_with(code.number, code.reason)

    def flows(self) -> None:
        if self._newest is not None:
            newest, self._newest = self._newest, None
            self.write(newest.wire)

    def give_up(self) -> None:
        self.cut(CloseCode.TOO_SLOW)

    def gone(self) -> None:
        self._newest = None
