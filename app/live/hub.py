"""The live sessions: their counts, their newest frames, and their subscribers.

Lives on the event loop's thread; nothing here awaits, so a slow client can delay nobody. Counts change only by the
facts of commits, so what is shown is never ahead of what is stored. Each publication is encoded once a view.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import orjson

from app.domain.clock import Clock
from app.domain.lifecycle import next_deadline_ms
from app.domain.session import Session, View, may_see_tally
from app.domain.tally import Counts
from app.live.close_codes import CloseCode
from app.live.document import tally_document
from app.live.facts import Counted, Recounted, SessionChanged, SessionLoaded
from app.live.protocol import text_frame

POLLER_PRESENT_MS = 10_000
OVERLAY_PRESENT_MS = 15_000
PRESENCE_INTERVAL_MS = 1_000
POLLERS_MAX = 100_000
SEEN_MAX = 1_000_000
OVERLAYS_MAX = 64


class Frame:
    """One encoded tally document. The same bytes go to everybody of its view."""

    __slots__ = ("etag", "payload", "version", "view", "wire")

    def __init__(self, view: View, epoch: int, version: int, payload: bytes) -> None:
        self.view = view
        self.version = version
        self.payload = payload
        self.wire = text_frame(payload)
        self.etag = f'"{epoch}-{version}-{view}"'


class Subscriber(Protocol):
    """Somebody who is told. Both calls return at once; a subscriber keeps only the newest frame."""

    staff: bool
    token_id: int
    """The access token that opened the staff's view; 0 without one."""
    expires_at_ms: int
    """When the token that it came with expires; 0 where it never does, or there is none."""
    voter: str
    """The keyed hash of the phone's identity, empty where it has none."""
    present: bool
    """Whether it counts as a person on line."""

    def offer(self, frame: Frame, /) -> None: ...

    def cut(self, code: CloseCode, /) -> None: ...


def _cut(subscribers: Iterable[Subscriber], code: CloseCode) -> None:
    for subscriber in list(subscribers):
        subscriber.cut(code)


class LiveSession:
    """One session as it stands now."""

    def __init__(self, loaded: SessionLoaded) -> None:
        self.session = loaded.session
        self.counts: dict[int, Counts] = dict(loaded.counts)
        self.voted: dict[int, set[str]] = dict(loaded.voted)
        self.seen = loaded.seen
        self.subscribers: set[Subscriber] = set()
        self.pollers: dict[str, int] = {}
        self.overlays: dict[str, dict[str, Any]] = {}
        self.frames: dict[View, Frame] = {}
        self.version = 0
        self.dirty = True
        self.unsent = True
        self.presence_shown = (0, 0)
        self.presence_at_ms = 0
        self.peak_online = 0
        self.peak_at_ms = 0

    def online(self) -> int:
        return sum(subscriber.present for subscriber in self.subscribers) + len(self.pollers)

    def has_voted(self, voter: str) -> bool:
        current = self.session.current_round
        return bool(voter) and current is not None and voter in self.voted.get(current.run_id, ())

    def view_of(self, voter: str, staff: bool) -> View:
        """Return the view that somebody is given: `voter` only where it shows more than `public`."""
        if staff:
            return "staff"
        return "voter" if "voter" in self.frames and self.has_voted(voter) else "public"

    def next_deadline_ms(self) -> int | None:
        deadlines = [next_deadline_ms(each.run) for each in self.session.rounds]
        return min((each for each in deadlines if each is not None), default=None)


