"""The stages of a season, and who may be moved where. Pure.

`nominated → preliminary → final`, and `withdrawn` for who left. By hand anybody may be moved anywhere; by rank nobody
goes backwards. A move to where somebody stands already is none.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from app.domain.errors import InvalidRequest, TieAtTheCut
from app.domain.standings import Ranked


class Stage(StrEnum):
    NOMINATED = "nominated"
    PRELIMINARY = "preliminary"
    FINAL = "final"
    WITHDRAWN = "withdrawn"


ORDER = (Stage.NOMINATED, Stage.PRELIMINARY, Stage.FINAL)
"""The way forward; who withdrew is on none of it."""
CHINESE = {
    Stage.NOMINATED: "海选",
    Stage.PRELIMINARY: "预赛",
    Stage.FINAL: "决赛",
    Stage.WITHDRAWN: "退出",
}
Ties = Literal["refuse", "all", "none"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands now."""

    person: str
    stage: Stage


def is_forward(before: Stage, after: Stage) -> bool:
    """Say whether a move leads on in the season."""
    return before in ORDER and after in ORDER and ORDER.index(after) > ORDER.index(before)


def stages_from(stage: Stage) -> tuple[Stage, ...]:
    """Return a stage and those beyond it: what the public sees where entries are public from `stage` on."""
    return ORDER[ORDER.index(stage) :]


def moved_by_hand(people: Sequence[Standing], to: Stage, reason: str) -> list[str]:
    """Return who of these is moved; who stands there already is left out.

    Raises:
        InvalidRequest: somebody would go backwards, leave or come back, and no reason is given.
    """
    moved = [each for each in people if each.stage is not to]
    if not reason and (odd := [each.person for each in moved if not is_forward(each.stage, to)]):
        raise InvalidRequest(
            f"“{odd[0]}” would not go forward to {to}; give the reason, it stands in the record.", people=odd
        )
    return [each.person for each in moved]


def first_by_rank(board: Sequence[Ranked], top: int, ties: Ties) -> list[Ranked]:
    """Return the first `top` of a ranking; nobody with a figure of zero.

    Raises:
        TieAtTheCut: the cut would part equals, and `ties` says neither all nor none of them.
    """
    able = [each for each in board if each.figure > 0]
    taken, over = able[:top], able[top:]
    if not taken or not over or taken[-1].figure != over[0].figure:
        return taken
    at_the_cut = [each for each in able if each.figure == over[0].figure]
    if ties == "all":
        return [each for each in able if each.figure >= over[0].figure]
    if ties == "none":
        return [each for each in able if each.figure > over[0].figure]
    raise TieAtTheCut(
        f"{len(at_the_cut)} share rank {at_the_cut[0].rank}, and {top} are to be taken; say whether all of them or "
        "none are.",
        rank=at_the_cut[0].rank,
        tied=[each.key for each in at_the_cut],
    )


def moved_by_rank(taken: Collection[str], people: Sequence[Standing], to: Stage) -> list[str]:
    """Return who of those taken is moved: who stands further on, or withdrew, stays."""
    return [each.person for each in people if each.person in taken and is_forward(each.stage, to)]
