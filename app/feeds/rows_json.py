"""`rows.json`: a flat array of objects, as vMix and most graphics tools bind to."""

import orjson

from app.feeds.feed import Document, Feed, Options
from app.feeds.table import rows


def render(document: Document, options: Options) -> bytes:
    return orjson.dumps(rows(document))


FEED = Feed("rows.json", "application/json", "One row a choice, as JSON", render)
