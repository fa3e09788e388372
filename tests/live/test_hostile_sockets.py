"""Sockets that shout, stall, vanish or come from elsewhere: they are cut, and delay nobody."""

import asyncio
import base64
import contextlib
import json
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed

import tests.conftest as services
from app.live.protocol import RECEIVED_A_SECOND, RECEIVED_BURST
from app.services.identity import identify
from app.settings import Settings
from tests.conftest import FakeClock, Process, Running, make_tokens
from tests.players import Crew, Line, counted, eventually

OTHERS = 20


def opened(arena: Running, **changes: Any) -> tuple[Crew, str]:
    crew = arena.crew()
    code = crew.make(**changes)
    crew.do(code, "open")
    return crew, code


@contextlib.contextmanager
def raw_socket(base_url: str, code: str, receive_bytes: int | None = None, **headers: str) -> Iterator[socket.socket]:
    """Do the handshake by hand and hand out the bare TCP line."""
    url = urlsplit(base_url)
    line = socket.socket()
    if receive_bytes is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    line.settimeout(10)
    with line:
        line.connect((url.hostname, url.port))
        key = base64.b64encode(os.urandom(16)).decode()
        given = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        line.sendall(
            f"GET /ws/sessions/{code} HTTP/1.1\r\nHost: {url.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{given}\r\n".encode()
        )
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += line.recv(1)
        assert answer.startswith(b"HTTP/1.1 101")
        yield line


def masked(payload: bytes, opcode: int = 1) -> bytes:
    """One frame as a client sends it."""
    length = len(payload)
    head = bytes([0x80 | opcode]) + (
        bytes([0x80 | length]) if length < 126 else bytes([0x80 | 126]) + struct.pack(">H", length)
    )
    mask = b"\x01\x02\x03\x04"
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def unfinished(frame: bytes) -> bytes:
    """The frame, of whose message more is to come."""
    return bytes([frame[0] & 0x7F]) + frame[1:]


