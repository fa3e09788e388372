"""`rows.csv`: the rows with a header, for vMix and spreadsheets.

A text that a spreadsheet would take for a formula gets an apostrophe before it, as spreadsheets themselves write it.
"""

import csv
import re
from io import StringIO

from app.feeds.feed import Document, Feed, Options
from app.feeds.table import Scalar, as_text, rows

# The page's downloads have the same rule: pages/report/csv.js.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r]")
BOM = "\ufeff"


def render(document: Document, options: Options) -> bytes:
    table = rows(document)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table[0])
    writer.writerows([csv_cell(value) for value in row.values()] for row in table)
    return ((BOM if options.bom else "") + text.getvalue()).encode()


def csv_cell(value: Scalar | float | None) -> str:
    """Write a value as a cell that no spreadsheet runs."""
    if value is None:
        return ""
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return str(value) if isinstance(value, float) else as_text(value)


FEED = Feed("rows.csv", "text/csv", "One row a choice, as CSV with a header", render, "bom")
