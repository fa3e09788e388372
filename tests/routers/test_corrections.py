"""Corrections of a locked result: two people, a new signed record, both totals; and the score of weighted channels."""

from typing import Any

import httpx2
import pytest

from app.domain.signature import digest_holds
from tests.conftest import FakeClock, Running
from tests.players import Crew, Phone, problem, votes_of

CHANNELS = [
    {"key": "web", "name": "网页", "weight": 30},
    {"key": "venue", "name": "现场", "weight": 0},
    {"key": "panel", "name": "评审团", "weight": 70},
]


def path(code: str, rest: str = "") -> str:
    return f"/api/v1/sessions/{code}/rounds/1/corrections{rest}"


def propose(crew: Crew, code: str, kind: str = "void_channel", subject: str = "web") -> httpx2.Response:
    return crew.client.post(path(code), json={"kind": kind, "subject": subject, "reason": " 刷票 "})


def confirm(crew: Crew, code: str, proposal: int) -> httpx2.Response:
    return crew.client.post(path(code, f"/{proposal}/confirm"))


def result_of(service: Running, code: str) -> dict[str, Any]:
    response = service.client().get(f"/api/v1/sessions/{code}/rounds/1/result")
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


@pytest.fixture
def bout(still_arena: Running, clock: FakeClock) -> tuple[Crew, Crew, str, list[Phone]]:
    """A weighted round with six ballots on the web and three of the panel; two on the web came too soon."""
    producer, scrutineer = still_arena.crew("producer"), still_arena.crew("scrutineer")
    code = producer.make(channels=CHANNELS, rounds=[{"quarantine": ["too_soon"]}], deciding=True)
    producer.do(code, "open")
    phones = [still_arena.phone(code, "web") for _ in range(4)] + [still_arena.phone(code, "panel") for _ in range(3)]
    clock.forward(1_000)
    for phone, side in zip(phones, ("red", "red", "red", "blue", "blue", "blue", "red"), strict=True):
        assert phone.vote(side).status_code == 200
    phones[0].like(red=10)
    for side in ("red", "red"):
        bot = still_arena.phone(code, "web")
        assert bot.vote(side).status_code == 200, "a ballot that is held is accepted and answered as any other"
        phones.append(bot)
    return producer, scrutineer, code, phones


def test_the_score_weighs_the_channels_and_says_who_leads(bout: tuple[Crew, Crew, str, list[Phone]]) -> None:
    producer, _, code, _ = bout
    tally = producer.tally(code)["tally"]
    assert votes_of(producer.tally(code)) == {"red": 4, "blue": 3}
    # Web 3:1 with 30, panel 1:2 with 70: red 22.5 + 23.33, blue 7.5 + 46.67.
    assert [(each["score"], each["score_text"]) for each in tally["choices"]] == [(4_583, "45.83"), (5_417, "54.17")]
    assert (tally["by"], tally["leader"], tally["tie"]) == ("score", "blue", False)
    web, venue, panel = tally["channels"]
    assert (web["weight"], web["votes"], web["likes"]) == (30, {"red": 3, "blue": 1}, {"red": 10, "blue": 0})
    assert (venue["turnout"], panel["turnout"], panel["votes"]) == (0, 3, {"red": 1, "blue": 2})


def test_what_is_held_is_counted_apart_and_nowhere_else(
    bout: tuple[Crew, Crew, str, list[Phone]], still_arena: Running
) -> None:
    producer, _, code, phones = bout
    document = producer.tally(code)
    assert document["tally"]["held"] == {"ballots": 2, "votes": {"red": 2, "blue": 0}}
    assert (document["round"]["held"], document["tally"]["turnout"], document["tally"]["votes"]) == (2, 7, 7)
    receipt = phones[-1].vote("red").json()
    assert receipt["repeat"] is True
    found = still_arena.client().get(f"/api/v1/sessions/{code}/receipts/{receipt['receipt']}").json()
    assert (found["held"], found["counted"]) == (True, None)


