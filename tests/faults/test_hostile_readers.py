"""Sockets that never read, and one that floods with PINGs: the others are on time, and the memory stays flat."""

import asyncio
import contextlib
import random
import re
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from tests.conftest import Process
from tests.faults.figures import Figures, kernel_mib, quantile, resident_mib
from tests.faults.wire import Wire
from tests.live.test_hostile_sockets import SLOGANS, masked, raw_socket
from tests.load import Line

STALLED = 500
READERS = 100
SEED = 20_24
LATE_MS_MAX = 2_000
GROWTH_MIB_MAX = 64
EVICTED_SECONDS_MAX = 30

PING_MIB = 200
PING_SECONDS_MAX = 90
PING_LATE_MS_MAX = 5_000
"""A flood on loopback takes a core of two; each of its reads holds the loop for some 30 ms."""


async def open_gala(line: Line, staff: str) -> str:
    """Make a session whose tally is some 16 KB, so that a few dozen fill the buffers, and open its round."""
    body = {"kind": "gala", "contestants": SLOGANS, "rounds": [{"likes_per_second": 50}]}
    status, session = await line.ask("POST", "/api/v1/sessions", body, staff)
    assert status == 201, session
    path = f"/api/v1/sessions/{session['code']}"
    assert (await line.ask("POST", f"{path}/rounds/1/open", token=staff))[0] == 200
    return str(session["code"])


def sockets_of(process: Process) -> int:
    """Ask the service's own metrics, by a line of its own: it is no JSON."""
    with socket.create_connection(("127.0.0.1", process.port), timeout=10) as line:
        line.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        text = b"".join(iter(lambda: line.recv(65_536), b"")).decode()
    found = re.search(r"^arena_sockets ([\d.]+)$", text, re.MULTILINE)
    assert found, text
    return int(float(found[1]))


class Watch:
    """Samples a process's memory in a thread, until it is left."""

    def __init__(self, process: Process) -> None:
        assert process.child is not None
        self._pid = process.child.pid
        self._ended = threading.Event()
        self.first_mib = self.most_mib = resident_mib(self._pid)
        self.first_kernel_mib = self.most_kernel_mib = kernel_mib()

    @property
    def growth_mib(self) -> float:
        return self.most_mib - self.first_mib

    @property
    def kernel_growth_mib(self) -> float:
        return self.most_kernel_mib - self.first_kernel_mib

    def __enter__(self) -> "Watch":
        self._thread = threading.Thread(target=self._run, name="watch")
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.1):
            self.most_mib = max(self.most_mib, resident_mib(self._pid))
            self.most_kernel_mib = max(self.most_kernel_mib, kernel_mib())


def lateness(wire: Wire) -> list[float]:
    """Let a reader note, in milliseconds, how old each tally is when it comes."""
    late: list[float] = []
    made = re.compile(rb'"server_time_ms":(\d+)')

    def on_tally(payload: bytes) -> None:
        found = made.search(payload)
        assert found
        late.append(time.time() * 1000 - int(found[1]))

    wire.on_tally = on_tally  # type: ignore[method-assign]
    return late


async def keep_busy(port: int, code: str, ended: asyncio.Event, answered_ms: list[float]) -> int:
    """Change the tally ten times a second: phones that join and vote. Returns how many votes were acknowledged."""
    chance = random.Random(SEED)
    votes = 0
    async with Line(port) as line:
        while not ended.is_set():
            began = time.monotonic()
            _, joined = await line.ask("POST", f"/api/v1/sessions/{code}/join", {})
            body = {"choices": [f"c{chance.randrange(1, 17)}"], "nonce": str(votes)}
            status, answer = await line.ask("PUT", f"/api/v1/sessions/{code}/rounds/1/vote", body, joined["token"])
            assert status == 200, answer
            votes += 1
            answered_ms.append((time.monotonic() - began) * 1000)
            await asyncio.sleep(0.1)
    return votes


