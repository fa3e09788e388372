"""Looking a receipt up: where the ballot stands; never whose it is, and before the reveal not what it says."""

import re
from typing import Any

import pytest

from app.storage.receipts import FIND
from tests.conftest import Running
from tests.players import Crew, problem


def look_up(service: Running, code: str, receipt: str, token: str | None = None) -> dict[str, Any]:
    response = service.client(token).get(f"/api/v1/sessions/{code}/receipts/{receipt}")
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    document: dict[str, Any] = response.json()
    return document


def changed_mind(service: Running, **rules: Any) -> tuple[Crew, str, dict[str, Any], dict[str, Any]]:
    """Open a round in which one phone votes red and then blue; return both receipts."""
    crew = service.crew()
    code = crew.make(rounds=[{"changeable": True, **rules}, {}])
    crew.do(code, "open")
    phone = service.phone(code, "wechat")
    return crew, code, phone.vote("red", nonce="my own").json(), phone.vote("blue").json()


def test_before_the_reveal_a_receipt_tells_only_that_the_ballot_stands(arena: Running) -> None:
    crew, code, first, second = changed_mind(arena)
    for commands in ([], ["lock"]):
        crew.do(code, *commands)
        phase = crew.round(code)["phase"]
        for seq, given in ((1, first), (2, second)):
            for token in (None, arena.admin_token):
                assert look_up(arena, code, given["receipt"], token) == {
                    "receipt": given["receipt"],
                    "session": code,
                    "rehearsal": False,
                    "round": 1,
                    "run": 1,
                    "seq": seq,
                    "choices": None,
                    "channel": "wechat",
                    "accepted_at_ms": given["accepted_at_ms"],
                    "held": False,
                    "phase": phase,
                    "counted": None,
                }


def test_after_the_reveal_it_tells_the_choice_and_whether_it_counts(arena: Running) -> None:
    crew, code, first, second = changed_mind(arena, visibility="on_reveal")
    crew.do(code, "lock", "reveal")
    before, after = (look_up(arena, code, each["receipt"]) for each in (first, second))
    assert (before["choices"], before["counted"]) == (["red"], False)
    assert (after["choices"], after["counted"]) == (["blue"], True)
    book = arena.client().get(f"/api/v1/sessions/{code}/rounds/1/ledger").json()
    assert book["ballots"][after["seq"] - 1][1] == second["receipt"]


def test_receipt_of_a_void_run_counts_nothing_and_keeps_its_place_through_a_rerun(arena: Running) -> None:
    crew, code, first, _ = changed_mind(arena)
    assert crew.say(code, "void", reason="试播").status_code == 200
    crew.do(code, "rerun", "open")
    again = arena.phone(code).vote("red").json()
    told = look_up(arena, code, first["receipt"])
    assert (told["run"], told["phase"], told["counted"], told["choices"]) == (1, "void", False, None)
    assert look_up(arena, code, again["receipt"])["run"] == 2


def test_answer_names_nobody(arena: Running) -> None:
    crew, code, first, _ = changed_mind(arena)
    crew.do(code, "lock", "reveal")
    voter = arena.client().get(f"/api/v1/sessions/{code}/rounds/1/ledger").json()["ballots"][0][2]
    text = arena.client().get(f"/api/v1/sessions/{code}/receipts/{first['receipt']}").text
    assert voter not in text
    assert "my own" not in text
    assert not re.search(r"[0-9a-f]{20}", text)


def test_receipt_is_read_without_regard_to_case(arena: Running) -> None:
    _, code, first, _ = changed_mind(arena)
    assert look_up(arena, code.lower(), first["receipt"].lower())["receipt"] == first["receipt"]


@pytest.mark.parametrize("odd", ["A" * 26, "A" * 25, "1" * 26, "%00", "ſ" * 26, "a b", "' OR 1=1 --"])
def test_unknown_receipt_is_not_found(arena: Running, odd: str) -> None:
    code = arena.crew().make()
    problem(arena.client().get(f"/api/v1/sessions/{code}/receipts/{odd}"), 404, "receipt_not_found")


def test_receipt_of_another_session_is_not_found(arena: Running) -> None:
    crew, _, first, _ = changed_mind(arena)
    other = crew.make()
    problem(arena.client().get(f"/api/v1/sessions/{other}/receipts/{first['receipt']}"), 404, "receipt_not_found")
    problem(arena.client().get(f"/api/v1/sessions/NOBODY/receipts/{first['receipt']}"), 404, "session_not_found")


def test_look_up_goes_by_the_unique_index(arena: Running) -> None:
    with arena.app.state.arena.database.reader.connect() as connection:
        statement = str(FIND.compile(dialect=connection.dialect))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("A" * 26, 1)).all()
    steps = [str(each[-1]) for each in plan]
    assert not any(step.startswith("SCAN") for step in steps), steps
    assert any("receipt" in step and "ballot" in step for step in steps), steps
