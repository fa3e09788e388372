"""What all Python peers of the fan-out share: their arguments, and the signal that starts and stops their telling."""

import argparse
import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

HZ = 5


class Telling:
    """Whether to tell now. SIGUSR2 turns it on and off, so that windows of contestants can alternate."""

    def __init__(self) -> None:
        self.on = False
        signal.signal(signal.SIGUSR2, self._turn)

    def _turn(self, *_signal: object) -> None:
        self.on = not self.on

    async def run(self, tell: Callable[[], Awaitable[object]]) -> None:
        """Tell five times a second while it is on; where that takes longer, at once again."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + 1 / HZ, loop.time())
            await asyncio.sleep(due - loop.time())
            if self.on:
                await tell()


class Document:
    """The tally to tell: always another version, always about the same size."""

    def __init__(self, path: Path) -> None:
        self._document: dict[str, Any] = json.loads(path.read_bytes())

    def next(self) -> dict[str, Any]:
        self._document["version"] += 1
        return self._document

    def next_text(self) -> str:
        return json.dumps(self.next(), ensure_ascii=False, separators=(",", ":"))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--payload", type=Path)
    parser.add_argument("--data", type=Path)
    return parser.parse_args()
