"""`rows.xml`: one repeated element `/rows/row`, each value an element of its own without attributes."""

from xml.etree import ElementTree as xml

from app.feeds.feed import Document, Feed, Options
from app.feeds.table import as_text, rows


def render(document: Document, options: Options) -> bytes:
    root = xml.Element("rows")
    for row in rows(document):
        element = xml.SubElement(root, "row")
        for key, value in row.items():
            xml.SubElement(element, key).text = as_text(value)
    written: bytes = xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


FEED = Feed("rows.xml", "application/xml", "One row a choice, as XML", render)
