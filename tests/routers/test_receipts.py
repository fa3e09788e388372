"""A receipt looked up, and the runs that came before the present one."""

from typing import Any

import httpx2

from tests.conftest import Running
from tests.players import Crew, Phone, problem, votes_of


def looked_up(client: httpx2.Client, code: str, receipt: str) -> httpx2.Response:
    return client.get(f"/api/v1/sessions/{code}/receipts/{receipt}")


def a_round_with_a_change(arena: Running) -> tuple[Crew, str, Phone, list[dict[str, Any]]]:
    crew = arena.crew()
    code = crew.make(rounds=[{"changeable": True}, {}])
    crew.do(code, "open")
    phone = arena.phone(code, "wechat")
    return crew, code, phone, [phone.vote("red").json(), phone.vote("blue").json()]


def test_a_receipt_tells_where_its_ballot_stands_and_what_it_chose_only_after_the_reveal(arena: Running) -> None:
    crew, code, phone, (first, second) = a_round_with_a_change(arena)
    public = arena.client()
    for command, phase in ((None, "open"), ("pause", "paused"), ("lock", "locked")):
        if command:
            crew.do(code, command)
        for reader in (public, phone.client, crew.client):
            answer = looked_up(reader, code.lower(), second["receipt"].lower())
            assert answer.headers["cache-control"] == "no-store"
            assert answer.json() == {
                "receipt": second["receipt"], "session": code, "round": 1, "run": 1, "seq": 2, "choices": None,
                "channel": "wechat", "accepted_at_ms": second["accepted_at_ms"], "phase": phase, "held": False,
                "counted": None, "rehearsal": False,
            }  # fmt: skip
    crew.do(code, "reveal")
    superseded, standing = (looked_up(public, code, each["receipt"]).json() for each in (first, second))
    assert (superseded["choices"], superseded["counted"]) == (["red"], False)
    assert (standing["choices"], standing["counted"]) == (["blue"], True)
    crew.say(code, "void", reason="重来")
    void = looked_up(public, code, second["receipt"]).json()
    assert (void["choices"], void["counted"], void["phase"]) == (None, False, "void")


def test_what_is_no_receipt_of_this_session_is_not_found(arena: Running) -> None:
    crew, code, _, (first, _) = a_round_with_a_change(arena)
    public = arena.client()
    other = crew.make()
    problem(looked_up(public, other, first["receipt"]), 404, "receipt_not_found")
    problem(looked_up(public, "NOSUCH", first["receipt"]), 404, "session_not_found")
    for nonsense in ("A" * 26, "A" * 25, "0" * 26, "先锋擂台", "%00", "' OR 1=1 --", first["receipt"][:-1] + "1"):
        problem(looked_up(public, code, nonsense), 404, "receipt_not_found")
    problem(looked_up(public, code, "A" * 65), 422, "invalid_request")


def test_an_earlier_run_may_be_read_where_it_had_been_revealed(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(rounds=[{}])
    root = f"/api/v1/sessions/{code}/rounds/1"
    for choice, commands in (("red", ("reveal",)), ("blue", ()), ("red", ("reveal",))):
        crew.do(code, "open")
        arena.phone(code).vote(choice)
        crew.do(code, "lock", *commands)
        if len(crew.client.get(f"{root}/result").json()["history"]) < 2:
            crew.do(code, "rerun")
    public = arena.client()

    def result(client: httpx2.Client, run: int) -> httpx2.Response:
        return client.get(f"{root}/result", params={"run": run})

    assert votes_of(result(public, 1).json()) == {"red": 1, "blue": 0}
    assert result(public, 1).json()["run"] == 1
    problem(result(public, 2), 409, "not_visible")
    assert votes_of(result(crew.client, 2).json()) == {"red": 0, "blue": 1}
    assert result(public, 3).json() == public.get(f"{root}/result").json()
    problem(result(public, 4), 404, "round_not_found")
    assert public.get(f"{root}/ledger", params={"run": 1}).json()["run"] == 1
    problem(public.get(f"{root}/ledger", params={"run": 2}), 409, "not_visible")
    assert len(crew.client.get(f"{root}/ledger", params={"run": 2}).json()["ballots"]) == 1
    for bad in (0, -1, "x", 10**9):
        problem(public.get(f"{root}/result", params={"run": bad}), 422, "invalid_request")
