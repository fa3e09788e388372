"""What no honest client sends: each is refused as a problem with its own code, counts nothing, and never fails."""

import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import pytest

from tests.conftest import Running
from tests.players import Phone, likes_of, problem, votes_of

pytestmark = pytest.mark.edge

JSON = {"Content-Type": "application/json"}
TEN_MB = b"x" * 10_000_000


@pytest.fixture
def phone(arena: Running) -> Phone:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    return arena.phone(code)


def nothing_was_counted(arena: Running, code: str) -> None:
    crew = arena.crew()
    assert crew.do(code, "lock")["rounds"][0]["phase"] == "locked", "the service goes on"
    result = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/result").json()
    assert (votes_of(result), likes_of(result)) == ({"red": 0, "blue": 0}, {"red": 0, "blue": 0})


def paths(code: str) -> list[tuple[str, str]]:
    root = f"/api/v1/sessions/{code}"
    return [
        ("PUT", f"{root}/rounds/1/vote"),
        ("PUT", f"{root}/rounds/1/likes"),
        ("POST", f"{root}/join"),
        ("PATCH", root),
        ("POST", f"{root}/rounds"),
        ("PATCH", f"{root}/rounds/2"),
        ("POST", "/api/v1/sessions"),
        ("POST", "/api/v1/shows"),
        ("POST", "/api/v1/tokens"),
    ]


def each_client(arena: Running, phone: Phone) -> Iterator[tuple[httpx2.Client, str, str]]:
    admin = arena.crew().client
    for method, path in paths(phone.code):
        yield (phone.client if path.endswith(("vote", "likes", "join")) else admin), method, path


def test_malformed_json_is_400(arena: Running, phone: Phone) -> None:
    for client, method, path in each_client(arena, phone):
        for body in (
            b"{", b"[object Object]", b"{'choices': ['red']}", b'{"choices": ["red"]', b"\xff\xfe\x00", b"[" * 8_000,
            b'{"a":' * 1_300 + b"1" + b"}" * 1_300, b'{"n": ' + b"9" * 5_000 + b"}",
        ):  # fmt: skip
            problem(client.request(method, path, content=body, headers=JSON), 400, "malformed_json")
    nothing_was_counted(arena, phone.code)


def test_json_that_is_no_object_is_422(arena: Running, phone: Phone) -> None:
    for client, method, path in each_client(arena, phone):
        for body in (b"[]", b"null", b'"red"', b"1", b"true"):
            if path.endswith("/join") and body == b"null":
                continue  # a join may be empty
            refused = problem(client.request(method, path, content=body, headers=JSON), 422, "invalid_request")
            assert refused["errors"]
    nothing_was_counted(arena, phone.code)


def test_a_body_of_another_type_is_422(arena: Running, phone: Phone) -> None:
    for content_type in (None, "text/plain", "application/xml", "application/x-www-form-urlencoded"):
        headers = {"Content-Type": content_type} if content_type else {}
        for kind, body in (("vote", b'{"choices": ["red"]}'), ("likes", b'{"totals": {"red": 3}}')):
            path = f"/api/v1/sessions/{phone.code}/rounds/1/{kind}"
            problem(phone.client.put(path, content=body, headers=headers), 422, "invalid_request")
    nothing_was_counted(arena, phone.code)


def test_a_ballot_of_the_wrong_form_is_422(arena: Running, phone: Phone) -> None:
    path = f"/api/v1/sessions/{phone.code}/rounds/1/vote"
    for body in (
        {}, {"choices": None}, {"choices": "red"}, {"choices": {"red": 1}}, {"choices": [1]}, {"choices": [None]},
        {"choices": [["red"]]}, {"choices": ["x" * 65]}, {"choices": ["red"] * 65}, {"choices": ["red"], "nonce": 5},
        {"choices": ["red"], "nonce": "n" * 65}, {"choices": ["red"], "nonce": "密"},
        {"choices": ["red"], "nonce": "a\nb"},
    ):  # fmt: skip
        refused = problem(phone.client.put(path, json=body), 422, "invalid_request")
        assert all(each.keys() == {"field", "message"} for each in refused["errors"])
    nothing_was_counted(arena, phone.code)


