"""Plays a history: moves through it by the clock, and publishes what then stood, by the hub that the service has too.

Lives on the event loop's thread, in a process of its own. Nothing here has a database.
"""

import asyncio
import secrets

import structlog

from app.domain.clock import Clock
from app.domain.errors import ReplayOnly, SessionNotFound
from app.domain.replay import GRAIN_MS, Pace, checked_speed, counts_down, shown, step_of
from app.domain.session import Session
from app.live.facts import SessionLoaded
from app.live.hub import Hub, LiveSession, compose
from app.live.ticker import publish
from app.services.arena import Arena
from app.services.history import History, Reel
from app.settings import Settings

QUIET_MS = 5_000
"""On the clock of now. What is longer is cut to `REST_MS`, where quiet is skipped."""
REST_MS = 2_000
END_MS = 3_000
"""How long the end stands before a loop begins anew."""

log = structlog.get_logger()


class Player:
    """Where in the history it is, and how fast it goes. Within an epoch it only goes on; each seek begins a new one,
    so that no page takes what comes for something old.
    """

    def __init__(
        self,
        history: History,
        hub: Hub,
        clock: Clock,
        *,
        speed: float = 1,
        start_ms: int = 0,
        loop: bool = False,
        skip_quiet: bool = False,
    ) -> None:
        """`start_ms` counts from the history's beginning. Raises InvalidRequest for a speed out of bounds."""
        self.history = history
        self.loop = loop
        self.skip_quiet = skip_quiet
        self._hub, self._clock = hub, clock
        self._start_ms = start_ms
        self._reel = Reel(history)
        hub.learn([SessionLoaded(self._reel.session, {}, {}, set())])
        self.live: LiveSession = hub.live[history.code]
        self._epoch = clock.now_ms() // 1000
        self._pace = Pace(clock.now_ms(), self._moment(start_ms), checked_speed(speed))
        self._shown_ms = 0
        self._published_at_ms = 0
        self._ended_at_ms: int | None = None
        self._stale = True
        self.step()

    @property
    def speed(self) -> float:
        return self._pace.speed

    @property
    def paused(self) -> bool:
        return self._pace.paused

    @property
    def position_ms(self) -> int:
        """Return how far from the beginning it is."""
        return self._history_ms(self._clock.now_ms()) - self.history.begins_at_ms

    @property
    def length_ms(self) -> int:
        return self.history.ends_at_ms - self.history.begins_at_ms

    def pause(self) -> None:
        self._go_on(paused=True)

    def resume(self) -> None:
        self._go_on(paused=False)

    def set_speed(self, speed: float) -> None:
        """Go faster or slower from here on. Raises InvalidRequest."""
        self._go_on(speed=checked_speed(speed))

    def seek(self, position_ms: int) -> None:
        """Go to another place, counted from the beginning; past an end it is that end."""
        now_ms = self._clock.now_ms()
        self._pace = Pace(now_ms, self._moment(position_ms), self.speed, self.paused)
        self._epoch = max(self._epoch + 1, now_ms // 1000)
        self._shown_ms = 0
        self._ended_at_ms = None
        self._stale = True
        self.step()

    def step(self) -> None:
        """Publish what stands now, where it is another than was published last."""
        now_ms = self._clock.now_ms()
        if self._ends_loop(now_ms):
            self.seek(self._start_ms)
            return
        self._skip(now_ms)
        # A slower pace has finer steps: going over to coarse ones must not go back.
        step_ms = max(self._shown_ms, step_of(self._history_ms(now_ms), self.speed))
        changed = self._reel.wind_to(step_ms)
        presence = self.history.present(step_ms)
        ticking = self.paused and counts_down(self._reel.session) and now_ms - self._published_at_ms >= GRAIN_MS
        if not (changed or ticking or self._stale or presence != self.live.presence_shown):
            return
        self._shown_ms, self._published_at_ms, self._stale = step_ms, now_ms, False
        live = self.live
        live.session = shown(self._reel.session, self._pace, now_ms, step_ms)
        live.counts = dict(self._reel.counts)
        live.presence_shown = presence
        frames = compose(live, self._epoch, live.version + 1, now_ms, {"overlays": []})
        self._hub.adopt(live, frames, live.counts, live.session.revision)

    def _go_on(self, *, speed: float | None = None, paused: bool | None = None) -> None:
        now_ms = self._clock.now_ms()
        self._pace = Pace(
            now_ms,
            self._history_ms(now_ms),
            self.speed if speed is None else speed,
            self.paused if paused is None else paused,
        )
        self._stale = True
        self.step()

    def _moment(self, position_ms: int) -> int:
        return min(max(self.history.begins_at_ms + position_ms, self.history.begins_at_ms), self.history.ends_at_ms)

    def _history_ms(self, now_ms: int) -> int:
        return min(self._pace.history_at(now_ms), self.history.ends_at_ms)

    def _skip(self, now_ms: int) -> None:
        upcoming = self._reel.next_at_ms()
        if not self.skip_quiet or self.paused or upcoming is None:
            return
        if upcoming - self._history_ms(now_ms) > QUIET_MS * self.speed:
            self._pace = Pace(now_ms, upcoming - int(REST_MS * self.speed), self.speed)
            self._stale = True

    def _ends_loop(self, now_ms: int) -> bool:
        if not self.loop or self.paused or self._history_ms(now_ms) < self.history.ends_at_ms:
            return False
        if self._ended_at_ms is None:
            self._ended_at_ms = now_ms
        return now_ms - self._ended_at_ms >= END_MS


class ReplayArena(Arena):
    """What the routes are given in the place of the running arena. It has no database and no writer: nothing that is
    asked of it can count.
    """

    def __init__(self, settings: Settings, clock: Clock, hub: Hub, player: Player) -> None:
        # Not the arena's own beginning: that opens the database and raises its epoch.
        self.settings = settings
        self.clock = clock
        self.hub = hub
        self.player = player
        self.cluster = None
        # Signs nothing; the tokens of phones that the service let in are none here.
        self.signing_secret = secrets.token_urlsafe(48)

    async def live(self, code: str) -> LiveSession:
        live = self.hub.live.get(code.upper())
        if live is None:
            raise SessionNotFound(f"This is a replay of {self.player.history.code} alone; check the code.")
        return live

    async def session(self, code: str) -> Session:
        return (await self.live(code)).session


def refusal(arena: ReplayArena) -> ReplayOnly:
    """Return what everybody is told who wants anything to count."""
    return ReplayOnly(
        f"This is a replay of {arena.player.history.code}: nothing counts here; vote, like and command at the service "
        "itself, which has its records too."
    )


async def run_player(player: Player, hub: Hub, tick_ms: int) -> None:
    """Play until cancelled. What fails is tried again at the next step, and is in the log."""
    while True:
        try:
            player.step()
            await publish(hub, player.live)
        except Exception:
            log.exception("a step of the replay failed")
        await asyncio.sleep(tick_ms / 1000)