def test_a_correction_takes_two_people_and_leaves_both_totals(
    bout: tuple[Crew, Crew, str, list[Phone]], still_arena: Running
) -> None:
    producer, scrutineer, code, _ = bout
    problem(propose(producer, code), 409, "not_locked")
    still_arena.crew().do(code, "lock", "reveal")
    before = result_of(still_arena, code)
    assert (before["at_lock"], before["corrections"]) == (None, [])
    proposal = propose(producer, code).json()
    assert (proposal["kind"], proposal["subject"], proposal["reason"]) == ("void_channel", "web", "刷票")
    assert propose(producer, code).json()["id"] == proposal["id"], "the same again is the same proposal"
    problem(confirm(producer, code, proposal["id"]), 403, "same_person")
    assert result_of(still_arena, code) == before
    problem(confirm(scrutineer, code, proposal["id"] + 1), 404, "proposal_not_found")
    for _ in range(2):  # confirmed again it changes nothing
        done = confirm(scrutineer, code, proposal["id"])
        assert (done.status_code, len(done.json()["corrections"])) == (200, 1)
        assert done.json()["proposals"] == []
    after = result_of(still_arena, code)
    assert after["at_lock"] == before["tally"]
    assert (after["tally"]["votes"], after["tally"]["likes"], after["tally"]["turnout"]) == (3, 0, 3)
    assert [each["score"] for each in after["tally"]["choices"]] == [3_333, 6_667]
    assert (after["channels"]["web"]["voided"], after["channels"]["web"]["votes"]) == (True, 4)
    assert (after["digest"], after["signature"]) == (before["digest"], before["signature"])
    (correction,) = after["corrections"]
    assert (correction["proposed_by"], correction["confirmed_by"]) == ("test producer", "test scrutineer")
    key = still_arena.client().get("/api/v1/keys").json()["public_key"]
    assert after["key"] == key
    assert digest_holds(key, after["digest"], after["signature"])
    assert digest_holds(key, correction["digest"], correction["signature"])
    document = producer.tally(code)
    assert (document["tally"]["corrections"], votes_of(document)) == (1, {"red": 1, "blue": 2})
    problem(propose(producer, code), 422, "invalid_correction")
    assert propose(producer, code, subject="panel").json()["id"] > proposal["id"], "a number never comes back"
    acts = [each["action"] for each in scrutineer.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]]
    assert acts[-3:] == ["correction_proposed", "correction_confirmed", "correction_proposed"]


def test_held_ballots_are_released_by_two_people_and_then_count(
    bout: tuple[Crew, Crew, str, list[Phone]], still_arena: Running
) -> None:
    producer, scrutineer, code, phones = bout
    still_arena.crew().do(code, "lock", "reveal")
    listed = scrutineer.client.get(path(code)).json()
    assert listed["held"] == [{"rule": "too_soon", "ballots": 2}]
    problem(propose(scrutineer, code, "release_held", "unseen"), 422, "invalid_correction")
    proposal = propose(scrutineer, code, "release_held", "too_soon").json()
    assert confirm(producer, code, proposal["id"]).status_code == 200
    document = producer.tally(code)
    assert votes_of(document) == {"red": 6, "blue": 3}
    assert document["tally"]["held"] == {"ballots": 0, "votes": {"red": 0, "blue": 0}}
    assert document["round"]["turnout"] == 9
    receipt = phones[-1].vote("red").json()["receipt"]
    found = still_arena.client().get(f"/api/v1/sessions/{code}/receipts/{receipt}").json()
    assert (found["held"], found["counted"]) == (False, True)


def test_a_proposal_that_is_withdrawn_changes_nothing_and_stays_in_the_log(
    bout: tuple[Crew, Crew, str, list[Phone]], still_arena: Running
) -> None:
    producer, scrutineer, code, _ = bout
    producer.do(code, "lock")
    proposal = propose(producer, code, subject="panel").json()
    for _ in range(2):
        assert producer.client.put(path(code, f"/{proposal['id']}/withdraw")).json()["proposals"] == []
    problem(confirm(scrutineer, code, proposal["id"]), 404, "proposal_not_found")
    acts = [each["action"] for each in scrutineer.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]]
    assert acts[-2:] == ["correction_proposed", "correction_withdrawn"]
    for role in ("director", "overlay"):
        problem(propose(still_arena.crew(role), code), 403, "wrong_role")
    problem(still_arena.client().get(path(code)), 401, "token_missing")


def test_a_correction_stands_through_a_restart(start: Any, clock: FakeClock) -> None:
    first = start(clock)
    producer, scrutineer = first.crew("producer"), first.crew("scrutineer")
    code = producer.make(channels=CHANNELS)
    producer.do(code, "open")
    for channel, side in (("web", "red"), ("panel", "blue")):
        assert first.phone(code, channel).vote(side).status_code == 200
    producer.do(code, "lock")
    confirm(scrutineer, code, propose(producer, code).json()["id"])
    shown = producer.tally(code)
    first.stop()
    second = start(clock)
    again = second.crew("producer").tally(code)
    assert again["tally"] == shown["tally"]
    assert (votes_of(again), again["tally"]["corrections"]) == ({"red": 0, "blue": 1}, 1)
