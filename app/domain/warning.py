"""What the desk is warned of while a session is on air: facts and thresholds in, warnings out.

Pure: what was seen so far and the facts of now go in, the same with the facts taken in comes out. Asked about once a
second. Nothing flaps: a warning is raised only after its condition has held, has a weaker bound for staying than for
coming, and goes only after that has failed for a while. No sentence names a figure: in a sealed round the crew may not
know one either.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Kind = Literal[
    "overlay_silent",
    "overlay_late",
    "overlay_slow",
    "channel_silent",
    "likes_above",
    "likes_below",
    "likes_impossible",
    "disk_filling",
]
Level = Literal["warning", "notice"]

HOLD_MS = 2_000
"""A condition that lasts less is no warning."""
CLEAR_MS = 5_000
"""A warning stays until its condition has been away for so long."""
STANDING_MAX = 32

SILENT_MS, SILENT_KEEP_MS = 12_000, 7_000
"""An overlay tells of itself every five seconds; two that went missing are its silence."""
LATE_MS, LATE_KEEP_MS = 3_000, 1_500
SLOW_FPS, SLOW_KEEP_FPS = 10, 15

CHANNEL_ACTS_MIN = 10
"""A channel that has brought less than this in the run has no pace that could be missed."""
CHANNEL_SILENT_MS = 20_000
CHANNEL_GAPS = 5
"""So many of its own mean gaps without anything are a silence."""
OTHERS_ACTS_MIN = 20
"""The others have gone on for so many acts meanwhile."""
OTHERS_RECENT_MS = 5_000

RATE_MS, BASE_MS, BASE_MS_MIN = 5_000, 60_000, 30_000
"""The present rate is of five seconds; it is held against the minute before, of which half must be there."""
ODD_TIMES, ODD_KEEP_TIMES = 8, 4
ABOVE_MIN, BELOW_BASE_MIN = 50, 20
BASE_LIKES_MIN = 100
"""The older half of the minute must have brought so many."""
TAPS_MAX = 10
"""More than that a second no thumb does."""

DISK_LOW_BYTES, DISK_KEEP_BYTES = 512 * 2**20, 640 * 2**20
DISK_LEFT_MS, DISK_KEEP_LEFT_MS = 30 * 60_000, 60 * 60_000
DISK_SEEN_MS, DISK_SEEN_MS_MIN = 600_000, 120_000
REFUSAL_BYTES = 2**20
"""With less room than this the service says that it is not ready: votes will be refused."""

_SAY: dict[Kind, str] = {
    "overlay_silent": "The overlay {name} has gone silent while on air; look at its source, and reload it or cut away.",
    "overlay_late": "The overlay {name} shows an older tally than the others; look at its network, and reload it.",
    "overlay_slow": "The overlay {name} draws too few frames; free its machine of other work, or reload it.",
    "channel_silent": "The channel {name} has fallen silent while others go on; look at its page and its link on a "
    "phone of that channel.",
    "likes_above": "Likes come far faster than in the last minute; look for a script before you speak of them on air.",
    "likes_below": "Likes come far slower than in the last minute; open the page on a phone to see whether it works.",
    "likes_impossible": "Likes come faster than the phones on line could tap; look for a script before you speak of "
    "them on air.",
    "disk_filling": "The disk is filling; make room now, or votes will be refused.",
}


@dataclass(frozen=True, slots=True)
class OverlayFact:
    """One overlay as it last told of itself. `verified`: by an access token; anybody can claim to be one without."""

    id: str
    name: str
    verified: bool
    silent_ms: int
    behind_ms: int
    visible: bool
    fps: float | None


@dataclass(frozen=True, slots=True)
class Facts:
    """`run_id` is the run that takes votes now, if any; `acts` its ballots and likes by channel; `on_air` says that a
    round is on air or a scene stands in the programme; `free_bytes` is None where the disk is another machine's.
    """

    now_ms: int
    on_air: bool = False
    overlays: tuple[OverlayFact, ...] = ()
    run_id: int | None = None
    acts: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    likes: int = 0
    phones: int = 0
    free_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Warning:
    kind: Kind
    level: Level
    subject: str
    """The overlay's id or the channel's key; empty for the session as a whole."""
    name: str
    since_ms: int
    sentence: str
    """What happened and what to do."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A condition as it is now: whether it would raise its warning, and whether it would keep it."""

    kind: Kind
    subject: str
    name: str
    level: Level
    raises: bool
    keeps: bool


