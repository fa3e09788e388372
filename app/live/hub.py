"""The live sessions: their counts, their newest frames, and their subscribers.

Lives on the event loop's thread; nothing here awaits, so a slow client can delay nobody. Counts change only by the
facts of commits, or by what the leading process read of them, so what is shown is never ahead of what is stored. Each
publication is encoded once a view.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

import orjson

from app.domain.clock import Clock
from app.domain.lifecycle import next_deadline_ms
from app.domain.session import Session, View, may_see_tally
from app.domain.tally import Counts
from app.live.close_codes import CloseCode
from app.live.document import FRESH_MS, tally_document
from app.live.facts import Counted, Recounted, SessionChanged, SessionGone, SessionLoaded
from app.live.frames import text_frame
from app.live.overlays import Heartbeat, Overlays, facts_of
from app.live.subscribers import Subscribers, phones_are_due

POLLER_PRESENT_MS = 10_000
PRESENCE_INTERVAL_MS = 1_000
POLLERS_MAX = 100_000
SEEN_MAX = 1_000_000


class Frame:
    """One encoded tally document. The same bytes go to everybody of its view."""

    __slots__ = ("epoch", "etag", "payload", "version", "view", "wire")

    def __init__(self, view: View, epoch: int, version: int, payload: bytes) -> None:
        self.view = view
        self.epoch = epoch
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
        self.seen_new: set[str] = set()
        """Who has not been told to the other processes yet."""
        self.subscribers: Subscribers[Subscriber] = Subscribers()
        self.pollers: dict[str, int] = {}
        self.overlays = Overlays()
        self.frames: dict[View, Frame] = {}
        self.epoch = 0
        self.version = 0
        self.revision = 0
        """Of the session as the newest frames show it."""
        self.made_at_ms = 0
        """When the present frames were made; another process makes its own note of that."""
        self.dirty = True
        self.unsent = True
        self.phones_told = (0, 0, 0)
        """Epoch, version and revision of what phones were told last."""
        self.phones_told_at_ms = 0
        self.presence_shown = (0, 0)
        """How many are on line, and how many were ever seen; of all processes, as it was last published."""
        self.presence_at_ms = 0
        self.peak_online = 0
        self.peak_at_ms = 0

    def online(self) -> int:
        return sum(subscriber.present for subscriber in self.subscribers) + len(self.pollers)

    @property
    def unique(self) -> int:
        """Return how many people were ever seen, as far as this process knows."""
        return max(self.presence_shown[1], len(self.seen))

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
    """`shared`: other processes serve the same sessions. Then nothing is built here of itself: the process that leads
    composes each publication, and all adopt it.
    """

    def __init__(self, clock: Clock, epoch: int, sockets_max: int, *, shared: bool = False) -> None:
        self._clock = clock
        self.epoch = epoch
        self.shared = shared
        self.sockets_max = sockets_max
        self.sockets = 0
        self._going_down = False
        self.live: dict[str, LiveSession] = {}
        self.published = 0
        self.offered = 0
        self.free_bytes: int | None = None
        """Room on the disk, as it was last looked at; None where the disk is another machine's."""

    def learn(self, facts: Sequence[Any]) -> None:
        """Take in what a commit changed. Called in the order of the commits."""
        for fact in facts:
            match fact:
                case Counted():
                    if live := self.live.get(fact.code):
                        self._count(live, fact)
                case Recounted():
                    if (live := self.live.get(fact.code)) and not self.shared:
                        live.counts[fact.run_id] = fact.counts
                        live.dirty = True
                case SessionChanged():
                    if live := self.live.get(fact.session.code):
                        self._change(live, fact.session)
                case SessionGone():
                    if live := self.live.pop(fact.code, None):
                        _cut(live.subscribers, CloseCode.NO_SUCH_SESSION)
                case SessionLoaded():
                    self.live.setdefault(fact.session.code, LiveSession(fact))
                case _:
                    raise AssertionError(f"unknown fact {fact!r}")

    def _count(self, live: LiveSession, fact: Counted) -> None:
        if not self.shared:
            live.counts.setdefault(fact.run_id, Counts()).grow(fact.counts)
        live.voted.setdefault(fact.run_id, set()).update(fact.voted)
        self.see(live, fact.voters)
        live.dirty = True

    def _change(self, live: LiveSession, session: Session) -> None:
        if session.revision < live.session.revision:
            return
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
            if self.shared:
                live.seen_new.update(voters)

    def subscribe(self, live: LiveSession, subscriber: Subscriber) -> None:
        """Add a subscriber and hand it the newest frame at once."""
        live.subscribers.place(subscriber)
        self.sockets += 1
        self.greet(live, subscriber)
        if self._going_down:
            subscriber.cut(CloseCode.GOING_DOWN)

    def unsubscribe(self, live: LiveSession, subscriber: Subscriber) -> None:
        if live.subscribers.remove(subscriber):
            self.sockets -= 1

    def welcome(self, live: LiveSession, subscriber: Subscriber) -> None:
        """Take note of who a subscriber is, and hand it the frame of its view."""
        live.subscribers.place(subscriber)
        self.greet(live, subscriber)

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

        Only a commit, presence once a second, and age change anything: so this builds at most once a commit.
        """
        now_ms = self._clock.now_ms()
        if (live.dirty or now_ms - live.made_at_ms >= FRESH_MS) and not self.shared:
            self._build(live, now_ms)

    def heartbeat(self, live: LiveSession, beat: Heartbeat) -> None:
        """Note that an overlay lives and what it shows. The crew sees it; of who has no token, who may be anybody and
        often, not before the next look at who is present.
        """
        live.overlays.hear(beat, self._clock.now_ms())
        live.dirty = live.dirty or (beat.verified and live.overlays.changed)

    def due(self, now_ms: int) -> list[str]:
        """List the sessions in which a deadline has come."""
        return [
            code
            for code, live in self.live.items()
            if (deadline := live.next_deadline_ms()) is not None and deadline <= now_ms
        ]

    def adopt(self, live: LiveSession, frames: Sequence[Frame], counts: Mapping[int, Counts], revision: int) -> bool:
        """Take a publication in the place of the present one, where it is newer; say whether it was. It shows the
        session in this revision.
        """
        newest = frames[0]
        if (newest.epoch, newest.version) <= (live.epoch, live.version):
            return False
        live.frames = {each.view: each for each in frames}
        live.epoch, live.version = newest.epoch, newest.version
        live.revision = revision
        live.overlays.published(newest.epoch, newest.version, self._clock.now_ms())
        live.counts = dict(counts)
        live.unsent = True
        return True

    def publish(self, live: LiveSession) -> Sequence[Subscriber]:
        """Build what changed; return whom to offer it to at every tick, nobody where nothing did."""
        now_ms = self._clock.now_ms()
        self._note_presence(live, now_ms)
        # Who polls a session that nobody listens to is given a fresh one when it asks.
        aged = bool(live.subscribers) and now_ms - live.made_at_ms >= FRESH_MS
        if (live.dirty or aged) and not self.shared:
            self._build(live, now_ms)
        if not live.unsent or not live.frames:
            return ()
        live.unsent = False
        self.published += 1
        listening = [*live.subscribers.staff, *live.subscribers.listeners]
        self.offered += len(listening)
        return listening

    def phones(self, live: LiveSession) -> Sequence[Subscriber]:
        """Return the phones to offer the newest frame to, nobody where they have it or must wait."""
        now_ms, newest = self._clock.now_ms(), (live.epoch, live.version, live.revision)
        commanded = live.revision != live.phones_told[2]
        if newest == live.phones_told or not phones_are_due(self.sockets, now_ms - live.phones_told_at_ms, commanded):
            return ()
        live.phones_told, live.phones_told_at_ms = newest, now_ms
        self.offered += len(live.subscribers.phones)
        return list(live.subscribers.phones)

    def _note_presence(self, live: LiveSession, now_ms: int) -> None:
        if now_ms - live.presence_at_ms < PRESENCE_INTERVAL_MS:
            return
        live.presence_at_ms = now_ms
        for gone in [voter for voter, at_ms in live.pollers.items() if now_ms - at_ms > POLLER_PRESENT_MS]:
            del live.pollers[gone]
        live.overlays.forget(now_ms)
        # A phone is no bearer of a token that expires.
        bearers = chain(live.subscribers.staff, live.subscribers.listeners)
        _cut((each for each in bearers if 0 < each.expires_at_ms <= now_ms), CloseCode.TOKEN_INVALID)
        online = live.presence_shown[0] if self.shared else live.online()
        if online >= live.peak_online:
            live.peak_online, live.peak_at_ms = online, now_ms
        if live.presence_shown != (online, len(live.seen)) and not self.shared:
            live.presence_shown = (online, len(live.seen))
            live.dirty = True
        if not self.shared:
            self._look(live, now_ms)

    def _look(self, live: LiveSession, now_ms: int) -> None:
        """Judge what the crew is to be warned of; of several processes the leader does it for all."""
        seen = list(live.overlays.seen.values())
        facts = facts_of(
            live.session, live.counts, seen, now_ms=now_ms, online=live.presence_shown[0], free_bytes=self.free_bytes
        )
        live.overlays.look(facts)
        live.dirty = live.dirty or live.overlays.changed
        live.overlays.changed = False

    def _build(self, live: LiveSession, now_ms: int) -> None:
        if not live.frames:
            live.presence_shown = (live.online(), len(live.seen))
        frames = compose(live, self.epoch, live.version + 1, now_ms, live.overlays.staff())
        # Only now: had an encoding failed, the session would look clean with stale frames.
        self.adopt(live, frames, live.counts, live.session.revision)
        live.dirty, live.made_at_ms = False, now_ms


def compose(live: LiveSession, epoch: int, version: int, now_ms: int, staff: Mapping[str, Any]) -> list[Frame]:
    """Encode a session as it stands, once a view; `staff` is what the crew's view has beside."""
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
    frames = []
    for view in views:
        document = tally_document(
            live.session,
            live.counts,
            view,
            epoch=epoch,
            version=version,
            now_ms=now_ms,
            online=live.presence_shown[0],
            unique=live.presence_shown[1],
        )
        if view == "staff":
            document["staff"] = {**staff, "publicly_visible": public}
        frames.append(Frame(view, epoch, version, orjson.dumps(document)))
    return frames
