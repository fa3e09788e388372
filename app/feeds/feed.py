"""What a feed is: a name, a content type, and a pure function from the tally document to bytes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Language = Literal["zh", "en"]
Takes = Literal["nothing", "language", "link", "spoken", "bom", "size"]
"""Which options a feed's address takes; the router has a reader for each."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Options:
    """What the address may ask for. A feed reads only what its `takes` names."""

    language: Language = "zh"
    digits: bool = False
    """Whether the read-out writes its numbers in digits, not in words."""
    bom: bool = False
    size: int = 72
    """Width and height of a tile in pixels: 72 or 144."""
    base: str = ""
    """The address of the arena, without a slash at its end, for links."""


@dataclass(frozen=True, slots=True)
class Feed:
    name: str
    """The last part of its address."""
    media_type: str
    summary: str
    render: Callable[[Document, Options], bytes]
    takes: Takes = "nothing"
