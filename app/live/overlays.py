"""What overlays tell of themselves, and what the desk is warned of because of it and of the counts.

Lives on the event loop's thread, beside the hub. Two bounds, so that those without a token, who may be anybody, never
take the place of those with one. What is to be written down waits here, bounded, for the log of the air.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.domain.lifecycle import ON_AIR, Phase
from app.domain.session import Session
from app.domain.tally import Counts
from app.domain.warning import Facts, OverlayFact, Watch, judge

VERIFIED_MAX = 64
UNVERIFIED_MAX = 16
PRESENT_MS = 15_000
"""An overlay that nobody vouches for is forgotten after so much silence."""
KEPT_MS = 600_000
"""One with a token is missed for so long."""
BEAT_MS_MIN = 500
"""Of one overlay; more are passed over."""
SIGHT_MS = 15_000
"""Where nothing but its version has changed, an overlay is written down so often."""
SIGHTS_MAX = 1_000
LOOK_MS = 1_000
PUBLICATIONS_MAX = 600

Seen = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What one overlay says of itself. `key` names it among all of the session."""

    key: str
    name: str
    verified: bool
    scene: str
    version: int | None
    fps: float | None
    epoch: int | None = None
    bus: str = "programme"
    visible: bool = True
    stale_ms: int = 0
    leaving: bool = False


class Overlays:
    """The overlays of one session, as far as this process hears them."""

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = {}
        self.changed = False
        self.sights: deque[dict[str, Any]] = deque(maxlen=SIGHTS_MAX)
        self.watch = Watch()
        self._looked_at_ms = 0
        self._written: dict[str, tuple[Any, ...]] = {}
        self._published: deque[tuple[tuple[int, int], int]] = deque(maxlen=PUBLICATIONS_MAX)

    def published(self, epoch: int, version: int, now_ms: int) -> None:
        """Remember when a version came, to tell how old another is."""
        self._published.append(((epoch, version), now_ms))

    def hear(self, beat: Heartbeat, now_ms: int) -> None:
        known = self.seen.get(beat.key)
        if beat.leaving:
            if known is not None:
                self._leave(known, now_ms, "left")
            return
        if known is None and not self._has_room(beat.verified):
            return
        if known is not None and known["scene"] == beat.scene and now_ms - known["seen_at_ms"] < BEAT_MS_MIN:
            return
        seen = self.seen[beat.key] = {
            "id": beat.key,
            "name": beat.name,
            "verified": beat.verified,
            "bus": beat.bus,
            "scene": beat.scene,
            "epoch": beat.epoch,
            "version": beat.version,
            "behind_ms": self._behind_ms(beat.epoch, beat.version, now_ms),
            "stale_ms": beat.stale_ms,
            "visible": beat.visible,
            "fps": beat.fps,
            "seen_at_ms": now_ms,
        }
        self.changed = True
        self._note(seen, now_ms)

    def _has_room(self, verified: bool) -> bool:
        most = VERIFIED_MAX if verified else UNVERIFIED_MAX
        same = [each for each in self.seen.values() if each["verified"] is verified]
        if len(same) < most:
            return True
        # A live one is never put out; one that has long been silent gives way.
        oldest = min(same, key=lambda each: int(each["seen_at_ms"]))
        newest = max(same, key=lambda each: int(each["seen_at_ms"]))
        if newest["seen_at_ms"] - oldest["seen_at_ms"] <= PRESENT_MS:
            return False
        del self.seen[oldest["id"]]
        return True

    def _behind_ms(self, epoch: int | None, version: int | None, now_ms: int) -> int:
        if version is None or not self._published:
            return 0
        own = (self._published[-1][0][0] if epoch is None else epoch, version)
        # The first publication that came after the one it shows.
        after = bisect_right(self._published, own, key=lambda each: each[0])
        return max(0, now_ms - self._published[after][1]) if after < len(self._published) else 0

    def forget(self, now_ms: int) -> None:
        """Let go of who has been silent for too long."""
        for each in list(self.seen.values()):
            if now_ms - each["seen_at_ms"] > (KEPT_MS if each["verified"] else PRESENT_MS):
                self._leave(each, now_ms, "silent")

    def _leave(self, seen: Seen, now_ms: int, kind: str) -> None:
        del self.seen[seen["id"]]
        self.changed = True
        self._written.pop(seen["id"], None)
        if seen["verified"] and seen["bus"] == "programme":
            self.sights.append(_sight(seen, now_ms, kind))

    def _note(self, seen: Seen, now_ms: int) -> None:
        """Write down what stands on an overlay, where it is one of ours and on air."""
        if not seen["verified"] or seen["bus"] != "programme":
            return
        last = self._written.get(seen["id"])
        shown = (seen["scene"], seen["visible"], seen["stale_ms"] > 0)
        if last is None or last[1] != shown or now_ms - last[0] >= SIGHT_MS:
            self._written[seen["id"]] = (now_ms, shown)
            self.sights.append(_sight(seen, now_ms, "seen"))

    def look(self, facts: Facts) -> None:
        """Take in the facts of now. What is warned of is part of the crew's view."""
        if facts.now_ms - self._looked_at_ms < LOOK_MS:
            return
        self._looked_at_ms = facts.now_ms
        before = self.watch.warnings
        self.watch = judge(self.watch, facts)
        self.changed = self.changed or self.watch.warnings != before

    def staff(self) -> dict[str, Any]:
        """Return what the crew's view has beside the tally."""
        return {"overlays": list(self.seen.values()), "warnings": warnings_of(self.watch)}


def _sight(seen: Seen, now_ms: int, kind: str) -> dict[str, Any]:
    names = ("name", "scene", "epoch", "version", "fps", "visible", "behind_ms", "stale_ms")
    return {"kind": kind, "at_ms": now_ms, "overlay": seen["id"], **{name: seen[name] for name in names}}


def warnings_of(watch: Watch) -> list[dict[str, Any]]:
    return [asdict(each) for each in watch.warnings]


def newest_of_each(overlays: Iterable[Seen]) -> list[Seen]:
    """Return each overlay once: who came back by another process is not silent at the first."""
    found: dict[str, Seen] = {}
    for each in overlays:
        if each["id"] not in found or found[each["id"]]["seen_at_ms"] < each["seen_at_ms"]:
            found[each["id"]] = each
    return list(found.values())


def facts_of(
    session: Session,
    counts: Mapping[int, Counts],
    overlays: Sequence[Seen],
    *,
    now_ms: int,
    online: int,
    free_bytes: int | None,
) -> Facts:
    """Return what warnings are judged by."""
    current = session.current_round
    taking = current is not None and current.run.phase is Phase.OPEN
    own = counts.get(current.run_id, Counts()) if current is not None else Counts()
    return Facts(
        now_ms=now_ms,
        on_air=session.scene != "blank" or (current is not None and current.run.phase in ON_AIR),
        overlays=tuple(
            OverlayFact(
                id=each["id"],
                name=each["name"],
                verified=each["verified"],
                silent_ms=max(0, now_ms - each["seen_at_ms"]),
                behind_ms=each["behind_ms"],
                visible=each["visible"],
                fps=each["fps"],
            )
            for each in overlays
            if each["bus"] == "programme"
        ),
        run_id=current.run_id if current is not None and taking else None,
        acts={key: each.turnout + sum(each.likes.values()) for key, each in own.channels.items()},
        names={each.key: each.name for each in session.channels},
        likes=sum(own.likes.values()),
        phones=online,
        free_bytes=free_bytes,
    )
