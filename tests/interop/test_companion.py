"""Bitfocus Companion's generic modules, by what they put on the wire, drive a whole session off docs/companion.md.

The requests were recorded from got 16.1.0 called as generic-http calls it; only names and values are filled in.
"""

import json
import re
import socket
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import connect

from tests.conftest import Process, Running, make_tokens
from tests.players import Line, votes_of
from tests.test_docs import table

PAGE = (Path(__file__).parents[2] / "docs" / "companion.md").read_text()
BUTTONS = table(PAGE, "button", "role", "method", "URI")
CREATED_MS = 1_795_176_000_000

HEAD = "{method} {path} HTTP/1.1\r\nuser-agent: got (https://github.com/sindresorhus/got)\r\n"
AUTHORIZATION = "authorization: Bearer {token}\r\n"
CONTENT = "content-type: {kind}\r\ncontent-length: {length}\r\n"
TAIL = "accept-encoding: gzip, deflate, br, zstd\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n"
FORMS = [
    ("POST", "application/json", "{}", "header"),
    ("PUT", "application/json", "{}", "header"),
    ("POST", "text/plain", "[object Object]", "header"),
    ("PUT", "application/x-www-form-urlencoded", "[object Object]", "query"),
    ("POST", "application/xml", "[object Object]", "query"),
]


def send(
    base_url: str, method: str, path: str, token: str, *, body: str = "", kind: str = "", by: str = "header"
) -> tuple[int, HTTPResponse, bytes]:
    """Put one request on the wire as the module does."""
    host = urlsplit(base_url).netloc
    if by == "query":
        path += f"{'&' if '?' in path else '?'}token={token}"
    raw = HEAD.format(method=method, path=path)
    raw += AUTHORIZATION.format(token=token) if by == "header" else ""
    raw += CONTENT.format(kind=kind, length=len(body.encode())) if kind else ""
    raw += TAIL.format(host=host) + body
    name, port = host.split(":")
    with socket.create_connection((name, int(port)), timeout=20) as line:
        line.sendall(raw.encode())
        answer = HTTPResponse(line, method=method)
        answer.begin()
        return answer.status, answer, answer.read()


def uri_of(cell: str) -> tuple[str, str]:
    """Return a row's URI and the body that it asks for, if any."""
    body = re.search(r"with the body `(.*)`", cell)
    return cell.split("`")[1] if not cell.startswith("``") else "", body[1] if body else ""


def state_of(process: Process, code: str, token: str) -> dict[str, Any]:
    status, _, content = send(process.base_url, "GET", f"/api/v1/sessions/{code}", token)
    assert status == 200
    document: dict[str, Any] = json.loads(content)
    return document


def test_item_19_generic_http_drives_a_whole_session(process: Process, tmp_path: Path) -> None:
    tokens = make_tokens(process.settings, CREATED_MS)
    process.log = tmp_path / "log"
    process.start()
    made = json.dumps({"contestants": [{"name": "王伟"}, {"name": "杨玭"}], "rounds": [{}, {}]})
    status, _, content = send(
        process.base_url, "POST", "/api/v1/sessions", tokens["admin"], body=made, kind="application/json"
    )
    assert status == 201
    code = json.loads(content)["code"]
    phases = []
    for button, role, method, cell in BUTTONS:
        uri, wanted = uri_of(cell)
        forms = [(method, "application/json", wanted, "header")] if wanted else FORMS
        # `next` is a step each time; all else may be pressed as often as one likes.
        for verb, kind, body, by in forms[:1] if uri == "/next" else forms * 2:
            path = f"/api/v1/sessions/{code}{uri}"
            status, _, content = send(process.base_url, verb, path, tokens[role], body=body, kind=kind, by=by)
            assert status == 200, (button, verb, kind, content)
            assert json.loads(content) == state_of(process, code, tokens["admin"]), (button, verb)
        state = state_of(process, code, tokens["admin"])
        phases.append((button, [each["phase"] for each in state["rounds"]], state["overlay"]["scene"], state["status"]))
    assert phases == [
        ("board on air", ["draft", "draft"], "board", "draft"),
        ("open round 1", ["open", "draft"], "board", "live"),
        ("pause", ["paused", "draft"], "board", "live"),
        ("resume", ["open", "draft"], "board", "live"),
        ("lock", ["locked", "draft"], "board", "live"),
        ("certify", ["locked", "draft"], "board", "live"),
        ("reveal", ["revealed", "draft"], "board", "live"),
        ("result on air", ["revealed", "draft"], "result", "live"),
        ("open round 2", ["revealed", "open"], "result", "live"),
        ("void round 2", ["revealed", "void"], "result", "live"),
        ("rerun round 2", ["revealed", "draft"], "result", "live"),
        ("next: open", ["revealed", "open"], "result", "live"),
        ("next: lock", ["revealed", "locked"], "result", "live"),
        ("next: reveal", ["revealed", "revealed"], "result", "live"),
        ("clear", ["revealed", "revealed"], "blank", "live"),
        ("end the session", ["revealed", "revealed"], "blank", "ended"),
    ]
    status, _, content = send(process.base_url, "GET", f"/api/v1/sessions/{code}/audit", tokens["admin"])
    done = [each["action"] for each in json.loads(content)["entries"]]
    assert done.count("open") == 3, "a repeat is no second command"
    process.end()
    written = process.log.read_text()
    assert written
    for token in tokens.values():
        assert token.split("_", 2)[2] not in written


