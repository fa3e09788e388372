"""The hub without a network: who is offered what, and when nothing is built."""

import asyncio
import json
from typing import Any

from app.domain.lifecycle import Phase
from app.domain.session import Round
from app.domain.tally import Counts
from app.live.close_codes import CloseCode
from app.live.document import FRESH_MS, STALE_AFTER_MS
from app.live.events import EventSubscriber
from app.live.facts import Counted, SessionChanged, SessionLoaded
from app.live.hub import Frame, Hub, LiveSession
from app.live.overlays import Heartbeat
from tests.conftest import FakeClock
from tests.live.values import CODE, a_round, a_session, counted


class Listener:
    """A subscriber that keeps what it was offered."""

    def __init__(self, voter: str = "", staff: bool = False, present: bool = True) -> None:
        self.voter, self.staff, self.present = voter, staff, present
        self.token_id = self.expires_at_ms = 0
        self.frames: list[Frame] = []
        self.codes: list[CloseCode] = []

    def offer(self, frame: Frame) -> None:
        self.frames.append(frame)

    def cut(self, code: CloseCode) -> None:
        self.codes.append(code)

    @property
    def newest(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.frames[-1].payload)
        return document


def a_hub(*rounds: Round) -> tuple[Hub, LiveSession, FakeClock]:
    clock = FakeClock()
    hub = Hub(clock, epoch=5, sockets_max=100)
    hub.learn([SessionLoaded(a_session(*rounds), {}, {}, set())])
    return hub, hub.live[CODE], clock


def tick(hub: Hub, live: LiveSession) -> int:
    """Publish as the ticker does; return how many were offered a frame."""
    offered = [*hub.publish(live), *hub.phones(live)]
    for each in offered:
        each.offer(live.frames[live.view_of(each.voter, each.staff)])
    return len(offered)


def votes(run_id: int = 7, **fields: Any) -> Counted:
    return counted(CODE, run_id, **{"votes": {"red": 1}, "turnout": 1, **fields})


def test_a_subscriber_is_greeted_with_the_newest_at_once() -> None:
    hub, live, _ = a_hub(a_round())
    one, two = Listener(), Listener()
    hub.subscribe(live, one)
    hub.subscribe(live, two)
    assert one.newest["version"] == 1
    assert one.frames[0] is two.frames[0], "encoded once, the same bytes to all"
    assert hub.sockets == 2


def test_nothing_is_published_while_nothing_changes() -> None:
    hub, live, clock = a_hub(a_round())
    hub.subscribe(live, Listener(present=False))
    tick(hub, live)
    for _ in range(10):
        clock.forward(200)
        assert tick(hub, live) == 0
    assert live.version == 1


def test_many_commits_between_two_ticks_are_one_publication() -> None:
    hub, live, _ = a_hub(a_round())
    listener = Listener()
    hub.subscribe(live, listener)
    tick(hub, live)
    before = len(listener.frames)
    for _ in range(1_000):
        hub.learn([votes()])
    assert tick(hub, live) == 1
    assert len(listener.frames) == before + 1
    assert listener.newest["tally"]["choices"][0]["votes"] == 1_000
    assert tick(hub, live) == 0


def test_a_changed_vote_moves_from_one_side_to_the_other() -> None:
    hub, live, _ = a_hub(a_round())
    hub.learn([votes(), votes(votes={"red": -1, "blue": 1}, turnout=0)])
    listener = Listener()
    hub.subscribe(live, listener)
    assert [each["votes"] for each in listener.newest["tally"]["choices"]] == [0, 1]
    assert listener.newest["tally"]["turnout"] == 1


def test_facts_of_sessions_that_are_not_live_are_let_go() -> None:
    hub, live, _ = a_hub(a_round())
    hub.learn([counted("OTHER1", 99, votes={"red": 5}), SessionChanged(a_session(code="OTHER2"))])
    assert set(hub.live) == {CODE}
    assert live.counts == {}


def test_a_session_is_loaded_once_however_many_ask() -> None:
    hub, live, _ = a_hub(a_round())
    hub.learn([votes()])
    hub.learn([SessionLoaded(a_session(a_round()), {}, {}, set())])
    assert hub.live[CODE] is live
    assert live.counts[7].votes == {"red": 1}


def test_each_view_is_built_only_where_it_differs() -> None:
    hub, live, _ = a_hub(a_round("after_vote"))
    hub.refresh(live)
    assert set(live.frames) == {"public", "staff", "voter"}
    hub.learn([SessionChanged(a_session(a_round("after_vote", Phase.LOCKED)))])
    tick(hub, live)
    assert set(live.frames) == {"public", "staff"}
    assert {frame.version for frame in live.frames.values()} == {2}
    assert len({frame.etag for frame in live.frames.values()}) == 2


