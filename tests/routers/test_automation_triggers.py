"""What sets automations off, over the wire, and that a target that fails or hangs hurts nobody."""

import json
import threading
import time
from collections.abc import Callable

import pytest

from tests.conftest import Running
from tests.players import Line, eventually, votes_of
from tests.recording import Target, http, listed, make, path, recording, settled, state_if

pytestmark = pytest.mark.edge

# What sets them off


PHASES = ("opened", "paused", "resumed", "closing", "locked", "revealed", "void")


def test_each_phase_of_a_round_is_called_once_and_in_order(service: Running, target: Target) -> None:
    crew = service.crew()
    code = crew.make()
    for phase in PHASES:
        make(crew, code, f"round_{phase}", http(target, "/{{event.trigger}}/{{event.round}}/{{round.phase}}"))
    for command, phase in zip(("open", "pause", "resume", "lock", "reveal"), (*PHASES[:3], *PHASES[4:]), strict=False):
        crew.do(code, command)
        expected = f"/round_{phase}"
        eventually(lambda expected=expected: any(expected in each for each in target.paths()))  # type: ignore[misc]
        time.sleep(0.1)  # ticks pass, and nothing is called twice
    assert crew.say(code, "void", reason="试播").status_code == 200
    target.wait(7)
    settled(crew, code)
    # Closing and the lock are one commit where no channel has a delay; two automations, so two connections.
    paths = target.paths()
    assert paths[:3] == ["/round_opened/1/open", "/round_paused/1/paused", "/round_resumed/1/open"]
    assert sorted(paths[3:5]) == ["/round_closing/1/locked", "/round_locked/1/locked"]
    assert paths[5:] == ["/round_revealed/1/revealed", "/round_void/1/void"]
    states = [each["state"] for each in listed(crew, code)]
    assert [(each["fired"], each["delivered"], each["failures"]) for each in states] == [(1, 1, 0)] * 7
    assert all(each["last_status"] == 200 and each["last_error"] == "" and each["missing"] == [] for each in states)


def test_commands_in_one_tick_are_told_one_by_one(start: Callable[..., Running], target: Target) -> None:
    crew = start(automation_targets=("127.0.0.1",), tick_ms=500).crew()
    code = crew.make()
    make(crew, code, "round_opened", http(target))
    make(crew, code, "round_locked", http(target))
    crew.do(code, "open", "lock")
    target.wait(2)
    settled(crew, code)
    assert sorted(target.paths()) == ["/round_locked", "/round_opened"]


def test_a_rerun_is_told_again(service: Running, target: Target) -> None:
    crew = service.crew()
    code = crew.make()
    make(crew, code, "round_opened", http(target, "/{{round.run}}"))
    crew.do(code, "open", "lock", "rerun", "open")
    eventually(lambda: "/2" in target.paths())
    settled(crew, code)
    assert target.paths() in (["/1", "/2"], ["/2"])


def test_what_was_already_true_is_told_neither_when_it_is_made_nor_after_a_restart(
    start: Callable[..., Running], target: Target
) -> None:
    first = start(automation_targets=("127.0.0.1",))
    crew = first.crew()
    code = crew.make()
    crew.do(code, "open")
    make(crew, code, "round_opened", http(target))
    make(crew, code, "likes_milestone", http(target), milestone=1)
    make(crew, code, "tally_changed", http(target), every_ms=200)
    make(crew, code, "scene_changed", http(target))
    make(crew, code, "round_locked", http(target))
    first.phone(code).like(red=3)
    eventually(lambda: "/likes_milestone" in target.paths() and "/tally_changed" in target.paths())
    settled(crew, code)
    target.calls.clear()
    crew = start(automation_targets=("127.0.0.1",)).crew()
    assert crew.round(code)["phase"] == "open"
    time.sleep(0.5)
    assert target.calls == []
    # At once after the start what is new is told.
    crew.do(code, "lock")
    eventually(lambda: "/round_locked" in target.paths())


def test_session_that_was_ended_is_watched_again_once_it_is_used(start: Callable[..., Running], target: Target) -> None:
    crew = start(automation_targets=("127.0.0.1",)).crew()
    code = crew.make()
    make(crew, code, "round_opened", http(target))
    assert crew.client.patch(f"/api/v1/sessions/{code}", json={"status": "ended"}).status_code == 200
    crew = start(automation_targets=("127.0.0.1",)).crew()
    assert crew.client.patch(f"/api/v1/sessions/{code}", json={"status": "live"}).status_code == 200
    time.sleep(1.5)
    crew.do(code, "open")
    assert target.wait(1)[0].path == "/round_opened"


