"""The tally document as a pure rendering, and that what is hidden shows in no byte of it."""

import re
from dataclasses import replace
from typing import Any, get_args

import pytest

from app.domain.lifecycle import Phase
from app.domain.session import Channel, Session, View, Visibility
from app.domain.tally import Counts
from app.live.document import tally_document
from app.live.facts import Counted, SessionLoaded
from app.live.hub import Hub
from app.schemas.tally import TallyDocument
from tests.conftest import FakeClock
from tests.live.test_hub import Listener
from tests.live.values import CODE, a_round, a_session


def rendered(session: Session, view: View = "public", **counts: Counts) -> dict[str, Any]:
    by_run = {int(key.removeprefix("run_")): value for key, value in counts.items()}
    document = tally_document(session, by_run, view, epoch=5, version=3, now_ms=9, online=2, unique=4)
    TallyDocument.model_validate(document)
    return document


def test_a_session_without_rounds_has_neither_round_nor_tally() -> None:
    document = rendered(a_session())
    assert (document["round"], document["tally"], document["rounds"]) == (None, None, [])
    assert document["totals"] == {"likes": 0, "votes": 0}
    assert (document["epoch"], document["version"], document["server_time_ms"]) == (5, 3, 9)
    assert document["audience"] == {"online": 2, "unique": 4}


def test_a_round_without_a_vote_shows_zeros() -> None:
    tally = rendered(a_session(a_round()))["tally"]
    assert [(each["votes"], each["pct"], each["likes"]) for each in tally["choices"]] == [(0, 0, 0), (0, 0, 0)]
    assert (tally["leader"], tally["tie"], tally["turnout"]) == (None, False, 0)


def test_figures_follow_the_order_of_the_choices() -> None:
    counts = Counts({"blue": 45, "red": 55}, {"blue": 340_000, "red": 9_999}, 100)
    tally = rendered(a_session(a_round()), run_7=counts)["tally"]
    assert [(each["key"], each["votes"], each["pct_text"], each["likes_text"]) for each in tally["choices"]] == [
        ("red", 55, "55%", "9999"),
        ("blue", 45, "45%", "34万"),
    ]
    assert (tally["votes"], tally["likes"], tally["leader"], tally["tie"]) == (100, 349_999, "red", False)


@pytest.mark.parametrize("view", ["public", "voter"])
def test_hidden_figures_are_not_in_the_document_but_the_turnout_is(view: View) -> None:
    hidden = a_session(a_round("on_reveal"))
    document = rendered(hidden, view, run_7=Counts({"red": 137, "blue": 91}, {"red": 1_234}, 228))
    assert document["tally"] is None
    assert document["round"]["turnout"] == 228
    for figure in (137, 91, "137", "91"):
        assert repr(figure) not in repr(document)
    assert rendered(hidden, "staff", run_7=Counts({"red": 137}, {}, 137))["tally"]["leader"] == "red"


def test_totals_leave_out_void_rounds() -> None:
    first, second = a_round(run_id=7), replace(a_round(run_id=8, phase=Phase.VOID), id=2, number=2)
    counts = {"run_7": Counts({"red": 2}, {"red": 5}, 2), "run_8": Counts({"red": 100}, {"red": 100}, 100)}
    assert rendered(a_session(first, second), **counts)["totals"] == {"likes": 5, "votes": 2}


def test_the_document_tells_no_secret_of_the_session() -> None:
    session = a_session(a_round(), voter_key="the session's secret")
    assert "secret" not in repr(rendered(session, "staff"))


SPLITS = ((150, 78), (78, 150), (114, 114), (228, 0), (0, 228))
"""How the same 228 voters may stand: led by one, by the other, level, and all for one."""
VIEWS: tuple[View, ...] = get_args(View)
PUBLIC: tuple[View, ...] = ("public", "voter")