def test_a_voter_is_given_the_voters_view_and_staff_their_own() -> None:
    hub, live, _ = a_hub(a_round("after_vote"))
    voter, fan, staff, stranger = Listener("v"), Listener("f"), Listener(staff=True), Listener()
    for each in (voter, fan, staff, stranger):
        hub.subscribe(live, each)
    hub.learn([votes(voters={"v"}, voted={"v"}), counted(CODE, 7, likes={"blue": 3}, voters={"f"})])
    tick(hub, live)
    assert [each.newest["view"] for each in (voter, fan, staff, stranger)] == ["voter", "public", "staff", "public"]
    assert voter.newest["tally"]["votes"] == 1
    assert fan.newest["tally"] is None
    assert "staff" not in voter.newest
    # A new run: nobody has voted in it.
    hub.learn([SessionChanged(a_session(a_round("after_vote", run_id=8, number=2)))])
    tick(hub, live)
    assert (voter.newest["view"], voter.newest["tally"]) == ("public", None)
    assert set(live.counts) <= {8}, "what is over is let go"


def test_a_poller_reads_every_answered_vote_and_builds_nothing_where_nothing_changed() -> None:
    hub, live, _ = a_hub(a_round())
    hub.poll(live, "", False)
    for number in range(1, 6):
        hub.learn([votes()])
        for _ in range(3):
            document = json.loads(hub.poll(live, "", False).payload)
        assert document["tally"]["votes"] == number
        assert live.version == number + 1


def test_pollers_built_frames_are_still_published() -> None:
    hub, live, clock = a_hub(a_round())
    listener = Listener()
    hub.subscribe(live, listener)
    tick(hub, live)
    hub.learn([votes()])
    clock.forward(20)
    frame = hub.poll(live, "", False)
    assert tick(hub, live) == 1
    assert listener.frames[-1] is frame, "one version is one document, by whatever way it comes"


def test_presence_is_shown_once_a_second_and_forgets_pollers() -> None:
    hub, live, clock = a_hub(a_round())
    people = [Listener(), Listener(), Listener(present=False)]
    for each in people:
        hub.subscribe(live, each)
    hub.poll(live, "p", False)
    clock.forward(1_000)
    tick(hub, live)
    assert people[0].newest["audience"] == {"online": 3, "unique": 1}
    hub.unsubscribe(live, people[1])
    hub.unsubscribe(live, people[1])
    assert hub.sockets == 2, "leaving twice is leaving once"
    clock.forward(500)
    assert tick(hub, live) == 0, "not before the second is over"
    clock.forward(10_500)
    tick(hub, live)
    assert people[0].newest["audience"] == {"online": 1, "unique": 1}
    assert live.peak_online == 3


def test_a_quiet_session_is_made_fresh_for_who_listens_and_for_who_asks() -> None:
    hub, live, clock = a_hub(a_round())
    one = Listener(present=False)
    hub.subscribe(live, one)
    tick(hub, live)
    version = live.version
    clock.forward(FRESH_MS - 1)
    assert tick(hub, live) == 0
    clock.forward(1)
    assert tick(hub, live) == 1
    assert one.newest["server_time_ms"] == clock.now_ms()
    assert one.newest["stale_after_ms"] == STALE_AFTER_MS > 2 * FRESH_MS
    assert live.version == version + 1
    hub.unsubscribe(live, one)
    tick(hub, live)
    version = live.version
    clock.forward(10 * FRESH_MS)
    tick(hub, live)
    assert live.version == version, "for nobody nothing is made"
    assert json.loads(hub.poll(live, "", False).payload)["server_time_ms"] == clock.now_ms()


def test_what_an_overlay_tells_is_seen_at_once_and_of_who_has_no_token_within_a_second() -> None:
    hub, live, clock = a_hub(a_round())
    staff = Listener(staff=True, present=False)
    hub.subscribe(live, staff)
    tick(hub, live)
    hub.heartbeat(live, Heartbeat("~1", "", False, "board", 1, 60.0))
    assert tick(hub, live) == 0
    clock.forward(1_000)
    assert tick(hub, live) == 1
    hub.heartbeat(live, Heartbeat("7:a", "主播台", True, "board", 1, 60.0))
    assert tick(hub, live) == 1
    assert [each["verified"] for each in staff.newest["staff"]["overlays"]] == [False, True]
    assert staff.newest["staff"]["warnings"] == []