def test_scene_is_called_with_its_name(service: Running, target: Target) -> None:
    crew = service.crew()
    code = crew.make()
    make(crew, code, "scene_changed", http(target, "/scene?to={{flat.scene}}"))
    for scene in ("qr", "qr", "blank"):
        assert crew.client.post(f"/api/v1/sessions/{code}/overlay/{scene}").status_code == 200
        target.last(lambda call, scene=scene: call.query == {"to": scene})  # type: ignore[misc]
    settled(crew, code)
    assert [each.query["to"] for each in target.calls] == ["qr", "blank"]


def test_tally_is_called_at_most_every_so_often_and_ends_with_the_newest(service: Running, target: Target) -> None:
    crew = service.crew()
    code = crew.make()
    crew.do(code, "open")
    made = make(crew, code, "tally_changed", http(target, "/?v={{flat.red_votes}}"), every_ms=400)
    assert made["every_ms"] == 400
    for _ in range(20):
        assert service.phone(code).vote("red").status_code == 200
        time.sleep(0.05)
    target.last(lambda call: call.query["v"] == "20")
    gaps = [later.at - earlier.at for earlier, later in zip(target.calls, target.calls[1:], strict=False)]
    assert gaps
    assert min(gaps) > 0.3
    assert len(target.calls) <= 8
    time.sleep(0.6)
    assert target.calls[-1].query["v"] == "20", "nothing is sent where nothing changed"


def test_milestone_of_likes_is_called_once_for_each_choice(service: Running, target: Target) -> None:
    crew = service.crew()
    code = crew.make()
    where = "/{{event.choice}}/{{event.likes}}/{{event.choice_name}}"
    made = make(crew, code, "likes_milestone", http(target, where), milestone=50)
    assert (made["milestone"], made["every_ms"]) == (50, None)
    crew.do(code, "open")
    phone = service.phone(code)
    for calls, totals in enumerate(({"red": 49}, {"red": 50}, {"red": 60, "blue": 50}, {"red": 100, "blue": 50})):
        assert phone.like(**totals).json()["totals"] == totals
        # In one tick several multiples would be told as one.
        eventually(lambda calls=calls: len(target.calls) == calls)  # type: ignore[misc]
    settled(crew, code)
    assert [each.path.split("/")[1:3] for each in target.calls] == [["red", "50"], ["blue", "50"], ["red", "100"]]
    assert target.calls[0].path.endswith("%E7%8E%8B%E4%BC%9F")


def test_hidden_figures_never_leave_whoever_made_the_automation(service: Running, target: Target) -> None:
    crew = service.crew("admin")
    code = crew.make(rounds=[{"title": "一", "visibility": "on_reveal"}])
    body = '{"all": {{tally}}, "flat": {{flat}}, "view": "{{view}}", "staff": {{staff}}}'
    make(crew, code, "tally_changed", http(target, "/", method="POST", body=body), every_ms=200)
    make(crew, code, "likes_milestone", http(target), milestone=1)
    crew.do(code, "open")
    phone = service.phone(code)
    assert phone.vote("red").status_code == 200
    assert phone.like(red=7).status_code == 200
    hidden = target.last(lambda call: call.json["flat"]["turnout"] == 1).json
    tested = crew.client.post(path(code, listed(crew, code)[0]["id"], "test")).json()
    assert crew.tally(code)["tally"]["votes"] == 1, "the staff sees it"
    for said in (hidden, json.loads(tested["body"])):
        assert (said["all"], said["view"], said["staff"]) == (None, "public", "")
        assert (said["flat"]["red_votes"], said["flat"]["votes"], said["flat"]["red_likes"]) == (0, 0, 0)
    crew.do(code, "lock", "reveal")
    shown = target.last(lambda call: call.json["all"] is not None).json
    assert (shown["flat"]["red_votes"], shown["flat"]["red_likes"]) == (1, 7)
    settled(crew, code)
    assert "/likes_milestone" not in target.paths()


# Targets that misbehave


