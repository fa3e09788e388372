"""`flat.json`: one flat map of keys to values, as Viz and H2R take: `red_votes`, `blue_pct_text`, `phase`, …

The choices' keys come first in their names. Where such a name is one of the map's own (a choice called `round` and its
`round_title`), that choice stands under `choice_` and its key: no value ever takes another's place.
"""

import orjson

from app.feeds.feed import Document, Feed, Options
from app.feeds.table import CHOICE_FIELDS, Row, choices, situation


def flat(document: Document) -> Row:
    """Return the map."""
    table = choices(document)
    tally = document["tally"] or {"votes": 0, "likes": 0, "tie": False}
    leader = next((row for row in table if row["leader"]), None)
    found: Row = {
        **situation(document),
        "votes": tally["votes"],
        "likes": tally["likes"],
        "tie": tally["tie"],
        "leader_key": leader["key"] if leader else "",
        "leader_name": leader["name"] if leader else "",
        "leader_votes": leader["votes"] if leader else 0,
        "leader_votes_text": leader["votes_text"] if leader else "",
        "leader_pct": leader["pct"] if leader else 0,
        "leader_pct_text": leader["pct_text"] if leader else "",
        "leader_score": leader["score"] if leader else 0,
        "leader_score_text": leader["score_text"] if leader else "",
        "lead_votes": _lead("votes", table) if leader and tally["by"] == "votes" else 0,
        "lead_score": _lead("score", table) if leader and tally["by"] == "score" else 0,
        "held_votes": sum(int(row["held_votes"]) for row in table),
        "choices": len(table),
        "audience_online": document["audience"]["online"],
        "audience_unique": document["audience"]["unique"],
    }
    keys = {str(row["key"]) for row in table}
    own = frozenset(found)
    for row in table:
        key = str(row["key"])
        if any(f"{key}_{field}" in own for field in CHOICE_FIELDS):
            key = f"choice_{key}"
            while key in keys:
                key = f"choice_{key}"
        found.update({f"{key}_{field}": row[field] for field in CHOICE_FIELDS})
    return found


def _lead(figure: str, table: list[Row]) -> int:
    first, second = sorted((int(row[figure]) for row in table), reverse=True)[:2]
    return first - second


def render(document: Document, options: Options) -> bytes:
    return orjson.dumps(flat(document))


FEED = Feed("flat.json", "application/json", "One flat map, as JSON", render)
