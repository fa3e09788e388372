"""The crowds of rehearsals that the service starts: a process each, so that the loop of the service stays its own.

A crowd is `arena rehearse` with bounds, as a client like any other: over the public API, at a lower priority than the
service, for so many seconds. It ends by itself; with the rehearsal, on a word, or with the service, before.
"""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import structlog

from app.domain.clock import Clock
from app.domain.errors import Conflict, Overloaded
from app.domain.rehearsal import CROWDS_MAX
from app.domain.session import Session, on_air
from app.live.hub import Hub
from app.schemas.rehearsal import CrowdDocument, CrowdWanted
from app.services.identity import Crew
from app.settings import Settings

END_SECONDS_MAX = 5.0
_ROOT = Path(__file__).parents[2]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Crowd:
    wanted: CrowdWanted
    started_at_ms: int
    process: "subprocess.Popen[bytes]"

    @property
    def playing(self) -> bool:
        return self.process.poll() is None


class Crowds:
    """Made once in the lifespan. `alone`: no other process serves this arena."""

    def __init__(self, settings: Settings, clock: Clock, hub: Hub) -> None:
        self._alone = not settings.redis_url
        self._clock = clock
        self._hub = hub
        self._crowds: dict[str, _Crowd] = {}
        self._changing = asyncio.Lock()

    async def start(self, actor: Crew, rehearsal: Session, base_url: str, wanted: CrowdWanted) -> None:
        """Start a crowd; nothing happens where the same plays already.

        Raises:
            Conflict: another plays, a channel is not the session's, a real round is on air, or several processes serve
            Overloaded: as many play as may
        """
        assert rehearsal.rehearsal, "a crowd plays in a rehearsal only"
        code = rehearsal.code
        if not self._alone:
            # Each process would know its own crowds only, and a second press another's.
            raise Conflict(f"Several processes serve this arena; start the crowd by hand: arena rehearse {code}.")
        unknown = sorted((wanted.channels or {}).keys() - {each.key for each in rehearsal.channels})
        if unknown:
            raise Conflict(f"The session has no channel “{unknown[0]}”; look at its channels.")
        async with self._changing:
            present = self._crowds.get(code)
            if present is not None and present.playing:
                if present.wanted == wanted:
                    return
                raise Conflict("A crowd plays in this rehearsal; stop it before you start another.")
            self._require_quiet(code)
            if sum(each.playing for each in self._crowds.values()) >= CROWDS_MAX:
                raise Overloaded(f"{CROWDS_MAX} crowds play at the moment; stop one first.", retry_after_s=10)
            process = await asyncio.to_thread(_started, code, base_url, wanted)
            self._crowds[code] = _Crowd(wanted, self._clock.now_ms(), process)
        log.info("crowd started", session=code, voters=wanted.voters, by=actor.name)

    def _require_quiet(self, code: str) -> None:
        """Refuse while a real audience votes in this service: a crowd takes processor time from them.

        A poll is open for days, in which people must be able to rehearse.
        """
        for live in self._hub.live.values():
            session = live.session
            if not session.rehearsal and session.kind != "poll" and (round_ := on_air(session)) is not None:
                raise Conflict(
                    f"Round {round_.number} of {session.code} is {round_.run.phase} in this service; start the crowd "
                    f"when it is locked, or by hand all the same: arena rehearse {code}."
                )

    async def stop(self, code: str) -> None:
        """End a rehearsal's crowd; returns when it has ended."""
        async with self._changing:
            crowd = self._crowds.get(code)
            if crowd is not None:
                await asyncio.to_thread(_end, crowd.process)

    async def forget(self, code: str) -> None:
        """End a crowd and know nothing of it any more: its rehearsal is purged."""
        await self.stop(code)
        self._crowds.pop(code, None)

    def document(self, code: str) -> CrowdDocument | None:
        crowd = self._crowds.get(code)
        if crowd is None:
            return None
        returned = crowd.process.poll()
        return CrowdDocument(
            **crowd.wanted.model_dump(),
            # Whoever was stopped has ended as well as who came to the end.
            state="playing" if returned is None else "failed" if returned > 0 else "ended",
            started_at_ms=crowd.started_at_ms,
            ends_at_ms=crowd.started_at_ms + crowd.wanted.seconds * 1000,
        )

    async def close(self) -> None:
        """End all of them, with the service."""
        for code in list(self._crowds):
            await self.stop(code)


def _started(code: str, base_url: str, wanted: CrowdWanted) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "app.cli", "rehearse", code, "--url", base_url, "--voters", str(wanted.voters)]
    command += ["--bursts", wanted.bursts, "--race", wanted.race, "--seconds", str(wanted.seconds)]
    if wanted.channels:
        command += ["--channels", ",".join(f"{key}={share}" for key, share in wanted.channels.items())]
    # Neither secret nor database: it is given what any phone has, the address.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ARENA_")}
    return subprocess.Popen(  # noqa: S603 - our own program, and values that the schema has bounded
        command,
        cwd=_ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        # With what it has started itself: it leads a group of its own.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
