"""Reads an export from its file, and knows the forms of what stands in one. What is no JSON is refused here."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeGuard

FILE_BYTES_MAX = 512 * 1024 * 1024

CODE = re.compile(r"[A-Z0-9]{4,12}", re.ASCII)
KEY = re.compile(r"[a-z0-9_]{1,32}", re.ASCII)
VOTER = re.compile(r"[0-9a-f]{24}", re.ASCII)
HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
DAILY = re.compile(r"(0|[1-9][0-9]{0,6})/([1-9][0-9]{0,2})", re.ASCII)
_NUMBER_MAX = 2**53


class Unreadable(Exception):
    """The file is no export at all; says why."""


def read_export(source: str) -> dict[str, Any]:
    """Read an export from a file, or from standard input for `-`.

    Raises:
        Unreadable: no such file, over 512 MiB, not JSON, or no object.
    """
    try:
        if source == "-":
            content = sys.stdin.buffer.read(FILE_BYTES_MAX + 1)
        else:
            with Path(source).open("rb") as file:
                content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise Unreadable(f"It cannot be read: {error.strerror}.") from None
    if len(content) > FILE_BYTES_MAX:
        raise Unreadable("It is larger than 512 MiB; no export of this arena is.")
    try:
        document = json.loads(content, object_pairs_hook=_without_doubles, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"It is not whole JSON ({str(error)[:120]}); export it again.") from None
    if not isinstance(document, dict):
        raise Unreadable("It is JSON, but no export: an export is an object.")
    return document


def is_kind(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def is_count(value: Any) -> TypeGuard[int]:
    return is_kind(value, int) and 0 <= value < _NUMBER_MAX


def is_text(value: Any, form: re.Pattern[str]) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def is_batch(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(is_count(value.get(key)) for key in ("number", "last_seq", "committed_at_ms"))
        and is_text(value.get("head"), HASH)
    )


def is_tally(value: Any, choices: Sequence[str]) -> TypeGuard[dict[str, int]]:
    return isinstance(value, dict) and value.keys() == {*choices} and all(map(is_count, value.values()))


def same(given: Any, counted: Any) -> bool:
    """Compare as JSON does, where 1, 1.0 and true are three things."""
    if isinstance(counted, dict):
        return (
            isinstance(given, dict)
            and given.keys() == counted.keys()
            and all(same(given[key], each) for key, each in counted.items())
        )
    return type(given) is type(counted) and bool(given == counted)


def shown(value: Any) -> str:
    """Show what stands in a file, shortened and in one line of ASCII, whatever it is."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:77] + "…"


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")
