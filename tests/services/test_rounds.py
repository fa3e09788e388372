"""Commands and deadlines that meet."""

from collections.abc import Callable

import pytest

from tests.conftest import FakeClock, Running
from tests.players import counted, problem, votes_of


@pytest.mark.parametrize("command", ["rerun", "void"])
def test_a_command_after_the_deadline_does_not_skip_the_lock_and_its_result(
    start: Callable[..., Running], clock: FakeClock, command: str
) -> None:
    # The ticker comes too late on purpose: the command is first to see that the time is up.
    arena = start(clock, tick_ms=2_000)
    crew = arena.crew()
    code = crew.make(rounds=[{"title": "观点PK", "grace_ms": 5_000}])
    crew.do(code, "open")
    assert arena.phone(code).vote("red").status_code == 200
    assert crew.do(code, "lock")["rounds"][0]["phase"] == "closing"
    clock.forward(5_001)
    session = crew.say(code, command, reason="test").json()
    actions = [each["action"] for each in crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]]
    assert actions[-2:] == ["deadline", command]
    if command == "rerun":
        assert session["rounds"][0]["run"] == 2
        crew.do(code, "open", "lock")
        clock.forward(5_001)
        crew.do(code, "reveal")
        history = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/result").json()["history"]
        assert (history[0]["phase"], votes_of(history[0])) == ("locked", {"red": 1, "blue": 0})
    else:
        result = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/result").json()
        assert votes_of(result) == {"red": 1, "blue": 0}


def test_what_was_meant_for_an_earlier_run_is_not_counted_in_the_rerun(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    phone, late = arena.phone(code), arena.phone(code)
    first = phone.vote("red", nonce="n1", run=1).json()
    crew.do(code, "lock", "rerun", "open")
    assert problem(late.vote("blue", nonce="n2", run=1), 409, "round_not_open")["phase"] == "locked"
    response = late.client.put(f"/api/v1/sessions/{code}/rounds/1/likes", json={"totals": {"red": 3}, "run": 1})
    problem(response, 409, "round_not_open")
    again = phone.vote("red", nonce="n1", run=1).json()
    assert (again["receipt"], again["run"], again["repeat"]) == (first["receipt"], 1, True)
    assert phone.vote("blue", nonce="n3", run=2).json()["run"] == 2
    problem(phone.vote("red", nonce="n4", run=7), 409, "round_not_open")
    counted(lambda: crew.tally(code), votes={"red": 0, "blue": 1})


@pytest.mark.parametrize("command", ["certify", "void", "reveal"])
def test_a_command_on_an_earlier_round_leaves_the_round_on_air_current(arena: Running, command: str) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open", "lock", number=1)
    crew.do(code, "open", number=2)
    session = crew.say(code, command, 1, reason="test").json()
    assert session["current_round"] == 2
    assert session["next"] == {"command": "lock", "round": 2}
