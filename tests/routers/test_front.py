"""The short road before the framework: it is taken where it may be, and nobody can tell it from the long one."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import product
from typing import Any

import fastapi
import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from app.domain.errors import Overloaded
from app.feeds import feeds
from app.routers.front import FrontedApp
from app.routers.limits import TAKES_IN_WINDOW_MAX
from app.services import voting
from tests.conftest import Running
from tests.load import port_of
from tests.players import Phone, eventually, problem

pytestmark = pytest.mark.edge

LONG = {"long": "way"}
"""A parameter that means nothing: with a query, a request takes the long road."""


@pytest.fixture
def long_road(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which requests come to the framework."""
    paths: list[str] = []
    serve = fastapi.FastAPI.__call__

    async def note(self: Any, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            paths.append(f"{scope['method']} {scope['path']}")
        await serve(self, scope, receive, send)

    monkeypatch.setattr(fastapi.FastAPI, "__call__", note)
    return paths


def headers_of(answer: httpx2.Response) -> list[tuple[str, str]]:
    return sorted((name.lower(), value) for name, value in answer.headers.multi_items() if name.lower() != "date")


def by_both(ask: Callable[..., httpx2.Response], long_road: list[str]) -> httpx2.Response:
    """Ask by each road; assert that the answers are the same, byte for byte and header by header."""
    long_road.clear()
    # What is polled a second time is ready, and answered where the request was parsed.
    short = [ask(), ask()]
    assert long_road == [], "it took the short road"
    long = ask(params=LONG)
    assert len(long_road) == 1
    for each in short:
        assert (each.status_code, each.content) == (long.status_code, long.content)
        assert headers_of(each) == headers_of(long)
    return short[0]


def opened(arena: Running, **rules: Any) -> tuple[Any, str, Phone]:
    crew = arena.crew()
    code = crew.make(rounds=[rules, {}])
    crew.do(code, "open")
    phone = arena.phone(code)
    assert phone.vote("red", nonce="n").status_code == 200
    crew.tally(code)
    return crew, code, phone


FORMS = ["tally", *(f"feeds/{feed.name}" for feed in feeds())]


@pytest.mark.parametrize("form", FORMS)
def test_polls_of_strangers_and_phones_are_the_same_by_both_roads(
    start: Callable[..., Running], clock: Any, long_road: list[str], form: str
) -> None:
    arena = start(clock, public_url="https://arena.example")
    _, code, phone = opened(arena)
    stranger = arena.client()
    crossing = {"Origin": "https://elsewhere.example"}
    for client, method, origin, code_as in product(
        (stranger, phone.client), ("GET", "HEAD"), ({}, crossing), (str, str.lower)
    ):
        ask = partial(client.request, method, f"/api/v1/sessions/{code_as(code)}/{form}")
        answer = by_both(partial(ask, headers=origin), long_road)
        assert answer.status_code == 200
        etag = answer.headers["etag"]
        for tags in (etag, f"W/{etag}", f'"other", {etag}'):
            known = by_both(partial(ask, headers={**origin, "If-None-Match": tags}), long_road)
            assert (known.status_code, known.content) == (304, b"")
        other = by_both(partial(ask, headers={**origin, "If-None-Match": '"other"'}), long_road)
        assert other.status_code == 200


def test_whoever_has_voted_is_shown_what_the_voters_see(still_arena: Running, long_road: list[str]) -> None:
    _, code, phone = opened(still_arena, visibility="after_vote")
    other = still_arena.phone(code)
    for client, view in ((phone.client, "voter"), (other.client, "public"), (still_arena.client(), "public")):
        answer = by_both(lambda c=client, **p: c.get(f"/api/v1/sessions/{code}/tally", **p), long_road)
        assert answer.json()["view"] == view
        assert (answer.json()["tally"] is None) == (view == "public")


def test_ballots_likes_and_joins_are_the_same_by_both_roads(still_arena: Running, long_road: list[str]) -> None:
    _, code, phone = opened(still_arena)
    path = f"/api/v1/sessions/{code}"
    for headers in ({}, {"Origin": "https://elsewhere.example"}):
        phone.client.headers.update(headers)
        again = by_both(
            lambda **p: phone.client.put(f"{path}/rounds/1/vote", json={"choices": ["red"], "nonce": "n"}, **p),
            long_road,
        )
        assert (again.status_code, again.json()["repeat"]) == (200, True)
        liked = by_both(
            lambda **p: phone.client.put(f"{path}/rounds/1/likes", json={"totals": {"red": 3}}, **p), long_road
        )
        assert liked.json()["totals"] == {"red": 3}
        joined = by_both(lambda **p: phone.client.post(f"{path}/join", json={}, **p), long_road)
        assert joined.json()["token"] == phone.token, "one who comes back keeps its identity"
        for body, refusal in (
            ({"choices": ["blue"]}, "already_voted"),
            ({"choices": ["green"], "nonce": "o"}, "invalid_ballot"),
            ({"choices": ["red"], "nonce": "o", "run": 9}, "round_not_open"),
        ):
            answer = by_both(lambda b=body, **p: phone.client.put(f"{path}/rounds/1/vote", json=b, **p), long_road)
            assert problem(answer, answer.status_code, refusal)
        shrank = by_both(
            lambda **p: phone.client.put(f"{path}/rounds/1/likes", json={"totals": {"red": 2}}, **p), long_road
        )
        problem(shrank, 409, "likes_shrank")
        channel = by_both(lambda **p: still_arena.client().post(f"{path}/join", json={"channel": "tv"}, **p), long_road)
        problem(channel, 422, "invalid_request")
    new = still_arena.client().post(f"{path}/join", json={"channel": "wechat"})
    assert (new.status_code, new.json()["channel"]) == (200, "wechat")
    assert long_road[-1].endswith("/join")


@pytest.mark.parametrize(
    ("method", "where", "given", "status"),
    [
        ("PUT", "rounds/1/vote", {"json": {"choices": "red"}}, 422),
        ("PUT", "rounds/1/vote", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ("PUT", "rounds/1/vote", {"content": b'{"choices":["red"]}', "headers": {"Content-Type": "text/plain"}}, 422),
        ("PUT", "rounds/0/vote", {"json": {"choices": ["red"]}}, 422),
        ("PUT", "rounds/two/likes", {"json": {"totals": {"red": 1}}}, 422),
        ("PUT", "rounds/1/likes", {"json": {"totals": {"red": True}}}, 422),
        ("PUT", "rounds/1/likes", {"json": {"totals": {"red": "x" * 9_000}}}, 413),
        ("POST", "rounds/1/vote", {"json": {"choices": ["red"]}}, 405),
        ("POST", "join", {"json": []}, 422),
        ("POST", "join", {"json": {"channel": 5}}, 422),
        ("PUT", "tally", {"json": {}}, 405),
        ("GET", "feeds/none", {}, 404),
        ("GET", "tally/more", {}, 404),
    ],
)
def test_what_does_not_fit_is_left_to_the_framework_whole(
    arena: Running, long_road: list[str], method: str, where: str, given: dict[str, Any], status: int
) -> None:
    _, code, phone = opened(arena)
    long_road.clear()
    answer = phone.client.request(method, f"/api/v1/sessions/{code}/{where}", **given)
    assert (answer.status_code, len(long_road)) == (status, 1)
    assert answer.json()["status"] == status


def test_tokens_that_are_not_a_phones_are_left_to_the_framework(arena: Running, long_road: list[str]) -> None:
    crew, code, phone = opened(arena, visibility="on_reveal")
    path = f"/api/v1/sessions/{code}"
    for token, status in ((arena.admin_token, 200), ("nonsense", 401), (phone.token[:-1], 401)):
        long_road.clear()
        answer = arena.client(token).get(f"{path}/tally")
        assert (answer.status_code, len(long_road)) == (status, 1)
        assert arena.client(token).put(f"{path}/rounds/1/vote", json={"choices": ["red"]}).status_code == 401
    assert crew.tally(code)["view"] == "staff"


def test_a_phone_of_another_session_is_a_stranger_to_the_tally_and_casts_no_vote(
    still_arena: Running, long_road: list[str]
) -> None:
    _, code, _ = opened(still_arena)
    _, other, phone = opened(still_arena)
    assert other != code
    shown = by_both(lambda **p: phone.client.get(f"/api/v1/sessions/{code}/tally", **p), long_road)
    assert shown.headers["cache-control"] == "private, no-cache"
    refused = phone.client.put(f"/api/v1/sessions/{code}/rounds/1/vote", json={"choices": ["red"]})
    problem(refused, 403, "wrong_session")


def test_one_that_sends_too_fast_is_refused_by_whichever_road(arena: Running) -> None:
    _, code, phone = opened(arena)
    statuses = []
    for i in range(TAKES_IN_WINDOW_MAX + 20):
        answer = phone.client.put(
            f"/api/v1/sessions/{code}/rounds/1/likes", json={"totals": {"red": 1}}, params=LONG if i % 2 else {}
        )
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            break
    assert len(statuses) <= TAKES_IN_WINDOW_MAX + 1
    assert problem(answer, 429, "too_many_requests")["retry_after_s"] >= 1


def test_where_there_is_no_room_everybody_is_told(arena: Running) -> None:
    _, code, phone = opened(arena)
    admission = arena.app.state.admission
    admission.in_flight += admission.in_flight_max
    try:
        for answer in (
            arena.client().get(f"/api/v1/sessions/{code}/tally"),
            phone.client.put(f"/api/v1/sessions/{code}/rounds/1/vote", json={"choices": ["red"], "nonce": "n"}),
            phone.client.post(f"/api/v1/sessions/{code}/join", json={}),
        ):
            problem(answer, 503, "overloaded")
            assert answer.headers["retry-after"] == "1"
    finally:
        admission.in_flight -= admission.in_flight_max
    assert phone.like(red=1).status_code == 200
    assert admission.in_flight == 0


@pytest.mark.parametrize("failure", [Overloaded("Full.", retry_after_s=1), RuntimeError("a fault of ours")])
def test_what_fails_on_the_way_is_told_as_a_problem_and_gives_its_place_back(
    arena: Running, monkeypatch: pytest.MonkeyPatch, failure: Exception, long_road: list[str]
) -> None:
    _, code, phone = opened(arena)

    def fail(*_given: Any) -> None:
        raise failure

    monkeypatch.setattr(voting, "tell_like", fail)
    client = phone.client
    if isinstance(failure, Overloaded):
        answer = by_both(
            lambda **p: client.put(f"/api/v1/sessions/{code}/rounds/1/likes", json={"totals": {"red": 1}}, **p),
            long_road,
        )
        problem(answer, 503, "overloaded")
        assert answer.headers["retry-after"] == "1"
    else:
        problem(phone.like(red=1), 500, "internal_error")
        assert "fault" not in phone.like(red=1).text
    assert arena.app.state.admission.in_flight == 0


def test_a_body_that_comes_in_pieces_is_read_by_the_framework(arena: Running, long_road: list[str]) -> None:
    _, code, phone = opened(arena)
    body = json.dumps({"totals": {"red": 5}}).encode()
    long_road.clear()
    answer = phone.client.put(
        f"/api/v1/sessions/{code}/rounds/1/likes",
        content=iter([body[:5], body[5:]]),
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["totals"]) == (200, {"red": 5})
    assert len(long_road) == 1


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which requests come to the application at all."""
    paths: list[str] = []
    serve = FrontedApp.__call__

    async def note(self: Any, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            paths.append(f"{scope['method']} {scope['path'].rsplit('/', 1)[1]}")
        await serve(self, scope, receive, send)

    monkeypatch.setattr(FrontedApp, "__call__", note)
    return paths


def test_a_poll_whose_answer_is_ready_never_comes_to_the_application(still_arena: Running, asked: list[str]) -> None:
    _, code, phone = opened(still_arena)
    path = f"/api/v1/sessions/{code}/tally"
    # Who is online is looked at by the second, and makes the tally new.
    phone.client.get(path)
    still_arena.clock.forward(1_000)
    eventually(lambda: phone.client.get(path).json()["audience"]["online"] == 1)
    first = phone.client.get(path)
    asked.clear()
    for headers, status in (({}, 200), ({"If-None-Match": first.headers["etag"]}, 304)):
        answer = phone.client.get(path, headers=headers)
        assert (answer.status_code, answer.headers["etag"]) == (status, first.headers["etag"])
        assert "date" in answer.headers
    assert asked == []
    phone.like(red=7)
    assert phone.client.get(path).json()["tally"]["likes"] == 7, "a new tally is never kept from a poller"
    assert asked == ["GET tally"], "likes are handed on where they were parsed"


def answers_of(line: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Read (status, body) until the line ends."""
    with line.makefile("rb") as stream:
        while status := stream.readline():
            length = 0
            while (header := stream.readline()) != b"\r\n":
                name, _, value = header.lower().partition(b": ")
                length = int(value) if name == b"content-length" else length
            yield int(status.split()[1]), stream.read(length)


def test_answers_come_in_the_order_of_the_questions_whatever_road_they_take(
    still_arena: Running, asked: list[str]
) -> None:
    _, code, _ = opened(still_arena)
    path = f"/api/v1/sessions/{code}"
    etag = still_arena.client().get(f"{path}/tally").headers["etag"]
    join = b"POST %b/join HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    tally = b"GET %b/tally HTTP/1.1\r\nHost: x\r\n\r\n"
    known = b"GET %b/tally HTTP/1.1\r\nHost: x\r\nIf-None-Match: " + etag.encode() + b"\r\n\r\n"
    last = b"GET %b/tally HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    asked.clear()
    with socket.create_connection(("127.0.0.1", port_of(still_arena)), timeout=10) as line:
        line.sendall(b"".join(each % path.encode() for each in (tally, known, tally, join, tally, known, last)))
        statuses = [(status, b'"token"' in body) for status, body in answers_of(line)]
    assert statuses == [(200, False), (304, False), (200, False), (200, True), (200, False), (304, False), (200, False)]
    # Behind the join, and where the line is to be closed, the application answers.
    assert asked == ["POST join", "GET tally", "GET tally", "GET tally"]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET %b/tally HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        b"GET %b/tally HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"GET %b/tally HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
        b"GET %b/tally HTTP/1.0\r\nHost: x\r\n\r\n",
        b"GET %b/tally HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
        b"GET %b/%%74ally HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET %b/tally HTTP/1.1\r\nHost: x\r\nIf-None-Match: a\r\nIf-None-Match: b\r\n\r\n",
    ],
)
def test_what_is_unusual_in_a_poll_is_left_to_the_application(
    still_arena: Running, asked: list[str], request_: bytes
) -> None:
    _, code, _ = opened(still_arena)
    path = f"/api/v1/sessions/{code}"
    still_arena.client().get(f"{path}/tally")
    still_arena.client().get(f"{path}/tally")
    asked.clear()
    last = b"GET %b/tally HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port_of(still_arena)), timeout=10) as line:
        line.sendall((request_ + last) % ((path.encode(),) * 2))
        statuses = [status for status, _ in answers_of(line)]
    # An old client's line is closed behind its answer.
    both = b"HTTP/1.0" not in request_
    assert statuses == ([200, 200] if both else [200])
    assert len(asked) == (2 if both else 1)


