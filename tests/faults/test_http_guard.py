"""The bounds on how a request may come in: time and size of a head, progress of a body, an idle line; and what they
leave alone. With bounds of tenths of seconds; test_slow_requests.py takes the real ones.
"""

import contextlib
import json
import socket
import time
from collections.abc import Iterator

import pytest

from app.domain.clock import SystemClock
from app.live import http_guard
from app.settings import Settings
from tests.conftest import Running, running
from tests.live.test_hostile_sockets import frames_of, masked

pytestmark = pytest.mark.ordinary

SOON_SECONDS = 5
HEAD_SECONDS, BODY_SECONDS, LINGER_SECONDS = 0.4, 0.5, 0.4


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_guard, "HEAD_SECONDS_MAX", HEAD_SECONDS)
    monkeypatch.setattr(http_guard, "BODY_WINDOW_SECONDS", BODY_SECONDS)
    monkeypatch.setattr(http_guard, "LINGER_SECONDS_MAX", LINGER_SECONDS)


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for all of them: its bounds are read when they are needed."""
    settings = Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("guard"), host="127.0.0.1", port=0, tick_ms=20)
    with running(settings, SystemClock()) as service:
        yield service


@pytest.fixture
def line(arena: Running) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", int(arena.base_url.rsplit(":", 1)[1])), timeout=SOON_SECONDS) as opened:
        yield opened


def until_closed(line: socket.socket) -> tuple[bytes, float]:
    """Read to the end; return what came, and after how many seconds the end was."""
    began = time.monotonic()
    heard = b""
    try:
        while data := line.recv(65_536):
            heard += data
    except ConnectionError:
        pass
    return heard, time.monotonic() - began


def sent_until_reset(line: socket.socket, bytes_max: int = 2**30, seconds_max: float = SOON_SECONDS) -> int:
    """Send until the line is reset; return how much went out. Fails where it never is."""
    ends_at = time.monotonic() + seconds_max
    sent = 0
    try:
        while sent < bytes_max and time.monotonic() < ends_at:
            line.sendall(b"a" * 65_536)
            sent += 65_536
    except ConnectionError:
        return sent
    raise AssertionError(f"{sent} bytes were taken without an end")


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def head_of(size: int) -> bytes:
    """Return a GET whose address and headers, by the guard's own reckoning, have this size."""
    plain = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: \r\n\r\n"
    counted = len(b"/healthz") + len(b"HostX-Longx") + 8
    return plain.replace(b"X-Long: ", b"X-Long: " + b"a" * (size - counted))


def trickle(line: socket.socket, pieces: list[bytes], pause_s: float) -> None:
    for piece in pieces:
        try:
            line.sendall(piece)
        except ConnectionError:
            return
        time.sleep(pause_s)


@pytest.mark.parametrize("first", [b"G", b"GET / HTTP/1.1\r\nHost: x\r\n", b"\r\n", b"GET /healthz HTTP/1.1\r\nX: "])
def test_a_head_that_is_not_whole_in_time_is_told_408_and_closed(line: socket.socket, first: bytes) -> None:
    line.sendall(first)
    answer, seconds = until_closed(line)
    assert status_of(answer) == 408
    assert b"connection: close" in answer
    assert HEAD_SECONDS * 0.8 < seconds < HEAD_SECONDS + 1


def test_bytes_that_trickle_do_not_lengthen_the_time_of_a_head(line: socket.socket) -> None:
    began = time.monotonic()
    trickle(line, [b"GET / HTTP/1.1\r\nX: "] + [b"a"] * 12, 0.1)
    answer, _ = until_closed(line)
    assert b" 408 " in answer or answer == b""
    assert time.monotonic() - began < HEAD_SECONDS + 2


def test_a_slow_head_within_its_time_is_served_and_so_is_the_next(line: socket.socket) -> None:
    for _ in range(2):
        trickle(line, [b"GET /healthz HT", b"TP/1.1\r\nHost: x\r", b"\n\r\n"], 0.1)
        assert status_of(line.recv(65_536)) == 200
        time.sleep(HEAD_SECONDS * 1.5)  # between requests the line may rest


@pytest.mark.parametrize("piece", [1_000, 10_000_000])
def test_a_head_of_the_greatest_size_is_served_and_a_larger_one_told_431(line: socket.socket, piece: int) -> None:
    fits = head_of(http_guard.HEAD_BYTES_MAX - 64)
    for i in range(0, len(fits), piece):
        line.sendall(fits[i : i + piece])
    assert status_of(line.recv(65_536)) == 200
    larger = head_of(http_guard.HEAD_BYTES_MAX + 64)
    for i in range(0, len(larger), piece):
        line.sendall(larger[i : i + piece])
    answer, _ = until_closed(line)
    assert status_of(answer) == 431


def test_a_head_that_never_ends_is_told_431_while_it_is_still_being_sent(line: socket.socket) -> None:
    line.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * 65_536)
    assert status_of(line.recv(65_536)) == 431
    sent_until_reset(line)


