"""A poll that is open for days: so many votes a day for each person, a ranking meanwhile, and its end by the clock."""

from collections.abc import Callable

import pytest

from tests.conftest import FakeClock, Running
from tests.players import eventually, problem
from tests.routers.programme import Programme, programme_of

DAY_MS = 86_400_000


@pytest.fixture
def programme(still_arena: Running) -> Programme:
    return programme_of(still_arena)


def poll(programme: Programme, **rules: object) -> str:
    names = [f"书记{i}" for i in range(1, 65)]
    fields = {"votes_per_day": 2, "duration_ms": 3 * DAY_MS, **rules}
    return programme.session(*names, kind="poll", rounds=[fields])


def rows(programme: Programme, code: str) -> list[tuple[int, str, int]]:
    document = programme.get(f"/api/v1/sessions/{code}/rounds/1/ranking", programme.service.client())
    return [(each["rank"], each["key"], each["votes"]) for each in document["rows"][:4]]


def test_three_days_bring_three_times_the_votes_of_a_day(programme: Programme, clock: FakeClock) -> None:
    code = poll(programme)
    programme.crew.do(code, "open")
    phone = programme.service.phone(code)
    for day in range(3):
        for i, key in enumerate(("c7", "c64")):
            answer = phone.vote(key, nonce=f"{day}-{i}")
            assert (answer.status_code, answer.json()["votes_left"]) == (200, 1 - i)
        refused = problem(phone.vote("c1", nonce=f"{day}-more"), 409, "no_votes_left")
        assert 0 < refused["resets_at_ms"] - clock.now_ms() <= DAY_MS
        first = [(1, "c7", day + 1), (1, "c64", day + 1), (3, "c1", 0)]
        eventually(lambda first=first: rows(programme, code)[:3] == first)
        clock.forward(DAY_MS - 60_000)
    clock.forward(180_000)
    problem(phone.vote("c1", nonce="late"), 409, "round_not_open")
    assert programme.crew.become(code, "locked")["locked_at_ms"] is not None
    programme.crew.do(code, "reveal")
    eventually(lambda: rows(programme, code)[:2] == [(1, "c7", 3), (1, "c64", 3)])


def test_poll_goes_on_after_a_restart(start: Callable[..., Running], clock: FakeClock) -> None:
    first = start(clock)
    programme = programme_of(first)
    code = poll(programme)
    programme.crew.do(code, "open")
    phone = first.phone(code)
    assert phone.vote("c2", nonce="a").status_code == 200
    first.stop()
    clock.forward(DAY_MS)
    second = start(clock)
    again = second.client(phone.token)
    body = {"choices": ["c3"], "nonce": "b"}
    assert again.put(f"/api/v1/sessions/{code}/rounds/1/vote", json=body).json()["votes_left"] == 1
    programme = Programme(second, second.crew())
    eventually(lambda: rows(programme, code)[:3] == [(1, "c2", 1), (1, "c3", 1), (3, "c1", 0)])
    clock.forward(2 * DAY_MS + 60_000)
    programme.crew.become(code, "locked")


def test_ranking_of_64_is_light(programme: Programme) -> None:
    code = poll(programme)
    programme.crew.do(code, "open")
    answer = programme.service.client().get(f"/api/v1/sessions/{code}/rounds/1/ranking")
    assert len(answer.json()["rows"]) == 64
    assert len(answer.content) < 16_384
