"""The first protocol of a connection: an ordinary handshake goes straight to the WebSocket, all else to HTTP."""

import base64
import socket
from collections.abc import Iterator

import pytest

from app.live.handshake import _read_by_library, read_plain
from app.live.http_guard import GuardedHttp
from tests.live.echoing import Echoing, echoing
from tests.live.test_hostile_sockets import frames_of, masked
from tests.live.test_wire_contract import ask
from tests.players import eventually

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
FIRST = "GET /ws/sessions/K7M2QP HTTP/1.1"
LINES = (
    "Host: arena.example",
    "Upgrade: websocket",
    "Connection: Upgrade",
    f"Sec-WebSocket-Key: {KEY}",
    "Sec-WebSocket-Version: 13",
)


def head(first: str = FIRST, *more: str, lines: tuple[str, ...] = LINES) -> bytes:
    return "\r\n".join([first, *lines, *more, "", ""]).encode("latin-1")


CHROMIUM = (
    "Pragma: no-cache", "Cache-Control: no-cache", "User-Agent: Mozilla/5.0 (Linux; Android 10; K) MicroMessenger/8.0",
    "Origin: https://arena.example", "Accept-Encoding: gzip, deflate, br", "Accept-Language: zh-CN,zh;q=0.9",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits", "X-Forwarded-For: 10.0.0.1",
)  # fmt: skip


@pytest.mark.parametrize(
    "plain",
    [
        head(),
        head(FIRST, *CHROMIUM),
        head("GET /ws/sessions/K7M2QP?token=a.b-c_d%2B&x= HTTP/1.1"),
        head("GET /ws/%E5%85%88%E9%94%8B HTTP/1.1", "Cookie: a=\xe4; b"),
        head(lines=(*(each.swapcase().partition(":")[0] + ":" + each.partition(":")[2] for each in LINES),)),
        head(FIRST, "X-Empty:", "X-Wide: \t  spaced \t "),
    ],
)
def test_what_is_read_as_plain_is_read_as_the_library_reads_it(plain: bytes) -> None:
    read = read_plain(plain)
    assert read is not None
    assert read == _read_by_library(plain)


@pytest.mark.parametrize(
    "odd",
    [
        head()[:-1],
        head() + masked(b"early"),
        head()[:-2] + b"\r\nX: y\r\n\r\n",
        head("GET  /ws HTTP/1.1"),
        head("GET /ws HTTP/1.0"),
        head("POST /ws HTTP/1.1"),
        head("GET ws HTTP/1.1"),
        head("GET http://arena.example/ws HTTP/1.1"),
        head("GET /ws#part HTTP/1.1"),
        head("GET /w\xe4 HTTP/1.1"),
        head('GET /w" HTTP/1.1'),
        head(FIRST, "Content-Length: 5"),
        head(FIRST, "Transfer-Encoding: chunked"),
        head(FIRST, "Expect: 100-continue"),
        head(FIRST, "Sec-WebSocket-Protocol: chat"),
        head(FIRST, "Host: other.example"),
        head(FIRST, f"sec-websocket-key: {KEY}"),
        head(FIRST, "No-Colon"),
        head(FIRST, " Folded: line"),
        head(FIRST, "Spaced : name"),
        head(FIRST, ": nameless"),
        head(FIRST, "X: a\x00b"),
        head(FIRST, "X: a\x7fb"),
        head(FIRST, "X: a\rb"),
        head(FIRST, "X: a\nY: b"),
        head(FIRST, *(f"X-{i}: 1" for i in range(100))),
        head(FIRST, "X: " + "x" * 5_000),
        *(head(lines=LINES[:i] + LINES[i + 1 :]) for i in range(1, 5)),
        head(lines=(*LINES[:4], "Sec-WebSocket-Version: 8")),
        head(lines=(*LINES[:3], "Sec-WebSocket-Key: c2hvcnQ=", LINES[4])),
        head(lines=(*LINES[:3], "Sec-WebSocket-Key: " + "!" * 24, LINES[4])),
        head(lines=(*LINES[:2], "Connection: close", *LINES[3:])),
    ],
)
def test_whatever_is_odd_about_a_handshake_is_left_to_the_parsers(odd: bytes) -> None:
    assert read_plain(odd) is None


@pytest.fixture(params=["asyncio", "uvloop"])
def echo(request: pytest.FixtureRequest) -> Iterator[Echoing]:
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    with echoing(request.param, silent_seconds=1) as service:
        yield service


def speak(line: socket.socket) -> None:
    line.sendall(masked(b"hello"))
    assert next(frames_of(line)) == (1, b"hello")


def test_only_an_ordinary_handshake_in_one_piece_goes_past_the_http_protocol(
    echo: Echoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[GuardedHttp] = []
    connected = GuardedHttp.connection_made
    monkeypatch.setattr(GuardedHttp, "connection_made", lambda self, line: (made.append(self), connected(self, line)))
    with echo.connect() as line:
        ask(line)
        speak(line)
    assert made == []
    with echo.connect() as line:
        ask(line, Upgrade="WebSocket")
        speak(line)
    assert len(made) == 1
    key = base64.b64encode(b"0123456789abcdef").decode()
    whole = head("GET /echo HTTP/1.1", lines=(*LINES[:3], f"Sec-WebSocket-Key: {key}", LINES[4]))
    with echo.connect() as line:
        line.sendall(whole[:40])
        eventually(lambda: len(made) == 2)
        line.sendall(whole[40:])
        assert line.recv(12) == b"HTTP/1.1 101"
    eventually(lambda: echo.server.server_state.connections == set())


def test_who_connects_and_says_nothing_is_let_go(echo: Echoing) -> None:
    with echo.connect() as line:
        eventually(lambda: len(echo.server.server_state.connections) == 1)
        assert line.recv(1) == b""
    eventually(lambda: echo.server.server_state.connections == set())


def test_a_server_that_stops_lets_go_of_who_has_said_nothing(echo: Echoing) -> None:
    with echo.connect() as line:
        eventually(lambda: len(echo.server.server_state.connections) == 1)
        echo.server.should_exit = True
        assert line.recv(1) == b""
    eventually(lambda: echo.server.server_state.connections == set())
