"""Requests that trickle, never end or are of forty megabytes, many at a time: closed in bounded time and memory, while
others vote. The bounds themselves are tested one by one in test_http_guard.py.
"""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from typing import Any

from app.live.http_guard import BODY_WINDOW_SECONDS, HEAD_SECONDS_MAX
from tests.conftest import Process
from tests.faults.figures import Figures, quantile
from tests.faults.test_hostile_readers import Watch, keep_busy, open_gala
from tests.faults.wire import Wire
from tests.load import Line

SLOW_HEADS = 300
SLOW_BODIES = 100
SILENT = 100
GIANTS = 20
GIANT_MIB = 40
GROWTH_MIB_MAX = 96
LATE_MS_MAX = 2_000
SLACK_SECONDS = 5
IDLE_SECONDS = 30


async def trickler(port: int, head: bytes, seconds_max: float) -> tuple[str, float]:
    """Send one byte a second until the line is closed. Returns what was told and after how long."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    told = asyncio.create_task(reader.read(400))
    try:
        with suppress(OSError):
            writer.write(head)
            while not told.done():
                await asyncio.wait({told}, timeout=1)
                assert time.monotonic() - began < seconds_max, "it was never closed"
                writer.write(b"a")
                await writer.drain()
        answer = b""
        with suppress(OSError):
            answer = await told
        return answer[9:12].decode() or "cut", time.monotonic() - began
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


async def silent(port: int, seconds_max: float) -> float:
    """Connect and say nothing. Returns after how long the line was closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    async with asyncio.timeout(seconds_max):
        assert await reader.read(1) == b""
    writer.close()
    await writer.wait_closed()
    return time.monotonic() - began


async def giant(port: int) -> tuple[str, int]:
    """Send one header of forty megabytes. Returns what was told, and how much went out."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    piece, sent = b"a" * 65_536, 0
    told = asyncio.create_task(reader.read(400))
    with suppress(OSError):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Giant: ")
        while sent < GIANT_MIB * 2**20 and not writer.transport.is_closing():
            writer.write(piece)
            sent += len(piece)
            await writer.drain()
        writer.write(b"\r\n\r\n")
    answer = b""
    with suppress(OSError):
        answer = await told
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()
    return answer[9:12].decode() or "cut", sent


def test_requests_that_trickle_or_never_end_are_closed_and_delay_nobody(
    process: Process, staff: str, figures: Figures
) -> None:
    answered_ms: list[float] = []

    async def run() -> dict[str, Any]:
        port = process.port
        async with Line(port) as line:
            code = await open_gala(line, staff)
        reader = await Wire.open(port, code)
        ended = asyncio.Event()
        busy = asyncio.create_task(keep_busy(port, code, ended, answered_ms))
        await asyncio.sleep(1)
        body_head = (
            f"PUT /api/v1/sessions/{code}/rounds/1/vote HTTP/1.1\r\nHost: x\r\nContent-Length: 8000\r\n\r\n".encode()
        )
        with Watch(process) as watch:
            slow = [
                asyncio.create_task(trickler(port, b"GET / HTTP/1.1\r\nX: ", HEAD_SECONDS_MAX + SLACK_SECONDS))
                for _ in range(SLOW_HEADS)
            ]
            bodies = [
                asyncio.create_task(trickler(port, body_head, BODY_WINDOW_SECONDS + SLACK_SECONDS))
                for _ in range(SLOW_BODIES)
            ]
            quiet = [asyncio.create_task(silent(port, IDLE_SECONDS + SLACK_SECONDS)) for _ in range(SILENT)]
            began = time.monotonic()
            giants = await asyncio.gather(*(giant(port) for _ in range(GIANTS)))
            giants_s = time.monotonic() - began
            heads = await asyncio.gather(*slow)
            trickled = await asyncio.gather(*bodies)
            idle_s = await asyncio.gather(*quiet)
        ended.set()
        votes = await busy
        assert not reader.closed.done()
        reader.close()
        return {
            "slow_heads": dict(Counter(told for told, _ in heads)),
            "seconds_to_close_slow_heads": max(seconds for _, seconds in heads),
            "slow_bodies": dict(Counter(told for told, _ in trickled)),
            "seconds_to_close_slow_bodies": max(seconds for _, seconds in trickled),
            "silent": SILENT,
            "seconds_to_close_silent": max(idle_s),
            "giants": dict(Counter(told for told, _ in giants)),
            "giants_most_taken_mib": max(sent for _, sent in giants) / 2**20,
            "seconds_for_all_giants": giants_s,
            "votes": votes,
            "join_and_vote_ms_p99": quantile(answered_ms, 0.99),
            "rss_mib_before": watch.first_mib,
            "rss_growth_mib": watch.growth_mib,
        }

    process.start()
    seen = asyncio.run(run())
    figures(
        "slow or giant requests",
        f"at once: {SLOW_HEADS} heads and {SLOW_BODIES} bodies of a byte a second, {SILENT} that say nothing, "
        f"{GIANTS} headers of {GIANT_MIB} MB",
        f"heads closed within {HEAD_SECONDS_MAX} s (408), bodies and silent ones within {BODY_WINDOW_SECONDS} s, "
        f"giants refused (431 or a reset); memory grows by less than {GROWTH_MIB_MAX} MiB; votes stay on time",
        None,
        **seen,
    )
    assert set(seen["slow_heads"]) <= {"408", "cut"}
    assert set(seen["giants"]) <= {"431", "cut"}
    assert "200" not in seen["slow_bodies"]
    assert seen["rss_growth_mib"] < GROWTH_MIB_MAX
    assert seen["join_and_vote_ms_p99"] < LATE_MS_MAX
