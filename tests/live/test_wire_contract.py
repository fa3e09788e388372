"""What the WebSocket protocol leans on in uvicorn and in the loops' transports, none of which is documented."""

import asyncio
import base64
import gc
import os
import socket
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.cli import ArenaServer
from app.domain.clock import SystemClock
from app.live.frames import CLOSE, text_frame
from app.live.http_guard import GuardedHttp
from app.settings import Settings
from tests.conftest import running
from tests.live.echoing import Echoing, echoing
from tests.live.test_hostile_sockets import frames_of, masked, until_quiet
from tests.players import eventually

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@pytest.fixture(params=["asyncio", "uvloop"])
def echo(request: pytest.FixtureRequest) -> Iterator[Echoing]:
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    with echoing(request.param) as service:
        yield service


def ask(line: socket.socket, path: str = "/echo", method: str = "GET", **changes: str | None) -> bytes:
    """Send a handshake, some headers changed (None: left out), and return the head of the answer."""
    headers: dict[str, str | None] = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    given = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
    line.sendall(f"{method} {path} HTTP/1.1\r\n{given}\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        got = line.recv(1)
        assert got, f"the line ended after {answer!r}"
        answer += got
    return answer


def test_a_connection_is_one_of_uvicorns_and_no_task_serves_it(echo: Echoing) -> None:
    state = echo.server.server_state
    with echo.connect() as line:
        ask(line)
        (wire,) = eventually(lambda: list(echo.protocol.opened_ones))
        assert state.connections == {wire}
        assert state.tasks == set()
        line.sendall(masked(b"hello"))
        assert next(frames_of(line)) == (1, b"hello")
    eventually(lambda: echo.protocol.gone_ones == [wire])
    assert state.connections == set()


def test_what_uvicorn_gives_the_class_is_the_servers_own_state(echo: Echoing, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[Any, ...]] = []
    made = echo.protocol.__init__

    def note(self: Any, config: Any, server_state: Any, app_state: Any) -> None:
        given.append((config, server_state, app_state))
        made(self, config, server_state, app_state)

    monkeypatch.setattr(echo.protocol, "__init__", note)
    with echo.connect() as line:
        ask(line)
    ((config, server_state, _),) = given
    assert config is echo.server.config
    assert server_state is echo.server.server_state
    assert all(isinstance(name, bytes) for name, _ in server_state.default_headers)


def test_the_handshake_is_answered_with_its_key_and_no_extension_is_accepted(echo: Echoing) -> None:
    for changes in (
        {},
        {"Connection": "keep-alive, Upgrade"},
        {"Upgrade": "WebSocket"},
        {"Sec_WebSocket_Protocol": "a, b"},
    ):
        with echo.connect() as line:
            answer = ask(
                line,
                Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==",
                Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits",
                **changes,
            )
            status, *headers = answer.decode().split("\r\n")
            assert status == "HTTP/1.1 101 Switching Protocols"
            told = {name.lower(): value for name, _, value in (each.partition(": ") for each in headers if each)}
            assert told["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
            assert (told["upgrade"], told["connection"]) == ("websocket", "Upgrade")
            assert "date" in told
            assert not {"sec-websocket-extensions", "sec-websocket-protocol"} & told.keys()


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Sec_WebSocket_Key": None}, 400),
        ({"Sec_WebSocket_Key": "c2hvcnQ="}, 400),
        ({"Sec_WebSocket_Key": "!" * 24}, 400),
        ({"Sec_WebSocket_Version": None}, 400),
        ({"Sec_WebSocket_Version": "8"}, 400),
        ({"Sec_WebSocket_Protocol": "@@,;"}, 400),
        ({"method": "POST"}, 405),
        ({"path": "/elsewhere"}, 403),
        ({"path": "/echo/"}, 403),
    ],
)
def test_what_is_no_handshake_is_refused(echo: Echoing, changes: dict[str, Any], status: int) -> None:
    with echo.connect() as line:
        answer = ask(line, **changes)
        assert answer.startswith(b"HTTP/1.1 %d " % status), answer
        while line.recv(4_096):
            pass
    assert echo.protocol.opened_ones == []
    eventually(lambda: echo.server.server_state.connections == set())


