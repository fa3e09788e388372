"""The tally document as a table: one row a choice, in the round's own order. All feeds with figures start from it.

Every row has every key in the same order; keys are of [a-z0-9_]. Values are scalars: text without control characters,
integers, booleans; `""` stands where the document has null. A tally that this view may not see leaves zeros and `""`.
"""

import re
from collections.abc import Iterable
from typing import Any

from app.feeds.feed import Document

Scalar = str | int | bool
Row = dict[str, Scalar]

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]+")

_CONTESTANT = ("title", "organisation", "sector", "role", "portrait_url", "slogan")
_HIDDEN = {
    "votes": 0, "votes_text": "", "pct": 0, "pct_text": "", "likes": 0, "likes_text": "", "score": 0, "score_text": "",
}  # fmt: skip
CHOICE_FIELDS = ("name", *_HIDDEN, "held_votes", "rank", *_CONTESTANT)


def one_line(text: str) -> str:
    """Return a text without line breaks and without what XML forbids."""
    return _UNPRINTABLE.sub(" ", text)


def is_sealed(round_: Document) -> bool:
    """Say whether a round's count is under its seal: nobody sees it before the certificate."""
    return bool(round_["sealed"]) and round_["certified_at_ms"] is None


def weight_of(tally: Document, choice: Document) -> int:
    """Return what the lead goes by: the score where the channels have weights, else the votes."""
    return int(choice["score" if tally["by"] == "score" else "votes"])


def publicly_visible(document: Document) -> bool:
    """Say whether the public may see the figures now, whoever this view is for."""
    if document["view"] == "staff":
        return bool(document["staff"]["publicly_visible"])
    # A view of its own for those who voted is made only where the public sees nothing.
    return document["view"] == "public" and document["tally"] is not None


def situation(document: Document) -> Row:
    """Return what is true of the session and its round: the same in every row."""
    session, round_, tally = document["session"], document["round"] or {}, document["tally"]
    found: dict[str, Any] = {
        "epoch": document["epoch"],
        "version": document["version"],
        "server_time_ms": document["server_time_ms"],
        "stale_after_ms": document["stale_after_ms"],
        "view": document["view"],
        "visible": tally is not None,
        "public": publicly_visible(document),
        "rehearsal": session["rehearsal"],
        "deciding": session["deciding"],
        "by": tally["by"] if tally else "",
        "phase": round_.get("phase"),
        "closes_at_ms": round_.get("closes_at_ms"),
        "locks_at_ms": round_.get("locks_at_ms"),
        "remaining_ms": round_.get("remaining_ms"),
        "round_number": round_.get("number", 0),
        "round_run": round_.get("run", 0),
        "round_title": round_.get("title"),
        "round_question": round_.get("question"),
        "sealed": round_.get("sealed", False),
        "certified_at_ms": round_.get("certified_at_ms"),
        "turnout": round_.get("turnout", 0),
        "held": round_.get("held", 0),
        "corrections": tally["corrections"] if tally else 0,
        "session_code": session["code"],
        "session_number": session["number"],
        "session_title": session["title"],
        "session_topic": session["topic"],
        "session_status": session["status"],
        "show": session["show"],
        "scene": document["overlay"]["scene"],
        "panic": document["overlay"]["panic"],
    }
    return {key: _scalar(value) for key, value in found.items()}


def choices(document: Document) -> list[Row]:
    """Return each choice with its figures and, where it is a contestant, who that is."""
    tally, round_ = document["tally"], document["round"]
    named = tally["choices"] if tally else round_["choices"] if round_ else document["contestants"]
    people = {each["key"]: each for each in document["contestants"]}
    weights = [weight_of(tally, each) for each in named] if tally else []
    found = []
    for position, choice in enumerate(named, 1):
        person = people.get(choice["key"], {})
        row: dict[str, Any] = {"key": choice["key"], "position": position, "name": choice["name"]}
        row |= {field: choice[field] for field in _HIDDEN} if tally else _HIDDEN
        row["held_votes"] = tally["held"]["votes"].get(choice["key"], 0) if tally else 0
        row["rank"] = _rank(weight_of(tally, choice), weights) if tally else 0
        row["leader"] = bool(tally) and tally["leader"] == choice["key"]
        row["tie"] = bool(tally) and tally["tie"]
        row |= {field: person.get(field) for field in _CONTESTANT}
        found.append({key: _scalar(value) for key, value in row.items()})
    return found


def rows(document: Document) -> list[Row]:
    """Return the table."""
    common = situation(document)
    return [{**choice, **common} for choice in choices(document)]


def _rank(own: int, weights: Iterable[int]) -> int:
    """Return 1 for the most; equals share a rank. 0 before the first vote."""
    every = list(weights)
    return 1 + sum(each > own for each in every) if any(every) else 0


def _scalar(value: Any) -> Scalar:
    if value is None:
        return ""
    if isinstance(value, str):
        return one_line(value)
    assert isinstance(value, int), value
    return value


def as_text(value: Scalar) -> str:
    """Write a value for the formats that know only text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
