"""Rounds in time: deadlines, pauses, each channel's delay, the grace, and restarts on the same file."""

from typing import Any

import pytest

from app.settings import Settings
from tests.conftest import FakeClock, Running, running
from tests.players import Phone, counted, eventually, problem, votes_of

CHANNELS = [{"key": "radio"}, {"key": "web"}, {"key": "wechat", "delay_ms": 8000}]


def timed(arena: Running, **rules: Any) -> str:
    return arena.crew().make(rounds=[{"duration_ms": 60_000, **rules}])


def test_a_timed_round_locks_itself_at_its_deadline_and_not_before(still_arena: Running) -> None:
    crew, clock = still_arena.crew(), still_arena.clock
    code = timed(still_arena)
    opened = crew.do(code, "open")["rounds"][0]
    assert (opened["opened_at_ms"], opened["closes_at_ms"]) == (clock.now_ms(), clock.now_ms() + 60_000)
    assert opened["locks_at_ms"] == opened["closes_at_ms"]
    phone = still_arena.phone(code)
    clock.forward(59_999)
    assert phone.vote("red").status_code == 200
    assert crew.round(code)["phase"] == "open"
    late = still_arena.phone(code)
    clock.forward(1)
    problem(late.vote("blue"), 409, "round_not_open")
    locked = crew.become(code, "locked")
    assert locked["locked_at_ms"] == clock.now_ms()
    assert votes_of(counted(phone.tally, {"red": 1, "blue": 0})) == {"red": 1, "blue": 0}
    entry = crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"][-1]
    assert (entry["action"], entry["actor"], entry["role"]) == ("deadline", "clock", "clock")


def test_a_pause_stops_the_countdown_and_a_resume_goes_on_with_what_is_left(still_arena: Running) -> None:
    crew, clock = still_arena.crew(), still_arena.clock
    code = timed(still_arena)
    crew.do(code, "open")
    clock.forward(20_000)
    paused = crew.do(code, "pause")["rounds"][0]
    assert (paused["remaining_ms"], paused["closes_at_ms"], paused["locks_at_ms"]) == (40_000, None, None)
    phone = still_arena.phone(code)
    assert problem(phone.vote("red"), 409, "round_not_open")["phase"] == "paused"
    problem(phone.like(red=1), 409, "round_not_open")
    assert (phone.me()["accepting"], phone.me()["cutoff_ms"]) == (False, None)
    clock.forward(3_600_000)
    resumed = crew.do(code, "resume")["rounds"][0]
    assert (resumed["remaining_ms"], resumed["closes_at_ms"]) == (None, clock.now_ms() + 40_000)
    assert phone.vote("red").status_code == 200
    clock.forward(39_999)
    assert crew.round(code)["phase"] == "open"
    clock.forward(1)
    crew.become(code, "locked")


def test_an_untimed_round_stays_open_until_locked(still_arena: Running) -> None:
    crew = still_arena.crew()
    code = crew.make(kind="poll")
    crew.do(code, "open")
    still_arena.clock.forward(30 * 86_400_000)
    crew.do(code, "pause", "resume")
    assert still_arena.phone(code).vote("c1").status_code == 200
    assert crew.do(code, "lock")["rounds"][0]["phase"] == "locked"


