"""Commands and deadlines that meet."""

from collections.abc import Callable

import pytest

from tests.conftest import FakeClock, Running
from tests.players import votes_of


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
