"""Sessions and rounds as plain values, for what needs no service."""

from dataclasses import replace
from typing import Any

from app.domain.lifecycle import Phase, RunState
from app.domain.session import Channel, Choice, Contestant, Round, Session, Visibility
from app.domain.tally import Counts
from app.live.facts import Counted

CODE = "K7M2QP"
SIDES = (Choice("red", "王伟"), Choice("blue", "杨玭"))


def a_round(visibility: Visibility = "live", phase: Phase = Phase.OPEN, run_id: int = 7, **run: Any) -> Round:
    return Round(
        id=1, number=1, title="观点", question="", dimension="views", choices=SIDES, own_choices=False, choices_max=1,
        changeable=False, votes_per_day=None, duration_ms=None, grace_ms=0, visibility=visibility, likes_per_second=15,
        run_id=run_id, run=RunState(phase=phase, **run),
    )  # fmt: skip


def counted(code: str, run_id: int, *, voters: Any = (), voted: Any = (), **counts: Any) -> Counted:
    return Counted(code, run_id, Counts(**counts), set(voters), set(voted))


def a_session(*rounds: Round, **changes: Any) -> Session:
    session = Session(
        id=1, code=CODE, revision=1, number=1, title="题", topic="", kind="pk", ended=False, show_slug="s",
        show_name="栏目", deciding=False, starts_at_ms=None, created_at_ms=0, scene="board",
        channels=(Channel("web", "网页"),),
        contestants=(Contestant("red", "王伟"), Contestant("blue", "杨玭")), rounds=rounds,
        current=rounds[0].number if rounds else None,
    )  # fmt: skip
    return replace(session, **changes)
