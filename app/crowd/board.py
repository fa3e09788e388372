"""What the voters read off the tally, parsed once for the whole crowd.

The service encodes a tally once and sends the same bytes to everybody; so the crowd parses those bytes once
and shares what it read. Written by the event loop only; asks for nothing by itself (`stale` tells the
simulation to fetch the session).
"""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from app.crowd.options import Reading, RunKey

CACHE_ENTRIES_MAX = 256


class Sight(NamedTuple):
    """What one tally says to a voter. `closes_in_s` counts from the moment the service made the document."""

    epoch: int
    version: int
    key: RunKey | None
    phase: str
    visibility: str
    closes_in_s: float | None


class Rules(NamedTuple):
    """What a voter must know of a run in order to vote in it."""

    choices: tuple[str, ...]
    choices_max: int
    changeable: bool


class Board:
    """The session as the crowd knows it."""

    def __init__(self) -> None:
        self.rules: dict[RunKey, Rules] = {}
        self._moments: dict[tuple[RunKey, str, int], float] = {}
        self.stale = asyncio.Event()
        """Set when a run was seen whose choices are not known."""
        self._cache: dict[bytes, Sight] = {}

    def moment(self, key: RunKey, phase: str, times: int, now: float) -> float:
        """Return when the first of the crowd saw a run come into a phase, for the so-manieth time."""
        return self._moments.setdefault((key, phase, times), now)

    def read(self, raw: bytes) -> Sight | None:
        """Read a tally; None for any other message."""
        sight = self._cache.get(raw)
        if sight is not None:
            return sight
        if b'"tally"' not in raw[:40]:
            return None
        document = orjson.loads(raw)
        if document.get("type") != "tally":
            return None
        if len(self._cache) >= CACHE_ENTRIES_MAX:
            self._cache.clear()
        sight = self._cache[raw] = self._sight(document)
        return sight

    def learn(self, session: Mapping[str, Any]) -> None:
        """Take the choices of every round from the session's document; a draft's may still change."""
        for each in session["rounds"]:
            if each["phase"] == "draft":
                continue
            choices = tuple(choice["key"] for choice in each["choices"])
            self.rules[each["number"], each["run"]] = Rules(choices, each["choices_max"], each["changeable"])
        self.stale.clear()

    def _sight(self, document: Mapping[str, Any]) -> Sight:
        shown = document["round"]
        if shown is None:
            return Sight(document["epoch"], document["version"], None, "", "", None)
        key = (shown["number"], shown["run"])
        if key not in self.rules and shown["phase"] != "draft":
            if document["tally"]:
                choices = tuple(choice["key"] for choice in document["tally"]["choices"])
                self.rules[key] = Rules(choices, shown["choices_max"], shown["changeable"])
            else:
                self.stale.set()
        closes = shown["closes_at_ms"]
        closes_in_s = None if closes is None else (closes - document["server_time_ms"]) / 1000
        return Sight(document["epoch"], document["version"], key, shown["phase"], shown["visibility"], closes_in_s)


def reading_of(
    number: int, run: Mapping[str, Any], tally: Mapping[str, Any], channels: Mapping[str, Any] | None = None
) -> Reading:
    """Make a reading from a tally's inner part and what stands around it (`run`, `phase`, `locked_at_ms`)."""
    held = tally["held"]
    return Reading(
        round=number,
        run=run["run"],
        phase=run["phase"],
        locked_at_ms=run.get("locked_at_ms"),
        votes={choice["key"]: choice["votes"] for choice in tally["choices"]},
        likes={choice["key"]: choice["likes"] for choice in tally["choices"]},
        turnout=tally["turnout"],
        channel_votes=sum(each["votes"] for each in channels.values()) if channels else None,
        held=held["votes"],
        held_ballots=held["ballots"],
    )
