"""What a text may hold. Pure."""

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def is_plain(text: str) -> bool:
    """Say whether a text has no control characters but tabs and ends of lines: PostgreSQL and XML take no other."""
    return _CONTROL.search(text) is None
