"""A poll may be open for longer than a device token lives: the token is taken until the poll has ended."""

from collections.abc import Callable

import pytest

from tests.conftest import FakeClock, Running
from tests.players import Line, problem
from tests.routers.programme import programme_of

DAY_MS = 86_400_000
TOKEN_DAYS = 30


def poll_of(service: Running, days: int) -> str:
    programme = programme_of(service)
    rounds = [{"votes_per_day": 2, "duration_ms": days * DAY_MS}]
    code = programme.session("书记1", "书记2", "书记3", kind="poll", rounds=rounds)
    programme.crew.do(code, "open")
    return code


def test_phone_of_a_long_poll_stays_the_same_voter_until_the_poll_ends(
    start: Callable[..., Running], clock: FakeClock
) -> None:
    first = start(clock)
    code = poll_of(first, 60)
    phone = first.phone(code)
    assert phone.vote("c1", nonce="first").json()["votes_left"] == 1
    clock.forward(45 * DAY_MS)
    assert phone.vote("c2", nonce="second").json()["votes_left"] == 1
    with Line.opened(first.ws_url, code, token=phone.token) as line:  # says hello with it, and is welcomed
        line.say(type="vote", id="1", round=1, choices=["c3"], nonce="third")
        assert line.hear("receipt", id="1")["votes_left"] == 0
    problem(phone.vote("c1", nonce="fourth"), 409, "no_votes_left")
    assert len(phone.me()["ballots"]) == 3

    second = start(clock)  # where nothing of the session is known yet
    again = second.client(phone.token)
    joined = again.post(f"/api/v1/sessions/{code}/join", json={}).json()
    assert joined["token"] == phone.token
    assert joined["expires_at_ms"] == clock.now_ms() + TOKEN_DAYS * DAY_MS
    assert again.get("/api/v1/me").json()["expires_at_ms"] == joined["expires_at_ms"]

    crew = second.crew()
    crew.do(code, "lock", "reveal")
    assert again.get(f"/api/v1/sessions/{code}/me").status_code == 200
    assert crew.client.patch(f"/api/v1/sessions/{code}", json={"status": "ended"}).status_code == 200
    problem(again.get(f"/api/v1/sessions/{code}/me"), 401, "token_expired")


@pytest.mark.parametrize("kind", ["pk", "gala"])
def test_token_of_another_session_ends_after_thirty_days(still_arena: Running, clock: FakeClock, kind: str) -> None:
    programme = programme_of(still_arena)
    code = programme.session("书记1", "书记2", kind=kind)
    phone = still_arena.phone(code)
    clock.forward(TOKEN_DAYS * DAY_MS - 1)
    assert phone.client.get("/api/v1/me").status_code == 200
    clock.forward(1)
    problem(phone.client.get("/api/v1/me"), 401, "token_expired")