def test_a_silent_overlay_on_air_is_warned_of() -> None:
    hub, live, clock = a_hub(a_round())
    staff = Listener(staff=True, present=False)
    hub.subscribe(live, staff)
    hub.heartbeat(live, Heartbeat("7:a", "主播台", True, "board", 1, 60.0))
    for _ in range(15):
        clock.forward(1_000)
        tick(hub, live)
    (one,) = staff.newest["staff"]["warnings"]
    assert (one["kind"], one["subject"], one["name"]) == ("overlay_silent", "7:a", "主播台")
    hub.heartbeat(live, Heartbeat("7:a", "主播台", True, "board", live.version, 60.0))
    for _ in range(6):
        clock.forward(1_000)
        tick(hub, live)
    assert staff.newest["staff"]["warnings"] == []


def test_a_deadline_is_due_when_it_has_come() -> None:
    hub, live, clock = a_hub(a_round(closes_at_ms=FakeClock().now_ms() + 100, locks_at_ms=FakeClock().now_ms() + 300))
    assert hub.due(clock.now_ms()) == []
    clock.forward(100)
    assert hub.due(clock.now_ms()) == [CODE]
    closing = a_round(phase=Phase.CLOSING, closes_at_ms=clock.now_ms(), locks_at_ms=clock.now_ms() + 200)
    hub.learn([SessionChanged(a_session(closing))])
    assert hub.due(clock.now_ms()) == []
    clock.forward(200)
    assert hub.due(clock.now_ms()) == [CODE]
    hub.learn([SessionChanged(a_session(a_round(phase=Phase.LOCKED)))])
    assert live.next_deadline_ms() is None


def test_a_revoked_token_cuts_its_listeners_and_going_down_cuts_all() -> None:
    hub, live, _ = a_hub(a_round())
    mine, other = Listener(staff=True), Listener()
    mine.token_id = 4
    hub.subscribe(live, mine)
    hub.subscribe(live, other)
    hub.cut_token(4)
    assert (mine.codes, other.codes) == ([CloseCode.TOKEN_INVALID], [])
    hub.cut_all()
    assert other.codes == [CloseCode.GOING_DOWN]


async def read_two(subscriber: EventSubscriber, frames: list[Frame]) -> list[str]:
    events = subscriber.events()
    said = [await anext(events)]
    for frame in frames:
        subscriber.offer(frame)
    said.append(await anext(events))
    subscriber.cut(CloseCode.GOING_DOWN)
    said += [each async for each in events]
    return said


def test_an_event_stream_keeps_only_the_newest_and_ends_when_cut() -> None:
    frames = [Frame("public", 5, version, b'{"version":%d}' % version) for version in (1, 2, 3)]
    said = asyncio.run(read_two(EventSubscriber(None), frames))
    assert said == ["retry: 3000\n\n", 'event: tally\nid: 5-3\ndata: {"version":3}\n\n']


def test_counts_that_were_loaded_go_on() -> None:
    clock = FakeClock()
    hub = Hub(clock, epoch=5, sockets_max=100)
    counts = {7: Counts({"red": 10, "blue": 2}, {"red": 100}, 12)}
    hub.learn([SessionLoaded(a_session(a_round()), counts, {7: {"v"}}, {"v", "w"})])
    hub.learn([votes(votes={"blue": 1}, likes={"red": 1}, voters={"x"})])
    document = json.loads(hub.poll(hub.live[CODE], "", False).payload)
    assert [(each["votes"], each["likes"]) for each in document["tally"]["choices"]] == [(10, 101), (3, 0)]
    assert document["tally"]["turnout"] == 13
    assert hub.live[CODE].seen == {"v", "w", "x"}


def test_a_publication_that_is_older_than_the_present_one_is_not_adopted() -> None:
    hub = Hub(FakeClock(), epoch=0, sockets_max=100, shared=True)
    hub.learn([SessionLoaded(a_session(a_round()), {}, {}, set())])
    live = hub.live[CODE]

    def adopted(epoch: int, version: int, votes: int) -> bool:
        frame = Frame("public", epoch, version, b"{}")
        return hub.adopt(live, [frame], {7: Counts({"red": votes})}, revision=1)

    assert adopted(5, 3, votes=3)
    # One that was late on its way, one that came twice, and the last words of a leader that has been followed.
    assert not adopted(5, 2, votes=2)
    assert not adopted(5, 3, votes=9)
    assert adopted(6, 1, votes=4)
    assert not adopted(5, 4, votes=5)
    assert (live.epoch, live.version, live.counts[7].votes) == (6, 1, {"red": 4})
