"""OSC in, an optional extra: the producer's commands as addresses over UDP, and feedback to who sent the last one.

One socket and one task on the event loop, both born and ended in the lifespan. UDP proves nobody: whoever can send to
the port commands with the role of the one token that the settings name, so it listens on this machine alone unless it
is told otherwise. Feedback is the public's view, so that a forged sender learns nothing hidden.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import orjson
import structlog

from app.domain.air import AirCommand
from app.domain.errors import ArenaError, InvalidRequest
from app.domain.lifecycle import Command
from app.domain.roles import Verb
from app.domain.session import SCENES
from app.feeds.table import choices
from app.live.calls import osc_message
from app.live.close_codes import CloseCode
from app.live.hub import Frame, LiveSession
from app.services import air, rounds
from app.services.arena import Arena
from app.services.identity import identify, note_refusal, require_crew
from app.settings import Settings

DATAGRAM_BYTES_MAX = 1_500
COMMANDS_MAX = 64
"""Commands that may wait; more are dropped, as UDP may do at any time."""
SESSIONS_MAX = 8
"""Sessions of which feedback is given; the one that was commanded longest ago is forgotten."""

Sender = tuple[Any, ...]
Message = tuple[str, list[Any]]
_ADDRESS = re.compile(
    r"/arena/([A-Za-z0-9]{4,12})/"
    r"(?:round/(\d{1,4})/(open|pause|resume|lock|reveal)|(overlay|preview)/([a-z_]{1,32})|(next|state|take|clear|panic(?:/release)?))"
)
_AIR = {
    "take": AirCommand.TAKE,
    "clear": AirCommand.CLEAR,
    "panic": AirCommand.PANIC,
    "panic/release": AirCommand.RELEASE,
}
log = structlog.get_logger()


def osc_reader() -> Callable[[bytes], list[Message]]:
    """Return what reads a datagram: a function that raises nothing and gives no message for what is none.

    Raises:
        ValueError: the package python-osc is not installed, with a sentence.
    """
    try:
        from pythonosc.osc_packet import OscPacket
    except ImportError:
        raise ValueError(
            "ARENA_OSC_PORT is set, but python-osc is not installed: install pioneer-arena[osc], or set the port to 0."
        ) from None

    def read(datagram: bytes) -> list[Message]:
        try:
            return [(each.message.address, list(each.message.params)) for each in OscPacket(datagram).messages]
        except Exception:
            # Its own refusals, and what a datagram of noise makes it stumble over.
            return []

    return read


def checked_reader(settings: Settings) -> Callable[[bytes], list[Message]] | None:
    """Return the reader where OSC is switched on.

    Raises:
        ValueError: it is switched on without its package.
    """
    return osc_reader() if settings.osc_port else None


class OscIn(asyncio.DatagramProtocol):
    def __init__(self, arena: Arena, read: Callable[[bytes], list[Message]]) -> None:
        self._arena = arena
        self._read = read
        self._commands: asyncio.Queue[tuple[str, list[Any], Sender]] = asyncio.Queue(COMMANDS_MAX)
        self._feedback: dict[str, Feedback] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._task: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen. Where the port is taken that is logged, and the arena goes on without OSC."""
        settings = self._arena.settings
        try:
            self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: self, local_addr=(settings.osc_host, settings.osc_port)
            )
        except OSError as error:
            log.error(
                "no OSC: its port cannot be opened", host=settings.osc_host, port=settings.osc_port, why=str(error)
            )
            return
        self.port = self._transport.get_extra_info("sockname")[1]
        self._task = asyncio.create_task(self._run(), name="arena-osc")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for code in list(self._feedback):
            self._forget(code)
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: Sender) -> None:
        if len(data) > DATAGRAM_BYTES_MAX:
            return
        for address, values in self._read(data)[:COMMANDS_MAX]:
            with suppress(asyncio.QueueFull):
                self._commands.put_nowait((address, values, addr))

    def error_received(self, exc: Exception) -> None:
        """Pass over that nobody listens where feedback went."""

    async def _run(self) -> None:
        while True:
            address, values, sender = await self._commands.get()
            found = _ADDRESS.fullmatch(address)
            # A button sends 1 when it is pressed and 0 when it is let go.
            if found is None or (values and not values[0]):
                continue
            code = found[1].upper()
            try:
                await self._do(code, *found.groups()[1:])
                await self._tell(code, sender)
            except ArenaError as refusal:
                await note_refusal(self._arena, refusal)
                self._send(osc_message(f"/arena/{code}/error", [refusal.detail]), sender)
            except Exception as error:
                log.error("an OSC command failed", error=type(error).__name__)

    async def _do(
        self,
        code: str,
        number: str | None,
        command: str | None,
        bus: str | None,
        scene: str | None,
        plain: str | None,
    ) -> None:
        """Carry out one command, with the role of the settings' token as it is now."""
        arena = self._arena
        bearer = await identify(arena, arena.settings.osc_token.get_secret_value())
        if number is not None and command is not None:
            what = Command(command)
            actor = require_crew(bearer, rounds.VERBS[what], code)
            await rounds.command(arena, actor, code, int(number), what)
        elif scene is not None:
            known = next((each for each in SCENES if each == scene), None)
            if known is None:
                raise InvalidRequest(f"There is no scene “{scene}”; it is one of {', '.join(SCENES)}.")
            actor = require_crew(bearer, Verb.OVERLAY, code)
            await (air.set_preview if bus == "preview" else air.set_scene)(arena, actor, code, known)
        elif plain == "next":
            await rounds.next_command(arena, require_crew(bearer, Verb.NEXT, code), code)
        elif plain in _AIR:
            what_air = _AIR[plain]
            await air.command(arena, require_crew(bearer, air.VERBS[what_air], code), code, what_air)
        else:
            require_crew(bearer, Verb.READ, code)

    async def _tell(self, code: str, sender: Sender) -> None:
        """Give feedback to this sender from now on, all of it at once and then what changes."""
        live = await self._arena.live(code)
        self._forget(code)
        while len(self._feedback) >= SESSIONS_MAX:
            self._forget(next(iter(self._feedback)))
        feedback = self._feedback[code] = Feedback(live, lambda content: self._send(content, sender))
        self._arena.hub.subscribe(live, feedback)

    def _forget(self, code: str) -> None:
        if feedback := self._feedback.pop(code, None):
            self._arena.hub.unsubscribe(feedback.live, feedback)

    def _send(self, content: bytes, sender: Sender) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(content, sender)