def frames_of(line: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Read (opcode, payload) until the other side closes."""
    with contextlib.suppress(ConnectionError), line.makefile("rb") as stream:
        while head := stream.read(2):
            length = head[1] & 0x7F
            if length == 126:
                (length,) = struct.unpack(">H", stream.read(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", stream.read(8))
            yield head[0] & 0x0F, stream.read(length)


def test_malformed_json_is_told_and_the_third_time_closed(arena: Running) -> None:
    _, code = opened(arena)
    with Line.opened(arena.ws_url, code) as line:
        for text in ("{", '{"type": "ping"', "\ufeff{}"):
            line.socket.send(text)
            assert line.hear("problem")["code"] == "malformed_json"
        assert line.close_code() == 4400


def test_a_message_over_4_kib_is_closed_with_1009(arena: Running) -> None:
    _, code = opened(arena)
    with Line.opened(arena.ws_url, code) as line:
        line.socket.send(json.dumps({"type": "ping", "id": "fits"}).ljust(4_096))
        assert line.hear("pong")["id"] == "fits"
        line.socket.send("x" * 5_120)
        assert line.close_code() == 1009
    with Line.opened(arena.ws_url, code) as line:
        with contextlib.suppress(ConnectionClosed):
            line.socket.send(["x" * 1_024] * 5)  # the same in fragments
        assert line.close_code() == 1009


@pytest.mark.parametrize("flood", ['{"type":"ping"}', "", "{}", b"\x00"])
def test_a_flood_is_closed_with_4429(still_arena: Running, flood: str | bytes) -> None:
    _, code = opened(still_arena)
    with Line.opened(still_arena.ws_url, code) as line, Line.opened(still_arena.ws_url, code) as other:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(101):
                line.socket.send(flood)
        assert line.close_code() == 4429
        other.everything()


def test_twenty_messages_a_second_are_no_flood(still_arena: Running) -> None:
    _, code = opened(still_arena)
    with Line.opened(still_arena.ws_url, code) as line:
        for _ in range(10):
            for i in range(20):
                line.say(type="ping", id=str(i))
            while line.hear("pong")["id"] != "19":
                pass
            still_arena.clock.forward(1_000)


def test_an_unknown_session_is_closed_with_4404(arena: Running) -> None:
    for code in ("NOSUCH", "x" * 500, "%00", "😀"):
        with Line.opened(arena.ws_url, code) as line:
            assert line.close_code() == 4404


def test_a_page_of_another_origin_may_look_and_not_bring_a_token(arena: Running, start: Any) -> None:
    _, code = opened(arena)
    token = arena.phone(code).token
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        with Line.opened(arena.ws_url, code, origin=origin) as line:
            assert line.hear("tally")["view"] == "public"
            line.say(type="hello", token=token)
            assert line.close_code() == 4403
        with Line.opened(f"{arena.ws_url}", f"{code}?token={token}", origin=origin) as line:
            assert line.close_code() == 4403
    with Line.opened(arena.ws_url, code, origin=arena.base_url, token=token):
        pass
    # A file is served by one process.
    other = arena.data_dir.with_name("other")
    service = start(data_dir=other, allowed_origins=("https://tv.example",), public_url="https://arena.example")
    _, code = opened(service)
    for origin in ("https://tv.example", "https://arena.example"):
        with Line.opened(service.ws_url, code, origin=origin, token=service.phone(code).token) as line:
            line.say(type="vote", id="1", round=1, choices=["red"])
            line.hear("receipt")


def test_sockets_and_streams_over_the_bound_are_turned_away(start: Any) -> None:
    service = start(sockets_max=3)
    _, code = opened(service)
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(Line.opened(service.ws_url, code)).hear("tally")
        with Line.opened(service.ws_url, code) as fourth:
            assert fourth.close_code() == 4503
        response = service.client().get(f"/api/v1/sessions/{code}/events")
        assert (response.status_code, response.json()["code"]) == (503, "overloaded")
        assert response.headers["retry-after"] == "10"
        assert service.phone(code).vote("red").status_code == 200, "who polls is served"
    eventually(lambda: service.app.state.arena.hub.sockets == 0)
    with Line.opened(service.ws_url, code) as again:
        again.hear("tally")


def test_a_socket_that_closes_in_the_middle_of_a_vote_harms_nothing(arena: Running) -> None:
    crew, code = opened(arena)
    voters = [arena.phone(code) for _ in range(20)]
    for i, phone in enumerate(voters):
        with raw_socket(arena.base_url, code) as line:
            hello = masked(json.dumps({"type": "hello", "token": phone.token}).encode())
            vote = masked(
                json.dumps({"type": "vote", "id": "1", "round": 1, "choices": ["red"], "nonce": "n"}).encode()
            )
            line.sendall(hello + (vote if i % 2 else vote[: len(vote) // 2]))
            if i % 3 == 0:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, no farewell
    # Whoever was not answered asks again by the nonce; whatever had arrived is counted once.
    for phone in voters:
        assert phone.vote("red", nonce="n").status_code == 200
    counted(lambda: crew.tally(code), {"red": 20, "blue": 0})
    eventually(lambda: arena.app.state.arena.hub.sockets == 0)


def test_requests_piled_up_on_one_line_are_refused_not_queued_without_end(still_arena: Running) -> None:
    _, code = opened(still_arena)
    phone = still_arena.phone(code)
    with Line.opened(still_arena.ws_url, code, token=phone.token) as line:
        for i in range(90):
            line.say(type="like", id=str(i), round=1, totals={"red": i})
        answers = [line.hear_if(lambda said: said["type"] in ("liked", "problem")) for _ in range(90)]
        assert {each["id"] for each in answers} == {str(i) for i in range(90)}, "each is answered, none dropped"
        assert {each.get("code", "liked") for each in answers} <= {"liked", "too_many_requests", "likes_shrank"}
    stands = phone.me()["likes"]["red"]
    assert stands == max(each["totals"]["red"] for each in answers if each["type"] == "liked")


def test_empty_fragments_do_not_pile_up(still_arena: Running) -> None:
    _, code = opened(still_arena)
    with raw_socket(still_arena.base_url, code) as line:
        hearer = the_one_listening(still_arena, code)
        line.sendall(unfinished(masked(b'{"type":"ping",')) + unfinished(masked(b"", opcode=0)) * 5_000)
        line.sendall(unfinished(masked(b'"id":"x"', opcode=0)))
        eventually(lambda: hearer._size == len('{"type":"ping","id":"x"'))
        assert len(hearer._parts) == 2
        line.sendall(masked(b"}", opcode=0))
        assert any(json.loads(payload).get("id") == "x" for _, payload in frames_of(line))


def test_a_token_whose_socket_goes_while_it_is_looked_up_leaves_nothing_behind(
    still_arena: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew, code = opened(still_arena)
    arena = still_arena.app.state.arena
    asked, gone, done = threading.Event(), threading.Event(), threading.Event()

    async def slow(of: Any, token: str) -> Any:
        bearer = await identify(of, token)
        asked.set()
        assert await asyncio.to_thread(gone.wait, 10)
        asyncio.get_running_loop().call_soon(done.set)
        return bearer

    monkeypatch.setattr("app.routers.socket.identify", slow)
    with raw_socket(still_arena.base_url, code) as line:
        line.sendall(masked(json.dumps({"type": "hello", "token": still_arena.admin_token}).encode()))
        assert asked.wait(10)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset, as a lost network does
    for phase in ("pause", "resume"):  # it is not read from meanwhile; a write finds that it went
        crew.do(code, phase)
        time.sleep(0.1)
    eventually(lambda: arena.hub.sockets == 0)
    gone.set()
    assert done.wait(10)
    assert not list(arena.hub.live[code].subscribers)


@pytest.fixture
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the kernel from holding megabytes on the way, so that it is the service that must wait."""
    listen = services.listen

    def small(host: str, port: int) -> socket.socket:
        listener = listen(host, port)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        return listener

    monkeypatch.setattr(services, "listen", small)


def the_one_listening(service: Running, code: str) -> Any:
    """Look into the service for what it keeps for its only socket."""
    (subscriber,) = eventually(lambda: list(service.app.state.arena.hub.live[code].subscribers))
    return subscriber


SLOGANS = [{"name": f"选手{i}", "slogan": "号" * 200} for i in range(16)]
"""A tally of some 16 KB, so that a few dozen fill the buffers."""


def test_a_reader_that_never_reads_delays_nobody_and_is_skipped_to_the_newest(small_buffers: None, start: Any) -> None:
    service = start(FakeClock())
    crew, code = opened(service, kind="gala", contestants=SLOGANS)
    phone = service.phone(code)
    with contextlib.ExitStack() as stack:
        stalled = stack.enter_context(raw_socket(service.base_url, code, receive_bytes=4_096))
        unread = the_one_listening(service, code)
        lines = [stack.enter_context(Line.opened(service.ws_url, code)) for _ in range(OTHERS)]
        first = crew.tally(code)["version"]
        waited_s, waiting_bytes = [], []
        for likes in range(1, 101):
            phone.like(c1=likes)
            if likes % 20 == 0:
                asked = time.monotonic()
                for line in lines:
                    line.hear_if(lambda said, likes=likes: said["totals"]["likes"] >= likes)
                waited_s.append(time.monotonic() - asked)
                waiting_bytes.append(unread.waiting_bytes())
        # One frame waits for it, and that is the newest: a poll may have that before the tick.
        eventually(lambda: unread._newest.version == crew.tally(code)["version"])
        latest = unread._newest.version
        documents = [json.loads(payload) for _, payload in until_quiet(stalled)]
        # Who is online is told by the second, also while this reads: there may be a newer one.
        since = crew.tally(code)["version"]
    sent = [document["version"] for document in documents]
    assert max(waited_s) < 2
    assert len(set(waiting_bytes)) == 1, "nothing grows while it reads nothing"
    assert sent == sorted(set(sent))
    assert latest <= sent[-1] <= since, "what it missed comes as one whole document"
    assert documents[-1]["totals"]["likes"] == 100
    assert len(sent) < (latest - first) / 2, "the rest was skipped, not queued"


def until_quiet(line: socket.socket) -> Iterator[tuple[int, bytes]]:
    line.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        yield from frames_of(line)


def test_a_reader_that_stalls_for_too_long_is_cut_with_4408(
    small_buffers: None, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.sweep.STALLED_SECONDS_MAX", 0.2)
    service = start()
    _, code = opened(service, kind="gala", contestants=SLOGANS)
    hub = service.app.state.arena.hub
    with raw_socket(service.base_url, code, receive_bytes=4_096) as stalled:
        subscriber = the_one_listening(service, code)
        likes = 0
        while subscriber.is_open:
            assert likes < 300, "it was never cut"
            if likes % 50 == 0:  # no phone likes faster than it may
                phone = service.phone(code)
            assert phone.like(c1=likes % 50 + 1).status_code == 200
            likes += 1
            time.sleep(0.01)
        *_, (opcode, payload) = until_quiet(stalled)
        assert (opcode, struct.unpack(">H", payload[:2])[0]) == (8, 4408)
        stalled.sendall(masked(payload[:2], opcode=8))
        eventually(lambda: hub.sockets == 0)
    with Line.opened(service.ws_url, code) as again:
        assert again.hear("tally")["totals"]["likes"] == likes


def test_a_reader_that_stalls_for_ever_is_let_go(
    small_buffers: None, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.sweep.STALLED_SECONDS_MAX", 0.2)
    monkeypatch.setattr("app.live.protocol.CLOSE_SECONDS_MAX", 0.2)
    service = start()
    _, code = opened(service, kind="gala", contestants=SLOGANS)
    phone = service.phone(code)
    hub = service.app.state.arena.hub
    with raw_socket(service.base_url, code, receive_bytes=4_096):
        subscriber = the_one_listening(service, code)
        likes = 0
        while subscriber.is_open:
            likes += 1
            phone.like(c1=likes)
        eventually(lambda: hub.sockets == 0)


def test_pings_of_one_that_never_reads_do_not_pile_up(small_buffers: None, start: Any) -> None:
    service = start()
    _, code = opened(service)
    pings = masked(b"p" * 125, opcode=9) * 1_000
    with raw_socket(service.base_url, code, receive_bytes=4_096) as line:
        subscriber = the_one_listening(service, code)
        most_bytes = 0
        hung_up = False
        for _ in range(200):
            try:
                line.sendall(pings)
            except ConnectionError:
                hung_up = True
                break
            most_bytes = max(most_bytes, subscriber.waiting_bytes())
    assert hung_up, "26 MB of pings were taken"
    assert most_bytes < 1_048_576
    assert service.phone(code).vote("red").status_code == 200
    eventually(lambda: service.app.state.arena.hub.sockets == 0)


def sent_bytes(line: socket.socket, count: int) -> int:
    """Send PINGs, and take every answer, until so many bytes are sent or the other side hangs up; return how many."""
    pings = masked(b"p" * 125, opcode=9) * 100
    sent = 0
    with ThreadPoolExecutor(1) as pool:
        answers = pool.submit(lambda: sum(opcode == 10 for opcode, _ in until_quiet(line)))
        with contextlib.suppress(ConnectionError, TimeoutError):
            while sent < count:
                line.sendall(pings)
                sent += len(pings)
        heard = answers.result()
    assert heard > 0, "its PINGs are answered"
    return heard * len(pings) // 100


def test_one_that_sends_without_end_is_cut_though_it_takes_every_answer(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.protocol.WAITING_BYTES_MAX", 1 << 30)  # another bound, which is not meant here
    service = start()
    _, code = opened(service)
    with raw_socket(service.base_url, code) as line:
        began = time.monotonic()
        taken = sent_bytes(line, 8 * RECEIVED_BURST)
        most = RECEIVED_BURST + (time.monotonic() - began + 1) * RECEIVED_A_SECOND
    assert taken <= most
    eventually(lambda: service.app.state.arena.hub.sockets == 0)
    assert service.phone(code).vote("red").status_code == 200


def test_a_burst_within_the_bound_is_taken_and_so_is_more_where_the_rate_allows_it(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.protocol.WAITING_BYTES_MAX", 1 << 30)
    service = start()
    _, code = opened(service)
    within = RECEIVED_BURST * 3 // 4
    with raw_socket(service.base_url, code) as line:
        assert sent_bytes(line, within) >= within
        assert service.app.state.arena.hub.sockets == 1
    monkeypatch.setattr("app.live.protocol.RECEIVED_A_SECOND", 1 << 40)
    with raw_socket(service.base_url, code) as line:
        assert sent_bytes(line, 4 * RECEIVED_BURST) >= 4 * RECEIVED_BURST


def test_a_stopping_service_closes_lines_with_a_code_that_lets_them_come_back(arena: Running) -> None:
    _, code = opened(arena)
    with Line.opened(arena.ws_url, code) as line, ThreadPoolExecutor(1) as pool:
        line.hear("tally")
        closed = pool.submit(line.close_code)
        arena.server.should_exit = True
        assert closed.result(timeout=10) == 1001


def test_a_process_told_to_stop_lets_go_of_lines_and_streams_at_once(settings: Settings, process: Process) -> None:
    tokens = make_tokens(settings, 1_795_176_000_000)
    process.start()
    with httpx2.Client(base_url=process.base_url, timeout=20, trust_env=False, verify=False) as client:
        client.headers["Authorization"] = f"Bearer {tokens['admin']}"
        code = Crew(client).make()
        with (
            client.stream("GET", f"/api/v1/sessions/{code}/events") as stream,
            Line.opened(process.base_url.replace("http", "ws"), code) as line,
            ThreadPoolExecutor(1) as pool,
        ):
            next(stream.iter_lines())
            line.hear("tally")
            closed = pool.submit(line.close_code)
            asked = time.monotonic()
            process.end(signal.SIGTERM)
            assert closed.result(timeout=10) == 1001
            assert time.monotonic() - asked < 3, "a producer who restarts on air does not wait for listeners"