def test_item_22_one_get_has_the_state_at_shallow_paths(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(rounds=[{}])
    crew.do(code, "open")
    arena.phone(code).vote("red")
    told = {
        "arena": f"/api/v1/sessions/{code}",
        "figures": f"/api/v1/sessions/{code}/feeds/flat.json",
    }
    paths = re.findall(r"\| `jsonpath\(\$\(custom:(\w+)\), '\$\.(.+?)'\)` \|", PAGE)
    assert len(paths) == 8
    found = {}
    for variable, path in paths:
        status, answer, content = send(arena.base_url, "GET", told[variable], arena.tokens["overlay"])
        assert status == 200
        assert answer.headers["content-type"].startswith("application/json")
        found[variable, path] = at(json.loads(content), re.sub(r"\[(\d+)\]", r".\1", path))
    assert found == {
        ("arena", "rounds[0].phase"): "open",
        ("arena", "next.command"): "lock",
        ("arena", "overlay.scene"): "board",
        ("arena", "status"): "live",
        ("figures", "phase"): "open",
        ("figures", "red_votes_text"): "1",
        ("figures", "blue_pct_text"): "0%",
        ("figures", "leader_name"): "王伟",
    }


def test_item_23_a_png_tile_by_address(arena: Running) -> None:
    code = arena.crew().make()
    for by in ("header", "query", "none"):
        path = f"/api/v1/sessions/{code}/feeds/tile.png?size=144"
        status, answer, content = send(arena.base_url, "GET", path, arena.tokens["overlay"], by=by)
        assert (status, answer.headers["content-type"]) == (200, "image/png")
        assert content.startswith(b"\x89PNG")
        assert int.from_bytes(content[16:20]) == int.from_bytes(content[20:24]) == 144


def at(message: Any, path: str) -> Any:
    """Read a dot path as the module's object-path does: a number is a place in a list."""
    for part in path.split("."):
        message = message[int(part)] if isinstance(message, list) else message[part]
    return message


def test_item_12_generic_websocket_reads_variables_and_may_say_anything(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(rounds=[{"visibility": "on_reveal"}])
    crew.do(code, "open")
    paths = [row[1].strip("`") for row in table(PAGE, "what", "JSON path")]
    assert len(paths) == 6
    url = f"{arena.ws_url}/ws/sessions/{code}?token={arena.tokens['overlay']}"
    with connect(url, proxy=None, ping_interval=None) as line:

        def tally(votes: dict[str, int]) -> dict[str, Any]:
            while True:
                said: dict[str, Any] = json.loads(line.recv(timeout=10))
                if said["type"] == "tally" and said["tally"] and votes_of(said) == votes:
                    return said

        first = tally({"red": 0, "blue": 0})
        assert [at(first, path) for path in paths] == ["open", "board", "0", "0%", 0, 0]
        for said in (b"\x00", "\r\n", '{"type":"open"}\r\n', '{"type":"tally"}', b"", "[1]\r\n", '"go"\r\n', "7\n\r"):
            line.send(said)
        line.send('{"type":"ping","id":"1"}\r\n')
        while json.loads(line.recv(timeout=10)).get("id") != "1":
            pass
        arena.phone(code).vote("blue")
        assert at(tally({"red": 0, "blue": 1}), "tally.choices.1.pct_text") == "100%"


def test_a_claimed_origin_costs_the_token(arena: Running) -> None:
    """As the module does with any User Agent but None: the origin has no port."""
    code = arena.crew().make()
    url = f"{arena.ws_url}/ws/sessions/{code}?token={arena.tokens['overlay']}"
    with connect(url, proxy=None, ping_interval=None, origin="http://127.0.0.1") as line:  # type: ignore[arg-type]
        assert Line(line).close_code() == 4403


def test_item_24_a_button_pressed_at_the_wrong_time_is_told_why(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    path = f"/api/v1/sessions/{code}"
    wrong = {
        f"{path}/rounds/1/reveal": 409,
        f"{path}/rounds/9/open": 404,
        f"{path}/overlay/dance": 422,
        "/api/v1/sessions/NOBODY/next": 404,
        f"{path}/dance": 404,
    }
    for each, status in wrong.items():
        for verb, kind, body, by in FORMS:
            got, answer, content = send(arena.base_url, verb, each, arena.admin_token, body=body, kind=kind, by=by)
            assert (got, answer.headers["content-type"].split(";")[0]) == (status, "application/problem+json"), each
            problem = json.loads(content)
            assert problem["status"] == status
            assert 0 < len(problem["title"]) <= 60
    status, _, content = send(arena.base_url, "POST", f"{path}/rounds/1/open", "arena_producer_no", by="query")
    assert (status, json.loads(content)["code"]) == (401, "token_invalid")
    assert crew.round(code)["phase"] == "draft"