# By hand from docs/api.md: who sees the figures in each phase; staff always do, but where the round is sealed.
SEES: dict[Visibility, dict[Phase, tuple[View, ...]]] = {
    "live": {**dict.fromkeys(Phase, PUBLIC), Phase.VOID: ()},
    "after_vote": {
        **dict.fromkeys(Phase, ("voter",)), Phase.LOCKED: PUBLIC, Phase.REVEALED: PUBLIC, Phase.VOID: (),
    },
    "on_lock": {**dict.fromkeys(Phase, ()), Phase.LOCKED: PUBLIC, Phase.REVEALED: PUBLIC},
    "on_reveal": {**dict.fromkeys(Phase, ()), Phase.REVEALED: PUBLIC},
}  # fmt: skip


def counted_so(red: int, blue: int, voters: set[str]) -> Counted:
    """One commit: the same people, ballots and likes by number, split so."""
    counts = Counts({"red": red, "blue": blue}, {"red": 5 * red, "blue": 5 * blue}, red + blue)
    counts.channels["web"] = Counts({"red": red, "blue": 0}, {"red": 5 * red, "blue": 0}, 40)
    counts.channels["panel"] = Counts({"red": 0, "blue": blue}, {"red": 0, "blue": 5 * blue}, red + blue - 40)
    counts.hold("unseen", 2, {"red": 2} if red > blue else {"blue": 2})
    return Counted(CODE, 7, counts, voters, voters)


def told(
    visibility: Visibility, phase: Phase, sealed: bool, split: tuple[int, int]
) -> dict[str, list[tuple[Any, ...]]]:
    """Let the same people vote in the same moments, and return all that each view's listener and poller was given."""
    clock = FakeClock()
    hub = Hub(clock, epoch=5, sockets_max=100)
    weighed = (Channel("web", "网页", weight=30), Channel("panel", "评审团", weight=70))
    session = a_session(replace(a_round(visibility, phase), sealed=sealed), channels=weighed)
    hub.learn([SessionLoaded(session, {}, {}, set())])
    live = hub.live[CODE]
    listeners = {"public": Listener(), "voter": Listener(voter="v1"), "staff": Listener(staff=True, present=False)}
    for each in listeners.values():
        hub.subscribe(live, each)
    said: dict[str, list[tuple[Any, ...]]] = {view: [] for view in listeners}
    for part in range(3):
        red, blue = (count // 3 for count in split)
        hub.learn([counted_so(red, blue, {f"v{part}"})])
        for view, listener in listeners.items():
            frame = hub.poll(live, listener.voter, listener.staff)
            said[view].append(("polled", frame.etag, frame.payload))
        clock.forward(20)
        for each in (*hub.publish(live), *hub.phones(live)):
            each.offer(live.frames[live.view_of(each.voter, each.staff)])
    for view, listener in listeners.items():
        said[view] += [("told", each.etag, each.payload) for each in listener.frames]
        said[view].append(("published", hub.published, hub.offered))
    return said


@pytest.mark.parametrize("sealed", [False, True], ids=["open", "sealed"])
@pytest.mark.parametrize("visibility", list(SEES))
def test_whoever_may_not_see_is_told_the_same_bytes_as_often_however_the_votes_are_split(
    visibility: Visibility, sealed: bool
) -> None:
    for phase in Phase:
        if sealed and phase is Phase.REVEALED:
            continue  # the seal is broken before
        split = [told(visibility, phase, sealed, each) for each in SPLITS]
        for view in VIEWS:
            different = {repr(each[view]) for each in split}
            if not sealed and (view == "staff" or view in SEES[visibility][phase]):
                assert len(different) == len(SPLITS), "who may see does see the split"
            else:
                assert len(different) == 1, (phase, view)
            assert len({len(each[view]) for each in split}) == 1
            for kind, etag, *_ in (said for each in split for said in each[view] if said[0] != "published"):
                assert re.fullmatch(r'"5-\d+-(public|voter|staff)"', etag), (kind, etag)
