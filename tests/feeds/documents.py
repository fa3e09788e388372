"""Tally documents of every kind, made by the service's own rendering from values that hypothesis chose."""

import json
from typing import Any

from hypothesis import strategies as st

from app.domain.lifecycle import Phase, RunState
from app.domain.session import Channel, Choice, Contestant, Round, Session, View, Visibility, may_see_tally
from app.domain.tally import Counts, Held
from app.live.document import tally_document

ODD = ["=1+1", "@home", "+86", "-", "＝x", " =1", "a,b", 'say "hi"', "<b>&amp;", "]]>", "😀👍", "line\nbreak", "\r\t\0",
       "\u2028", "\ufffe", "王伟", "'", "x;y|z", "\x7f\x85"]  # fmt: skip
names = st.one_of(st.sampled_from(ODD), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
keys = st.one_of(
    st.sampled_from(["round", "session", "leader", "lead", "choice_round", "votes", "red", "x", "x_votes"]),
    st.from_regex(r"[a-z0-9_]{1,8}", fullmatch=True),
)
CHANNELS = (("web", "网页"), ("radio", "电台"))
figures = st.one_of(st.integers(0, 9), st.integers(0, 300_000_000))


def as_read(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document as it is after a journey as JSON."""
    read: dict[str, Any] = json.loads(json.dumps(document))
    return read


@st.composite
def documents(draw: st.DrawFn, view: View | None = None, phases: tuple[Phase, ...] = tuple(Phase)) -> dict[str, Any]:
    of = draw(st.lists(keys, min_size=2, max_size=5, unique=True)) if draw(st.booleans()) else ["red", "blue"]
    choices = tuple(Choice(key, draw(names)) for key in of)
    visibility: Visibility = draw(st.sampled_from(["live", "after_vote", "on_lock", "on_reveal"]))
    phase = draw(st.sampled_from(phases))
    sealed = draw(st.integers(0, 4)) == 0
    certified_at_ms = draw(st.sampled_from([None, 4])) if phase in (Phase.LOCKED, Phase.REVEALED) else None
    unbroken = sealed and certified_at_ms is None
    round_ = Round(
        id=1, number=draw(st.integers(1, 99)), title=draw(st.one_of(st.just(""), names)), question=draw(names),
        dimension="free", choices=choices, own_choices=False, choices_max=1, changeable=False, votes_per_day=None,
        duration_ms=draw(st.sampled_from([None, 1_000, 90_000, 120_000, 89_500])), grace_ms=0, visibility=visibility,
        likes_per_second=15, run_id=7, sealed=sealed,
        run=RunState(phase=phase, closes_at_ms=draw(st.sampled_from([None, 5])), certified_at_ms=certified_at_ms),
    )  # fmt: skip
    rounds = (round_,) if draw(st.integers(0, 9)) else ()
    weights = draw(st.sampled_from([(None, None), (None, None), (50, 50), (70, 30), (0, 100), (0, 0), (None, 10)]))
    channels = tuple(Channel(key, name, weight=each) for (key, name), each in zip(CHANNELS, weights, strict=True))
    session = Session(
        id=1, code="K7M2QP", revision=1, number=draw(st.sampled_from([None, 3])), title=draw(names), topic=draw(names),
        kind="pk", ended=draw(st.integers(0, 9)) == 0, show_slug="s", show_name=draw(names),
        deciding=draw(st.booleans()), starts_at_ms=None, created_at_ms=0, scene="board", channels=channels,
        contestants=tuple(Contestant(each.key, each.name, slogan=draw(names)) for each in choices), rounds=rounds,
        current=round_.number if rounds else None, rehearsal_of=draw(st.sampled_from([None, None, "R2017"])),
    )  # fmt: skip
    counts = Counts(corrections=draw(st.sampled_from([0, 0, 1])))
    for key, _ in CHANNELS:
        votes, likes = ({choice: draw(figures) for choice in of} for _ in range(2))
        counts.channels[key] = Counts(votes, likes, sum(votes.values()))
        counts.add(counts.channels[key])
    if draw(st.integers(0, 3)) == 0:
        held = {choice: draw(st.integers(0, 9)) for choice in of}
        counts.held["too_soon"] = Held(sum(held.values()), held)
    if view is None:
        view = draw(st.sampled_from(["public", "staff", "voter"]))
        if view == "voter" and (not rounds or may_see_tally("public", visibility, phase, False, unbroken)):
            view = "public"  # the hub makes the voters' view only where the public sees nothing
    document = tally_document(
        session, {7: counts}, view, epoch=3, version=17, now_ms=1_795_176_000_000, online=5, unique=6
    )
    if view == "staff":
        public = not rounds or may_see_tally("public", visibility, phase, False, unbroken)
        document["staff"] = {"overlays": [], "warnings": [], "publicly_visible": public}
    return as_read(document)