def test_what_no_text_can_hold_is_422(arena: Running, phone: Phone) -> None:
    lone = b'"\\ud800"'
    admin = arena.crew().client
    root = f"/api/v1/sessions/{phone.code}"
    for client, method, path, body in (
        (phone.client, "PUT", f"{root}/rounds/1/vote", b'{"choices": [%s]}' % lone),
        (phone.client, "PUT", f"{root}/rounds/1/vote", b'{"choices": ["red"], "nonce": %s}' % lone),
        (phone.client, "PUT", f"{root}/rounds/1/likes", b'{"totals": {%s: 1}}' % lone),
        (phone.client, "POST", f"{root}/join", b'{"channel": %s}' % lone),
        (admin, "PATCH", root, b'{"title": %s}' % lone),
        (admin, "POST", "/api/v1/sessions", b'{"contestants": [{"name": %s}, {"name": "b"}]}' % lone),
        (admin, "POST", "/api/v1/tokens", b'{"role": "admin", "name": %s}' % lone),
    ):
        problem(client.request(method, path, content=body, headers=JSON), 422, "invalid_request")
    nothing_was_counted(arena, phone.code)


@pytest.mark.parametrize("declared", [True, False], ids=["with its length", "chunked"])
def test_a_body_of_ten_megabytes_is_413(arena: Running, phone: Phone, declared: bool) -> None:
    for client, method, path in each_client(arena, phone):
        content = TEN_MB if declared else iter([TEN_MB[:65_536]] * 160)
        problem(client.request(method, path, content=content, headers=JSON), 413, "body_too_large")
    nothing_was_counted(arena, phone.code)


def test_a_phones_body_is_bounded_at_8_kib_and_a_producers_at_1_mib(arena: Running, phone: Phone) -> None:
    path = f"/api/v1/sessions/{phone.code}/rounds/1/vote"

    def vote_of(size: int) -> bytes:
        return b'{"choices": ["red"]}'.ljust(size)

    assert phone.client.put(path, content=vote_of(8_192), headers=JSON).status_code == 200
    problem(phone.client.put(path, content=vote_of(8_193), headers=JSON), 413, "body_too_large")
    problem(phone.client.put(path, content=iter([vote_of(8_193)]), headers=JSON), 413, "body_too_large")
    admin = arena.crew().client
    root = f"/api/v1/sessions/{phone.code}"
    assert admin.patch(root, content=b'{"topic": "x"}'.ljust(1_048_576), headers=JSON).status_code == 200
    problem(admin.patch(root, content=b'{"topic": "x"}'.ljust(1_048_577), headers=JSON), 413, "body_too_large")


def test_a_command_survives_ten_megabytes(arena: Running, phone: Phone) -> None:
    client = arena.crew().client
    path = f"/api/v1/sessions/{phone.code}/rounds/1/pause"
    problem(client.post(path, content=TEN_MB), 413, "body_too_large")
    # Without a length nobody reads it: any body is ignored.
    assert client.post(path, content=iter([TEN_MB[:65_536]] * 160)).status_code == 200
    assert arena.crew().session(phone.code)["rounds"][0]["phase"] == "paused"


def test_a_wrong_method_is_405(arena: Running, phone: Phone) -> None:
    root = f"/api/v1/sessions/{phone.code}"
    client = arena.crew().client
    for method, path in (
        ("DELETE", "/api/v1/sessions"), ("PUT", root), ("POST", f"{root}/tally"), ("GET", f"{root}/rounds/1/open"),
        ("POST", f"{root}/rounds/1/vote"), ("GET", f"{root}/rounds/1/likes"), ("DELETE", f"{root}/next"),
        ("PATCH", "/healthz"), ("POST", f"{root}/events"), ("DELETE", f"/v/{phone.code}"), ("PUT", "/console"),
        ("PROPFIND", f"{root}/tally"),
    ):  # fmt: skip
        response = client.request(method, path)
        problem(response, 405, "method_not_allowed")
        assert response.headers["allow"]
    nothing_was_counted(arena, phone.code)


def test_an_unknown_path_is_404(arena: Running) -> None:
    code = arena.crew().make()
    client = arena.client()
    for path in (
        "/nothing", "/api", "/api/v1", "/api/v2/sessions", f"/api/v1/sessions/{code}/nothing", "/api/v1/rounds/1/open",
        f"/api/v1/sessions/{code}/rounds/1/explode", "/pages/", "/pages/nothing.js", "/pages/../main.py",
        "/pages/%2e%2e/main.py", "/pages/..%2f..%2fpyproject.toml", "/pages/%00", "/pages/phone%00/index.html",
        "/pages//etc/passwd", "/pages/" + "a" * 5_000, "/v/", "/%ff",
    ):  # fmt: skip
        problem(client.get(path), 404, "not_found")


