"""The feeds: the one tally document rendered for the tools that a broadcaster already has.

Pure: a document and options in, bytes out; no clock, no network, no session. A module that holds a `FEED` is a feed,
found by `feeds()`: to add a format is to add one file.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from app.feeds.feed import Feed


@cache
def feeds() -> tuple[Feed, ...]:
    """Return all feeds by name."""
    modules = (import_module(f"{__name__}.{each.name}") for each in iter_modules(__path__))
    found: list[Feed] = [module.FEED for module in modules if hasattr(module, "FEED")]
    return tuple(sorted(found, key=lambda feed: feed.name))