@dataclass(frozen=True, slots=True)
class _Alarm:
    warning: Warning
    raised: bool
    away_since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class _Pace:
    """A channel's acts in the run, and what all others had when it last brought one."""

    acts: int
    first_at_ms: int
    last_at_ms: int
    others: int


@dataclass(frozen=True, slots=True)
class Watch:
    """What has been seen of a session so far."""

    run_id: int | None = None
    paces: Mapping[str, _Pace] = field(default_factory=dict)
    likes: tuple[tuple[int, int], ...] = ()
    free: tuple[tuple[int, int], ...] = ()
    alarms: Mapping[tuple[Kind, str], _Alarm] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[Warning, ...]:
        """Return what stands, the oldest first."""
        standing = [each.warning for each in self.alarms.values() if each.raised]
        return tuple(sorted(standing, key=lambda each: (each.level == "notice", each.since_ms))[:STANDING_MAX])


def judge(watch: Watch, facts: Facts) -> Watch:
    """Take in the facts of now."""
    seen = _taken_in(watch, facts)
    sights = [*_overlays(facts), *_channels(seen, facts), *_likes(seen, facts), *_disk(seen)]
    return replace(seen, alarms=_settled(watch.alarms, sights, facts.now_ms))


def _taken_in(watch: Watch, facts: Facts) -> Watch:
    now_ms = facts.now_ms
    free = watch.free
    if facts.free_bytes is not None:
        free = (*(each for each in free if now_ms - each[0] <= DISK_SEEN_MS), (now_ms, facts.free_bytes))
    if facts.run_id is None:
        return Watch(free=free)
    same = facts.run_id == watch.run_id
    likes = watch.likes if same else ()
    kept = tuple(each for each in likes if now_ms - each[0] <= BASE_MS + RATE_MS)
    paces = _paces(watch.paces if same else {}, facts)
    return Watch(facts.run_id, paces, (*kept, (now_ms, facts.likes)), free)


def _paces(before: Mapping[str, _Pace], facts: Facts) -> dict[str, _Pace]:
    total = sum(facts.acts.values())
    paces: dict[str, _Pace] = {}
    for key, acts in facts.acts.items():
        pace = before.get(key)
        if pace is None:
            paces[key] = _Pace(acts, facts.now_ms, facts.now_ms, total - acts)
        else:
            paces[key] = (
                replace(pace, acts=acts, last_at_ms=facts.now_ms, others=total - acts) if acts > pace.acts else pace
            )
    return paces


def _overlays(facts: Facts) -> Iterator[Sight]:
    for each in facts.overlays:
        level: Level = "warning" if each.verified else "notice"
        # A hidden source may sleep, and what nobody sees cannot look wrong.
        matters = facts.on_air and each.visible
        heard = matters and each.silent_ms < SILENT_MS
        fps = 60.0 if each.fps is None else each.fps
        bounds: tuple[tuple[Kind, bool, bool], ...] = (
            ("overlay_silent", matters and each.silent_ms >= SILENT_MS, matters and each.silent_ms >= SILENT_KEEP_MS),
            ("overlay_late", heard and each.behind_ms >= LATE_MS, heard and each.behind_ms >= LATE_KEEP_MS),
            ("overlay_slow", heard and fps < SLOW_FPS, heard and fps < SLOW_KEEP_FPS),
        )
        for kind, raises, keeps in bounds:
            yield Sight(kind, each.id, each.name, level, raises, keeps)


