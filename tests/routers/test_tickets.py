"""Single-use tickets: made once, redeemed once, the same voter on every phone, their secrets nowhere."""

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest

from tests.conftest import Running
from tests.files import files_with
from tests.players import Crew, Phone, problem, votes_of
from tests.routers.qr_reading import modules_of, read_qr
from tests.servers import of_sqlite

pytestmark = pytest.mark.edge

CHANNELS = [
    {"key": "web", "name": "网页"},
    {"key": "hall", "name": "现场", "identity": "ticket"},
    {"key": "panel", "name": "大众评审", "identity": "ticket"},
]
FORM = re.compile(r"[2-9A-HJKMNP-TW-Z]{5}-[2-9A-HJKMNP-TW-Z]{5}")


def made(crew: Crew, code: str, channel: str = "hall", count: int = 1, **fields: Any) -> dict[str, Any]:
    body = {"channel": channel, "count": count, **fields}
    answer = crew.client.post(f"/api/v1/sessions/{code}/tickets", json=body)
    assert answer.status_code == 201, answer.text
    sheet: dict[str, Any] = answer.json()
    return sheet


def join(client: httpx2.Client, code: str, **fields: Any) -> httpx2.Response:
    return client.post(f"/api/v1/sessions/{code}/join", json=fields)


