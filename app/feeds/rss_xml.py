"""`rss.xml`: RSS 2.0 for tickers such as Ross: an item for the state, then one a choice."""

from datetime import UTC, datetime
from email.utils import format_datetime
from xml.etree import ElementTree as xml

from app.feeds.feed import Document, Feed, Options
from app.feeds.table import as_text, choices, one_line, situation
from app.feeds.text import SEPARATOR, choice_text, parts
from app.feeds.words import REHEARSAL

NAMESPACE = "urn:pioneer-arena:feed"
_SITUATION = (
    "epoch",
    "version",
    "server_time_ms",
    "stale_after_ms",
    "phase",
    "closes_at_ms",
    "visible",
    "rehearsal",
    "deciding",
    "by",
    "held",
)


def render(document: Document, options: Options) -> bytes:
    session, round_ = document["session"], document["round"]
    root = xml.Element("rss", {"version": "2.0", "xmlns:arena": NAMESPACE})
    channel = xml.SubElement(root, "channel")
    link = f"{one_line(options.base)}/v/{session['code']}"
    when = format_datetime(datetime.fromtimestamp(document["server_time_ms"] / 1000, UTC), usegmt=True)
    mark = f"{REHEARSAL} " if session["rehearsal"] else ""
    _add(channel, title=mark + one_line(session["title"] or session["show"]), link=link)
    _add(channel, description=one_line(session["topic"] or session["show"]), lastBuildDate=when, ttl="1")
    now = situation(document)
    for key in _SITUATION:
        _add(channel, **{f"arena:{key}": as_text(now[key])})
    line = parts(document, options.language)
    run = f"{session['code']}-{round_['number']}-{round_['run']}" if round_ else session["code"]
    items = [(run, SEPARATOR.join(line))]
    if document["tally"] is not None:
        # A ticker shows items one by one, so each bears the mark.
        items += [(f"{run}-{row['key']}", mark + choice_text(row, options.language)) for row in choices(document)]
    for guid, title in items:
        item = xml.SubElement(channel, "item")
        _add(item, title=title, link=link, description=title, pubDate=when)
        xml.SubElement(item, "guid", {"isPermaLink": "false"}).text = guid
    written: bytes = xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _add(parent: xml.Element, **texts: str) -> None:
    for name, text in texts.items():
        xml.SubElement(parent, name).text = text


FEED = Feed("rss.xml", "application/rss+xml", "The state and the choices as RSS", render, "link")
