"""One phone's ballots over HTTP: what is counted, what is refused, and what a retry is given."""

from typing import Any

import pytest

from tests.conftest import FakeClock, Running
from tests.players import counted, problem, votes_of

SHANGHAI_MIDNIGHT_IN_MS = 4 * 3_600_000
"""The fake clock starts at 20:00 in Shanghai."""
TEN = [{"name": f"选手{i}"} for i in range(1, 11)]


def opened(arena: Running, **rules: Any) -> str:
    crew = arena.crew()
    code = crew.make(rounds=[rules])
    crew.do(code, "open")
    return code


def test_a_vote_is_counted_once_and_a_retry_gets_the_first_receipt(arena: Running) -> None:
    code = opened(arena)
    phone = arena.phone(code)
    first = phone.vote("red", nonce="n1").json()
    again = phone.vote("red", nonce="n1").json()
    assert first["repeat"] is False
    assert again == {**first, "repeat": True}
    counted(phone.tally, {"red": 1, "blue": 0})


def test_a_receipt_says_all_that_a_voter_needs(still_arena: Running) -> None:
    code = opened(still_arena)
    receipt = still_arena.phone(code, "wechat").vote("blue", nonce="own").json()
    assert len(receipt.pop("receipt")) == 26
    assert receipt == {
        "session": code, "round": 1, "run": 1, "choices": ["blue"], "revision": 1, "channel": "wechat",
        "accepted_at_ms": still_arena.clock.now_ms(), "votes_left": 0, "resets_at_ms": None, "changeable": False,
        "repeat": False,
    }  # fmt: skip


def test_the_same_choice_without_a_nonce_is_a_retry_and_another_is_refused(arena: Running) -> None:
    code = opened(arena)
    phone = arena.phone(code)
    first = phone.vote("red").json()
    assert phone.vote("red").json() == {**first, "repeat": True}
    refused = problem(phone.vote("blue"), 409, "already_voted")
    assert (refused["receipt"], refused["choices"]) == (first["receipt"], ["red"])
    problem(phone.vote("blue", nonce="new"), 409, "already_voted")
    assert phone.vote("red", nonce="new").json()["receipt"] == first["receipt"]
    counted(phone.tally, {"red": 1, "blue": 0})


def test_a_retry_with_the_nonce_is_answered_also_after_the_lock(arena: Running) -> None:
    code = opened(arena)
    phone = arena.phone(code)
    first = phone.vote("red", nonce="lost answer").json()
    arena.crew().do(code, "lock")
    assert phone.vote("red", nonce="lost answer").json() == {**first, "repeat": True}
    problem(phone.vote("red", nonce="never sent before"), 409, "round_not_open")


def test_two_voters_may_use_the_same_nonce(arena: Running) -> None:
    code = opened(arena)
    receipts = {arena.phone(code).vote("red", nonce="1").json()["receipt"] for _ in range(3)}
    assert len(receipts) == 3
    counted(arena.phone(code).tally, {"red": 3, "blue": 0})


def test_a_ballot_that_the_rules_forbid_counts_nothing(arena: Running) -> None:
    code = opened(arena)
    phone = arena.phone(code)
    for choices in (
        [], ["red", "blue"], ["green"], ["Red"], ["red", "red"], ["red,blue"], [""], ["c1"], ["🟥"],
    ):  # fmt: skip
        problem(phone.vote(*choices), 422, "invalid_ballot")
    assert (phone.me()["ballots"], phone.me()["votes_left"]) == ([], 1)
    assert votes_of(phone.tally()) == {"red": 0, "blue": 0}
    assert phone.vote("red").status_code == 200, "a refused ballot uses nothing up"