def redeemed(arena: Running, code: str, secret: str, **fields: Any) -> Phone:
    client = arena.client()
    answer = join(client, code, ticket=secret, **fields)
    assert answer.status_code == 200, answer.text
    token = answer.json()["token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return Phone(client, code, token)


def sheets_of(crew: Crew, code: str) -> dict[str, dict[str, Any]]:
    answer = crew.client.get(f"/api/v1/sessions/{code}/tickets")
    assert answer.status_code == 200, answer.text
    return {each["sheet"]: each for each in answer.json()["sheets"]}


def test_sheet_is_made_with_secrets_addresses_and_codes_to_scan(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(channels=CHANNELS)
    sheet = made(crew, code, count=30, sheet="A 区")
    assert (sheet["sheet"], sheet["channel"]) == ("A 区", "hall")
    assert [each["number"] for each in sheet["tickets"]] == list(range(1, 31))
    secrets = {each["secret"] for each in sheet["tickets"]}
    assert len(secrets) == 30
    for each in sheet["tickets"]:
        assert FORM.fullmatch(each["secret"])
        assert each["url"] == f"{arena.base_url}/v/{code}#t={each['secret'].replace('-', '')}"
        picture = unquote(each["qr"].removeprefix("data:image/svg+xml;charset=utf-8,"))
        # Four modules of quiet zone: nothing is drawn before column and row 4.
        assert re.search(r"<path[^>]* d='M4 4\.5h7", picture)
    assert [each["number"] for each in made(crew, code, count=2, sheet="A 区")["tickets"]] == [31, 32]
    assert made(crew, code, "panel")["sheet"] == "panel-2"
    assert sheets_of(crew, code)["A 区"] | {"created_at_ms": 0} == {
        "sheet": "A 区", "channel": "hall", "made": 32, "used": 0, "void": 0, "last": 32, "created_at_ms": 0,
    }  # fmt: skip


def test_code_of_a_ticket_can_be_read_by_a_phone(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(channels=CHANNELS)
    ticket = made(crew, code)["tickets"][0]
    picture = unquote(ticket["qr"].partition(",")[2]).replace("'", '"').encode()
    assert read_qr(modules_of(picture)) == ("M", ticket["url"])


def test_ticket_is_good_for_one_vote_by_its_channel(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(channels=CHANNELS)
    crew.do(code, "open")
    hall, panel = made(crew, code)["tickets"][0], made(crew, code, "panel")["tickets"][0]
    phone = redeemed(arena, code, hall["secret"])
    assert phone.vote("red").json()["channel"] == "hall"
    # The ticket's channel counts, whatever is asked for; and however it is typed.
    typed = f" {panel['secret'].lower().replace('-', '')} "
    assert redeemed(arena, code, typed, channel="web").vote("blue").json()["channel"] == "panel"
    crew.do(code, "lock", "reveal")
    channels = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/result").json()["channels"]
    assert {key: each["turnout"] for key, each in channels.items()} == {"hall": 1, "panel": 1}


def test_channel_takes_nobody_without_a_ticket(arena: Running) -> None:
    code = arena.crew().make(channels=CHANNELS)
    refusal = problem(join(arena.client(), code, channel="hall"), 403, "ticket_required")
    assert refusal["channel"] == "hall"
    assert join(arena.client(), code).json()["channel"] == "web"


def test_where_every_channel_takes_tickets_one_is_needed(arena: Running) -> None:
    code = arena.crew().make(channels=CHANNELS[1:])
    problem(join(arena.client(), code), 403, "ticket_required")


def test_second_phone_with_a_used_ticket_is_told_when_it_was_used(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(channels=CHANNELS)
    secret = made(crew, code)["tickets"][0]["secret"]
    first = join(arena.client(), code, ticket=secret, nonce="mine")
    refusal = problem(join(arena.client(), code, ticket=secret, nonce="another"), 409, "ticket_used")
    assert abs(refusal["used_at_ms"] - first.json()["server_time_ms"]) < 5_000
    assert re.search(r"at \d\d:\d\d ", refusal["detail"])
    problem(join(arena.client(), code, ticket=secret), 409, "ticket_used")


def test_phone_that_used_it_is_answered_again_by_its_nonce_or_its_token(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(channels=CHANNELS)
    secret = made(crew, code)["tickets"][0]["secret"]
    first = join(arena.client(), code, ticket=secret, nonce="mine").json()["token"]
    assert join(arena.client(), code, ticket=secret, nonce="mine").json()["token"] == first
    assert join(arena.client(first), code, ticket=secret, nonce="forgotten").json()["token"] == first
    assert sheets_of(crew, code)["hall-1"]["used"] == 1
    # A retry is answered also after the end; a new use is not.
    other = made(crew, code)["tickets"][0]["secret"]
    crew.client.patch(f"/api/v1/sessions/{code}", json={"status": "ended"})
    assert join(arena.client(), code, ticket=secret, nonce="mine").json()["token"] == first
    problem(join(arena.client(), code, ticket=other), 409, "session_ended")


def test_of_many_phones_with_one_ticket_at_once_exactly_one_gets_in(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(channels=CHANNELS)
    secret = made(crew, code)["tickets"][0]["secret"]
    clients = [arena.client() for _ in range(16)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda i: join(clients[i], code, ticket=secret, nonce=f"phone {i}"), range(16)))
    assert sorted(each.status_code for each in answers) == [200] + [409] * 15


def test_free_phone_that_brings_a_ticket_becomes_the_tickets_voter(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(channels=CHANNELS)
    phone = arena.phone(code)
    joined = join(phone.client, code, ticket=made(crew, code)["tickets"][0]["secret"]).json()
    assert (joined["channel"], joined["identity"]) == ("hall", "ticket")
    assert joined["token"] != phone.token


@pytest.mark.parametrize("given", ["AAAAA-AAAAA", "x", "~~~~", "0000000000"])
def test_unknown_ticket_is_404_and_so_is_another_sessions(arena: Running, given: str) -> None:
    crew = arena.crew()
    code, other = crew.make(channels=CHANNELS), crew.make(channels=CHANNELS)
    problem(join(arena.client(), code, ticket=given), 404, "ticket_not_found")
    problem(join(arena.client(), code, ticket=made(crew, other)["tickets"][0]["secret"]), 404, "ticket_not_found")


def test_withdrawn_ticket_is_refused_and_a_used_one_keeps_its_vote(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(channels=CHANNELS)
    crew.do(code, "open")
    used, single, rest = made(crew, code, count=3)["tickets"]
    phone = redeemed(arena, code, used["secret"])
    path = f"/api/v1/sessions/{code}/tickets/void"
    problem(crew.client.post(path, json={"sheet": "hall-1", "number": used["number"]}), 409, "ticket_used")
    answer = crew.client.post(path, json={"sheet": "hall-1", "number": single["number"], "reason": "lost"})
    assert answer.json()["voided"] == 1
    problem(join(arena.client(), code, ticket=single["secret"]), 409, "ticket_void")
    assert crew.client.post(path, json={"sheet": "hall-1"}).json()["voided"] == 1
    problem(join(arena.client(), code, ticket=rest["secret"]), 409, "ticket_void")
    assert crew.client.post(path, json={"sheet": "hall-1"}).json()["voided"] == 0
    assert phone.vote("red").status_code == 200
    problem(crew.client.post(path, json={"sheet": "none"}), 404, "ticket_not_found")
    problem(crew.client.post(path, json={"sheet": "hall-1", "number": 99}), 404, "ticket_not_found")


def test_released_ticket_lets_another_phone_in_as_the_same_voter_and_is_audited(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(channels=CHANNELS)
    crew.do(code, "open")
    secret = made(crew, code)["tickets"][0]["secret"]
    first = redeemed(arena, code, secret)
    assert first.vote("red", nonce="1").status_code == 200
    path = f"/api/v1/sessions/{code}/tickets/release"
    problem(crew.client.post(path, json={"sheet": "hall-1", "number": 1}), 422, "invalid_request")
    answer = crew.client.post(path, json={"sheet": "hall-1", "number": 1, "reason": "usher Li: phone was reset"})
    assert answer.json()["sheets"][0]["used"] == 0
    second = redeemed(arena, code, secret)
    problem(second.vote("blue", nonce="2"), 409, "already_voted")
    crew.do(code, "lock")
    assert votes_of(crew.tally(code)) == {"red": 1, "blue": 0}
    entries = crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]
    released = next(each for each in entries if each["action"] == "ticket_released")
    assert released["detail"] == "usher Li: phone was reset"
    assert released["before"]["number"] == 1
    assert {"tickets_made"} <= {each["action"] for each in entries}


@pytest.mark.parametrize("what", ["tickets", "tickets/void", "tickets/release"])
def test_only_who_may_edit_makes_withdraws_or_releases(arena: Running, what: str) -> None:
    code = arena.crew().make(channels=CHANNELS)
    body = {"channel": "hall", "count": 1, "sheet": "hall-1", "number": 1, "reason": "x"}
    for role in ("director", "scrutineer", "overlay"):
        problem(arena.crew(role).client.post(f"/api/v1/sessions/{code}/{what}", json=body), 403, "wrong_role")
    problem(arena.client().post(f"/api/v1/sessions/{code}/{what}", json=body), 401, "token_missing")
    problem(arena.client().get(f"/api/v1/sessions/{code}/tickets"), 401, "token_missing")
    problem(arena.phone(code).client.get(f"/api/v1/sessions/{code}/tickets"), 403, "wrong_role")


def test_tickets_that_cannot_be_are_refused(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(channels=CHANNELS)
    path = f"/api/v1/sessions/{code}/tickets"
    for body in ({"channel": "web", "count": 1}, {"channel": "none", "count": 1}, {"channel": "hall", "count": 0}):
        problem(crew.client.post(path, json=body), 422, "invalid_request")
    problem(crew.client.post(path, json={"channel": "hall", "count": 2001}), 422, "invalid_request")
    made(crew, code, "hall", sheet="S")
    problem(crew.client.post(path, json={"channel": "panel", "count": 1, "sheet": "S"}), 409, "conflict")
    problem(
        crew.client.post("/api/v1/sessions/NOSUCH/tickets", json={"channel": "hall", "count": 1}),
        404,
        "session_not_found",
    )
    crew.client.patch(f"/api/v1/sessions/{code}", json={"status": "ended"})
    problem(crew.client.post(path, json={"channel": "hall", "count": 1}), 409, "session_ended")


@of_sqlite
def test_secret_of_a_ticket_stands_in_no_file_and_no_log(arena: Running, capfd: pytest.CaptureFixture[str]) -> None:
    crew = arena.crew()
    code = crew.make(channels=CHANNELS)
    secret = made(crew, code)["tickets"][0]["secret"]
    redeemed(arena, code, secret, nonce="nonce-of-this-phone")
    database = sqlite3.connect(arena.data_dir / "arena.db")
    written = "\n".join(database.iterdump())
    database.close()
    said = "".join(capfd.readouterr())
    for unspoken in (secret, secret.replace("-", ""), "nonce-of-this-phone"):
        assert unspoken not in written
        assert files_with(arena.data_dir, unspoken) == []
        assert unspoken not in said
    audit = crew.client.get(f"/api/v1/sessions/{code}/audit").text
    assert secret.replace("-", "") not in audit.replace("-", "")


def test_token_that_showed_less_than_its_channel_asks_for_now_is_no_identity(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(channels=[{"key": "hall", "name": "现场"}])
    phone = arena.phone(code, "hall")
    changed = {"channels": [{"key": "hall", "name": "现场", "identity": "ticket"}]}
    assert crew.client.patch(f"/api/v1/sessions/{code}", json=changed).status_code == 200
    problem(join(phone.client, code, channel="hall"), 403, "ticket_required")
