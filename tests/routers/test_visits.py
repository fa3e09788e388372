"""Visits: from the request to the lesson given, who sees what, and when what is personal is gone."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import icalendar
import pytest
from sqlalchemy import text

from app.services.visits import purge_visits
from app.storage.scrub import scrub_wanted_since_ms
from tests.conftest import FakeClock, Running
from tests.files import files_with
from tests.players import Crew, problem
from tests.servers import of_sqlite

DAY_MS = 86_400_000
NAME, PHONE, MESSAGE, WANTED = "李秋月", "0512-5812 3344", "请带上党徽样品", "周三下午张主任在"
ASKED = {
    "contestant": "red",
    "organisation": "南丰镇机械园区党委",
    "district": "南丰镇",
    "topic": "精准服务",
    "wanted": WANTED,
    "people": 50,
    "name": NAME,
    "phone": PHONE,
    "message": MESSAGE,
}
WHEN_MS = 1_795_780_800_000


@pytest.fixture
def crew(arena: Running) -> Crew:
    return arena.crew()


@pytest.fixture
def code(crew: Crew) -> str:
    made = crew.make()
    crew.do(made, "open")
    return made


def ask(client: httpx2.Client, code: str, **changes: Any) -> httpx2.Response:
    return client.post(f"/api/v1/sessions/{code}/visits", json={**ASKED, **changes})


def asked(client: httpx2.Client, code: str, **changes: Any) -> dict[str, Any]:
    answer = ask(client, code, **changes)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def visits(crew: Crew, code: str, **params: Any) -> dict[str, Any]:
    answer = crew.client.get(f"/api/v1/sessions/{code}/visits", params=params)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def act(crew: Crew, code: str, number: int, what: str, **body: Any) -> httpx2.Response:
    return crew.client.post(f"/api/v1/sessions/{code}/visits/{number}/{what}", json=body)


def acted(crew: Crew, code: str, number: int, what: str, **body: Any) -> dict[str, Any]:
    answer = act(crew, code, number, what, **body)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def scheduled(crew: Crew, code: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    return acted(crew, code, number, "schedule", **{"starts_at_ms": WHEN_MS, "place": "机械园区三楼", **changes})


def test_visit_goes_from_request_to_delivered(arena: Running, crew: Crew, code: str) -> None:
    stranger = arena.client()
    own = asked(stranger, code)
    assert (own["state"], own["allowed"], own["contestant"]) == ("asked", ["withdraw"], {"key": "red", "name": "王伟"})
    (visit,) = visits(crew, code)["visits"]
    assert (visit["name"], visit["phone"], visit["people"], visit["session"]) == (NAME, PHONE, 50, code)
    assert visit["allowed"] == ["accept", "schedule", "decline"]
    assert acted(crew, code, visit["id"], "accept")["state"] == "accepted"
    assert scheduled(crew, code)["duration_min"] == 90
    shown = stranger.get(f"/api/v1/visits/{own['receipt']}").json()
    assert (shown["state"], shown["place"], shown["starts_at_ms"]) == ("scheduled", "机械园区三楼", WHEN_MS)
    done = acted(crew, code, 1, "deliver", taught=47, note="反响热烈")
    assert (done["state"], done["taught"], done["allowed"]) == ("delivered", 47, ["deliver"])
    assert visits(crew, code)["totals"] == {
        "asked": 0, "accepted": 0, "scheduled": 0, "delivered": 1, "declined": 0, "withdrawn": 0, "lapsed": 0,
        "taught": 47,
    }  # fmt: skip
    card = stranger.get("/api/v1/shows/pioneer-arena/card").json()
    assert card["visits"] == {"asked": 1, "scheduled": 0, "delivered": 1, "taught": 47}


def test_each_command_pressed_twice_is_one_act(arena: Running, crew: Crew, code: str) -> None:
    asked(arena.client(), code)
    for _ in range(2):
        acted(crew, code, 1, "accept")
    for _ in range(2):
        scheduled(crew, code)
    for _ in range(2):
        acted(crew, code, 1, "deliver", taught=47)
    acted(crew, code, 1, "deliver", taught=74)
    entries = crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]
    acts = [(each["action"], each["after"]["taught"]) for each in entries if each["action"].startswith("visit")]
    assert acts == [("visit_accept", None), ("visit_schedule", None), ("visit_deliver", 47), ("visit_deliver", 74)]


def test_declined_visit_tells_the_reason_and_goes_no_further(arena: Running, crew: Crew, code: str) -> None:
    receipt = asked(arena.client(), code)["receipt"]
    problem(act(crew, code, 1, "decline"), 422, "invalid_request")
    acted(crew, code, 1, "decline", reason="本月已满")
    assert arena.client().get(f"/api/v1/visits/{receipt}").json()["reason"] == "本月已满"
    refused = problem(act(crew, code, 1, "accept"), 409, "visit_not_allowed")
    assert (refused["state"], refused["allowed"]) == ("declined", [])
    problem(arena.client().post(f"/api/v1/visits/{receipt}/withdraw"), 409, "visit_not_allowed")


def test_asker_withdraws_by_the_receipt(arena: Running, crew: Crew, code: str) -> None:
    receipt = asked(arena.client(), code)["receipt"]
    for typed in (receipt, receipt.lower()):
        assert arena.client().post(f"/api/v1/visits/{typed}/withdraw").json()["state"] == "withdrawn"
    assert visits(crew, code, state="withdrawn")["visits"][0]["state"] == "withdrawn"
    problem(arena.client().get(f"/api/v1/visits/{receipt[:-1]}A"), 404, "visit_not_found")
    problem(arena.client().get(f"/api/v1/visits/{'x' * 65}"), 422, "invalid_request")


def test_same_request_again_gets_the_same_receipt(arena: Running, crew: Crew, code: str) -> None:
    first = asked(arena.client(), code, nonce="n-1")
    assert asked(arena.client(), code, nonce="n-1") == first
    # Who only guesses the nonce gets a request of one's own.
    other = asked(arena.client(), code, nonce="n-1", phone="0512-00000")
    assert other["receipt"] != first["receipt"]
    assert asked(arena.client(), code)["receipt"] != asked(arena.client(), code)["receipt"]
    assert len(visits(crew, code)["visits"]) == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"contestant": "green"},
        {"organisation": ""},
        {"name": " "},
        {"phone": "call me"},
        {"phone": "1" * 25},
        {"people": 0},
        {"message": "长" * 501},
        {"name": "\ud800"},
    ],
)
def test_request_that_is_not_understood_is_refused(arena: Running, code: str, changes: dict[str, Any]) -> None:
    content = json.dumps({**ASKED, **changes}).encode()
    headers = {"Content-Type": "application/json"}
    answer = arena.client().post(f"/api/v1/sessions/{code}/visits", content=content, headers=headers)
    problem(answer, 422, "invalid_request")


def test_body_of_a_request_is_bounded_at_8_kib(arena: Running, code: str) -> None:
    answer = arena.client().post(f"/api/v1/sessions/{code}/visits", content=b" " * 8_193)
    problem(answer, 413, "body_too_large")


def test_draft_takes_no_request_and_a_session_that_is_over_does(arena: Running, crew: Crew) -> None:
    code = crew.make()
    problem(ask(arena.client(), code), 409, "conflict")
    crew.do(code, "open", "lock")
    assert crew.client.patch(f"/api/v1/sessions/{code}", json={"status": "ended"}).status_code == 200
    asked(arena.client(), code)
    problem(ask(arena.client(), "NOSUCH"), 404, "session_not_found")


def test_many_requests_from_one_address_are_asked_for_work(start: Callable[..., Running]) -> None:
    arena = start(join_free_per_minute=60, join_work_bits=8)
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    asked(arena.client(), code)
    refused = problem(ask(arena.client(), code), 428, "work_required")
    challenge = refused["challenge"]
    solution = next(str(i) for i in range(1 << 20) if sha256(f"{challenge}{i}".encode()).digest()[0] == 0)
    asked(arena.client(), code, work={"challenge": challenge, "solution": solution})
    for _ in range(9):
        problem(ask(arena.client(), code), 428, "work_required")
    assert "retry-after" in ask(arena.client(), code).headers
    # Joining has a window of its own.
    arena.phone(code)


def test_open_requests_of_a_session_are_bounded(
    arena: Running, crew: Crew, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.visits.VISITS_MAX", 2)
    for _ in range(2):
        asked(arena.client(), code, nonce="same", topic=str(_))
    problem(ask(arena.client(), code), 409, "conflict")
    # A retry is answered all the same, and what is closed makes room.
    asked(arena.client(), code, nonce="same", topic="1")
    acted(crew, code, 1, "decline", reason="已满")
    asked(arena.client(), code)


def test_who_handles_visits_sees_who_asked_and_nobody_else(arena: Running, crew: Crew, code: str) -> None:
    receipt = asked(arena.client(), code)["receipt"]
    scheduled(crew, code)
    paths = [
        f"/api/v1/sessions/{code}/visits",
        f"/api/v1/sessions/{code}/visits/1",
        f"/api/v1/sessions/{code}/visits/1/calendar.ics",
        "/api/v1/shows/pioneer-arena/visits",
        "/api/v1/shows/pioneer-arena/visits.ics",
    ]
    for path in paths:
        problem(arena.client().get(path), 401, "token_missing")
        problem(arena.phone(code).client.get(path), 403, "wrong_role")
        for role in ("scrutineer", "overlay"):
            problem(arena.client(arena.tokens[role]).get(path), 403, "wrong_role")
        for role in ("producer", "director", "admin"):
            answer = arena.client(arena.tokens[role]).get(path)
            assert answer.status_code == 200
            assert "no" in answer.headers["cache-control"]
    for what in ("accept", "decline", "deliver", "schedule"):
        body = {"reason": "x", "taught": 1, "starts_at_ms": 1, "place": "x"}
        path = f"/api/v1/sessions/{code}/visits/1/{what}"
        problem(arena.client(arena.tokens["scrutineer"]).put(path, json=body), 403, "wrong_role")
        problem(arena.client().put(path, json=body), 401, "token_missing")
    own = arena.client().get(f"/api/v1/visits/{receipt}")
    assert all(word not in own.text for word in (NAME, PHONE, MESSAGE, WANTED))
    assert own.json()["receipt"] is None


def test_token_for_one_session_reaches_its_visits_alone(arena: Running, crew: Crew, code: str) -> None:
    other = crew.make()
    asked(arena.client(), code)
    made = crew.client.post("/api/v1/tokens", json={"role": "producer", "session": code}).json()["token"]
    assert arena.client(made).get(f"/api/v1/sessions/{code}/visits").status_code == 200
    problem(arena.client(made).get(f"/api/v1/sessions/{other}/visits"), 403, "wrong_session")
    problem(arena.client(made).get("/api/v1/shows/pioneer-arena/visits"), 403, "wrong_session")
    problem(crew.client.get(f"/api/v1/sessions/{other}/visits/1"), 404, "visit_not_found")


def test_visits_of_a_show_come_page_by_page(arena: Running, crew: Crew, code: str) -> None:
    for i in range(3):
        asked(arena.client(), code, organisation=f"第{i}村")
    acted(crew, code, 2, "decline", reason="已满")
    path = "/api/v1/shows/pioneer-arena/visits"
    first = crew.client.get(path, params={"limit": 2}).json()
    assert [each["organisation"] for each in first["visits"]] == ["第0村", "第1村"]
    second = crew.client.get(path, params={"limit": 2, "after": first["next"]}).json()
    assert ([each["organisation"] for each in second["visits"]], second["next"]) == (["第2村"], None)
    assert [each["id"] for each in crew.client.get(path, params={"state": "asked"}).json()["visits"]] == [1, 3]
    assert (first["totals"]["asked"], first["totals"]["declined"]) == (2, 1)


def test_visit_is_traced_to_the_person_who_was_asked_for(arena: Running, crew: Crew, code: str) -> None:
    crew.client.post("/api/v1/shows/pioneer-arena/seasons", json={"season": "2017", "name": "2017"})
    body = {"season": "2017", "make_people": True}
    assert crew.client.put(f"/api/v1/sessions/{code}/season", json=body).status_code == 200
    asked(arena.client(), code)
    visit = visits(crew, code)["visits"][0]
    assert visit["contestant"] == {"key": "red", "name": "王伟", "person": "p1"}
    assert (visit["session"], visit["session_number"]) == (code, None)


def events(content: bytes) -> list[Any]:
    return list(icalendar.Calendar.from_ical(content).walk("VEVENT"))


def test_calendar_holds_time_and_place_and_not_who_asked(arena: Running, crew: Crew, code: str) -> None:
    receipt = asked(arena.client(), code)["receipt"]
    path = f"/api/v1/visits/{receipt}/calendar.ics"
    problem(arena.client().get(path), 409, "visit_not_allowed")
    scheduled(crew, code, note="找张主任 138")
    answer = arena.client().get(path)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    (event,) = events(answer.content)
    starts = datetime.fromtimestamp(WHEN_MS / 1000, UTC)
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (starts, starts + timedelta(minutes=90))
    assert event["location"] == "机械园区三楼"
    assert event["summary"] == "先锋党课 王伟 · 南丰镇机械园区党委"
    assert code in event["description"]
    text = str(answer.content, "utf-8").replace("\r\n ", "")
    assert all(word not in text for word in (NAME, PHONE, MESSAGE, WANTED, "张主任"))
    assert max(len(line) for line in answer.content.split(b"\r\n")) <= 75


def test_calendar_of_a_show_has_what_stands_and_tells_what_changed(arena: Running, crew: Crew, code: str) -> None:
    for _ in range(3):
        asked(arena.client(), code)
    scheduled(crew, code, 1)
    scheduled(crew, code, 2, place="甲；乙,丙\n丁")
    path = "/api/v1/shows/pioneer-arena/visits.ics"
    before = events(crew.client.get(path).content)
    assert [str(each["location"]) for each in before] == ["机械园区三楼", "甲；乙,丙\n丁"]
    scheduled(crew, code, 1, starts_at_ms=WHEN_MS + DAY_MS)
    acted(crew, code, 2, "decline", reason="改期")
    (after,) = events(crew.client.get(path).content)
    assert after["uid"] == before[0]["uid"] != before[1]["uid"]
    assert int(after["sequence"]) > int(before[0]["sequence"])
    # The one that was called off is still there for the calendar that has it.
    answer = crew.client.get(f"/api/v1/sessions/{code}/visits/2/calendar.ics")
    assert events(answer.content)[0]["status"] == "CANCELLED"


def test_events_of_two_installations_are_never_taken_for_each_other(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    names = []
    for town in ("one", "another"):
        arena = start(data_dir=tmp_path / town)
        crew = arena.crew()
        code = crew.make(code="SAME42")
        crew.do(code, "open")
        asked(arena.client(), code)
        scheduled(crew, code)
        path = f"/api/v1/sessions/{code}/visits/1/calendar.ics"
        names.append(str(events(crew.client.get(path).content)[0]["uid"]))
        crew = start(data_dir=tmp_path / town).crew()
        again = crew.client.get("/api/v1/shows/pioneer-arena/visits.ics").content
        assert str(events(again)[0]["uid"]) == names[-1], "a restart changes nothing"
    assert names[0] != names[1]


def test_calendar_of_a_show_that_has_too_many_keeps_the_latest(
    arena: Running, crew: Crew, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.visits.CALENDAR_MAX", 2)
    for number, days in ((1, 3), (2, 1), (3, 2)):
        asked(arena.client(), code)
        scheduled(crew, code, number, starts_at_ms=WHEN_MS + days * DAY_MS)
    found = events(crew.client.get("/api/v1/shows/pioneer-arena/visits.ics").content)
    days = [(each.decoded("dtstart").timestamp() * 1000 - WHEN_MS) / DAY_MS for each in found]
    assert days == [2, 3]


def purge(arena: Running) -> int:
    """Let the service do what is due, as its own task does."""
    running = arena.app.state.arena
    return asyncio.run_coroutine_threadsafe(purge_visits(running), running.writer._loop).result(10)


def test_what_is_personal_is_destroyed_on_its_date(still_arena: Running, clock: FakeClock) -> None:
    crew = still_arena.crew()
    code = crew.make()
    crew.do(code, "open")
    for _ in range(3):
        asked(still_arena.client(), code)
    acted(crew, code, 1, "decline", reason="已满")
    scheduled(crew, code, 2, starts_at_ms=clock.now_ms() + DAY_MS)
    acted(crew, code, 2, "deliver", taught=47, note=f"找{NAME} {PHONE}")
    assert [each["purge_at_ms"] for each in visits(crew, code)["visits"]] == [
        clock.now_ms() + 7 * DAY_MS, clock.now_ms() + 7 * DAY_MS, clock.now_ms() + 180 * DAY_MS,
    ]  # fmt: skip
    clock.forward(7 * DAY_MS - 1)
    assert purge(still_arena) == 0
    clock.forward(1)
    assert purge(still_arena) == 2
    first, second, third = visits(crew, code)["visits"]
    for each in (first, second):
        assert (each["name"], each["phone"], each["message"], each["wanted"], each["note"]) == ("",) * 5
        assert each["purged_at_ms"] == clock.now_ms()
    assert (second["organisation"], second["taught"], second["state"]) == ("南丰镇机械园区党委", 47, "delivered")
    assert third["name"] == NAME
    # The number may still be put right; a note would now stay for good.
    problem(act(crew, code, 2, "deliver", taught=48, note=NAME), 409, "conflict")
    assert acted(crew, code, 2, "deliver", taught=48)["note"] == ""
    card = still_arena.client().get("/api/v1/shows/pioneer-arena/card").json()
    assert (card["visits"]["delivered"], card["visits"]["taught"]) == (1, 48)
    clock.forward(173 * DAY_MS)
    assert purge(still_arena) == 1
    assert purge(still_arena) == 0
    assert visits(crew, code)["visits"][2]["state"] == "lapsed"
    with still_arena.app.state.arena.database.reader.connect() as connection:
        stored = "SELECT asker_name || asker_phone || wanted || message || note FROM visit"
        rows = connection.execute(text(stored)).all()
    assert [row[0] for row in rows] == [""] * 3
    entries = crew.client.get(f"/api/v1/sessions/{code}/audit", params={"limit": 500}).json()["entries"]
    assert [each["role"] for each in entries if each["action"] == "visit_purged"] == ["clock"] * 3


@of_sqlite
def test_purged_visit_asks_for_the_file_to_be_scrubbed(still_arena: Running, clock: FakeClock) -> None:
    crew = still_arena.crew()
    code = crew.make()
    crew.do(code, "open")
    asked(still_arena.client(), code)
    acted(crew, code, 1, "decline", reason="已满")
    clock.forward(8 * DAY_MS)
    purge(still_arena)
    with still_arena.app.state.arena.database.reader.connect() as connection:
        assert scrub_wanted_since_ms(connection) == clock.now_ms()


def test_no_log_entry_and_no_receipt_of_a_visit_stands_anywhere(arena: Running, crew: Crew, code: str) -> None:
    receipt = asked(arena.client(), code)["receipt"]
    acted(crew, code, 1, "accept")
    scheduled(crew, code)
    log = crew.client.get(f"/api/v1/sessions/{code}/audit/export").text
    assert all(word not in log for word in (NAME, PHONE, MESSAGE, WANTED, receipt))
    # Of a database elsewhere the directory holds nothing anyway.
    assert files_with(arena.data_dir, receipt) == []
