"""One WebSocket as a subscriber: keeps the newest frame and a short row of answers, and sends in a task of its own.

The hub only sets the frame and wakes the task; the task alone awaits the client. A client that takes none for
SEND_SECONDS_MAX, or lets its answers pile up, is cut.
"""

import asyncio
from collections import deque
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.live.close_codes import CloseCode
from app.live.hub import Frame

ANSWERS_MAX = 64
SEND_SECONDS_MAX = 10


class SocketSubscriber:
    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._newest: Frame | None = None
        self._answers: deque[str] = deque()
        self._wake = asyncio.Event()
        self._code: CloseCode | None = None
        self.staff = False
        self.token_id = 0
        self.voter = ""
        self.present = True

    def offer(self, frame: Frame) -> None:
        self._newest = frame
        self._wake.set()

    def answer(self, text: str) -> None:
        """Queue an answer. Answers are never skipped; one who lets too many pile up is cut."""
        if len(self._answers) >= ANSWERS_MAX:
            self.cut(CloseCode.TOO_SLOW)
            return
        self._answers.append(text)
        self._wake.set()

    def cut(self, code: CloseCode) -> None:
        if self._code is None:
            self._code = code
        self._wake.set()

    @property
    def is_cut(self) -> bool:
        return self._code is not None

    async def send_until_cut(self) -> None:
        """Send answers first, then the newest frame, until cut or gone."""
        try:
            while self._code is None:
                await self._wake.wait()
                self._wake.clear()
                await self._send_answers()
                if self._newest is not None:
                    frame, self._newest = self._newest, None
                    await self._send(frame.text)
            if self._code is not CloseCode.TOO_SLOW:
                await self._send_answers()  # the last of them says why
            await self._close()
        except TimeoutError:
            self._code = CloseCode.TOO_SLOW
            await self._close()
        except (WebSocketDisconnect, RuntimeError, OSError):
            return  # gone already; the reading side ends the connection

    async def _send_answers(self) -> None:
        while self._answers:
            await self._send(self._answers.popleft())

    async def _send(self, text: str) -> None:
        async with asyncio.timeout(SEND_SECONDS_MAX):
            await self._websocket.send_text(text)

    async def _close(self) -> None:
        assert self._code is not None
        if self._websocket.application_state is WebSocketState.CONNECTED:
            with suppress(TimeoutError):  # one who reads nothing does not read this either
                async with asyncio.timeout(1):
                    await self._websocket.close(self._code.number, self._code.reason)
