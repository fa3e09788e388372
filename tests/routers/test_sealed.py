"""A sealed round: nobody sees more than the turnout until a second person has certified the count."""

import json

import httpx2
import pytest

from tests.conftest import Running
from tests.players import Crew, Phone, problem


@pytest.fixture
def sealed(arena: Running) -> tuple[Crew, str, list[Phone]]:
    producer = arena.crew("producer")
    code = producer.make(rounds=[{"sealed": True, "changeable": True}, {}])
    producer.do(code, "open")
    phones = [arena.phone(code) for _ in range(5)]
    for phone, side in zip(phones, ("red", "red", "red", "blue", "blue"), strict=True):
        phone.vote(side)
        phone.like(**{side: 7})
    return producer, code, phones


def asked(client: httpx2.Client, code: str, path: str) -> httpx2.Response:
    return client.get(f"/api/v1/sessions/{code}{path}")


def test_nobody_sees_the_count_before_the_certificate(arena: Running, sealed: tuple[Crew, str, list[Phone]]) -> None:
    producer, code, phones = sealed
    readers = [arena.crew(role).client for role in ("producer", "director", "scrutineer", "overlay", "admin")]
    readers += [arena.client(), phones[0].client]
    for commands in ((), ("lock",)):
        producer.do(code, *commands)
        for reader in readers:
            tally = asked(reader, code, "/tally").json()
            assert (tally["tally"], tally["round"]["turnout"], tally["round"]["sealed"]) == (None, 5, True)
            assert tally["totals"] == {"likes": 0, "votes": 0}
            flat = asked(reader, code, "/feeds/flat.json").json()
            assert (flat["red_votes"], flat["blue_votes"], flat["likes"]) == (0, 0, 0)
            report = asked(reader, code, "/report").json()
            assert (report["rounds"][0]["tally"], report["timeline"]) == (None, [])
            for path in ("/rounds/1/result", "/rounds/1/ledger"):
                assert asked(reader, code, path).status_code == 409
    text = asked(arena.crew().client, code, "/audit").text
    assert "votes" not in text


def test_a_reveal_waits_for_the_certificate_and_next_says_so(
    arena: Running, sealed: tuple[Crew, str, list[Phone]]
) -> None:
    producer, code, _ = sealed
    director, scrutineer = arena.crew("director"), arena.crew("scrutineer")
    locked = producer.do(code, "lock")
    assert locked["rounds"][0]["allowed"] == ["certify", "void", "rerun"]
    assert locked["next"] == {"command": "certify", "round": 1}
    problem(director.say(code, "reveal"), 409, "not_certified")
    problem(producer.client.post(f"/api/v1/sessions/{code}/next"), 403, "wrong_role")
    certified = scrutineer.do(code, "certify")
    assert certified["next"] == {"command": "reveal", "round": 1}
    assert producer.tally(code)["tally"]["votes"] == 5
    director.do(code, "reveal")
    result = asked(arena.client(), code, "/rounds/1/result").json()
    assert (result["sealed"], result["tally"]["leader"], result["tally"]["votes"]) == (True, "red", 5)


def test_who_opened_or_locked_it_cannot_certify(arena: Running) -> None:
    one, other = arena.crew("admin"), arena.crew("scrutineer")
    code = one.make(rounds=[{"sealed": True}])
    one.do(code, "open")
    one.do(code, "lock")
    problem(one.say(code, "certify"), 403, "same_person")
    assert one.round(code)["certified_at_ms"] is None
    other.do(code, "certify")
    assert one.round(code)["certified_at_ms"] is not None


def test_a_seal_that_nobody_broke_stays_through_void_and_rerun(
    arena: Running, sealed: tuple[Crew, str, list[Phone]]
) -> None:
    producer, code, _ = sealed
    admin = arena.crew("admin")
    producer.do(code, "lock")
    admin.say(code, "void", reason="断线")
    assert admin.tally(code)["tally"] is None
    assert asked(admin.client, code, "/rounds/1/result").status_code == 409
    admin.do(code, "rerun", "open")
    arena.phone(code).vote("blue")
    admin.do(code, "lock")
    arena.crew("scrutineer").do(code, "certify")
    admin.do(code, "reveal")
    result = asked(admin.client, code, "/rounds/1/result").json()
    assert [each["tally"] for each in result["history"]] == [None]
    assert asked(admin.client, code, "/rounds/1/result?run=1").status_code == 409
    assert asked(admin.client, code, "/rounds/1/ledger?run=1").status_code == 409
    assert "red" not in json.dumps(result["history"])


def test_a_round_without_a_seal_may_be_certified_by_anybody_of_the_crew(arena: Running) -> None:
    admin = arena.crew("admin")
    code = admin.make()
    admin.do(code, "open", "lock", "certify", "reveal")
    assert admin.round(code)["phase"] == "revealed"