def test_an_unknown_code_is_404_wherever_it_stands(arena: Running) -> None:
    crew = arena.crew()
    crew.make()
    for code in (
        "NOSUCH", "x", "A" * 13, "A" * 4_000, "先锋擂台", "😀😀😀😀", "ß", "ﬁ", "İ", "%00", "%ff%fe", "a%20b",
        "%0d%0aX-Evil:1", "..%5c..", "'; DROP TABLE arena_session; --", "%25", "{code}",
    ):  # fmt: skip
        root = f"/api/v1/sessions/{code}"
        for method, path in (
            ("GET", root), ("GET", f"{root}/tally"), ("GET", f"{root}/events"), ("GET", f"{root}/report"),
            ("GET", f"{root}/qr.svg"), ("GET", f"{root}/rounds/1/result"), ("GET", f"{root}/rounds/1/ledger"),
            ("GET", f"{root}/audit"), ("POST", f"{root}/join"), ("POST", f"{root}/next"),
            ("POST", f"{root}/rounds/1/open"), ("PUT", f"{root}/overlay/qr"), ("PATCH", root),
        ):  # fmt: skip
            response = crew.client.request(method, path, **({"json": {}} if method == "PATCH" else {}))
            refused = problem(response, 404, "session_not_found")
            assert len(refused["detail"]) < 200
            assert "x-evil" not in response.headers
    assert len(crew.client.get("/api/v1/sessions").json()["sessions"]) == 1


def test_a_slash_within_a_code_is_another_path(arena: Running) -> None:
    code = arena.crew().make()
    client = arena.client()
    problem(client.get(f"/api/v1/sessions/{code}%2f..%2f/tally"), 404, "not_found")
    problem(client.get("/api/v1/sessions/%2f%2f/tally"), 404, "not_found")


def test_a_round_number_that_is_none_is_422(arena: Running, phone: Phone) -> None:
    crew = arena.crew()
    for number in ("0", "-1", "1001", "9" * 30, "one", "1e0", "%31%00", "１x"):
        root = f"/api/v1/sessions/{phone.code}/rounds/{number}"
        problem(crew.client.post(f"{root}/open"), 422, "invalid_request")
        problem(crew.client.get(f"{root}/result"), 422, "invalid_request")
        problem(phone.client.put(f"{root}/vote", json={"choices": ["red"]}), 422, "invalid_request")


def test_a_query_that_is_not_understood_is_422(arena: Running, phone: Phone) -> None:
    client = arena.crew().client
    root = f"/api/v1/sessions/{phone.code}"
    for path in (f"{root}/qr.svg?channel=A%20B", f"{root}/audit?after=-1", f"{root}/audit?limit=501",
                 f"{root}/audit?after=x", f"{root}/qr.svg?channel=" + "x" * 33):  # fmt: skip
        problem(client.get(path), 422, "invalid_request")


def answers_of_each_parameter(
    arena: Running, code: str, wanted: Callable[[dict[str, Any]], Any]
) -> Iterator[tuple[str, httpx2.Response]]:
    """Call what reads or deletes, each time with one parameter as `wanted` says by its schema, the others as they are
    meant; None passes one over.
    """
    client = arena.crew().client
    client.post("/api/v1/shows/pioneer-arena/seasons", json={"season": "2017", "name": "2017"})
    meant = {"code": code, "show": "pioneer-arena", "season": "2017"}
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        if path.endswith("/events"):
            continue  # it never ends
        for method in sorted(operations.keys() & {"get", "delete"}):
            parameters = [each for each in operations[method].get("parameters", []) if each["in"] != "header"]
            for odd in parameters:
                schemas = [each for each in (odd["schema"], *odd["schema"].get("anyOf", [])) if "type" in each]
                value = wanted(schemas[0]) if schemas else None
                if value is None:
                    continue
                values = {each["name"]: meant.get(each["name"], "1") for each in parameters} | {odd["name"]: value}
                address = path.format(**{name: quote(str(each), safe="") for name, each in values.items()})
                query = {odd["name"]: value} if odd["in"] == "query" else {}
                yield f"{method} {path} {odd['name']}", client.request(method, address, params=query)


