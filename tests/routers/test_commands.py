"""Commands as a button box sends them: POST or PUT, any body, twice, in the wrong phase, one after another."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.conftest import Running
from tests.players import Crew, counted, eventually, likes_of, problem

BODIES: dict[str, dict[str, Any]] = {
    "none": {},
    "empty json": {"content": b"", "headers": {"Content-Type": "application/json"}},
    "braces": {"content": b"{}", "headers": {"Content-Type": "application/json"}},
    "object as text": {"content": b"[object Object]", "headers": {"Content-Type": "text/plain"}},
    "object as json": {"content": b"[object Object]", "headers": {"Content-Type": "application/json"}},
    "bytes": {"content": b"\xff\x00{", "headers": {"Content-Type": "application/octet-stream"}},
}
DELAYED = [{"key": "web"}, {"key": "wechat", "delay_ms": 8000}]

# Written out by hand from docs/api.md: phase → what would change it, and what is true in it already.
ALLOWED = {
    "draft": ["open"],
    "open": ["pause", "lock", "void"],
    "paused": ["resume", "lock", "void"],
    "closing": ["void"],
    "locked": ["reveal", "certify", "void", "rerun"],
    "revealed": ["certify", "void", "rerun"],
    "void": ["rerun"],
}
ALREADY = {
    "draft": [],
    "open": ["open", "resume"],
    "paused": ["pause"],
    "closing": ["lock"],
    "locked": ["lock"],
    "revealed": ["lock", "reveal"],
    "void": ["void"],
}
WAY = {
    "draft": [],
    "open": ["open"],
    "paused": ["open", "pause"],
    "closing": ["open", "lock"],
    "locked": ["open", "pause", "lock"],
    "revealed": ["open", "pause", "lock", "reveal"],
    "void": ["open", "void"],
}
COMMANDS = ["open", "pause", "resume", "lock", "reveal", "certify", "void", "rerun"]


def in_phase(crew: Crew, phase: str, **changes: Any) -> str:
    code = crew.make(channels=DELAYED, rounds=[{}], **changes)
    for command in WAY[phase]:
        assert crew.say(code, command, reason="试").status_code == 200
    assert crew.round(code)["phase"] == phase
    return code


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_round_lives_its_whole_life_whatever_the_body(arena: Running, method: str) -> None:
    for body in BODIES.values():
        live_through(arena.crew(), method, body)


def live_through(crew: Crew, method: str, body: dict[str, Any]) -> None:
    code = crew.make()

    def say(what: str) -> dict[str, Any]:
        response = crew.client.request(method, f"/api/v1/sessions/{code}/{what}", **body)
        assert response.status_code == 200, (body, response.text)
        return response.json()

    for command, phase in (
        ("open", "open"),
        ("pause", "paused"),
        ("resume", "open"),
        ("lock", "locked"),
        ("certify", "locked"),
        ("reveal", "revealed"),
        ("void?reason=重来", "void"),
        ("rerun", "draft"),
    ):
        round_ = say(f"rounds/1/{command}")["rounds"][0]
        assert round_["phase"] == phase
        certified = round_["certified_at_ms"] is not None
        assert round_["allowed"] == [each for each in ALLOWED[phase] if each != "certify" or not certified]
    assert (round_["run"], round_["opened_at_ms"], round_["certified_at_ms"]) == (2, None, None)
    assert round_["void_reason"] is None
    assert say("next")["rounds"][0]["phase"] == "open"
    assert say("overlay/result")["overlay"]["scene"] == "result"


def test_the_same_command_again_changes_nothing(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    for command in ("open", "pause", "resume", "lock", "certify", "reveal", "void", "rerun"):
        first = crew.say(code, command, reason="一次")
        again = crew.say(code, command, reason="两次")
        assert (first.status_code, again.status_code) == (200, 200), command
        assert again.json() == first.json()
    entries = crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]
    assert [each["action"] for each in entries] == [
        "session_made", "open", "pause", "resume", "lock", "certify", "reveal", "void", "rerun",
    ]  # fmt: skip


@pytest.mark.parametrize("phase", list(ALLOWED))
def test_a_command_is_allowed_already_true_or_refused_with_what_is_allowed(still_arena: Running, phase: str) -> None:
    crew = still_arena.crew()
    code = in_phase(crew, phase)
    before = crew.session(code)
    assert before["rounds"][0]["allowed"] == ALLOWED[phase]
    for command in COMMANDS:
        if command in ALLOWED[phase]:
            assert crew.say(in_phase(crew, phase), command, reason="试").status_code == 200, command
        elif command in ALREADY[phase]:
            assert crew.say(code, command).json() == before, command
        else:
            refused = problem(crew.say(code, command, reason="试"), 409, "command_not_allowed")
            assert (refused["phase"], refused["allowed"]) == (phase, ALLOWED[phase]), command
    assert crew.session(code) == before


def test_one_round_is_on_air_at_a_time(still_arena: Running) -> None:
    crew = still_arena.crew()
    code = crew.make(channels=DELAYED)
    crew.do(code, "open")
    assert problem(crew.say(code, "open", 2), 409, "another_round_open")["round"] == 1
    crew.do(code, "pause")
    problem(crew.say(code, "open", 2), 409, "another_round_open")
    crew.do(code, "resume", "lock")
    assert crew.round(code)["phase"] == "closing"
    problem(crew.say(code, "open", 2), 409, "another_round_open")
    still_arena.clock.forward(8000)
    crew.become(code, "locked")
    assert crew.do(code, "open", number=2)["current_round"] == 2
    problem(crew.say(code, "rerun", 1), 409, "another_round_open")
    assert [each["phase"] for each in crew.session(code)["rounds"]] == ["locked", "open"]


def test_work_on_an_earlier_round_does_not_take_the_present_one_off_air(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open", "lock")
    crew.do(code, "open", number=2)
    for command in ("certify", "reveal", "void"):
        assert crew.say(code, command, 1, reason="试").json()["current_round"] == 2, command
    assert crew.tally(code)["round"]["number"] == 2
    crew.do(code, "lock", number=2)
    assert crew.do(code, "rerun")["current_round"] == 1, "what is run again is what comes next"


def test_a_void_takes_its_reason_from_the_query_or_json_and_needs_one(arena: Running) -> None:
    crew = arena.crew("scrutineer")
    admin = arena.crew()

    def void(code: str, **request: Any) -> httpx2.Response:
        return crew.client.post(f"/api/v1/sessions/{code}/rounds/1/void", **request)

    def opened() -> str:
        code = admin.make()
        admin.do(code, "open")
        return code

    def reason_of(response: httpx2.Response) -> str:
        assert response.status_code == 200, response.text
        return response.json()["rounds"][0]["void_reason"]

    assert reason_of(void(opened(), params={"reason": "设备故障"})) == "设备故障"
    assert reason_of(void(opened(), json={"reason": " 计票有误 "})) == "计票有误"
    assert reason_of(void(opened(), params={"reason": "甲"}, json={"reason": "乙"})) == "甲"
    # A button box may say that its JSON is text.
    as_text = {"content": b'{"reason": "x"}', "headers": {"Content-Type": "text/plain"}}
    assert reason_of(void(opened(), **as_text)) == "x"
    assert reason_of(void(opened(), json={"reason": "长" * 400})) == "长" * 300
    code = opened()
    for request in ({}, {"params": {"reason": ""}}, {"params": {"reason": " \t"}}, {"json": {"reason": ""}},
                    {"json": {"reason": 5}}, {"json": {"other": "x"}}, {"json": ["reason"]},
                    {"content": b"[object Object]"}, {"content": b"\xff"}):  # fmt: skip
        problem(void(code, **request), 422, "invalid_request")
    problem(void(code, params={"reason": "长" * 301}), 422, "invalid_request")
    assert admin.round(code)["phase"] == "open"
    eventually(lambda: admin.tally(code)["round"]["phase"] == "open")


def test_a_rerun_starts_from_nothing_and_forgets_nothing(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    phone = arena.phone(code)
    first = phone.vote("red", nonce="n").json()
    phone.like(red=9)
    crew.do(code, "lock", "rerun", "open")
    eventually(lambda: crew.tally(code)["round"]["run"] == 2)
    counted(phone.tally, {"red": 0, "blue": 0}, {"red": 0, "blue": 0})
    assert (phone.me()["ballots"], phone.me()["votes_left"], phone.me()["likes"]) == ([], 1, {})
    second = phone.vote("blue", nonce="n").json()
    assert (second["run"], second["repeat"]) == (2, False)
    assert second["receipt"] != first["receipt"]
    assert phone.like(red=1).json()["totals"] == {"red": 1}
    crew.do(code, "lock")
    result = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/result").json()
    assert (result["run"], [each["votes"] for each in result["tally"]["choices"]]) == (2, [0, 1])
    earlier = result["history"][0]
    assert (earlier["run"], earlier["phase"], [each["likes"] for each in earlier["tally"]["choices"]]) == (
        1,
        "locked",
        [9, 0],
    )


def test_next_leads_through_a_whole_session(arena: Running) -> None:
    crew = arena.crew("admin")
    code = crew.make()
    steps = []
    while (step := crew.session(code)["next"]) is not None:
        steps.append((step["command"], step["round"]))
        assert crew.next(code).status_code == 200
    assert steps == [("open", 1), ("lock", 1), ("reveal", 1), ("open", 2), ("lock", 2), ("reveal", 2)]
    done = problem(crew.next(code), 409, "command_not_allowed")
    assert (done["phase"], done["allowed"]) == ("revealed", [])


def test_next_resumes_a_paused_round_and_passes_over_a_void_one(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open", "pause")
    assert crew.next(code).json()["rounds"][0]["phase"] == "open"
    crew.say(code, "void", reason="试")
    assert crew.next(code).json()["rounds"][1]["phase"] == "open"


def test_next_waits_while_a_round_is_closing_and_has_nothing_without_rounds(still_arena: Running) -> None:
    crew = still_arena.crew()
    code = crew.make(channels=DELAYED)
    crew.do(code, "open", "lock")
    before = crew.session(code)
    assert (before["rounds"][0]["phase"], before["next"]) == ("closing", None)
    assert crew.next(code).json() == before
    empty = crew.make(rounds=[])
    assert problem(crew.next(empty), 409, "command_not_allowed")["allowed"] == []


def test_next_needs_the_role_of_its_step(arena: Running) -> None:
    producer, director, scrutineer = arena.crew("producer"), arena.crew("director"), arena.crew("scrutineer")
    code = producer.make()
    problem(director.next(code), 403, "wrong_role")
    problem(scrutineer.next(code), 403, "wrong_role")
    assert producer.next(code).json()["rounds"][0]["phase"] == "open"
    problem(director.next(code), 403, "wrong_role")
    assert producer.next(code).json()["rounds"][0]["phase"] == "locked"
    problem(producer.next(code), 403, "wrong_role")
    problem(scrutineer.next(code), 403, "wrong_role")
    assert producer.session(code)["rounds"][0]["phase"] == "locked"


def test_the_directors_next_reveals_a_locked_round(arena: Running) -> None:
    producer, director = arena.crew("producer"), arena.crew("director")
    code = producer.make()
    producer.do(code, "open", "lock")
    response = director.next(code)
    assert response.status_code == 200, response.text
    assert response.json()["rounds"][0]["phase"] == "revealed"


def test_the_same_command_from_many_hands_at_once_is_carried_out_once(arena: Running) -> None:
    code = arena.crew().make()
    hands = [arena.crew("producer") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda crew: crew.say(code, "open"), hands))
    assert {each.status_code for each in answers} == {200}
    assert len({each.json()["rounds"][0]["opened_at_ms"] for each in answers}) == 1
    entries = hands[0].client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]
    assert [each["action"] for each in entries] == ["session_made", "open"]


def test_a_scene_is_one_of_five(arena: Running) -> None:
    crew = arena.crew("director")
    code = arena.crew().make()
    for scene in ("blank", "lower_third", "result", "qr", "board"):
        response = crew.client.put(f"/api/v1/sessions/{code}/overlay/{scene}")
        assert (response.status_code, response.json()["overlay"]["scene"]) == (200, scene)
    eventually(lambda: crew.tally(code)["overlay"]["scene"] == "board")
    problem(crew.client.put(f"/api/v1/sessions/{code}/overlay/fireworks"), 422, "invalid_request")
    assert crew.session(code)["overlay"]["scene"] == "board"


@pytest.mark.parametrize("number", [3, 1000])
def test_a_command_on_an_unknown_round_or_session_is_not_found(arena: Running, number: int) -> None:
    crew = arena.crew()
    code = crew.make()
    for command in COMMANDS:
        problem(crew.say(code, command, number), 404, "round_not_found")
        problem(crew.say("NOSUCH", command, number), 404, "session_not_found")
    problem(crew.next("NOSUCH"), 404, "session_not_found")
    problem(crew.client.post("/api/v1/sessions/NOSUCH/overlay/qr"), 404, "session_not_found")


def test_likes_shown_and_stored_agree_after_the_lock(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    for i, phone in enumerate([arena.phone(code) for _ in range(3)]):
        phone.like(red=i, blue=10)
    crew.do(code, "lock")
    assert likes_of(counted(lambda: crew.tally(code), likes={"red": 3, "blue": 30})) == {"red": 3, "blue": 30}