def test_a_stream_asked_for_behind_a_poll_is_not_taken_for_an_idle_line(still_arena: Running) -> None:
    _, code, _ = opened(still_arena)
    path = f"/api/v1/sessions/{code}"
    for _ in range(2):
        still_arena.client().get(f"{path}/tally")
    still_arena.server.config.timeout_keep_alive = 0.3  # type: ignore[assignment]
    asks = "".join(f"GET {path}/{what} HTTP/1.1\r\nHost: x\r\n\r\n" for what in ("tally", "events"))
    with socket.create_connection(("127.0.0.1", port_of(still_arena)), timeout=10) as line:
        line.sendall(asks.encode())
        time.sleep(1)
        line.settimeout(0.3)
        with pytest.raises(TimeoutError):
            list(iter(partial(line.recv, 65_536), b""))


@pytest.mark.parametrize("what", ["join", "rounds/1/vote", "corrections"])
def test_a_length_written_out_of_all_measure_is_told_as_a_problem(still_arena: Running, what: str) -> None:
    _, code, phone = opened(still_arena)
    method = "PUT" if what.endswith("vote") else "POST"
    with socket.create_connection(("127.0.0.1", port_of(still_arena)), timeout=10) as line:
        line.sendall(
            f"{method} /api/v1/sessions/{code}/{what} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {phone.token}\r\n"
            "Content-Type: application/json\r\nConnection: close\r\n"
            f"Content-Length: {'0' * 5_000}2\r\n\r\n{{}}".encode()
        )
        ((status, body),) = answers_of(line)
    assert (status, json.loads(body)["code"]) == (413, "body_too_large")