def _channels(watch: Watch, facts: Facts) -> Iterator[Sight]:
    total = sum(each.acts for each in watch.paces.values())
    for key, pace in watch.paces.items():
        silent_ms = facts.now_ms - pace.last_at_ms
        gap_ms = (pace.last_at_ms - pace.first_at_ms) / max(1, pace.acts - 1)
        others = [each for other, each in watch.paces.items() if other != key]
        lively = any(facts.now_ms - each.last_at_ms <= OTHERS_RECENT_MS for each in others)
        missed = total - pace.acts - pace.others >= OTHERS_ACTS_MIN
        known = pace.acts >= CHANNEL_ACTS_MIN
        raises = known and lively and missed and silent_ms >= max(CHANNEL_SILENT_MS, CHANNEL_GAPS * gap_ms)
        name = facts.names.get(key, key)
        yield Sight("channel_silent", key, name, "warning", raises, known and silent_ms >= CLEAR_MS)


def _likes(watch: Watch, facts: Facts) -> Iterator[Sight]:
    now_ms = facts.now_ms
    before = [each for each in watch.likes if now_ms - each[0] >= RATE_MS]
    if not before:
        return
    (first_ms, first), (edge_ms, edge) = before[0], before[-1]
    rate = (facts.likes - edge) * 1000 / (now_ms - edge_ms)
    most = TAPS_MAX * max(1, facts.phones)
    beyond = rate >= ABOVE_MIN and rate > most
    yield Sight("likes_impossible", "", "", "warning", beyond, rate >= ABOVE_MIN / 2 and rate > most / 2)
    if edge_ms - first_ms < BASE_MS_MIN:
        return
    base = (edge - first) * 1000 / (edge_ms - first_ms)
    # Where the minute itself has only just begun to bring likes, there is nothing to hold a rate against.
    half = next(likes for at_ms, likes in before if at_ms - first_ms >= BASE_MS_MIN)
    steady = half - first >= BASE_LIKES_MIN
    above = steady and rate >= ABOVE_MIN and rate > ODD_TIMES * base
    stays_above = rate >= ABOVE_MIN / 2 and rate > ODD_KEEP_TIMES * base
    yield Sight("likes_above", "", "", "notice", above, stays_above)
    below = base >= BELOW_BASE_MIN and rate < base / ODD_TIMES
    yield Sight("likes_below", "", "", "notice", below, rate < base / ODD_KEEP_TIMES)


def _disk(watch: Watch) -> Iterator[Sight]:
    if not watch.free:
        return
    (first_ms, first), (last_ms, last) = watch.free[0], watch.free[-1]
    left_ms = float("inf")
    if last < first and last_ms - first_ms >= DISK_SEEN_MS_MIN:
        left_ms = max(0, last - REFUSAL_BYTES) * (last_ms - first_ms) / (first - last)
    raises = last < DISK_LOW_BYTES or left_ms < DISK_LEFT_MS
    yield Sight("disk_filling", "", "", "warning", raises, last < DISK_KEEP_BYTES or left_ms < DISK_KEEP_LEFT_MS)


def _settled(
    before: Mapping[tuple[Kind, str], _Alarm], sights: list[Sight], now_ms: int
) -> dict[tuple[Kind, str], _Alarm]:
    """Raise what has held for long enough, keep what still stands, let go of what has been away for long enough."""
    found = {(each.kind, each.subject): each for each in sights}
    alarms: dict[tuple[Kind, str], _Alarm] = {}
    for key, alarm in before.items():
        sight = found.pop(key, None)
        if alarm.raised:
            if sight is not None and sight.keeps:
                alarms[key] = replace(alarm, away_since_ms=None)
            else:
                away_ms = now_ms if alarm.away_since_ms is None else alarm.away_since_ms
                if now_ms - away_ms < CLEAR_MS:
                    alarms[key] = replace(alarm, away_since_ms=away_ms)
        elif sight is not None and sight.raises:
            alarms[key] = replace(alarm, raised=now_ms - alarm.warning.since_ms >= HOLD_MS)
    for key, sight in found.items():
        if sight.raises:
            sentence = _SAY[sight.kind].format(name=sight.name)
            alarms[key] = _Alarm(Warning(sight.kind, sight.level, sight.subject, sight.name, now_ms, sentence), False)
    return alarms