def test_a_late_channel_is_accepted_within_its_delay_and_then_the_round_locks_itself(still_arena: Running) -> None:
    crew, clock = still_arena.crew(), still_arena.clock
    code = crew.make(channels=CHANNELS)
    crew.do(code, "open")
    web, wechat, late = (still_arena.phone(code, channel) for channel in ("web", "wechat", "wechat"))
    locked_by_hand_ms = clock.now_ms()
    closing = crew.do(code, "lock")["rounds"][0]
    assert (closing["phase"], closing["closes_at_ms"]) == ("closing", locked_by_hand_ms)
    assert (closing["locks_at_ms"], closing["locked_at_ms"]) == (locked_by_hand_ms + 8000, None)
    assert problem(web.vote("red"), 409, "round_not_open")["phase"] == "closing"
    problem(web.like(red=1), 409, "round_not_open")
    assert (web.me()["accepting"], web.me()["cutoff_ms"]) == (False, locked_by_hand_ms)
    assert (wechat.me()["accepting"], wechat.me()["cutoff_ms"]) == (True, locked_by_hand_ms + 8000)
    clock.forward(7999)
    assert wechat.vote("blue").status_code == 200
    assert wechat.like(blue=5).json()["totals"] == {"blue": 5}
    clock.forward(1)
    problem(late.vote("blue"), 409, "round_not_open")
    locked = crew.become(code, "locked")
    assert (locked["closes_at_ms"], locked["locked_at_ms"]) == (locked_by_hand_ms, clock.now_ms())
    result = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/result").json()
    assert result["channels"] == {"wechat": {"votes": 1, "likes": 5, "turnout": 1, "weight": None, "voided": False}}
    assert wechat.vote("blue").json()["repeat"] is True, "a retry is answered also after the lock"
    assert wechat.like(blue=5).json()["totals"] == {"blue": 5}
    problem(wechat.like(blue=6), 409, "round_not_open")


def test_a_phone_may_not_move_to_a_later_channel(still_arena: Running) -> None:
    crew = still_arena.crew()
    code = crew.make(channels=CHANNELS)
    crew.do(code, "open")
    phone = still_arena.phone(code, "web")
    again = phone.client.post(f"/api/v1/sessions/{code}/join", json={"channel": "wechat"}).json()
    assert (again["channel"], again["delay_ms"], again["token"]) == ("web", 0, phone.token)
    crew.do(code, "lock")
    problem(phone.vote("red"), 409, "round_not_open")


def test_the_grace_is_given_to_every_channel(still_arena: Running) -> None:
    crew, clock = still_arena.crew(), still_arena.clock
    code = crew.make(channels=CHANNELS, rounds=[{"grace_ms": 2000}])
    crew.do(code, "open")
    radio, web, wechat = (still_arena.phone(code, each) for each in ("radio", "web", "wechat"))
    closing = crew.do(code, "lock")["rounds"][0]
    assert closing["locks_at_ms"] == closing["closes_at_ms"] + 10_000
    clock.forward(1999)
    assert radio.vote("red").status_code == 200
    clock.forward(1)
    problem(web.vote("red"), 409, "round_not_open")
    clock.forward(7999)
    assert wechat.vote("red").status_code == 200
    clock.forward(1)
    crew.become(code, "locked")


def test_a_paused_round_locks_at_once(still_arena: Running) -> None:
    crew = still_arena.crew()
    code = crew.make(channels=CHANNELS, rounds=[{"grace_ms": 2000}])
    crew.do(code, "open", "pause")
    assert crew.do(code, "lock")["rounds"][0]["phase"] == "locked"


def test_a_closing_round_may_be_voided_and_then_takes_nothing(still_arena: Running) -> None:
    crew = still_arena.crew()
    code = crew.make(channels=CHANNELS)
    crew.do(code, "open", "lock")
    phone = still_arena.phone(code, "wechat")
    crew.say(code, "void", reason="试")
    assert problem(phone.vote("red"), 409, "round_not_open")["phase"] == "void"
    still_arena.clock.forward(60_000)
    assert crew.round(code)["phase"] == "void"


