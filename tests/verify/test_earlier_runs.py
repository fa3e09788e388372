"""`?run=N` of the result and the ledger: an earlier run is shown where it had been revealed; to the crew always."""

from typing import Any

import httpx2
import pytest

from app.verify import verify_ledger
from tests.conftest import Running
from tests.players import problem, votes_of


def read(service: Running, code: str, what: str, run: int | None, token: str | None = None) -> httpx2.Response:
    params = {} if run is None else {"run": run}
    return service.client(token).get(f"/api/v1/sessions/{code}/rounds/1/{what}", params=params)


def three_runs(service: Running) -> str:
    """Play run 1 revealed with one red vote, run 2 locked with two, run 3 void with three, run 4 revealed with four."""
    crew = service.crew()
    code = crew.make()
    for run, ends in enumerate((["lock", "reveal"], ["lock"], ["lock"], ["lock", "reveal"]), 1):
        crew.do(code, "open")
        for _ in range(run):
            assert service.phone(code).vote("red").status_code == 200
        crew.do(code, *ends)
        if run == 3:
            assert crew.say(code, "void", reason="试播").status_code == 200
        if run < 4:
            crew.do(code, "rerun")
    return code


def test_revealed_runs_are_public_and_others_are_for_the_crew(arena: Running) -> None:
    code = three_runs(arena)
    for what in ("result", "ledger"):
        for run, code_of_problem in ((1, None), (2, "not_visible"), (3, "not_visible"), (4, None)):
            public = read(arena, code, what, run)
            if code_of_problem is None:
                assert public.status_code == 200, public.text
                assert public.json()["run"] == run
            else:
                problem(public, 409, code_of_problem)
            staff = read(arena, code, what, run, arena.admin_token)
            assert staff.status_code == 200, staff.text
        problem(read(arena, code, what, 5), 404, "round_not_found")
        problem(read(arena, code, what, 5, arena.admin_token), 404, "round_not_found")
        assert read(arena, code, what, 0).status_code == 422
        assert read(arena, code, what, 4).json() == read(arena, code, what, None).json()


def test_earlier_result_has_its_own_figures_and_the_runs_before_it(arena: Running) -> None:
    code = three_runs(arena)
    results: list[dict[str, Any]] = [read(arena, code, "result", run, arena.admin_token).json() for run in (1, 2, 3, 4)]
    assert [votes_of(each)["red"] for each in results] == [1, 2, 3, 4]
    assert [each["phase"] for each in results] == ["revealed", "locked", "void", "revealed"]
    assert [[earlier["run"] for earlier in each["history"]] for each in results] == [[], [1], [1, 2], [1, 2, 3]]
    assert results[2]["void_reason"] == "试播"
    assert len({each["digest"] for each in results}) == 4
    public = read(arena, code, "result", 4).json()["history"]
    assert [each["tally"] is not None for each in public] == [True, False, False]


def test_ledger_of_every_run_holds_against_its_digest(arena: Running) -> None:
    code = three_runs(arena)
    for run in (1, 2, 3, 4):
        book = read(arena, code, "ledger", run, arena.admin_token).json()
        digest = read(arena, code, "result", run, arena.admin_token).json()["digest"]
        found = verify_ledger(book, digest)
        assert found.problems == []
        assert len(book["ballots"]) == run


@pytest.mark.parametrize("what", ["result", "ledger"])
def test_run_that_was_void_before_its_lock_is_for_the_crew_and_a_draft_for_nobody(arena: Running, what: str) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    assert arena.phone(code).vote("red").status_code == 200
    assert crew.say(code, "void", reason="试播").status_code == 200
    crew.do(code, "rerun")
    problem(read(arena, code, what, 1), 409, "not_visible")
    staff = read(arena, code, what, 1, arena.admin_token)
    assert staff.status_code == 200, staff.text
    if what == "ledger":
        assert (len(staff.json()["ballots"]), staff.json()["locked_at_ms"]) == (1, None)
        assert verify_ledger(staff.json()).problems == []
    problem(read(arena, code, what, 2), 409, "not_locked")
