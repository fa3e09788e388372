"""Who may do what, with which token, and that no token is ever written where others read."""

import contextlib
import signal
import sqlite3
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from app.logs import strike_secrets
from app.settings import Settings
from tests.conftest import FakeClock, Process, Running, make_tokens
from tests.players import BOUT, Crew, Line, problem
from tests.servers import of_sqlite

pytestmark = pytest.mark.edge

ROLES = ["producer", "director", "scrutineer", "overlay", "admin"]

# The table of docs/api.md, by hand: verb → who may.
MAY = {
    "read": {"producer", "director", "scrutineer", "overlay"},
    "edit": {"producer"},
    "open": {"producer"},
    "pause": {"producer"},
    "resume": {"producer"},
    "lock": {"producer"},
    "next": {"producer", "director"},
    "reveal": {"director"},
    "overlay": {"director"},
    "panic": {"producer", "director"},
    "certify": {"scrutineer"},
    "void": {"scrutineer"},
    "rerun": {"scrutineer"},
    "correct": {"producer", "scrutineer"},
    "audit": {"producer", "director", "scrutineer"},
    "tokens": set(),
    "visits": {"producer", "director"},
}
BEFORE = {"pause": ["open"], "resume": ["open", "pause"], "lock": ["open"], "reveal": ["open", "lock"],
          "certify": ["open", "lock"], "void": ["open"], "rerun": ["open", "lock"]}  # fmt: skip


def uses(admin: Crew) -> list[tuple[str, Callable[[httpx2.Client], httpx2.Response]]]:
    """List each verb with calls that need it, in a session where an allowed caller succeeds."""
    calls: list[tuple[str, Callable[[httpx2.Client], httpx2.Response]]] = []

    def add(verb: str, method: str, path: str, **request: Any) -> None:
        calls.append((verb, lambda client: client.request(method, path, **request)))

    for verb in ("open", "pause", "resume", "lock", "reveal", "certify", "void", "rerun"):
        code = admin.make(rounds=[{}])
        admin.do(code, *BEFORE.get(verb, []))
        add(verb, "POST", f"/api/v1/sessions/{code}/rounds/1/{verb}", params={"reason": "试"})
    code = admin.make()
    add("read", "GET", "/api/v1/sessions")
    add("edit", "POST", "/api/v1/sessions", json=BOUT)
    add("edit", "POST", "/api/v1/shows", json={"name": "x"})
    add("edit", "PATCH", f"/api/v1/sessions/{code}", json={"title": "x"})
    add("edit", "POST", f"/api/v1/sessions/{code}/rounds", json={})
    add("edit", "PATCH", f"/api/v1/sessions/{code}/rounds/2", json={"title": "x"})
    add("edit", "DELETE", f"/api/v1/sessions/{admin.make()}/rounds/2")
    locked = admin.make()
    admin.do(locked, "open", "lock")
    correction = {"kind": "void_channel", "subject": "web", "reason": "试"}
    add("correct", "POST", f"/api/v1/sessions/{locked}/rounds/1/corrections", json=correction)
    key = "ab" * 32
    add("certify", "PUT", f"/api/v1/sessions/{code}/sources/sms", json={"name": "短信", "public_key": key})
    add("audit", "GET", f"/api/v1/sessions/{code}/audit/export")
    add("tokens", "GET", "/api/v1/audit")
    for each in ("overlay/qr", "preview/qr", "take", "clear", "panic/release"):
        add("overlay", "PUT", f"/api/v1/sessions/{code}/{each}")
    add("panic", "PUT", f"/api/v1/sessions/{admin.make()}/panic")
    add("audit", "GET", f"/api/v1/sessions/{code}/audit")
    add("audit", "GET", f"/api/v1/sessions/{code}/air")
    add("tokens", "GET", "/api/v1/tokens")
    add("visits", "GET", f"/api/v1/sessions/{code}/visits")
    add("tokens", "POST", "/api/v1/tokens", json={"role": "overlay"})
    spare = admin.client.post("/api/v1/tokens", json={"role": "overlay"}).json()["id"]
    add("tokens", "DELETE", f"/api/v1/tokens/{spare}")
    return calls


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_the_table_says_and_nothing_else(arena: Running, role: str) -> None:
    client = arena.crew(role).client
    for verb, call in uses(arena.crew()):
        response = call(client)
        if role == "admin" or role in MAY[verb]:
            assert response.status_code in (200, 201, 204), (verb, response.text)
        else:
            assert problem(response, 403, "wrong_role")["role"] == role


@pytest.mark.parametrize("role", ROLES)
def test_a_token_says_what_its_bearer_can_do(arena: Running, role: str) -> None:
    me = arena.crew(role).client.get("/api/v1/me").json()
    assert (me["kind"], me["role"], me["name"], me["session"]) == ("access", role, f"test {role}", None)
    assert set(me["can"]) == {verb for verb, roles in MAY.items() if role == "admin" or role in roles}


