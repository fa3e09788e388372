"""Who is there, over all processes: the sum of those on line, a phone once, an overlay wherever its heart beats."""

import contextlib
import signal
import time

import pytest
from sqlalchemy import update

from app.models.round import RoundRow
from app.storage import shared
from tests.cluster.conftest import LATE_SECONDS, Cluster
from tests.conftest import Running
from tests.players import BOUT, Line, Phone, counted, eventually, problem

GONE_MS = 2_500
"""In the place of ten seconds, so that nobody waits for them."""


def audience(service: Running, code: str) -> tuple[int, int]:
    shown = service.crew().tally(code)["audience"]
    return shown["online"], shown["unique"]


def workers(service: Running, code: str) -> int:
    return int(service.crew().tally(code)["staff"]["cluster"]["workers"])


def test_online_is_the_sum_over_all_processes_and_a_phone_at_both_is_seen_once(one: Running, two: Running) -> None:
    code = one.crew().make()
    phones = [one.phone(code), one.phone(code), two.phone(code)]
    with contextlib.ExitStack() as lines:
        for service, phone in ((one, phones[0]), (one, phones[1]), (two, phones[2]), (two, phones[0])):
            lines.enter_context(Line.opened(service.ws_url, code, token=phone.token))
        for service in (one, two):
            eventually(lambda service=service: audience(service, code) == (4, 3))  # type: ignore[misc]
        # A poller is on line too, and it was seen before.
        Phone(two.client(phones[1].token), code, phones[1].token).tally()
        for service in (one, two):
            eventually(lambda service=service: audience(service, code) == (5, 3))  # type: ignore[misc]
    for service in (one, two):
        eventually(lambda service=service: audience(service, code) == (1, 3))  # type: ignore[misc]


def test_heartbeat_of_an_overlay_at_one_process_is_seen_by_the_staff_at_the_other(one: Running, two: Running) -> None:
    code = one.crew().make()
    for here, there in ((one, two), (two, one)):
        with Line.opened(here.ws_url, code, token=here.tokens["overlay"]) as line:
            line.say(type="heartbeat", client="obs", scene="bars", version=7, fps=50)
            seen = eventually(lambda there=there: there.crew().tally(code)["staff"]["overlays"], LATE_SECONDS)  # type: ignore[misc]
            assert [(each["scene"], each["version"], each["fps"]) for each in seen] == [("bars", 7, 50)]
            here.app.state.arena.hub.live[code].overlays.seen.clear()
        eventually(lambda there=there: not there.crew().tally(code)["staff"]["overlays"])  # type: ignore[misc]


def test_service_that_stops_in_order_is_counted_no_more_at_once(cluster: Cluster) -> None:
    leader = cluster.start()
    cluster.leader()
    other = cluster.start()
    code = leader.crew().make()
    with Line.opened(other.ws_url, code):
        eventually(lambda: audience(leader, code)[0] == 1)
        eventually(lambda: workers(leader, code) == 2)
        other.stop()
        began = time.monotonic()
        eventually(lambda: audience(leader, code)[0] == 0)
        eventually(lambda: workers(leader, code) == 1)
        assert time.monotonic() - began < LATE_SECONDS


@pytest.mark.slow
def test_process_that_is_killed_is_counted_no_more_once_it_has_been_silent_for_too_long(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shared.PRESENT_MS == 10_000
    monkeypatch.setattr(shared, "PRESENT_MS", GONE_MS)
    leader = cluster.start()
    cluster.leader()
    code = leader.crew().make()
    process = cluster.process()
    process.start()
    with Line.opened(process.base_url.replace("http", "ws"), code):
        eventually(lambda: audience(leader, code)[0] == 1)
        process.end(signal.SIGKILL)
        began = time.monotonic()
        eventually(lambda: audience(leader, code)[0] == 0)
        assert 0.5 < time.monotonic() - began < GONE_MS / 1000 + 1.5
        eventually(lambda: workers(leader, code) == 1, LATE_SECONDS)


def test_nobody_is_held_for_having_looked_by_another_process(one: Running, two: Running) -> None:
    crew = one.crew()
    code = crew.make()
    rules = {"quarantine": ["unseen"]}
    for refused in (
        crew.client.post("/api/v1/sessions", json={**BOUT, "rounds": [rules]}),
        crew.client.post(f"/api/v1/sessions/{code}/rounds", json=rules),
        crew.client.patch(f"/api/v1/sessions/{code}/rounds/1", json=rules),
    ):
        problem(refused, 422, "invalid_session")
    # One that was made where one process serves, and copied over.
    with two.app.state.arena.database.beside.begin() as connection:
        connection.execute(update(RoundRow).values(quarantine=["unseen"]))
    crew.do(code, "open")
    phone = one.phone(code)
    phone.tally()
    assert Phone(two.client(phone.token), code, phone.token).vote("red").status_code == 200
    counted(lambda: crew.tally(code), {"red": 1, "blue": 0})