def test_votes_and_tallies_go_on_while_a_target_hangs(start: Callable[..., Running]) -> None:
    with recording(hang=threading.Event()) as hanging, recording() as healthy:
        service = start(automation_targets=("127.0.0.1",))
        crew = service.crew()
        code = crew.make()
        for trigger in ("tally_changed", "round_opened", "round_locked", "scene_changed"):
            make(crew, code, trigger, http(hanging))
        make(crew, code, "tally_changed", http(healthy, "/?v={{flat.red_votes}}"), every_ms=200)
        make(crew, code, "round_locked", http(healthy))
        crew.do(code, "open")
        eventually(lambda: hanging.calls)
        phones = [service.phone(code) for _ in range(30)]
        took: list[float] = []
        with Line.opened(service.ws_url, code) as line:
            for number, phone in enumerate(phones, 1):
                began = time.monotonic()
                assert phone.vote("red").status_code == 200
                line.hear_if(lambda said, number=number: votes_of(said)["red"] == number)  # type: ignore[misc]
                took.append(time.monotonic() - began)
        healthy.last(lambda call: call.query.get("v") == "30")
        crew.do(code, "lock")
        assert votes_of(crew.tally(code)) == {"red": 30, "blue": 0}
        healthy.last(lambda call: call.path == "/round_locked")
        print(
            f"vote to tally while a target hangs: {sorted(took)[15] * 1000:.0f} ms, at most {max(took) * 1000:.0f} ms"
        )
        assert max(took) < 2.0
        waiting = {each["name"]: each["state"] for each in listed(crew, code)[:4]}
        assert waiting["round_opened"]["delivered"] == 0
        assert waiting["round_opened"]["pending"] == 1
        began = time.monotonic()
    # Also the end of the service waits for no target.
    assert time.monotonic() - began < 5


def test_target_that_fails_is_tried_three_times_with_the_same_event(service: Running, target: Target) -> None:
    crew = service.crew()
    code = crew.make()
    target.answers = [500, 503]
    make(crew, code, "round_opened", http(target))
    crew.do(code, "open")
    calls = target.wait(3)
    state = settled(crew, code)[0]["state"]
    assert (state["fired"], state["delivered"], state["failures"], state["dropped"]) == (1, 1, 2, 0)
    assert len({each.headers["X-Arena-Event"] for each in calls}) == 1
    gaps = [calls[1].at - calls[0].at, calls[2].at - calls[1].at]
    assert 0.2 < gaps[0] < 1.2
    assert 0.4 < gaps[1] < 2.2
    target.answers = [500] * 3
    crew.do(code, "lock", "rerun", "open")
    target.wait(6)
    state = settled(crew, code)[0]["state"]
    assert (state["delivered"], state["failures"], state["dropped"]) == (1, 5, 1)
    assert state["last_status"] == 500
    time.sleep(0.5)
    assert len(target.calls) == 6


@pytest.mark.parametrize(
    ("trigger", "status", "says"),
    [
        ("round_opened", 404, "answered 404"),
        ("tally_changed", 500, "answered 500"),
        ("round_opened", 302, "not followed"),
    ],
)
def test_what_would_fail_again_is_not_tried_again(
    service: Running, target: Target, trigger: str, status: int, says: str
) -> None:
    crew = service.crew()
    code = crew.make()
    target.answers = [status]
    target.headers = {"Location": f"{target.url}/elsewhere"}
    make(crew, code, trigger, http(target))
    crew.do(code, "open")
    target.wait(1)
    state = settled(crew, code)[0]["state"]
    time.sleep(1.0)
    assert len(target.calls) == 1
    assert says in state["last_error"]
    assert (state["last_status"], state["dropped"]) == (status, 1)


def test_target_that_is_not_there_is_left_alone_after_five_failures_until_a_test_goes_well(service: Running) -> None:
    crew = service.crew()
    code = crew.make()
    with recording() as gone:
        port = gone.port
    action = {"kind": "http", "url": f"http://127.0.0.1:{port}/{{{{event.trigger}}}}"}
    made = make(crew, code, "tally_changed", action, every_ms=200)
    crew.do(code, "open")
    for _ in range(12):
        assert service.phone(code).vote("red").status_code == 200
        time.sleep(0.15)
    state = eventually(lambda: state_if(crew, code, "paused_until_ms"))
    assert state["failures"] == 5
    assert "refused the connection" in state["last_error"]
    assert 20_000 < state["paused_until_ms"] - time.time() * 1000 <= 30_000
    assert service.phone(code).vote("red").status_code == 200
    eventually(lambda: listed(crew, code)[0]["state"]["pending"] == 1)
    with recording(port=port) as back:
        assert crew.client.post(path(code, made["id"], "test")).json()["ok"] is True
        back.wait(2)  # the test, and what had waited
        assert settled(crew, code)[0]["state"]["paused_until_ms"] is None


def test_large_answers_are_thrown_away_and_cookies_are_not_kept(service: Running, target: Target) -> None:
    crew = service.crew()
    code = crew.make()
    target.answer_body = b"x" * 3_000_000
    target.headers = {"Set-Cookie": "who=somebody"}
    made = make(crew, code, "scene_changed", http(target))
    for _ in range(2):
        assert crew.client.post(path(code, made["id"], "test")).json() == {
            "ok": True, "status": 200, "error": "", "took_ms": pytest.approx(500, abs=500), "missing": [],
            "sent": f"GET {target.url}/scene_changed", "body": "",
        }  # fmt: skip
    assert "Cookie" not in target.calls[1].headers
