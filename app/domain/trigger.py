"""What happened between two tally documents of one session, the later one maybe some changes on: for automations.

Pure. It judges by what the documents show, so in the public's view nothing hidden can set anything off. Of phases that
were passed between the two, those are told that must have been passed, in their order.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.domain.lifecycle import Phase

Document = Mapping[str, Any]


class Trigger(StrEnum):
    ROUND_OPENED = "round_opened"
    ROUND_PAUSED = "round_paused"
    ROUND_RESUMED = "round_resumed"
    ROUND_CLOSING = "round_closing"
    ROUND_LOCKED = "round_locked"
    ROUND_REVEALED = "round_revealed"
    ROUND_VOID = "round_void"
    SCENE_CHANGED = "scene_changed"
    TALLY_CHANGED = "tally_changed"
    LIKES_MILESTONE = "likes_milestone"


@dataclass(frozen=True, slots=True)
class Happening:
    trigger: Trigger
    round: int | None = None
    choice: str | None = None
    likes: int | None = None
    """For a milestone: the multiple that was passed."""


# How far a run has come. A pause is no step of the way.
_RANK = {Phase.DRAFT: 0, Phase.OPEN: 1, Phase.PAUSED: 1, Phase.CLOSING: 2, Phase.LOCKED: 3, Phase.REVEALED: 4}
_ENDS = ((2, Trigger.ROUND_CLOSING), (3, Trigger.ROUND_LOCKED), (4, Trigger.ROUND_REVEALED))
# What the audience is shown of the round. Presence and the scene are no part of the tally.
_FIGURES = ("session", "contestants", "round", "tally", "totals")


def happened(before: Document, after: Document) -> list[Happening]:
    """Return what happened, milestones apart, in the order of its happening as far as that can be told."""
    found: list[Happening] = []
    was = {each["number"]: Phase(each["phase"]) for each in before["rounds"]}
    current = after["round"]
    number = current["number"] if current else None
    # The current round is the last that something happened to.
    for each in sorted(after["rounds"], key=lambda each: each["number"] == number):
        own = current if each["number"] == number else None
        start = Phase.DRAFT if own and _is_other_run(before["round"], own) else was.get(each["number"], Phase.DRAFT)
        found += (Happening(trigger, each["number"]) for trigger in _passed(start, Phase(each["phase"]), own))
    if before["overlay"]["scene"] != after["overlay"]["scene"]:
        found.append(Happening(Trigger.SCENE_CHANGED, number))
    if any(before[key] != after[key] for key in _FIGURES):
        found.append(Happening(Trigger.TALLY_CHANGED, number))
    return found


def milestones(before: Document, after: Document, milestone: int) -> list[Happening]:
    """Return each choice whose likes passed a multiple of `milestone`; of several multiples the greatest alone.

    Likes that could not be seen before have passed nothing: a reveal sets off no milestones of the past.
    """
    if after["tally"] is None:
        return []
    if _is_new_run(before, after):
        had = {}
    elif before["tally"] is not None and before["round"]["number"] == after["round"]["number"]:
        had = {each["key"]: each["likes"] for each in before["tally"]["choices"]}
    else:
        return []
    return [
        Happening(Trigger.LIKES_MILESTONE, after["round"]["number"], each["key"], reached * milestone)
        for each in after["tally"]["choices"]
        if (reached := each["likes"] // milestone) > had.get(each["key"], 0) // milestone
    ]


def _is_new_run(before: Document, after: Document) -> bool:
    """Say whether the current run began between the two."""
    current = after["round"]
    if before["round"] is not None and before["round"]["number"] == current["number"]:
        return _is_other_run(before["round"], current)
    phases = {each["number"]: each["phase"] for each in before["rounds"]}
    return Phase(phases.get(current["number"], Phase.DRAFT)) is Phase.DRAFT


def _is_other_run(before: Document | None, after: Document) -> bool:
    """Say whether this is another run of the very round that was current before."""
    return before is not None and before["number"] == after["number"] and before["run"] != after["run"]


def _passed(was: Phase, now: Phase, current: Document | None) -> Iterator[Trigger]:
    if was is now:
        return
    if was is Phase.VOID or (now is not Phase.VOID and _RANK[now] < _RANK[was]):
        was = Phase.DRAFT  # a new run
    rank = _RANK[was]
    if was is Phase.DRAFT and now is not Phase.DRAFT:
        yield Trigger.ROUND_OPENED
    if now is Phase.PAUSED:
        yield Trigger.ROUND_PAUSED
    elif was is Phase.PAUSED and now is Phase.OPEN:
        yield Trigger.ROUND_RESUMED
    reached = _RANK[now] if now is not Phase.VOID else _rank_before_void(current)
    for step, trigger in _ENDS:
        if rank < step <= reached:
            yield trigger
    if now is Phase.VOID:
        yield Trigger.ROUND_VOID


def _rank_before_void(current: Document | None) -> int:
    """Return how far a void run had come; what cannot be told was not."""
    if current is None or current["locked_at_ms"] is None:
        return 0
    return 3 if current["revealed_at_ms"] is None else 4