def test_a_phone_and_a_stranger_may_command_nothing(arena: Running) -> None:
    admin = arena.crew()
    phone = arena.phone(admin.make())
    assert phone.client.get("/api/v1/me").json() == {
        "kind": "device", "role": None, "name": None, "can": [], "session": phone.code, "channel": "web",
        "expires_at_ms": phone.client.get("/api/v1/me").json()["expires_at_ms"],
    }  # fmt: skip
    stranger = arena.client()
    for _, call in uses(admin):
        problem(call(phone.client), 403, "wrong_role")
        response = call(stranger)
        problem(response, 401, "token_missing")
        assert response.headers["www-authenticate"] == "Bearer"
    problem(stranger.get("/api/v1/me"), 401, "token_missing")


def test_a_token_travels_in_the_header_or_the_query(arena: Running) -> None:
    code = arena.crew().make()
    path = f"/api/v1/sessions/{code}/rounds/1"
    stranger = arena.client()
    token = arena.tokens["producer"]
    assert stranger.post(f"{path}/open", params={"token": token}).status_code == 200
    assert stranger.post(f"{path}/pause", headers={"Authorization": f"bearer {token}"}).status_code == 200
    # The header is the stronger word, so that a link cannot take a signed-in page's place.
    both = stranger.post(f"{path}/resume", params={"token": token}, headers={"Authorization": "Bearer nonsense"})
    problem(both, 401, "token_invalid")
    problem(stranger.post(f"{path}/resume", headers={"Authorization": f"Basic {token}"}), 401, "token_missing")
    problem(stranger.post(f"{path}/resume", params={"token": "x" * 513}), 422, "invalid_request")


@pytest.mark.parametrize(
    "token", ["nonsense", "arena_admin_", "arena_admin_" + "A" * 32, "d1~X~web~y~1.sig", "é", "a.b.c", ".", "x" * 4_000]
)
def test_a_token_that_is_none_is_refused_also_where_none_is_needed(arena: Running, token: str) -> None:
    code = arena.crew().make()
    client = arena.client()
    headers = {b"Authorization": f"Bearer {token}".encode()}
    for path in (f"/api/v1/sessions/{code}", f"/api/v1/sessions/{code}/tally", "/api/v1/me"):
        response = client.get(path, headers=headers)
        problem(response, 401, "token_invalid")
        assert token == "." or token not in response.text


def test_a_revoked_token_is_refused_from_then_on(arena: Running) -> None:
    admin = arena.crew().client
    made = admin.post("/api/v1/tokens", json={"role": "producer", "name": "李导"})
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    token = made.json()
    client = arena.client(token["token"])
    assert client.get("/api/v1/me").json()["name"] == "李导"
    assert admin.delete(f"/api/v1/tokens/{token['id']}").status_code == 204
    problem(client.get("/api/v1/me"), 401, "token_invalid")
    problem(client.post("/api/v1/sessions", json=BOUT), 401, "token_invalid")
    assert admin.delete(f"/api/v1/tokens/{token['id']}").status_code == 204, "once more is already true"
    problem(admin.delete("/api/v1/tokens/999999"), 404, "token_not_found")
    listed = next(each for each in admin.get("/api/v1/tokens").json()["tokens"] if each["id"] == token["id"])
    assert (listed["role"], listed["name"], listed["revoked_at_ms"] is not None) == ("producer", "李导", True)


def test_a_token_expires_after_its_hours(still_arena: Running, clock: FakeClock) -> None:
    admin = still_arena.crew().client
    made = admin.post("/api/v1/tokens", json={"role": "director", "hours": 2}).json()
    assert made["expires_at_ms"] == clock.now_ms() + 2 * 3_600_000
    client = still_arena.client(made["token"])
    clock.forward(2 * 3_600_000 - 1)
    assert client.get("/api/v1/me").json()["expires_at_ms"] == made["expires_at_ms"]
    clock.forward(1)
    problem(client.get("/api/v1/me"), 401, "token_expired")
    for bad in ({"role": "king"}, {"role": "admin", "hours": 0}, {"role": "admin", "hours": 9_601}, {},
                {"role": "admin", "name": "长" * 81}, {"role": "admin", "session": "A B"}):  # fmt: skip
        problem(admin.post("/api/v1/tokens", json=bad), 422, "invalid_request")
    problem(admin.post("/api/v1/tokens", json={"role": "admin", "session": "NOSUCH"}), 404, "session_not_found")