@pytest.mark.parametrize("headers", [b"Content-Length: 100\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_a_body_that_stops_is_cut(line: socket.socket, headers: bytes) -> None:
    line.sendall(b"PUT /api/v1/sessions/ABCDEF/rounds/1/vote HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n")
    answer, seconds = until_closed(line)
    assert b" 200 " not in answer
    assert seconds < BODY_SECONDS + 1


def test_a_body_that_trickles_is_cut(line: socket.socket) -> None:
    line.sendall(b"PUT /api/v1/sessions/ABCDEF/rounds/1/vote HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
    began = time.monotonic()
    trickle(line, [b"a"] * 12, 0.1)
    until_closed(line)
    assert time.monotonic() - began < 3


def test_a_large_body_that_goes_on_is_taken_however_long_it_takes(
    line: socket.socket, arena: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"contestants": [{"name": "甲"}, {"name": "乙"}], "topic": ""}).encode().ljust(400_000)
    line.sendall(
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        + f"Authorization: Bearer {arena.admin_token}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    )
    trickle(line, [body[i : i + 40_000] for i in range(0, len(body), 40_000)], BODY_SECONDS / 3)
    assert status_of(line.recv(65_536)) == 201


@pytest.mark.parametrize(
    "endless", [b"1;" + b"a" * 65_536, b"1\r\na\r\n0\r\n" + b"X: " + b"a" * 65_536], ids=["extension", "trailer"]
)
def test_framing_without_end_around_a_body_is_cut(line: socket.socket, endless: bytes) -> None:
    line.sendall(
        b"PUT /api/v1/sessions/ABCDEF/rounds/1/vote HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + endless
    )
    assert sent_until_reset(line) < 2**26


def test_one_byte_chunks_are_a_body_like_another(line: socket.socket, arena: Running) -> None:
    body = json.dumps({"name": "栏目" * 10, "slug": ""}).encode().ljust(30_000)
    line.sendall(
        b"POST /api/v1/shows HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        + f"Authorization: Bearer {arena.admin_token}\r\n".encode()
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"".join(b"1\r\n%c\r\n" % byte for byte in body)
        + b"0\r\n\r\n"
    )
    assert status_of(line.recv(65_536)) in (201, 422)


def test_the_rest_of_a_body_is_not_read_for_ever_once_its_answer_was_given(line: socket.socket) -> None:
    line.sendall(b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
    assert status_of(line.recv(65_536)) == 413
    sent_until_reset(line)


def test_the_rest_of_a_body_that_stops_after_its_answer_is_not_waited_for(line: socket.socket) -> None:
    line.sendall(b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
    assert status_of(line.recv(65_536)) == 413
    assert until_closed(line)[1] < LINGER_SECONDS + 1


def test_who_connects_and_says_nothing_is_let_go(arena: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arena.server.config, "timeout_keep_alive", 0.3)
    with socket.create_connection(("127.0.0.1", int(arena.base_url.rsplit(":", 1)[1])), timeout=SOON_SECONDS) as line:
        answer, seconds = until_closed(line)
    assert answer == b""
    assert seconds < 2


def test_what_is_no_http_is_told_400(line: socket.socket) -> None:
    line.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    assert status_of(until_closed(line)[0]) == 400


def test_requests_one_behind_the_other_are_all_answered(line: socket.socket) -> None:
    line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 40 + b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    line.sendall(b"Connection: close\r\n\r\n")
    answer, _ = until_closed(line)
    assert answer.count(b"HTTP/1.1 200 OK") == 41


@pytest.mark.parametrize("path", [b"/healthz", b"/api/v1/about"])
def test_requests_one_behind_the_other_without_end_end_the_line(line: socket.socket, path: bytes) -> None:
    request = b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    with contextlib.suppress(ConnectionError):
        line.sendall(request * 4_000)
    heard, _ = until_closed(line)
    assert heard.count(b"HTTP/1.1 200") < 4_000


def test_a_websocket_opens_also_with_a_slow_handshake_and_outlives_every_bound(
    line: socket.socket, arena: Running
) -> None:
    code = arena.crew().make()
    trickle(
        line,
        [
            f"GET /ws/sessions/{code} HTTP/1.1\r\nHost: x\r\nUpgr".encode(),
            b"ade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        ],
        0.05,
    )
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += line.recv(1)
    assert status_of(answer) == 101
    frames = frames_of(line)
    assert json.loads(next(frames)[1])["type"] == "tally"
    time.sleep(HEAD_SECONDS + BODY_SECONDS + LINGER_SECONDS)
    line.sendall(masked(b'{"type":"ping","id":"x"}'))
    assert any(json.loads(payload).get("id") == "x" for _, payload in frames)


def test_an_upgrade_to_something_else_is_answered_as_a_plain_request(line: socket.socket) -> None:
    line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert status_of(line.recv(65_536)) == 200
