"""The cases of tests/live/wire_cases.py against the product's protocol class, on real sockets."""

import contextlib
import itertools
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.echoing import Echoing, echoing
from tests.live.test_hostile_sockets import frames_of
from tests.live.test_wire_contract import ask
from tests.live.wire_cases import EACH, MIB, Case, cases, client, close, text

DOCUMENT = Path(__file__).parents[2] / "docs/websocket.md"
CASES = cases()


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def echo(request: pytest.FixtureRequest) -> Iterator[Echoing]:
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    with (
        pytest.MonkeyPatch.context() as patch,
        echoing(request.param, message_bytes_max=16 * MIB, received_burst=1 << 40) as service,
    ):
        patch.setattr("app.live.protocol.WAITING_BYTES_MAX", 1 << 40)
        yield service


def send(line: socket.socket, case: Case) -> None:
    stream = b"".join(case.sent)
    pieces = list(case.sent) if case.pieces == EACH else [stream]
    if case.pieces > 0:
        pieces = [stream[i : i + case.pieces] for i in range(0, len(stream), case.pieces)]
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            line.sendall(piece)


def run(echo: Echoing, case: Case) -> tuple[list[tuple[int, bytes]], int | None]:
    """Return what was heard before the close frame, and its code; None where there was none."""
    with echo.connect() as line:
        ask(line)
        # By a thread: what comes back may be as much as what is sent.
        sending = threading.Thread(target=send, args=(line, case))
        sending.start()
        heard: list[tuple[int, bytes]] = []
        code = None
        # The service's own pings are no part of any case.
        frames = (each for each in frames_of(line) if each[0] != 9)
        if case.closes:
            heard += itertools.islice(frames, len(case.heard))
            sending.join()
            with contextlib.suppress(ConnectionError):
                line.sendall(close())
        for opcode, payload in frames:
            if opcode == 8:
                code = struct.unpack("!H", payload[:2])[0] if payload else 0
            else:
                heard.append((opcode, payload))
        sending.join()
    return heard, code


@pytest.mark.parametrize("section", sorted({case.section for case in CASES}, key=int))
def test_each_case_is_answered_as_the_protocol_demands(echo: Echoing, section: str) -> None:
    failed = []
    for case in CASES:
        if case.section != section:
            continue
        try:
            heard, code = run(echo, case)
        except TimeoutError:
            failed.append(f"{case.name}: nothing came")
            continue
        if (heard, code) != (list(case.heard), case.ends):
            failed.append(f"{case.name}: heard {[(o, p[:20]) for o, p in heard][:5]}, ended with {code}")
    assert failed == []


def test_the_documentation_counts_the_cases_that_run() -> None:
    rows = re.findall(r"^\| (\d+) \|[^|]*\| (\d+) \|", DOCUMENT.read_text(), re.MULTILINE)
    assert {section: int(count) for section, count in rows} == Counter(case.section for case in CASES)


def test_no_connection_was_left_over(echo: Echoing) -> None:
    for each in echo.protocol.opened_ones:
        assert each.waiting_bytes() == 0
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    "sent",
    [
        text("x" * 4_097),
        text("x" * 4_000, fin=False) + client(0, b"x" * 97),
        client(2, b"x" * 4_097),
        text("x" * 4_097)[:4],  # the head alone tells
    ],
)
def test_a_message_over_the_bound_is_told_1009(sent: bytes) -> None:
    with echoing() as service, service.connect() as line:
        ask(line)
        line.sendall(text("x" * 4_096))
        line.sendall(sent)
        heard = [each for each in frames_of(line) if each[0] != 9]
        assert heard[0] == (1, b"x" * 4_096)
        assert heard[1:] == [(8, struct.pack("!H", 1009) + b"a message over 4 KiB")]