def test_a_token_for_one_session_reaches_no_other(arena: Running) -> None:
    admin = arena.crew()
    mine, other = admin.make(rounds=[{"visibility": "on_reveal"}]), admin.make(rounds=[{"visibility": "on_reveal"}])
    body = {"role": "admin", "session": mine.lower()}
    made = admin.client.post("/api/v1/tokens", json=body).json()
    crew = Crew(arena.client(made["token"]))
    assert made["session"] == mine
    assert crew.client.get("/api/v1/me").json()["session"] == mine
    assert crew.say(mine.lower(), "open").status_code == 200
    root = f"/api/v1/sessions/{other}"
    for method, path in (
        ("POST", f"{root}/rounds/1/open"), ("POST", f"{root}/next"), ("PATCH", root), ("PUT", f"{root}/overlay/qr"),
        ("POST", f"{root}/rounds"), ("DELETE", f"{root}/rounds/1"), ("GET", f"{root}/audit"),
        ("POST", "/api/v1/sessions"), ("POST", "/api/v1/shows"), ("GET", "/api/v1/tokens"),
        ("DELETE", "/api/v1/tokens/1"),
    ):  # fmt: skip
        json = BOUT if path.endswith("sessions") else {"name": "x"}
        problem(crew.client.request(method, path, json=json), 403, "wrong_session")
    problem(crew.client.post("/api/v1/tokens", json={"role": "overlay"}), 403, "wrong_session")
    assert crew.client.post("/api/v1/tokens", json={"role": "overlay", "session": mine}).status_code == 201
    assert [each["code"] for each in crew.client.get("/api/v1/sessions").json()["sessions"]] == [mine]
    # Of another session it sees what everybody sees.
    assert (crew.tally(mine)["view"], crew.tally(other)["view"], crew.tally(other)["tally"]) == (
        "staff",
        "public",
        None,
    )
    with Line.opened(arena.ws_url, other, token=made["token"]) as line:
        line.say(type="heartbeat", client="overlay", scene="board", version=1, fps=60)
        assert {each["view"] for each in line.everything() if each["type"] == "tally"} == {"public"}
    assert admin.tally(other)["staff"]["overlays"] == []
    assert admin.round(other)["phase"] == "draft"


@of_sqlite
def test_a_token_stands_nowhere_in_the_database_or_the_audit_log(arena: Running) -> None:
    admin = arena.crew()
    code = admin.make()
    made = admin.client.post("/api/v1/tokens", json={"role": "producer", "session": code}).json()["token"]
    Crew(arena.client(made)).do(code, "open")
    phone = arena.phone(code)
    phone.vote("red", nonce="mine")
    with sqlite3.connect(arena.data_dir / "arena.db") as database:
        written = "\n".join(database.iterdump())
    database.close()
    device = phone.token.split("~")[3]
    for secret in (made, made.removeprefix("arena_producer_"), arena.admin_token, phone.token, device):
        assert secret not in written
        assert secret not in admin.client.get(f"/api/v1/sessions/{code}/audit").text
        assert secret not in admin.client.get("/api/v1/tokens").text


def test_no_token_stands_in_the_log_of_the_service(settings: Settings, process: Process) -> None:
    tokens = make_tokens(settings, 1_795_176_000_000)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    process.log = settings.data_dir / "log"
    process.start()
    with httpx2.Client(base_url=process.base_url, timeout=20, trust_env=False, verify=False) as client:
        admin = Crew(client)
        client.headers["Authorization"] = f"Bearer {tokens['admin']}"
        code = admin.make()
        admin.do(code, "open")
        del client.headers["Authorization"]
        phone = client.post(f"/api/v1/sessions/{code}/join").json()["token"]
        forged = "arena_admin_" + "F" * 32
        for token in (tokens["admin"], phone, forged, phone[:-1]):
            for path in (
                "/api/v1/me",
                f"/api/v1/sessions/{code}/tally",
                "/nothing",
                f"/api/v1/sessions/{code}/rounds/x/open",
            ):
                client.get(path, params={"token": token})
                client.post(path, params={"token": token})
            socket = f"{process.base_url.replace('http', 'ws')}/ws/sessions/{code}?token={token}"
            with (
                contextlib.suppress(ConnectionClosed),
                connect(socket, proxy=None, ping_interval=None, close_timeout=1) as line,
            ):
                line.recv()
                line.send('{"type": []')
    process.end(signal.SIGTERM)
    log = process.log.read_text()
    for token in (*tokens.values(), phone, forged):
        assert token not in log
        assert token[-12:] not in log


def test_a_token_in_any_text_of_the_log_is_struck_out() -> None:
    for secret, text in (
        ("Abc-1_23", "refused arena_director_Abc-1_23 here"),
        ("Abc123", "GET /api/v1/me?token=Abc123&x=1"),
        ("K7M2QP~web~9f~1.Sig-_", "bearer d1~K7M2QP~web~9f~1.Sig-_ gone"),
    ):
        struck = strike_secrets(None, "error", {"event": text, "path": text, "count": 3})
        assert secret not in str(struck)
        assert struck["count"] == 3
        assert len(struck["event"]) > 5
