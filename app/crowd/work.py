"""Does the pieces of work that a service asks of a crowd from one address.

In processes of its own: a second of hashing a phone would stand still every other phone on the event loop.
"""

import asyncio
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

from app.domain.work import solve


class Worker:
    """Started by the first piece of work; most crowds are asked for none."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    async def solve(self, challenge: str, bits: int) -> str:
        """Return a solution."""
        if self._pool is None:
            # Not by fork: the crowd has threads and sockets that a copy must not hold.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(max(1, (os.cpu_count() or 2) - 1), mp_context=context)
        return await asyncio.get_running_loop().run_in_executor(self._pool, solve, challenge, bits)

    def close(self) -> None:
        """End the processes; what waits is dropped."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
