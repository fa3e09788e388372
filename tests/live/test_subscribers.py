"""Who is told how often: overlays and staff at every tick, phones of a crowd more slowly, a command to all at once."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest

from app.domain.lifecycle import Phase
from app.live import ticker
from app.live.facts import SessionChanged
from app.live.hub import Frame, Hub
from app.live.subscribers import PHONES_EVERY_TICK_MAX, PHONES_INTERVAL_MS, Subscribers, phones_are_due
from tests.conftest import FakeClock
from tests.live.test_hub import Listener, a_hub, tick, votes
from tests.live.values import a_round, a_session

TICK_MS = 200


@pytest.mark.parametrize(
    ("subscribers", "since_ms", "commanded", "due"),
    [
        (PHONES_EVERY_TICK_MAX, 0, False, True),
        (PHONES_EVERY_TICK_MAX + 1, PHONES_INTERVAL_MS - 1, False, False),
        (PHONES_EVERY_TICK_MAX + 1, PHONES_INTERVAL_MS, False, True),
        (PHONES_EVERY_TICK_MAX + 1, 0, True, True),
    ],
)
def test_phones_are_due_in_a_small_crowd_twice_a_second_or_by_a_command(
    subscribers: int, since_ms: int, commanded: bool, due: bool
) -> None:
    assert phones_are_due(subscribers, since_ms, commanded) is due


def crowded() -> tuple[Hub, FakeClock, dict[str, Listener]]:
    """A session with one of each group, in a process that has a crowd elsewhere."""
    hub, live, clock = a_hub(a_round())
    all_ = {"staff": Listener(staff=True), "listener": Listener(), "phone": Listener("v")}
    for each in all_.values():
        hub.subscribe(live, each)
    hub.sockets += PHONES_EVERY_TICK_MAX
    clock.forward(1_000)
    hub.learn([votes()])
    assert tick(hub, live) == 3
    for each in all_.values():
        each.frames.clear()
    return hub, clock, all_


def test_in_a_crowd_a_phone_is_told_twice_a_second_and_the_newest_and_the_others_at_every_tick() -> None:
    hub, clock, all_ = crowded()
    (live,) = hub.live.values()
    for _ in range(15):
        clock.forward(TICK_MS)
        hub.learn([votes()])
        tick(hub, live)
    assert [len(each.frames) for each in all_.values()] == [15, 15, 5]
    assert all_["phone"].newest["tally"]["votes"] == 16


def test_what_a_phone_was_not_told_yet_it_is_told_also_when_nothing_more_happens() -> None:
    hub, clock, all_ = crowded()
    (live,) = hub.live.values()
    clock.forward(TICK_MS)
    hub.learn([votes()])
    tick(hub, live)
    clock.forward(TICK_MS - 100)
    hub.learn([votes()])
    tick(hub, live)
    assert [len(each.frames) for each in all_.values()] == [2, 2, 0]
    clock.forward(PHONES_INTERVAL_MS)
    tick(hub, live)
    clock.forward(PHONES_INTERVAL_MS)
    tick(hub, live)
    assert all_["phone"].newest["tally"]["votes"] == 3


def test_a_lock_goes_to_everybody_at_once() -> None:
    hub, clock, all_ = crowded()
    (live,) = hub.live.values()
    clock.forward(PHONES_INTERVAL_MS)
    hub.learn([votes()])
    tick(hub, live)
    clock.forward(TICK_MS)
    hub.learn([SessionChanged(replace(a_session(a_round(phase=Phase.LOCKED)), revision=2))])
    tick(hub, live)
    assert all_["phone"].newest["round"]["phase"] == "locked"
    assert [len(each.frames) for each in all_.values()] == [2, 2, 2]


def test_a_lock_that_another_process_published_goes_to_everybody_at_once() -> None:
    hub, _, all_ = crowded()
    hub.shared = True
    (live,) = hub.live.values()
    for revision, told in ((1, 0), (2, 1), (2, 1)):
        frames = [Frame(view, live.epoch, live.version + 1, b"{}") for view in ("public", "staff")]
        assert hub.adopt(live, frames, {}, revision)
        asyncio.run(ticker.publish(hub, live))
        assert len(all_["phone"].frames) == told
        assert all_["listener"].frames[-1] is frames[0]
        assert all_["staff"].frames[-1] is frames[1]


def test_whoever_says_who_it_is_is_told_as_such_from_then_on() -> None:
    group: Subscribers[Listener] = Subscribers()
    one = Listener()
    for voter, staff, there in (("", False, group.listeners), ("v", False, group.phones), ("", True, group.staff)):
        one.voter, one.staff = voter, staff
        group.place(one)
        assert list(group) == list(there) == [one]
    assert group.remove(one)
    assert not group.remove(one)
    assert len(group) == 0


def test_a_tick_lets_the_loop_go_by_the_time_that_it_has_held_it(monkeypatch: pytest.MonkeyPatch) -> None:
    hub, live, _ = a_hub(a_round())
    listeners = [Listener() for _ in range(1_000)]
    for each in listeners:
        hub.subscribe(live, each)
    seconds = [0.0]

    def later() -> float:
        seconds[0] += ticker.HELD_SECONDS_MAX / 2
        return seconds[0]

    turns: list[int] = []

    async def other() -> None:
        while True:
            turns.append(sum(len(each.frames) > 1 for each in listeners))
            await asyncio.sleep(0)

    async def run() -> None:
        beside = asyncio.create_task(other())
        await asyncio.sleep(0)
        await ticker.tell(live, listeners)
        beside.cancel()

    monkeypatch.setattr(ticker, "perf_counter", later)
    asyncio.run(run())
    assert [len(each.frames) for each in listeners] == [2] * 1_000
    assert len(turns) > 5
    assert max(b - a for a, b in pairwise(turns)) <= 3 * ticker.LOOK_EVERY
