"""What happened between two tally documents: each trigger, in order, once, and only for what is new."""

import copy
from typing import Any

import pytest

from app.domain.trigger import Happening, Trigger, happened, milestones

ORDER = ["round_opened", "round_closing", "round_locked", "round_revealed"]


def document(
    *phases: str, current: int = 1, run: int = 1, likes: tuple[int, int] | None = (0, 0), **round_: Any
) -> Any:
    tally = None
    if likes is not None:
        tally = {"choices": [{"key": "red", "likes": likes[0]}, {"key": "blue", "likes": likes[1]}]}
    fields = {"number": current, "run": run, "phase": phases[current - 1], "locked_at_ms": None, "revealed_at_ms": None}
    return {
        "session": {"title": "一"},
        "contestants": [],
        "round": fields | round_,
        "rounds": [{"number": number, "phase": phase} for number, phase in enumerate(phases, 1)],
        "tally": tally,
        "totals": {"likes": 0},
        "overlay": {"scene": "board"},
        "audience": {"online": 1},
    }


def told(before: Any, after: Any) -> list[str]:
    """Return the round's happenings as text."""
    return [str(each.trigger) for each in happened(before, after) if each.trigger is not Trigger.TALLY_CHANGED]


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ("draft", "open", ["round_opened"]),
        ("open", "paused", ["round_paused"]),
        ("paused", "open", ["round_resumed"]),
        ("open", "closing", ["round_closing"]),
        ("closing", "locked", ["round_locked"]),
        ("locked", "revealed", ["round_revealed"]),
        ("open", "void", ["round_void"]),
        # Steps between two looks.
        ("draft", "paused", ["round_opened", "round_paused"]),
        ("draft", "closing", ORDER[:2]),
        ("draft", "locked", ORDER[:3]),
        ("draft", "revealed", ORDER),
        ("open", "locked", ORDER[1:3]),
        ("paused", "revealed", ORDER[1:]),
        ("draft", "void", ["round_opened", "round_void"]),
        # A rerun, and what came of it.
        ("locked", "draft", []),
        ("revealed", "open", ["round_opened"]),
        ("void", "draft", []),
        ("void", "open", ["round_opened"]),
        ("void", "locked", ORDER[:3]),
        *((same, same, []) for same in ("draft", "open", "paused", "closing", "locked", "revealed", "void")),
    ],
)
def test_phases_that_were_passed_are_told_in_order(was: str, now: str, expected: list[str]) -> None:
    assert told(document(was), document(now)) == expected


def test_void_run_tells_how_far_it_had_come() -> None:
    locked = document("void", locked_at_ms=5)
    assert told(document("open"), locked) == ["round_closing", "round_locked", "round_void"]
    assert told(document("locked"), locked) == ["round_void"]
    revealed = document("void", locked_at_ms=5, revealed_at_ms=6)
    assert told(document("draft"), revealed) == [*ORDER, "round_void"]


def test_new_run_in_the_same_phase_is_new() -> None:
    assert told(document("open"), document("open", run=2)) == ["round_opened"]
    assert told(document("void"), document("void", run=2)) == ["round_opened", "round_void"]


def test_one_round_ends_before_the_next_begins() -> None:
    after = document("revealed", "open", current=2)
    found = [(str(each.trigger), each.round) for each in happened(document("open", "draft"), after)]
    assert found == [
        ("round_closing", 1), ("round_locked", 1), ("round_revealed", 1), ("round_opened", 2), ("tally_changed", 2),
    ]  # fmt: skip
    # Also where the earlier one begins again.
    found = [
        (str(each.trigger), each.round)
        for each in happened(document("void", "open", current=2), document("open", "locked", current=1))
    ]
    assert found[:3] == [("round_closing", 2), ("round_locked", 2), ("round_opened", 1)]


def test_round_that_was_added_starts_as_a_draft() -> None:
    assert told(document("open"), document("open", "draft")) == []
    nothing = document("draft") | {"round": None, "rounds": [], "tally": None}
    assert happened(nothing, nothing) == []
    assert told(nothing, document("open")) == ["round_opened"]


def test_scene_is_told_and_is_no_change_of_the_tally() -> None:
    after = document("open") | {"overlay": {"scene": "qr"}}
    assert happened(document("open"), after) == [Happening(Trigger.SCENE_CHANGED, 1)]


@pytest.mark.parametrize("key", ["session", "contestants", "round", "tally", "totals"])
def test_tally_changes_with_what_is_shown_of_the_round(key: str) -> None:
    after = document("open")
    after[key] = copy.deepcopy(after[key])
    if isinstance(after[key], list):
        after[key].append({"key": "red"})
    else:
        after[key]["more"] = 1
    assert happened(document("open"), after) == [Happening(Trigger.TALLY_CHANGED, 1)]


def test_presence_alone_changes_no_tally() -> None:
    assert happened(document("open"), document("open") | {"audience": {"online": 2}, "version": 2}) == []


def passed(before: Any, after: Any, every: int = 100) -> list[tuple[str | None, int | None]]:
    found = milestones(before, after, every)
    assert all((each.trigger, each.round) == (Trigger.LIKES_MILESTONE, after["round"]["number"]) for each in found)
    return [(each.choice, each.likes) for each in found]


@pytest.mark.parametrize(
    ("had", "has", "expected"),
    [
        ((0, 0), (99, 0), []),
        ((99, 0), (100, 0), [("red", 100)]),
        ((100, 0), (199, 0), []),
        ((99, 99), (250, 100), [("red", 200), ("blue", 100)]),
        ((250, 0), (250, 0), []),
        ((250, 0), (90, 0), []),
    ],
)
def test_milestone_is_each_multiple_that_was_passed_the_greatest_alone(
    had: tuple[int, int], has: tuple[int, int], expected: list[tuple[str, int]]
) -> None:
    assert passed(document("open", likes=had), document("open", likes=has)) == expected


def test_likes_that_come_to_light_pass_nothing() -> None:
    assert passed(document("open", likes=None), document("open", likes=(500, 0))) == []
    assert passed(document("open", likes=(500, 0)), document("void", likes=None)) == []
    # Back to a round that had been on the air before.
    assert passed(document("locked", "open", current=2), document("revealed", "open", likes=(500, 0))) == []


def test_new_run_counts_from_nothing() -> None:
    assert passed(document("open", likes=(500, 0)), document("open", run=2, likes=(120, 0))) == [("red", 100)]
    assert passed(document("open", "draft"), document("locked", "open", current=2, likes=(120, 0))) == [("red", 100)]
    assert passed(document("open") | {"round": None, "rounds": []}, document("open", likes=(0, 300))) == [("blue", 300)]
