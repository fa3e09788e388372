"""`rows.csv`: the rows with a header, for vMix and spreadsheets.

A text that a spreadsheet would take for a formula gets an apostrophe before it, as spreadsheets themselves write it.
"""

import csv
from io import StringIO

from app.feeds.feed import Document, Feed, Options
from app.feeds.table import Scalar, as_text, rows

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
BOM = "\ufeff"


def render(document: Document, options: Options) -> bytes:
    table = rows(document)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table[0])
    writer.writerows([_cell(value) for value in row.values()] for row in table)
    return ((BOM if options.bom else "") + text.getvalue()).encode()


def _cell(value: Scalar) -> str:
    if isinstance(value, str) and value.lstrip().startswith(_FORMULA):
        return f"'{value}"
    return as_text(value)


FEED = Feed("rows.csv", "text/csv", "One row a choice, as CSV with a header", render, "bom")