def test_the_http_protocol_before_it_is_let_go_without_the_collector(
    echo: Echoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[weakref.ref[HttpToolsProtocol]] = []
    upgrade = GuardedHttp.handle_websocket_upgrade

    def note(self: GuardedHttp) -> None:
        seen.append(weakref.ref(self))
        upgrade(self)

    monkeypatch.setattr(GuardedHttp, "handle_websocket_upgrade", note)
    gc.disable()
    try:
        with echo.connect() as line:
            ask(line, Upgrade="WebSocket")  # one that takes the long way
            line.sendall(masked(b"hello"))
            next(frames_of(line))
            assert [each() for each in seen] == [None]
    finally:
        gc.enable()


def test_bytes_that_wait_are_told_and_so_is_when_none_wait(echo: Echoing) -> None:
    with echo.connect() as line:
        ask(line)
        (wire,) = eventually(lambda: list(echo.protocol.opened_ones))
        big = text_frame(b"x" * 60_000)

        async def fill() -> bool:
            for _ in range(200):
                wire.write(big)
                assert wire._paused == (wire.waiting_bytes() > 0), "the transport tells at once"
                if wire._paused:
                    return True
            return False

        assert asyncio.run_coroutine_threadsafe(fill(), echo.loop).result(10), "12 MB went into the kernel"
        frames = [each for each in until_quiet(line) if each[0] == 1]
        assert {payload for _, payload in frames} == {b"x" * 60_000}, "every frame came whole"
        eventually(lambda: not wire._paused)
        assert wire.waiting_bytes() == 0


def test_a_server_that_stops_says_1001_and_ends(echo: Echoing) -> None:
    with echo.connect() as line:
        ask(line)
        eventually(lambda: echo.protocol.opened_ones)
        echo.server.should_exit = True
        ((opcode, payload),) = frames_of(line)
        assert (opcode, payload[:2]) == (CLOSE, (1001).to_bytes(2, "big"))
    eventually(lambda: echo.server.server_state.connections == set())


def test_one_sweep_pings_all_and_lets_go_of_who_does_not_answer() -> None:
    with echoing(ping_seconds=0.5) as service, service.connect() as silent, service.connect() as lively:
        ask(silent)
        ask(lively)
        frames = frames_of(lively)
        for _ in range(4):
            opcode, payload = next(frames)
            assert opcode == 9
            lively.sendall(masked(b"not yours", opcode=10) + masked(payload, opcode=10))
        heard = list(frames_of(silent))
        assert [opcode for opcode, _ in heard] == [9, 8]
        assert heard[-1][1][:2] == (1011).to_bytes(2, "big")
        assert next(frames)[0] == 9, "who answers stays"
        eventually(lambda: service.protocol.sweep.connections == 1)
    assert service.protocol.sweep.connections == 0


def test_what_comes_with_the_rest_of_a_byte_stream_is_read_in_any_pieces(echo: Echoing) -> None:
    said = [b"", b"a", "先锋擂台".encode(), b"x" * 125, b"y" * 126, b"z" * 4_096]
    stream = b"".join(masked(each) for each in said)
    for size in (1, 2, 3, 7, 64, len(stream)):
        with echo.connect() as line:
            ask(line)
            for i in range(0, len(stream), size):
                line.sendall(stream[i : i + size])
            frames = frames_of(line)
            assert [next(frames) for _ in said] == [(1, each) for each in said]


def test_what_is_there_at_the_start_is_out_of_the_collectors_sight(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ArenaServer, "alone", True)
    try:
        with running(settings, SystemClock()) as service:
            eventually(lambda: gc.get_freeze_count() > 50_000)
            assert service.client().get("/healthz").status_code == 200
    finally:
        gc.unfreeze()