class Feedback:
    """Tells one sender what changes in one session. A subscriber of the public's view; only the newest frame counts."""

    def __init__(self, live: LiveSession, send: Callable[[bytes], None]) -> None:
        self.live = live
        self.staff = False
        self.token_id = 0
        self.expires_at_ms = 0
        self.voter = ""
        self.present = False
        self._send = send
        self._told: dict[str, int | str] = {}
        self._newest: Frame | None = None

    def offer(self, frame: Frame) -> None:
        if self._newest is None:
            # Not here: the ticker has others to offer the frame to.
            asyncio.get_running_loop().call_soon(self._tell)
        self._newest = frame

    def cut(self, _code: CloseCode) -> None:
        """Only a service that goes down cuts it, and that ends it by `OscIn.close`."""

    def _tell(self) -> None:
        frame, self._newest = self._newest, None
        if frame is None:
            return
        for address, value in _values(self.live.session.code, orjson.loads(frame.payload)):
            if self._told.get(address) != value:
                self._told[address] = value
                self._send(osc_message(address, [value]))


def _values(code: str, document: dict[str, Any]) -> Iterator[tuple[str, int | str]]:
    round_ = document["round"]
    yield f"/arena/{code}/round", round_["number"] if round_ else 0
    yield f"/arena/{code}/phase", round_["phase"] if round_ else ""
    yield f"/arena/{code}/scene", document["overlay"]["scene"]
    yield f"/arena/{code}/panic", int(document["overlay"]["panic"])
    yield f"/arena/{code}/turnout", round_["turnout"] if round_ else 0
    for row in choices(document):
        for figure in ("votes", "likes", "pct"):
            yield f"/arena/{code}/{figure}/{row['key']}", row[figure]
