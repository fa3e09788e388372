"""Likes over HTTP: cumulative totals, a bounded rate, and what is not a number of likes."""

from typing import Any

from tests.conftest import FakeClock, Running
from tests.players import Phone, counted, eventually, likes_of, problem

BURST = 150


def liking(arena: Running, **rules: Any) -> Phone:
    crew = arena.crew()
    code = crew.make(rounds=[rules])
    crew.do(code, "open")
    return arena.phone(code)


def test_a_total_is_kept_and_the_same_again_is_a_retry(still_arena: Running) -> None:
    phone = liking(still_arena)
    assert phone.like(red=12).json() == {"round": 1, "run": 1, "totals": {"red": 12}, "clipped": False}
    assert phone.like(red=12).json() == {"round": 1, "run": 1, "totals": {"red": 12}, "clipped": False}
    assert phone.like(red=15, blue=3).json()["totals"] == {"red": 15, "blue": 3}
    assert phone.like(blue=4).json()["totals"] == {"red": 15, "blue": 4}, "what was not sent stands"
    assert phone.me()["likes"] == {"red": 15, "blue": 4}
    document = counted(phone.tally, {"red": 0, "blue": 0}, {"red": 15, "blue": 4})
    assert (document["tally"]["likes"], document["totals"]["likes"], document["tally"]["turnout"]) == (19, 19, 0)


def test_likes_of_many_phones_add_up(still_arena: Running) -> None:
    phone = liking(still_arena)
    others = [still_arena.phone(phone.code) for _ in range(4)]
    for i, each in enumerate(others):
        each.like(red=i + 1, blue=10)
    phone.like(red=100)
    counted(phone.tally, likes={"red": 110, "blue": 40})
    still_arena.clock.forward(1_000)
    eventually(lambda: phone.tally()["audience"]["unique"] == 5)


def test_what_is_above_the_rate_is_clipped_and_may_be_sent_again_later(still_arena: Running, clock: FakeClock) -> None:
    phone = liking(still_arena, likes_per_second=10)
    clipped = phone.like(red=BURST + 40).json()
    assert (clipped["totals"], clipped["clipped"]) == ({"red": BURST}, True)
    clock.forward(3_000)
    assert phone.like(red=BURST + 40).json()["totals"] == {"red": BURST + 30}
    clock.forward(1_000)
    whole = phone.like(red=BURST + 40).json()
    assert (whole["totals"], whole["clipped"]) == ({"red": BURST + 40}, False)
    counted(phone.tally, likes={"red": BURST + 40, "blue": 0})


def test_clipping_favours_no_side(still_arena: Running) -> None:
    phone = liking(still_arena)
    totals = phone.like(red=300, blue=300).json()["totals"]
    assert totals == {"red": BURST // 2, "blue": BURST // 2}


def test_a_pause_earns_no_likes(still_arena: Running, clock: FakeClock) -> None:
    phone = liking(still_arena, likes_per_second=1)
    crew = still_arena.crew()
    crew.do(phone.code, "pause")
    clock.forward(3_600_000)
    crew.do(phone.code, "resume")
    clock.forward(5_000)
    assert phone.like(red=10_000).json()["totals"] == {"red": BURST + 5}


def test_a_phone_that_joins_late_earns_nothing_for_the_time_before(still_arena: Running, clock: FakeClock) -> None:
    phone = liking(still_arena)
    clock.forward(3_600_000)
    late = still_arena.phone(phone.code)
    assert late.like(red=10_000).json()["totals"] == {"red": BURST}


def test_a_smaller_total_is_refused_with_what_stands(still_arena: Running) -> None:
    phone = liking(still_arena)
    phone.like(red=20, blue=5)
    refused = problem(phone.like(red=19, blue=50), 409, "likes_shrank")
    assert refused["totals"] == {"red": 20, "blue": 5}
    assert phone.me()["likes"] == {"red": 20, "blue": 5}, "nothing of the request is taken"


def test_what_is_no_total_counts_nothing(still_arena: Running) -> None:
    phone = liking(still_arena)
    for totals, code in (
        ("{}", "invalid_likes"),
        ('{"red": -1}', "invalid_likes"),
        ('{"red": 10000001}', "invalid_likes"),
        ('{"red": ' + "9" * 400 + "}", "invalid_likes"),
        ('{"green": 1}', "invalid_likes"),
        ('{"": 1}', "invalid_likes"),
        ('{"red": 1, "green": 1}', "invalid_likes"),
        ('{"red": true}', "invalid_request"),
        ('{"red": 1.0}', "invalid_request"),
        ('{"red": 1.5}', "invalid_request"),
        ('{"red": "1"}', "invalid_request"),
        ('{"red": null}', "invalid_request"),
        ('{"red": [1]}', "invalid_request"),
        ('{"red": 1e3}', "invalid_request"),
        ('{"red": NaN}', "invalid_request"),
        ('{"' + "r" * 65 + '": 1}', "invalid_request"),
        ('{"\\ud800": 1}', "invalid_request"),
        ("[]", "invalid_request"),
        ("null", "invalid_request"),
        ('"red"', "invalid_request"),
        ("{" + ",".join(f'"k{i}": 1' for i in range(65)) + "}", "invalid_request"),
    ):
        response = phone.client.put(
            f"/api/v1/sessions/{phone.code}/rounds/1/likes",
            content=b'{"totals": ' + totals.encode() + b"}",
            headers={"Content-Type": "application/json"},
        )
        problem(response, 422, code)
    assert phone.me()["likes"] == {}
    assert likes_of(phone.tally()) == {"red": 0, "blue": 0}


def test_likes_are_taken_in_every_order_of_arrival(still_arena: Running) -> None:
    # A phone that lost an answer sends its newer total first and the older one after it.
    phone = liking(still_arena)
    assert phone.like(red=7).json()["totals"] == {"red": 7}
    problem(phone.like(red=5), 409, "likes_shrank")
    assert phone.like(red=9).json()["totals"] == {"red": 9}
    counted(phone.tally, likes={"red": 9, "blue": 0})
