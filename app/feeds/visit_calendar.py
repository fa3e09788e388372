"""Visits as iCalendar (RFC 5545), for the calendars of phones and offices. Holds no name and no number of who asked."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from icalendar import Calendar, Event

PRODUCT = "-//Pioneer Arena//visits//ZH"
MEDIA_TYPE = "text/calendar; charset=utf-8"
_STATUS = {"scheduled": "CONFIRMED", "delivered": "CONFIRMED"}


def visit_calendar(visits: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a calendar of visits that have a time. A visit that is over without having been given is cancelled.

    Each event keeps its UID, and its SEQUENCE grows with each change, so that a calendar takes the newer one.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for visit in visits:
        calendar.add_component(_event(visit))
    content: bytes = calendar.to_ical()
    return content


def _event(visit: Mapping[str, Any]) -> Event:
    starts = datetime.fromtimestamp(visit["starts_at_ms"] / 1000, UTC)
    event = Event()
    # Every town has a visit 1. The digest of its receipt is nobody else's, and goes wherever the database is moved.
    event.add("uid", f"visit-{visit['id']}-{visit['digest'][:16]}@pioneer-arena")
    event.add("dtstamp", datetime.fromtimestamp(visit["changed_at_ms"] / 1000, UTC))
    event.add("sequence", visit["sequence"])
    event.add("dtstart", starts)
    event.add("dtend", starts + timedelta(minutes=visit["duration_min"]))
    event.add("summary", f"先锋党课 {visit['contestant_name']} · {visit['organisation']}")
    event.add("location", visit["place"])
    # The crew's note stays out: it may name whom to call.
    about = [visit["topic"], f"来自 {visit['session_title']}（{visit['code']}）"]
    if visit["taught"] is not None:
        about.append(f"听课 {visit['taught']} 人")
    event.add("description", "\n".join(each for each in about if each))
    event.add("status", _STATUS.get(visit["state"], "CANCELLED"))
    return event