def test_greatest_number_that_a_call_takes_is_none_too_great_for_the_database(arena: Running, phone: Phone) -> None:
    failed, called = [], 0
    for what, answer in answers_of_each_parameter(arena, phone.code, lambda schema: schema.get("maximum")):
        called += 1
        if answer.status_code >= 500:
            failed.append(f"{what}: {answer.status_code}")
    assert failed == []
    assert called > 20


def test_zero_byte_in_an_address_is_no_fault(arena: Running, phone: Phone) -> None:
    failed, called = [], 0

    def zero(schema: dict[str, Any]) -> str | None:
        return "a\0b" if schema["type"] == "string" else None

    for what, answer in answers_of_each_parameter(arena, phone.code, zero):
        called += 1
        if answer.status_code not in (401, 403, 404, 422):
            failed.append(f"{what}: {answer.status_code}")
    assert failed == []
    assert called > 20


@pytest.mark.parametrize("sign", ["\0", "\x07", "\x0b", "\x1f", "\x7f"])
def test_control_character_in_a_text_is_refused_by_its_field(arena: Running, phone: Phone, sign: str) -> None:
    admin, root, show = arena.crew().client, f"/api/v1/sessions/{phone.code}", "/api/v1/shows/pioneer-arena"
    odd = f"a{sign}b"
    visit = {"contestant": "red", "organisation": odd, "name": "某", "phone": "0512-12345"}
    gala = {"contestants": [{"name": "x"}, {"name": odd}]}
    for client, method, path, body, field in (
        (arena.client(), "POST", f"{root}/visits", visit, "organisation"),
        (arena.client(), "POST", f"{root}/join", {"ticket": odd}, "ticket"),
        (phone.client, "PUT", f"{root}/rounds/1/vote", {"choices": ["red", odd]}, "choices"),
        (phone.client, "PUT", f"{root}/rounds/1/likes", {"totals": {odd: 1}}, "totals"),
        (admin, "POST", f"{show}/people", {"name": odd}, "name"),
        (admin, "POST", "/api/v1/shows", {"name": odd}, "name"),
        (admin, "POST", "/api/v1/sessions", gala, "contestants.1.name"),
        (admin, "PATCH", root, {"topic": odd}, "topic"),
        (admin, "POST", "/api/v1/tokens", {"role": "admin", "name": odd}, "name"),
        (admin, "POST", f"{root}/external", {"statement": {"a": [{odd: 1}]}, "signature": "0" * 128}, "statement"),
    ):
        refused = problem(client.request(method, path, json=body), 422, "invalid_request")
        assert (refused["errors"][0]["field"], "control" in refused["detail"]) == (field, True), (path, refused)
    for given in ({"params": {"reason": odd}}, {"json": {"reason": odd}}):
        problem(admin.post(f"{root}/rounds/1/void", **given), 422, "invalid_request")
    assert "control" in problem(admin.get(f"{show}/people", params={"q": odd}), 422, "invalid_request")["detail"]
    nothing_was_counted(arena, phone.code)


def test_a_text_may_have_lines_and_tabs(arena: Running, phone: Phone) -> None:
    message = "第一行\r\n第二行\t末"
    visit = {"contestant": "red", "organisation": "某", "name": "某", "phone": "0512-12345", "message": message}
    assert arena.client().post(f"/api/v1/sessions/{phone.code}/visits", json=visit).status_code == 201
    assert arena.crew().client.get(f"/api/v1/sessions/{phone.code}/visits/1").json()["message"] == message


def test_what_is_no_http_at_all_harms_nobody(arena: Running, phone: Phone) -> None:
    host = urlsplit(arena.base_url)
    for nonsense in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"PUT /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"\r\n\r\n\r\n",
    ):
        with socket.create_connection((host.hostname or "", host.port or 0), timeout=5) as line:
            line.sendall(nonsense)
            line.shutdown(socket.SHUT_WR)
            try:
                answer = line.recv(4_096)
            except ConnectionResetError:
                answer = b""
            assert not answer.startswith(b"HTTP/1.1 5")
    assert phone.vote("red").status_code == 200