@contextmanager
def writer_held(arena: Running) -> Iterator[None]:
    """Let the writer's thread wait in a write of its own until the block ends."""
    writer, release, held = arena.app.state.arena.writer, threading.Event(), threading.Event()

    def wait(_transaction: Any, requests: Sequence[Any]) -> list[Any]:
        held.set()
        assert release.wait(20)
        return [{}] * len(requests)

    writer._loop.call_soon_threadsafe(partial(writer.post, wait, None, lambda _answer: None, barrier=True))
    assert held.wait(10)
    try:
        yield
    finally:
        release.set()


def ballot_of(phone: Phone, code: str, what: str = "vote", **said: Any) -> bytes:
    body = json.dumps(said or {"choices": ["red"], "nonce": "n"}).encode()
    return (
        f"PUT /api/v1/sessions/{code}/rounds/1/{what} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {phone.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def end_of(code: str) -> bytes:
    return f"GET /api/v1/sessions/{code}/tally HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()


def test_what_is_asked_behind_a_vote_is_answered_behind_it(still_arena: Running, asked: list[str]) -> None:
    _, code, phone = opened(still_arena)
    still_arena.client().get(f"/api/v1/sessions/{code}/tally")
    asked.clear()
    tally = f"GET /api/v1/sessions/{code}/tally HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port_of(still_arena)), timeout=10) as line:
        with writer_held(still_arena):
            line.sendall(ballot_of(phone, code) + tally + ballot_of(phone, code, "likes", totals={"red": 4}))
            line.sendall(tally)
            time.sleep(0.2)
            line.setblocking(False)
            with pytest.raises(BlockingIOError):
                line.recv(1)
            line.settimeout(10)
        line.sendall(end_of(code))
        answers = [body for status, body in answers_of(line) if status == 200]
    assert [b'"receipt"' in answers[0], b'"clipped"' in answers[2]] == [True, True]
    assert [json.loads(answers[i])["tally"]["likes"] for i in (1, 3)] == [0, 4]
    assert len(answers) == 5
    # Only the vote was parsed with nothing before it.
    assert asked[0] == "GET tally"
    assert "PUT likes" in asked


def test_a_vote_whose_body_comes_later_is_handed_on_all_the_same(still_arena: Running, asked: list[str]) -> None:
    _, code, phone = opened(still_arena)
    asked.clear()
    vote = ballot_of(phone, code)
    with socket.create_connection(("127.0.0.1", port_of(still_arena)), timeout=10) as line:
        for i in (0, 40, len(vote) - 9):
            line.sendall(vote[i : {0: 40, 40: len(vote) - 9}.get(i, len(vote))])
            time.sleep(0.05)
        line.sendall(end_of(code))
        (vote_answer, _) = answers_of(line)
    assert (vote_answer[0], json.loads(vote_answer[1])["repeat"]) == (200, True)
    assert asked == ["GET tally"]


def test_one_who_leaves_before_the_answer_gives_its_place_back_and_its_vote_counts(arena: Running) -> None:
    crew, code, phone = opened(arena)
    other = arena.phone(code)
    with writer_held(arena), socket.create_connection(("127.0.0.1", port_of(arena)), timeout=10) as line:
        line.sendall(ballot_of(other, code, choices=["blue"], nonce="m"))
        eventually(lambda: arena.app.state.admission.in_flight == 1)
    eventually(lambda: arena.app.state.admission.in_flight == 0)
    assert crew.tally(code)["tally"]["votes"] == 2
    assert phone.vote("red", nonce="n").json()["repeat"] is True


def test_an_upgrade_behind_a_vote_that_waits_ends_the_line_and_not_the_vote(arena: Running) -> None:
    _, code, _ = opened(arena)
    phone = arena.phone(code)
    upgrade = (
        f"GET /ws/sessions/{code} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port_of(arena)), timeout=10) as line, writer_held(arena):
        line.sendall(ballot_of(phone, code, choices=["blue"], nonce="m"))
        eventually(lambda: arena.app.state.admission.in_flight == 1)
        line.sendall(upgrade.encode())
        with suppress(ConnectionError):
            assert line.recv(65_536) == b"", "no answer stands between frames"
    eventually(lambda: arena.app.state.admission.in_flight == 0)
    assert phone.vote("blue", nonce="m").json()["repeat"] is True


def test_a_service_that_ends_answers_the_vote_that_waits_and_closes_its_line(arena: Running) -> None:
    _, code, phone = opened(arena)
    with socket.create_connection(("127.0.0.1", port_of(arena)), timeout=10) as line:
        with writer_held(arena):
            line.sendall(ballot_of(phone, code))
            eventually(lambda: arena.app.state.admission.in_flight == 1)
            arena.server.should_exit = True
            time.sleep(0.3)
        assert [(status, json.loads(body)["repeat"]) for status, body in answers_of(line)] == [(200, True)]
    arena.stop()
