"""Two people at two consoles, and commands that the network has held back."""

import threading
from typing import Any

import httpx2
import pytest

from tests.conftest import FakeClock, Running
from tests.players import Crew

pytestmark = pytest.mark.edge


def actions(crew: Crew, code: str) -> list[str]:
    entries = crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]
    return [each["action"] for each in entries if each["round"] is not None]


def asked_next(crew: Crew, code: str, revision: int) -> httpx2.Response:
    return crew.client.post(f"/api/v1/sessions/{code}/next", params={"revision": revision})


def test_next_pressed_by_two_people_is_exactly_one_step(arena: Running) -> None:
    crews = [arena.crew("producer"), arena.crew("admin")]
    code = crews[0].make()
    seen = crews[0].do(code, "open")["revision"]
    together = threading.Barrier(2)
    answers: list[httpx2.Response] = []

    def press(crew: Crew) -> None:
        together.wait()
        answers.append(asked_next(crew, code, seen))

    people = [threading.Thread(target=press, args=(each,)) for each in crews]
    for each in people:
        each.start()
    for each in people:
        each.join()
    assert sorted(each.status_code for each in answers) == [200, 412]
    assert crews[0].round(code)["phase"] == "locked"
    assert actions(crews[0], code) == ["open", "lock"]


def test_who_comes_second_is_told_what_was_done_and_by_whom(still_arena: Running, clock: FakeClock) -> None:
    producer, admin = still_arena.crew("producer"), still_arena.crew("admin")
    code = producer.make()
    seen = producer.session(code)["revision"]
    clock.forward(1_000)
    producer.do(code, "open")
    clock.forward(400)
    late = asked_next(admin, code, seen)
    assert late.status_code == 412
    assert late.headers["content-type"] == "application/problem+json"
    problem = late.json()
    assert problem["code"] == "revision_stale"
    assert problem["detail"].startswith("The producer test producer opened round 1 0.4 s ago, so nothing was done;")
    now = producer.session(code)["revision"]
    assert problem["revision"] == now
    assert [(each["action"], each["round"], each["revision"]) for each in problem["changes"]] == [("open", 1, now)]
    assert producer.round(code)["phase"] == "open"


@pytest.mark.parametrize("header", ['"{}"', "{}", 'W/"{}"'])
def test_the_revision_may_travel_as_if_match(arena: Running, header: str) -> None:
    producer = arena.crew("producer")
    code = producer.make()
    seen = producer.session(code)["revision"]
    path = f"/api/v1/sessions/{code}/rounds/1"
    assert producer.client.post(f"{path}/open", headers={"If-Match": header.format(seen)}).status_code == 200
    stale = producer.client.post(f"{path}/pause", headers={"If-Match": header.format(seen)})
    assert (stale.status_code, stale.json()["code"]) == (412, "revision_stale")
    assert producer.client.post(f"{path}/pause", headers={"If-Match": "*"}).status_code == 200
    for broken in ("abc", '"1", "2"', '"²"', ""):
        refused = producer.client.post(f"{path}/resume", headers={"If-Match": broken.encode()})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert producer.round(code)["phase"] == "paused"


def test_without_a_revision_all_is_as_before(arena: Running) -> None:
    producer = arena.crew("producer")
    code = producer.make()
    producer.do(code, "open", "pause", "resume")
    assert producer.next(code).json()["rounds"][0]["phase"] == "locked"


def test_what_is_already_true_answers_200_on_an_old_view_so_that_a_lost_answer_can_be_asked_again(
    arena: Running,
) -> None:
    producer = arena.crew("producer")
    code = producer.make()
    seen = producer.session(code)["revision"]
    for _ in range(3):
        assert producer.say(code, "open", revision=seen).status_code == 200
    assert actions(producer, code) == ["open"]


def test_cuts_titles_and_another_round_do_not_stand_in_the_way_of_a_lock(arena: Running) -> None:
    producer, director = arena.crew("producer"), arena.crew("director")
    code = producer.make()
    seen = producer.do(code, "open")["revision"]
    director.client.post(f"/api/v1/sessions/{code}/overlay/qr")
    producer.client.patch(f"/api/v1/sessions/{code}", json={"title": "新题"})
    producer.client.patch(f"/api/v1/sessions/{code}/rounds/2", json={"title": "另一回合"})
    assert producer.session(code)["revision"] == seen + 3
    # The next step is this round's; but whoever presses `next` may mean any, and the second was edited.
    assert asked_next(producer, code, seen).status_code == 412
    assert producer.say(code, "lock", revision=seen).status_code == 200


def test_rules_edited_in_between_are_seen_before_the_round_opens(arena: Running) -> None:
    producer, admin = arena.crew("producer"), arena.crew("admin")
    code = producer.make()
    seen = producer.session(code)["revision"]
    admin.client.patch(f"/api/v1/sessions/{code}/rounds/1", json={"duration_ms": 5_000})
    refused = producer.say(code, "open", revision=seen)
    assert refused.status_code == 412
    assert refused.json()["detail"].startswith("The admin test admin edited round 1")
    assert producer.round(code)["phase"] == "draft"


def test_the_clock_counts_as_somebody(still_arena: Running, clock: FakeClock) -> None:
    producer, director = still_arena.crew("producer"), still_arena.crew("director")
    code = producer.make(rounds=[{"duration_ms": 10_000}])
    seen = producer.do(code, "open")["revision"]
    clock.forward(10_000)
    # It was meant to lock; the clock has; one step more would reveal.
    refused = director.client.post(f"/api/v1/sessions/{code}/next", params={"revision": seen})
    assert refused.json()["detail"].startswith("The clock moved round 1 on")
    assert producer.become(code, "locked")


def test_a_revision_from_a_state_that_was_put_back_is_refused(arena: Running) -> None:
    producer = arena.crew("producer")
    code = producer.make()
    refused = producer.say(code, "open", revision=producer.session(code)["revision"] + 5)
    assert (refused.status_code, refused.json()["changes"]) == (412, [])


COMMANDS: list[tuple[str, dict[str, Any]]] = [
    ("rounds/1/open", {}),
    ("rounds/1/void", {"reason": "x"}),
    ("next", {}),
    ("overlay/result", {}),
]


@pytest.mark.parametrize(("path", "params"), COMMANDS, ids=[each[0] for each in COMMANDS])
def test_a_command_that_comes_after_its_time_does_nothing(
    still_arena: Running, clock: FakeClock, path: str, params: dict[str, Any]
) -> None:
    crew = still_arena.crew()
    code = crew.make()
    before = crew.session(code)
    late = crew.client.post(f"/api/v1/sessions/{code}/{path}", params={**params, "until_ms": clock.now_ms() - 60_000})
    assert (late.status_code, late.json()["code"], late.json()["late_ms"]) == (412, "command_late", 60_000)
    assert crew.session(code) == before


def test_a_command_in_its_time_is_carried_out(still_arena: Running, clock: FakeClock) -> None:
    producer = still_arena.crew("producer")
    code = producer.make()
    assert producer.say(code, "open", until_ms=clock.now_ms() + 3_000).status_code == 200
