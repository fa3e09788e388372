"""One stream of server-sent events as a subscriber. Only the newest frame waits, so a slow reader skips, never
queues.
"""

import asyncio
from collections.abc import AsyncIterator

from app.live.close_codes import CloseCode
from app.live.hub import Frame

COMMENT_SECONDS = 15
RETRY_MS = 3_000


class EventSubscriber:
    def __init__(self, last_event_id: str | None) -> None:
        self._last_id = last_event_id
        self._newest: Frame | None = None
        self._wake = asyncio.Event()
        self._cut = False
        self.staff = False
        self.token_id = 0
        self.expires_at_ms = 0
        self.voter = ""
        self.present = True

    def offer(self, frame: Frame) -> None:
        self._newest = frame
        self._wake.set()

    def cut(self, _code: CloseCode) -> None:
        self._cut = True
        self._wake.set()

    async def events(self) -> AsyncIterator[str]:
        """Yield events until cut; a comment where nothing happens, so that proxies keep the stream."""
        yield f"retry: {RETRY_MS}\n\n"
        while not self._cut:
            try:
                async with asyncio.timeout(COMMENT_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                yield ": still here\n\n"
                continue
            self._wake.clear()
            frame, self._newest = self._newest, None
            if frame is None:
                continue
            event_id = f"{frame.epoch}-{frame.version}"
            if event_id != self._last_id:
                self._last_id = event_id
                yield f"event: tally\nid: {event_id}\ndata: {frame.payload.decode()}\n\n"