class Hub:
    def __init__(self, clock: Clock, epoch: int, sockets_max: int) -> None:
        self._clock = clock
        self.epoch = epoch
        self.sockets_max = sockets_max
        self.sockets = 0
        self._going_down = False
        self.live: dict[str, LiveSession] = {}
        self.published = 0
        self.offered = 0

    def learn(self, facts: Sequence[Any]) -> None:
        """Take in what a commit changed. Called in the order of the commits."""
        for fact in facts:
            match fact:
                case Counted():
                    if live := self.live.get(fact.code):
                        self._count(live, fact)
                case Recounted():
                    if live := self.live.get(fact.code):
                        live.counts[fact.run_id] = fact.counts
                        live.dirty = True
                case SessionChanged():
                    if live := self.live.get(fact.session.code):
                        self._change(live, fact.session)
                case SessionLoaded():
                    self.live.setdefault(fact.session.code, LiveSession(fact))
                case _:
                    raise AssertionError(f"unknown fact {fact!r}")

    def _count(self, live: LiveSession, fact: Counted) -> None:
        live.counts.setdefault(fact.run_id, Counts()).grow(fact.counts)
        live.voted.setdefault(fact.run_id, set()).update(fact.voted)
        self.see(live, fact.voters)
        live.dirty = True

    def _change(self, live: LiveSession, session: Session) -> None:
        live.session = session
        runs = {each.run_id for each in session.rounds}
        for gone in live.counts.keys() - runs:
            del live.counts[gone]
        for gone in live.voted.keys() - runs:
            del live.voted[gone]
        live.dirty = True

    def see(self, live: LiveSession, voters: Iterable[str]) -> None:
        """Remember who has taken part, up to a bound."""
        if len(live.seen) < SEEN_MAX:
            live.seen.update(voters)

    def subscribe(self, live: LiveSession, subscriber: Subscriber) -> None:
        """Add a subscriber and hand it the newest frame at once."""
        live.subscribers.add(subscriber)
        self.sockets += 1
        self.greet(live, subscriber)
        if self._going_down:
            subscriber.cut(CloseCode.GOING_DOWN)

    def unsubscribe(self, live: LiveSession, subscriber: Subscriber) -> None:
        if subscriber in live.subscribers:
            live.subscribers.discard(subscriber)
            self.sockets -= 1

    def cut_token(self, token_id: int) -> None:
        """Cut everybody who listens by a token that was revoked."""
        for live in self.live.values():
            _cut((each for each in live.subscribers if each.token_id == token_id), CloseCode.TOKEN_INVALID)

    def cut_all(self) -> None:
        """Tell everybody that the service is going down; who comes now is told at once."""
        self._going_down = True
        for live in self.live.values():
            _cut(live.subscribers, CloseCode.GOING_DOWN)

    def greet(self, live: LiveSession, subscriber: Subscriber) -> None:
        """Hand a subscriber the frame of its view as it stands."""
        self.refresh(live)
        subscriber.offer(live.frames[live.view_of(subscriber.voter, subscriber.staff)])

    def poll(self, live: LiveSession, voter: str, staff: bool) -> Frame:
        """Return the newest frame of a poller's view, and count the poller as present."""
        if voter and (voter in live.pollers or len(live.pollers) < POLLERS_MAX):
            live.pollers[voter] = self._clock.now_ms()
            self.see(live, (voter,))
        self.refresh(live)
        return live.frames[live.view_of(voter, staff)]

    def refresh(self, live: LiveSession) -> None:
        """Build new frames where something changed, so that whoever has an answer reads it; sockets wait for the tick.

        Only a commit, and presence once a second, changes anything: so this builds at most once a commit.
        """
        if live.dirty or not live.frames:
            self._build(live, self._clock.now_ms())

    def heartbeat(
        self,
        live: LiveSession,
        overlay_id: str,
        name: str,
        scene: str,
        version: int | None,
        fps: float | None,
    ) -> None:
        """Note that an overlay lives and what it shows; bounded, the console sees it."""
        if overlay_id in live.overlays or len(live.overlays) < OVERLAYS_MAX:
            live.overlays[overlay_id] = {
                "id": overlay_id,
                "name": name,
                "scene": scene,
                "version": version,
                "fps": fps,
                "seen_at_ms": self._clock.now_ms(),
            }
            live.dirty = True

    def due(self, now_ms: int) -> list[str]:
        """List the sessions in which a deadline has come."""
        return [
            code
            for code, live in self.live.items()
            if (deadline := live.next_deadline_ms()) is not None and deadline <= now_ms
        ]

    def publish(self, live: LiveSession) -> Sequence[Subscriber]:
        """Build what changed; return whom to offer it to, nobody where nothing did."""
        now_ms = self._clock.now_ms()
        self._note_presence(live, now_ms)
        if live.dirty:
            self._build(live, now_ms)
        if not live.unsent:
            return ()
        live.unsent = False
        self.published += 1
        self.offered += len(live.subscribers)
        return list(live.subscribers)

    def _note_presence(self, live: LiveSession, now_ms: int) -> None:
        if now_ms - live.presence_at_ms < PRESENCE_INTERVAL_MS:
            return
        live.presence_at_ms = now_ms
        for gone in [voter for voter, at_ms in live.pollers.items() if now_ms - at_ms > POLLER_PRESENT_MS]:
            del live.pollers[gone]
        for key in [k for k, seen in live.overlays.items() if now_ms - seen["seen_at_ms"] > OVERLAY_PRESENT_MS]:
            del live.overlays[key]
            live.dirty = True
        _cut((each for each in live.subscribers if 0 < each.expires_at_ms <= now_ms), CloseCode.TOKEN_INVALID)
        online = live.online()
        if online >= live.peak_online:
            live.peak_online, live.peak_at_ms = online, now_ms
        if live.presence_shown != (online, len(live.seen)):
            live.presence_shown = (online, len(live.seen))
            live.dirty = True

    def _build(self, live: LiveSession, now_ms: int) -> None:
        if not live.frames:
            live.presence_shown = (live.online(), len(live.seen))
        frames: dict[View, Frame] = {}
        current = live.session.current_round
        public = current is None or may_see_tally(
            "public", current.visibility, current.run.phase, False, current.seal_unbroken
        )
        voter = current is not None and may_see_tally(
            "voter", current.visibility, current.run.phase, True, current.seal_unbroken
        )
        views: list[View] = ["public", "staff"]
        if voter and not public:
            views.append("voter")
        for view in views:
            document = tally_document(
                live.session,
                live.counts,
                view,
                epoch=self.epoch,
                version=live.version + 1,
                now_ms=now_ms,
                online=live.presence_shown[0],
                unique=live.presence_shown[1],
            )
            if view == "staff":
                document["staff"] = {"overlays": list(live.overlays.values()), "publicly_visible": public}
            frames[view] = Frame(view, self.epoch, live.version + 1, orjson.dumps(document))
        # Only now: had an encoding failed, the session would look clean with stale frames.
        live.frames = frames
        live.version += 1
        live.dirty = False
        live.unsent = True
