"""The ranking of one round, for polls with many candidates: what the tally document says, ranked.

It is made of the asker's own frame, or of the result where the round is not the current one, so that it can show
nothing that those do not.
"""

from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson

from app.domain.lifecycle import COUNTED, Phase
from app.domain.session import Round, Session
from app.domain.standings import ranked
from app.domain.tally import Counts
from app.live.document import tally_figures
from app.live.hub import LiveSession
from app.services.archive import exact_scores
from app.services.arena import Arena, required_round
from app.services.identity import Bearer
from app.services.results import is_visible

KEPT = 256


async def ranking(arena: Arena, live: LiveSession, frame: bytes, number: int, bearer: Bearer) -> tuple[bytes, str]:
    """Return the ranking as JSON, and the ETag of what it says; the time it was made is not in that.

    Raises:
        RoundNotFound
    """
    session = live.session
    round_ = required_round(session, number)
    if session.current == number and (made := _of_frame(frame, number)) is not None:
        return made
    announced = round_.standing
    shown = announced is not None and round_.run.phase in (*COUNTED, Phase.VOID)
    if not shown or announced is None or not is_visible(round_, bearer, session.code):
        return _of_round(session, round_, None, arena.clock.now_ms())
    counts = Counts.announced(announced, len(round_.corrections))
    return _of_round(session, round_, tally_figures(round_.choices, counts, session.channels), arena.clock.now_ms())


@lru_cache(maxsize=KEPT)
def _of_frame(payload: bytes, number: int) -> tuple[bytes, str] | None:
    """Return the ranking of a tally document's current round, None where that is another by now. Asked again for the
    same bytes it costs nothing.
    """
    document = orjson.loads(payload)
    if document["round"] is None or document["round"]["number"] != number:
        return None
    head = document["session"]
    return _render(
        head,
        document["round"],
        document["tally"],
        {each["key"]: each for each in document["contestants"]},
        document["server_time_ms"],
    )


def _of_round(session: Session, round_: Round, figures: dict[str, Any] | None, now_ms: int) -> tuple[bytes, str]:
    run = round_.run
    return _render(
        {"code": session.code, "title": session.title, "deciding": session.deciding, "rehearsal": session.rehearsal},
        {
            "number": round_.number,
            "run": run.number,
            "phase": str(run.phase),
            "turnout": figures["turnout"] if figures else 0,
            "votes_per_day": round_.votes_per_day,
            "choices_max": round_.choices_max,
            "closes_at_ms": run.closes_at_ms,
            "choices": [{"key": each.key, "name": each.name} for each in round_.choices],
        },
        figures,
        {
            each.key: {"name": each.name, "organisation": each.organisation, "portrait_url": each.portrait_url}
            for each in session.contestants
        },
        now_ms,
    )


def _render(
    head: dict[str, Any],
    round_: dict[str, Any],
    figures: dict[str, Any] | None,
    people: dict[str, dict[str, Any]],
    now_ms: int,
) -> tuple[bytes, str]:
    content = {
        "session": head["code"],
        "title": head["title"],
        "round": round_["number"],
        "run": round_["run"],
        "phase": round_["phase"],
        "visible": figures is not None,
        "by": figures["by"] if figures else "votes",
        "deciding": head["deciding"],
        "rehearsal": head["rehearsal"],
        "turnout": round_["turnout"],
        "votes": figures["votes"] if figures else 0,
        "votes_per_day": round_["votes_per_day"],
        "choices_max": round_["choices_max"],
        "closes_at_ms": round_["closes_at_ms"],
        "rows": _rows(round_["choices"], figures, people),
    }
    etag = f'"{sha256(orjson.dumps(content)).hexdigest()[:24]}"'
    return orjson.dumps({**content, "server_time_ms": now_ms}), etag


def _rows(
    choices: list[dict[str, Any]], figures: dict[str, Any] | None, people: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    if figures is None:
        return [_row(0, each, people) for each in choices]
    by_key = {each["key"]: each for each in figures["choices"]}
    places = ranked(
        exact_scores(figures) if figures["by"] == "score" else {key: int(each["votes"]) for key, each in by_key.items()}
    )
    return [_row(each.rank, by_key[each.key], people) for each in places]


def _row(rank: int, choice: dict[str, Any], people: dict[str, dict[str, Any]]) -> dict[str, Any]:
    person = people.get(choice["key"], {})
    # An option of a poll is nobody, though its key may be a contestant's.
    known = person.get("name") == choice["name"]
    return {
        "rank": rank,
        "key": choice["key"],
        "name": choice["name"],
        "organisation": person["organisation"] if known else "",
        "portrait_url": person["portrait_url"] if known else "",
        "votes": choice.get("votes", 0),
        "votes_text": choice.get("votes_text", ""),
        "pct": choice.get("pct", 0),
        "likes": choice.get("likes", 0),
        "likes_text": choice.get("likes_text", ""),
        "score_text": choice.get("score_text", ""),
    }