def test_a_ballot_may_name_up_to_choices_max(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(kind="gala", contestants=TEN, rounds=[{"choices_max": 3}])
    crew.do(code, "open")
    phone = arena.phone(code)
    problem(phone.vote("c1", "c2", "c3", "c4"), 422, "invalid_ballot")
    problem(phone.vote("c1", "c1"), 422, "invalid_ballot")
    receipt = phone.vote("c9", "c2", "c5").json()
    assert receipt["choices"] == ["c2", "c5", "c9"], "in the round's own order"
    assert phone.vote("c5", "c9", "c2").json()["repeat"] is True
    assert arena.phone(code).vote("c2").status_code == 200
    zeros = {f"c{i}": 0 for i in range(1, 11)}
    tally = counted(phone.tally, {**zeros, "c2": 2, "c5": 1, "c9": 1})["tally"]
    assert (tally["votes"], tally["turnout"], tally["leader"], tally["tie"]) == (4, 2, "c2", False)
    assert sum(each["pct"] for each in tally["choices"]) == 100


def test_a_round_may_have_choices_of_its_own(arena: Running) -> None:
    code = opened(arena, choices=[{"key": "yes", "name": "赞成"}, {"key": "no", "name": "反对"}])
    phone = arena.phone(code)
    assert "yes" in str(problem(phone.vote("red"), 422, "invalid_ballot")["choices"])
    phone.vote("no")
    phone.like(yes=2)
    document = counted(phone.tally, {"yes": 0, "no": 1}, {"yes": 2, "no": 0})
    assert document["round"]["choices"] == [{"key": "yes", "name": "赞成"}, {"key": "no", "name": "反对"}]


def test_a_changed_mind_is_a_new_revision_and_only_the_last_counts(arena: Running) -> None:
    code = opened(arena, changeable=True)
    phone = arena.phone(code)
    first = phone.vote("red", nonce="a").json()
    second = phone.vote("blue", nonce="b").json()
    third = phone.vote("red", nonce="c").json()
    assert [each["revision"] for each in (first, second, third)] == [1, 2, 3]
    assert len({each["receipt"] for each in (first, second, third)}) == 3
    document = counted(phone.tally, {"red": 1, "blue": 0})
    assert document["tally"]["turnout"] == 1
    assert [each["receipt"] for each in phone.me()["ballots"]] == [third["receipt"]]


def test_a_late_retry_of_the_first_ballot_gets_its_receipt_and_changes_nothing(arena: Running) -> None:
    code = opened(arena, changeable=True)
    phone = arena.phone(code)
    first = phone.vote("red", nonce="a").json()
    phone.vote("blue", nonce="b")
    assert phone.vote("red", nonce="a").json() == {**first, "repeat": True}
    counted(phone.tally, {"red": 0, "blue": 1})


def test_a_vote_may_be_changed_49_times(arena: Running) -> None:
    code = opened(arena, changeable=True)
    phone = arena.phone(code)
    for i in range(50):
        assert phone.vote(("red", "blue")[i % 2]).json()["revision"] == i + 1
    refused = problem(phone.vote("red"), 409, "no_votes_left")
    assert "49 times" in refused["detail"]
    counted(phone.tally, {"red": 0, "blue": 1})


def test_daily_votes_come_back_at_midnight_in_shanghai(still_arena: Running, clock: FakeClock) -> None:
    code = opened(still_arena, votes_per_day=2)
    phone = still_arena.phone(code)
    midnight_ms = clock.now_ms() + SHANGHAI_MIDNIGHT_IN_MS
    first = phone.vote("red", nonce="1").json()
    assert (first["votes_left"], first["resets_at_ms"]) == (1, midnight_ms)
    assert phone.vote("red", nonce="2").json()["votes_left"] == 0, "the same choice, told apart by the nonce"
    assert problem(phone.vote("red", nonce="3"), 409, "no_votes_left")["resets_at_ms"] == midnight_ms
    clock.forward(SHANGHAI_MIDNIGHT_IN_MS - 1)
    problem(phone.vote("blue"), 409, "no_votes_left")
    assert phone.me()["votes_left"] == 0
    clock.forward(1)
    assert phone.me()["votes_left"] == 2
    next_day = phone.vote("blue").json()
    assert (next_day["votes_left"], next_day["resets_at_ms"]) == (1, midnight_ms + 86_400_000)
    assert phone.vote("blue").json()["repeat"] is True, "without a nonce the same choice is a retry"
    assert phone.vote("red", nonce="1").json()["receipt"] == first["receipt"], "also a day later"
    document = counted(phone.tally, {"red": 2, "blue": 1})
    assert document["tally"]["turnout"] == 1
    assert len(phone.me()["ballots"]) == 3


def test_a_vote_before_open_while_paused_or_after_the_lock_is_refused(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(rounds=[{}])
    phone = arena.phone(code)
    for command, phase in (
        (None, "draft"), ("open", None), ("pause", "paused"), ("resume", None), ("lock", "locked"),
        ("reveal", "revealed"), ("void", "void"), ("rerun", "draft"),
    ):  # fmt: skip
        if command:
            crew.say(code, command, reason="试")
        if phase:
            assert problem(phone.vote("red"), 409, "round_not_open")["phase"] == phase
            assert problem(phone.like(red=1), 409, "round_not_open")["phase"] == phase
            assert phone.me()["accepting"] is False
        else:
            assert phone.me()["accepting"] is True
    assert phone.me()["ballots"] == []


def test_a_vote_in_an_unknown_round_or_session_is_not_found(arena: Running) -> None:
    code = opened(arena)
    phone = arena.phone(code)
    problem(phone.vote("red", number=2), 404, "round_not_found")
    problem(phone.like(number=2, red=1), 404, "round_not_found")
    problem(arena.client().post("/api/v1/sessions/NOSUCH/join"), 404, "session_not_found")


def test_a_round_that_is_not_the_current_one_takes_no_votes(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    phone = arena.phone(code)
    problem(phone.vote("red", number=2), 409, "round_not_open")
    crew.do(code, "lock")
    crew.do(code, "open", number=2)
    problem(phone.vote("red"), 409, "round_not_open")
    assert phone.vote("red", number=2).json()["round"] == 2


def test_a_vote_for_a_run_that_is_over_never_lands_in_the_next(arena: Running) -> None:
    crew = arena.crew()
    code = opened(arena)
    early, late = arena.phone(code), arena.phone(code)
    first = early.vote("red", nonce="n", run=1).json()
    path = f"/api/v1/sessions/{code}/rounds/1/likes"
    crew.do(code, "lock", "rerun", "open")
    assert early.vote("red", nonce="n", run=1).json() == {**first, "repeat": True}, "counted there, so receipted there"
    for phone in (early, late):
        assert problem(phone.vote("blue", nonce="other", run=1), 409, "round_not_open")["phase"] == "locked"
        problem(phone.client.put(path, json={"totals": {"red": 3}, "run": 1}), 409, "round_not_open")
        problem(phone.vote("blue", nonce="other", run=3), 409, "round_not_open")
    assert counted(late.tally, {"red": 0, "blue": 0}, {"red": 0, "blue": 0})["round"]["run"] == 2
    assert late.vote("blue", run=2).json()["run"] == 2
    assert late.client.put(path, json={"totals": {"red": 3}, "run": 2}).json()["run"] == 2
    counted(late.tally, {"red": 0, "blue": 1}, {"red": 3, "blue": 0})
    for bad in (0, -1, "one", 1.5, 100_001):
        problem(late.vote("blue", run=bad), 422, "invalid_request")


def test_joining_writes_nothing_and_gives_the_same_identity_back(arena: Running) -> None:
    code = opened(arena)
    phone = arena.phone(code)
    again = phone.client.post(f"/api/v1/sessions/{code}/join").json()
    assert (again["token"], again["session"], again["channel"]) == (phone.token, code, "web")
    assert again["expires_at_ms"] > again["server_time_ms"]
    assert arena.phone(code).token != phone.token
    elsewhere = phone.client.post(f"/api/v1/sessions/{opened(arena)}/join").json()
    assert elsewhere["token"] != phone.token, "an identity is for one session"
    refused = problem(
        arena.client().post(f"/api/v1/sessions/{code}/join", json={"channel": "carrier_pigeon"}), 422, "invalid_request"
    )
    assert "web" in refused["channels"]
    ledger = arena.crew().client
    arena.crew().do(code, "lock")
    assert ledger.get(f"/api/v1/sessions/{code}/rounds/1/ledger").json()["ballots"] == []


@pytest.mark.parametrize("kind", ["none", "access", "foreign", "forged", "truncated", "nonsense"])
def test_only_this_sessions_device_token_votes(arena: Running, kind: str) -> None:
    code = opened(arena)
    phone = arena.phone(code)
    good = phone.token
    token, status, refusal = {
        "none": ("", 401, "token_missing"),
        "access": (arena.tokens["admin"], 401, "token_invalid"),
        "foreign": (arena.phone(opened(arena)).token, 403, "wrong_session"),
        "forged": (good.replace("~web~", "~radio~"), 401, "token_invalid"),
        "truncated": (good[:-1], 401, "token_invalid"),
        "nonsense": ("d1~" + "x" * 600, 401, "token_invalid"),
    }[kind]
    if token:
        phone.client.headers["Authorization"] = f"Bearer {token}"
    else:
        del phone.client.headers["Authorization"]
    for response in (phone.vote("red"), phone.like(red=1)):
        problem(response, status, refusal)
        assert ("www-authenticate" in response.headers) == (status == 401)
    problem(phone.client.get(f"/api/v1/sessions/{code}/me"), status, refusal)
    assert votes_of(arena.crew().tally(code)) == {"red": 0, "blue": 0}


def test_a_device_token_expires_after_thirty_days(still_arena: Running, clock: FakeClock) -> None:
    code = opened(still_arena)
    phone = still_arena.phone(code)
    clock.forward(30 * 86_400_000 - 1)
    assert phone.vote("red").status_code == 200
    clock.forward(1)
    problem(phone.vote("red"), 401, "token_expired")
    problem(phone.client.get(f"/api/v1/sessions/{code}/tally"), 401, "token_expired")
    problem(phone.client.post(f"/api/v1/sessions/{code}/join"), 401, "token_expired")


def test_a_token_of_another_service_is_not_known(arena: Running, start: Any, tmp_path: Any) -> None:
    code = arena.crew().make(code="SAME01")
    other = start(data_dir=tmp_path / "other")
    other.crew().make(code="SAME01")
    phone = arena.phone(code)
    phone.client.headers["Authorization"] = f"Bearer {other.phone(code).token}"
    problem(phone.vote("red"), 401, "token_invalid")