def test_five_hundred_that_never_read_delay_nobody_and_are_let_go(
    process: Process, staff: str, figures: Figures
) -> None:
    answered_ms: list[float] = []

    async def run() -> dict[str, Any]:
        async with Line(process.port) as line:
            code = await open_gala(line, staff)
        readers = [await Wire.open(process.port, code) for _ in range(READERS)]
        late = [lateness(each) for each in readers]
        ended = asyncio.Event()
        busy = asyncio.create_task(keep_busy(process.port, code, ended, answered_ms))
        await asyncio.sleep(1)
        with contextlib.ExitStack() as stack, Watch(process) as watch:
            await asyncio.to_thread(stall, stack, process, code)
            began = time.monotonic()
            evicted_s = 0.0
            while (left := await asyncio.to_thread(sockets_of, process)) > READERS:
                evicted_s = time.monotonic() - began
                assert evicted_s < EVICTED_SECONDS_MAX, f"{left - READERS} were never let go"
                await asyncio.sleep(0.2)
            await asyncio.sleep(2)
        ended.set()
        votes = await busy
        async with asyncio.timeout(5):
            await all_have_the_newest(readers)
        for each in readers:
            assert not each.closed.done(), "who reads is never cut"
            each.close()
        every = [ms for each in late for ms in each[1:]]
        return {
            "stalled": STALLED,
            "evicted": STALLED,
            "seconds_to_evict_all": evicted_s,
            "readers": READERS,
            "tallies_read": len(every),
            "tally_age_ms_p50": quantile(every, 0.5),
            "tally_age_ms_p99": quantile(every, 0.99),
            "votes": votes,
            "join_and_vote_ms_p99": quantile(answered_ms, 0.99),
            "rss_mib_before": watch.first_mib,
            "rss_growth_mib": watch.growth_mib,
            "kernel_tcp_growth_mib": watch.kernel_growth_mib,
        }

    process.start()
    seen = asyncio.run(run())
    figures(
        "stalled overlays",
        f"{STALLED} sockets that never read, beside {READERS} that do, of a 16 KB tally that changes 10 times a second",
        f"99 % of tallies younger than {LATE_MS_MAX} ms; memory grows by less than {GROWTH_MIB_MAX} MiB; all evicted",
        SEED,
        **seen,
    )
    assert seen["tally_age_ms_p99"] < LATE_MS_MAX
    assert seen["join_and_vote_ms_p99"] < LATE_MS_MAX
    assert seen["rss_growth_mib"] < GROWTH_MIB_MAX


async def all_have_the_newest(readers: list[Wire]) -> None:
    while len({each.tally for each in readers}) > 1:  # noqa: ASYNC110 - of a hundred lines, no one event
        await asyncio.sleep(0.05)


def stall(stack: contextlib.ExitStack, process: Process, code: str) -> None:
    for _ in range(STALLED):
        stack.enter_context(raw_socket(process.base_url, code, receive_bytes=4_096))


def flood(process: Process, code: str) -> Iterator[int]:
    """Send PINGs and read nothing; after a reset come again. Yields the bytes sent on each line."""
    pings = masked(b"p" * 125, opcode=9) * 1_000
    left = PING_MIB * 2**20
    while left > 0:
        sent = 0
        with raw_socket(process.base_url, code, receive_bytes=4_096) as line, contextlib.suppress(ConnectionError):
            while sent < left:
                line.sendall(pings)
                sent += len(pings)
        left -= sent
        yield sent


def test_two_hundred_megabytes_of_pings_of_one_that_never_reads_are_reset(
    process: Process, staff: str, figures: Figures
) -> None:
    answered_ms: list[float] = []
    lines: list[int] = []

    async def run() -> tuple[Watch, list[float]]:
        async with Line(process.port) as line:
            code = await open_gala(line, staff)
        reader = await Wire.open(process.port, code)
        late = lateness(reader)
        ended = asyncio.Event()
        busy = asyncio.create_task(keep_busy(process.port, code, ended, answered_ms))
        await asyncio.sleep(1)
        with Watch(process) as watch:
            async with asyncio.timeout(PING_SECONDS_MAX):
                await asyncio.to_thread(lambda: lines.extend(flood(process, code)))
        ended.set()
        await busy
        assert not reader.closed.done()
        reader.close()
        return watch, late[1:]

    process.start()
    watch, late = asyncio.run(run())
    figures(
        "PING flood by a non-reader",
        f"{PING_MIB} MiB of PINGs by one that reads nothing, and comes again after each reset",
        f"reset each time; memory grows by less than {GROWTH_MIB_MAX} MiB; 99 % of votes within {PING_LATE_MS_MAX} ms",
        None,
        sent_mib=sum(lines) / 2**20,
        resets=len(lines) - 1,
        most_taken_mib=max(lines) / 2**20,
        rss_mib_before=watch.first_mib,
        rss_growth_mib=watch.growth_mib,
        tally_age_ms_p99=quantile(late, 0.99),
        join_and_vote_ms_p99=quantile(answered_ms, 0.99),
    )
    assert len(lines) > 1, "it was never reset"
    assert max(lines) < PING_MIB * 2**20 / 4
    assert watch.growth_mib < GROWTH_MIB_MAX
    assert max(quantile(late, 0.99), quantile(answered_ms, 0.99)) < PING_LATE_MS_MAX
