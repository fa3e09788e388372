"""Fills `{{dotted.path}}` in a text with values of a document. Pure: no code is run, no value is filled in again.

A path names keys, and in a list an entry by its `key` or by its number from 0. What a value becomes depends on where it
stands: percent-encoded in an address, escaped in JSON and XML, plain elsewhere. What is not there becomes an empty text
and is named in the answer.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import quote
from xml.sax.saxutils import escape

Mode = Literal["plain", "url", "json", "xml"]

PLACES_MAX = 100
SEGMENTS_MAX = 8
_PATH = re.compile(r"[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64})*")
_ABSENT = object()


class TemplateError(ValueError):
    """A template that cannot be read, or whose text would be too long; says what to change."""


@dataclass(frozen=True, slots=True)
class Filled:
    text: str
    missing: tuple[str, ...]
    """The paths that led to nothing that can be written there."""


@dataclass(frozen=True, slots=True)
class _Place:
    path: tuple[str, ...]
    quoted: bool
    """Whether it stands inside a JSON string; of no meaning in other modes."""


@lru_cache(maxsize=1024)
def parsed(template: str) -> tuple[str | _Place, ...]:
    """Return a template as its pieces.

    Raises:
        TemplateError: a placeholder is not closed or is no path, or there are too many.
    """
    pieces: list[str | _Place] = []
    at, quoted = 0, False
    while (opens := template.find("{{", at)) >= 0:
        closes = template.find("}}", opens)
        if closes < 0:
            raise TemplateError(f"“{template[opens : opens + 30]}” has no closing }}}}.")
        path = template[opens + 2 : closes].strip()
        segments = tuple(path.split("."))
        if not _PATH.fullmatch(path) or len(segments) > SEGMENTS_MAX:
            raise TemplateError(f"“{{{{{path[:60]}}}}}” is no path; write one such as {{{{flat.red_votes}}}}.")
        before = template[at:opens]
        quoted = _ends_quoted(before, quoted)
        pieces += (before, _Place(segments, quoted))
        if len(pieces) > 2 * PLACES_MAX:
            raise TemplateError(f"There are more than {PLACES_MAX} placeholders.")
        at = closes + 2
    return (*pieces, template[at:])


def fill(template: str, document: Mapping[str, Any], mode: Mode, length_max: int) -> Filled:
    """Return the text with its values, `length_max` characters at most.

    Raises:
        TemplateError: it cannot be read, or the text would be longer.
    """
    texts: list[str] = []
    missing: list[str] = []
    length = 0
    for piece in parsed(template):
        if isinstance(piece, str):
            text = piece
        else:
            text, found = _written(look_up(document, piece.path), mode, piece.quoted)
            if not found:
                missing.append(".".join(piece.path))
        length += len(text)
        if length > length_max:
            raise TemplateError(f"What it comes to is longer than {length_max:,} characters; name fewer values.")
        texts.append(text)
    return Filled("".join(texts), tuple(dict.fromkeys(missing)))


def value_of(template: str, document: Mapping[str, Any]) -> Any:
    """Return the value itself where a template is one placeholder and nothing else; None for any other template, and
    where nothing is there.
    """
    match parsed(template):
        case ("", _Place() as place, ""):
            value = look_up(document, place.path)
            return None if value is _ABSENT else value
        case _:
            return None


def look_up(document: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = document
    for segment in path:
        match value:
            case Mapping():
                value = value.get(segment, _ABSENT)
            case list() | tuple():
                value = _entry(value, segment)
            case _:
                return _ABSENT
    return value


def _entry(entries: Sequence[Any], segment: str) -> Any:
    for each in entries:
        if isinstance(each, Mapping) and each.get("key") == segment:
            return each
    number = int(segment) if segment.isdecimal() and len(segment) < 6 else len(entries)
    return entries[number] if number < len(entries) else _ABSENT


def _ends_quoted(text: str, quoted: bool) -> bool:
    """Say whether the end of a piece of JSON lies inside a string, where its beginning did or did not."""
    skip = False
    for sign in text:
        if skip:
            skip = False
        elif sign == "\\":
            skip = quoted
        elif sign == '"':
            quoted = not quoted
    return quoted


def _written(value: Any, mode: Mode, quoted: bool) -> tuple[str, bool]:
    """Return a value as it is written there, and whether there was one to write."""
    if mode == "json" and not quoted:
        # Nothing at all would leave the JSON broken.
        return ('""', False) if value is _ABSENT else (json.dumps(value, ensure_ascii=False), True)
    match value:
        case None:
            text = ""
        case bool():
            text = str(value).lower()
        case str() | int() | float():
            text = str(value)
        case _:
            return "", False
    match mode:
        case "url":
            return quote(text, safe=""), True
        case "json":
            return json.dumps(text, ensure_ascii=False)[1:-1], True
        case "xml":
            return escape(text, {'"': "&quot;", "'": "&apos;"}), True
        case _:
            return text, True