@pytest.mark.parametrize("away_ms", [15_000, 600_000])
def test_a_restart_in_an_open_timed_round_goes_on_where_it_was(
    settings: Settings, clock: FakeClock, away_ms: int
) -> None:
    with running(settings, clock) as first:
        crew = first.crew()
        code = timed(first)
        crew.do(code, "open")
        phone, other = first.phone(code), first.phone(code)
        receipt = phone.vote("red", nonce="n").json()
        assert phone.like(red=120, blue=30).json()["clipped"] is False
        assert phone.like(red=121).json()["totals"] == {"red": 120, "blue": 30}, "the burst is used up"
        clock.forward(20_000)
        before = counted(phone.tally, {"red": 1, "blue": 0}, {"red": 120, "blue": 30})
        round_before = crew.round(code)
        token, crew_token = phone.token, first.tokens["admin"]
    clock.forward(away_ms)
    with running(settings, clock) as second:
        crew = type(crew)(second.client(crew_token))
        phone, other = (Phone(second.client(each), code, each) for each in (token, other.token))
        after = phone.tally()
        assert (after["epoch"], after["version"]) > (before["epoch"], before["version"])
        assert after["epoch"] > before["epoch"]
        assert after["tally"] == before["tally"]
        assert phone.vote("red", nonce="n").json() == {**receipt, "repeat": True}
        if away_ms < 40_000:
            assert crew.round(code) == round_before
            # Open time goes on: 35 s at 15 a second, above the burst.
            assert phone.like(red=1_000).json()["totals"] == {"red": 150 + 35 * 15 - 30, "blue": 30}
            assert other.vote("blue").status_code == 200
            clock.forward(40_000 - away_ms)
        locked = crew.become(code, "locked")
        assert locked["closes_at_ms"] == round_before["closes_at_ms"]
        assert locked["locked_at_ms"] == clock.now_ms()
        problem(second.phone(code).vote("blue"), 409, "round_not_open")


def test_a_restart_while_closing_still_waits_for_the_late_channel_and_then_locks(
    settings: Settings, clock: FakeClock
) -> None:
    with running(settings, clock) as first:
        crew = first.crew()
        code = crew.make(channels=CHANNELS)
        crew.do(code, "open", "lock")
        tokens = [first.phone(code, channel).token for channel in ("web", "wechat")]
        closing = crew.round(code)
    clock.forward(5_000)
    with running(settings, clock) as second:
        crew = second.crew()
        assert crew.round(code) == closing
        web, wechat = (Phone(second.client(each), code, each) for each in tokens)
        problem(web.vote("red"), 409, "round_not_open")
        assert wechat.vote("blue").status_code == 200
        clock.forward(3_000)
        assert crew.become(code, "locked")["locks_at_ms"] == closing["locks_at_ms"]


def test_a_restart_while_paused_keeps_what_is_left(settings: Settings, clock: FakeClock) -> None:
    with running(settings, clock) as first:
        crew = first.crew()
        code = timed(first)
        crew.do(code, "open")
        clock.forward(15_000)
        paused = crew.do(code, "pause")["rounds"][0]
    clock.forward(3_600_000)
    with running(settings, clock) as second:
        crew = second.crew()
        assert crew.round(code) == paused
        assert crew.do(code, "resume")["rounds"][0]["closes_at_ms"] == clock.now_ms() + 45_000


def test_a_restart_keeps_counts_audience_and_scene(settings: Settings) -> None:
    clock = FakeClock()
    with running(settings, clock) as first:
        crew = first.crew()
        code = crew.make(rounds=[{"changeable": True}, {}])
        crew.do(code, "open")
        phones = [first.phone(code) for _ in range(5)]
        for phone in phones:
            phone.vote("red")
            phone.like(blue=7)
        phones[0].vote("blue")
        crew.do(code, "lock")
        crew.client.put(f"/api/v1/sessions/{code}/overlay/result")
        eventually(lambda: crew.tally(code)["overlay"]["scene"] == "result")
        before = counted(lambda: crew.tally(code), {"red": 4, "blue": 1}, {"red": 0, "blue": 35})
        session = crew.session(code)
    with running(settings, clock) as second:
        crew = second.crew()
        assert crew.session(code) == session
        after = crew.tally(code)
        assert {key: after[key] for key in ("tally", "round", "totals", "overlay", "rounds")} == {
            key: before[key] for key in ("tally", "round", "totals", "overlay", "rounds")
        }
        assert after["tally"]["turnout"] == 5
        assert after["audience"]["unique"] == 5
        assert second.phone(code).me()["phase"] == "locked"
