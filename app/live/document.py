"""Renders a session as the tally document. Pure: the live session in, plain values out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from app.domain.lifecycle import Phase
from app.domain.session import Channel, Choice, Contestant, Round, Session, View, may_see_tally
from app.domain.tally import SCORE_WHOLE, Counts, count_text, leader, percentages, scores

FRESH_MS = 5_000
"""A tally is made anew after so long though nothing has changed, so that its time says that the service lives."""
STALE_AFTER_MS = 3 * FRESH_MS
"""Two that went missing are no reason for alarm."""


def tally_figures(choices: Sequence[Choice], counts: Counts, channels: Sequence[Channel]) -> dict[str, Any]:
    """Return the figures of one run as everybody shows them. Where channels have weights, the score says who leads."""
    keys = [choice.key for choice in choices]
    votes = [counts.votes.get(key, 0) for key in keys]
    likes = [counts.likes.get(key, 0) for key in keys]
    weights = {each.key: each.weight for each in channels if each.weight is not None}
    points = scores(keys, counts.channels, weights, counts.voided)
    first, tie = leader(points) if weights else leader(dict(zip(keys, votes, strict=True)))
    score = percentages(list(points.values()), SCORE_WHOLE)
    return {
        "choices": [
            {
                "key": choice.key,
                "name": choice.name,
                "votes": vote,
                "votes_text": count_text(vote),
                "pct": pct,
                "pct_text": f"{pct}%",
                "likes": like,
                "likes_text": count_text(like),
                "score": share,
                "score_text": f"{share // 100}.{share % 100:02}" if weights else "",
            }
            for choice, vote, pct, like, share in zip(choices, votes, percentages(votes), likes, score, strict=True)
        ],
        "votes": sum(votes),
        "likes": sum(likes),
        "turnout": counts.turnout,
        "by": "score" if weights else "votes",
        "leader": first,
        "tie": tie,
        "channels": [_channel(each, keys, counts) for each in channels],
        "held": {
            "ballots": sum(each.ballots for each in counts.held.values()),
            "votes": {key: sum(each.votes.get(key, 0) for each in counts.held.values()) for key in keys},
        },
        "corrections": counts.corrections,
    }


def _channel(channel: Channel, keys: Sequence[str], counts: Counts) -> dict[str, Any]:
    own = counts.channels.get(channel.key) or Counts()
    return {
        "key": channel.key,
        "name": channel.name,
        "weight": channel.weight,
        "voided": channel.key in counts.voided,
        "turnout": own.turnout,
        "votes": {key: own.votes.get(key, 0) for key in keys},
        "likes": {key: own.likes.get(key, 0) for key in keys},
    }


def tally_document(
    session: Session,
    counts: Mapping[int, Counts],
    view: View,
    *,
    epoch: int,
    version: int,
    now_ms: int,
    online: int,
    unique: int,
) -> dict[str, Any]:
    """Return the tally document of one view. `voter` is the view of somebody who has voted in the present run."""
    current = session.current_round
    figures = None
    if current is not None and may_see_tally(
        view, current.visibility, current.run.phase, view == "voter", current.seal_unbroken
    ):
        figures = tally_figures(current.choices, counts.get(current.run_id) or Counts(), session.channels)
    # What this view may not see is not in its totals either: with one side liked, the sum would be that side's figure.
    counted = [
        counts[each.run_id]
        for each in session.rounds
        if each.run_id in counts
        and each.run.phase is not Phase.VOID
        and may_see_tally(
            view, each.visibility, each.run.phase, view == "voter" and each is current, each.seal_unbroken
        )
    ]
    return {
        "type": "tally",
        "view": view,
        "epoch": epoch,
        "version": version,
        "server_time_ms": now_ms,
        "stale_after_ms": STALE_AFTER_MS,
        "session": {
            "code": session.code,
            "number": session.number,
            "title": session.title,
            "topic": session.topic,
            "kind": session.kind,
            "status": session.status,
            "rehearsal": session.rehearsal,
            "show": session.show_name,
            "deciding": session.deciding,
            **({} if session.replay is None else {"replay": asdict(session.replay)}),
        },
        "contestants": [contestant_fields(each) for each in session.contestants],
        "round": None if current is None else round_fields(current, counts.get(current.run_id)),
        "tally": figures,
        "rounds": [
            {"number": each.number, "title": each.title, "phase": str(each.run.phase)} for each in session.rounds
        ],
        "totals": {
            "likes": sum(sum(each.likes.values()) for each in counted),
            "votes": sum(sum(each.votes.values()) for each in counted),
        },
        "audience": {"online": online, "unique": unique},
        "overlay": {
            "scene": session.scene,
            "panic": session.panicked_at_ms is not None,
            "preview": session.preview if view == "staff" else None,
        },
    }


def round_fields(round_: Round, counts: Counts | None) -> dict[str, Any]:
    run = round_.run
    return {
        "number": round_.number,
        "run": run.number,
        "title": round_.title,
        "question": round_.question,
        "dimension": round_.dimension,
        "phase": str(run.phase),
        "visibility": round_.visibility,
        "opened_at_ms": run.opened_at_ms,
        "closes_at_ms": run.closes_at_ms,
        "locks_at_ms": run.locks_at_ms,
        "locked_at_ms": run.locked_at_ms,
        "revealed_at_ms": run.revealed_at_ms,
        "remaining_ms": run.remaining_ms,
        "duration_ms": round_.duration_ms,
        "grace_ms": round_.grace_ms,
        "choices": [{"key": each.key, "name": each.name} for each in round_.choices],
        "choices_max": round_.choices_max,
        "changeable": round_.changeable,
        "votes_per_day": round_.votes_per_day,
        "void_reason": run.void_reason,
        "sealed": round_.sealed,
        "certified_at_ms": run.certified_at_ms,
        "turnout": counts.turnout if counts else 0,
        "held": sum(each.ballots for each in counts.held.values()) if counts else 0,
    }


@lru_cache(maxsize=1024)
def contestant_fields(contestant: Contestant) -> dict[str, str]:
    return {name: getattr(contestant, name) for name in contestant.__slots__}
