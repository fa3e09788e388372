"""A TCP proxy that loses answers: it passes all requests on, and some replies not, or not whole."""

import asyncio
import random
from contextlib import suppress
from types import TracebackType


class LossyProxy:
    """Listens on a port of its own. Of the replies a share is swallowed, and another cut in the middle; after either
    the line is reset, as by a phone that changes its network.
    """

    def __init__(self, target_port: int, chance: random.Random, swallowed: float, cut: float) -> None:
        self.port = 0
        self.replies = self.lost_whole = self.lost_half = 0
        self._target_port = target_port
        self._chance = chance
        self._swallowed = swallowed
        self._cut = cut
        self._lines: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "LossyProxy":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for each in self._lines:
            each.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        far_writer: asyncio.StreamWriter | None = None
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
            requests = asyncio.create_task(self._pass(reader, far_writer))
            try:
                await self._answer(far_reader, writer)
            finally:
                # What was asked still goes to its end: it is the answer that is lost.
                requests.cancel()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            for each in filter(None, (writer, far_writer)):
                each.close()
                with suppress(OSError):
                    await each.wait_closed()
            self._lines.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            self.replies += 1
            draw = self._chance.random()
            if draw < self._swallowed:
                self.lost_whole += 1
                return
            if draw < self._swallowed + self._cut:
                self.lost_half += 1
                writer.write(data[: self._chance.randrange(len(data))])
                await writer.drain()
                return
            writer.write(data)
            await writer.drain()
