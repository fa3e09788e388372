"""The WebSocket: who speaks, what is said, what is answered. Frames go out through the hub.

No task serves a socket. A message is handled where it arrives; a vote's or like's answer is written when the writer
says that it is committed. Only what must look into the database first (a session's first use, an access token) takes a
task, and until it has ended nothing more is read from that socket.
"""

import re
from collections.abc import Coroutine
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

import orjson
import structlog
from fastapi import FastAPI
from pydantic import ValidationError

from app.domain.errors import (
    ArenaError,
    MalformedJson,
    Overloaded,
    SessionNotFound,
    TokenExpired,
    TokenInvalid,
    TooManyRequests,
)
from app.live.close_codes import CloseCode
from app.live.handshake import Upgrade
from app.live.hub import LiveSession
from app.live.overlays import Heartbeat
from app.live.sweep import Sweep
from app.live.websocket import SocketSubscriber
from app.routers.problems import invalid_request
from app.schemas.messages import (
    CLIENT_MESSAGE,
    ID_LENGTH_MAX,
    KNOWN_TYPES,
    ROUNDS_MAX,
    HeartbeatMessage,
    HelloMessage,
    LikeMessage,
    PingMessage,
    VoteMessage,
)
from app.schemas.problem import problem_fields
from app.schemas.voting import plain_likes, plain_vote
from app.services import voting
from app.services.arena import Arena
from app.services.identity import Bearer, Crew, Phone, identify, is_access_token, may_read, phone_of, require_phone
from app.services.voting import Answer

MESSAGES_A_SECOND = 20
MESSAGES_BURST = 100
PENDING_MAX = 32
MALFORMED_MAX = 3

_PATH = re.compile(r"(?:/api/v1)?/ws/sessions/([^/]+)")

log = structlog.get_logger()


def socket_protocol(app: FastAPI) -> "type[Conversation]":
    """Return the class that uvicorn is given (`ws=`) for an application."""
    return type("ArenaSocket", (Conversation,), {"__slots__": (), "app": app, "sweep": Sweep()})


class Conversation(SocketSubscriber):
    """What one socket has said so far: its bearer, its rate, its pending requests."""

    __slots__ = ("_arena", "_bearer", "_foreign", "_heard", "_heard_at_ms", "_live", "_malformed", "_pending", "_role")

    app: ClassVar[FastAPI]

    def __init__(self, config: Any, server_state: Any, app_state: Any) -> None:
        super().__init__(config, server_state, app_state)
        self._arena: Arena = self.app.state.arena
        self._live: LiveSession | None = None
        self._bearer: Bearer = None
        self._foreign = False
        self._malformed = 0
        self._pending = 0
        self._role = ""
        self._heard: float = MESSAGES_BURST
        self._heard_at_ms = self._arena.clock.now_ms()

    # The connection.

    def accepts(self, path: str) -> bool:
        return _PATH.fullmatch(path) is not None

    def opened(self, upgrade: Upgrade) -> None:
        arena = self._arena
        self._foreign = _is_foreign(upgrade, (*arena.settings.allowed_origins, arena.settings.public_url))
        if arena.hub.sockets >= arena.hub.sockets_max:
            self.cut(CloseCode.FULL)
            return
        found = _PATH.fullmatch(upgrade.path)
        assert found is not None, "the path was looked at before"
        token = upgrade.query_value("token") or ""
        live = arena.hub.live.get(found[1].upper())
        if live is not None and live.frames:
            self._join(live, token)
        else:
            self._after(self._load(found[1], token), "arena-socket-load")

    async def _load(self, code: str, token: str) -> None:
        try:
            live = await self._arena.live(code)
        except SessionNotFound:
            self.cut(CloseCode.NO_SUCH_SESSION)
            return
        except Overloaded:
            self.cut(CloseCode.FULL)
            return
        if self._arena.hub.sockets >= self._arena.hub.sockets_max:
            self.cut(CloseCode.FULL)
        elif self.is_open:  # it may have gone meanwhile
            self._join(live, token)

    def _join(self, live: LiveSession, token: str) -> None:
        self._live = live
        # Who brings an access token is nobody in the audience, also until it has been looked up.
        self.present = not is_access_token(token)
        self._arena.hub.subscribe(live, self)
        if token:
            self._hello(live, HelloMessage(type="hello", token=token[:512]))

    def gone(self) -> None:
        """Let go of the session. Ballots that wait stand or not as the writer decides; nobody is told."""
        super().gone()
        if self._live is not None:
            self._arena.hub.unsubscribe(self._live, self)

    def _after(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Hear nothing more until this has ended."""
        self.hold()
        self.start(self._held_by(work), name)

    async def _held_by(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            log.exception("a socket failed")
            self.abort()
        finally:
            self.go_on()

    # What is said.

    def heard(self, text: str) -> None:
        if not self._may_speak() or not text or text.isspace():
            return
        try:
            said = orjson.loads(text)
        except ValueError:
            self._malformed += 1
            self._refuse(None, MalformedJson("The message is not valid JSON; check it and send again."))
            if self._malformed >= MALFORMED_MAX:
                self.cut(CloseCode.NOT_UNDERSTOOD)
            return
        kind = said.get("type") if isinstance(said, dict) else None
        if not isinstance(kind, str) or kind not in KNOWN_TYPES:
            return
        live = self._live
        assert live is not None, "nothing is heard before the session is there"
        # The plain vote and like, which come by the thousand. What is not plain, the models judge.
        if kind == "vote":
            vote = plain_vote(said)
            if vote is not None and _is_id(said.get("id")) and _is_round(said.get("round")):
                self._vote(live, said["id"], said["round"], *vote)
                return
        elif kind == "like":
            likes = plain_likes(said)
            if likes is not None and ("id" not in said or _is_id(said["id"])) and _is_round(said.get("round")):
                self._like(live, said.get("id"), said["round"], *likes)
                return
        try:
            message = CLIENT_MESSAGE.validate_python(said)
        except ValidationError as error:
            self._refuse(_id_of(said), invalid_request(error.errors(include_url=False, include_input=False)))
            return
        self._answer(live, message)

    def heard_binary(self, _payload: bytes) -> None:
        self._may_speak()

    def _may_speak(self) -> bool:
        now_ms = self._arena.clock.now_ms()
        earned = (now_ms - self._heard_at_ms) * MESSAGES_A_SECOND / 1000
        self._heard_at_ms = now_ms
        self._heard = min(MESSAGES_BURST, self._heard + earned) - 1
        if self._heard >= 0:
            return True
        self.cut(CloseCode.TOO_MANY_MESSAGES)
        return False

    def _answer(self, live: LiveSession, message: Any) -> None:
        match message:
            case VoteMessage():
                self._vote(live, message.id, message.round, message.choices, message.nonce, message.run)
            case LikeMessage():
                self._like(live, message.id, message.round, message.totals, message.run)
            case HelloMessage():
                self._hello(live, message)
            case PingMessage():
                pong: dict[str, Any] = {"type": "pong", "server_time_ms": self._arena.clock.now_ms()}
                if message.id is not None:
                    pong["id"] = message.id
                if message.t is not None:
                    pong["t"] = message.t
                self._say(pong)
            case HeartbeatMessage():
                self._beat(live, message)
            case _:
                raise AssertionError(f"unhandled message {message!r}")

    def _beat(self, live: LiveSession, said: HeartbeatMessage) -> None:
        """Hear an overlay. Without a token anybody may say to be one: it is a number then, and has no name."""
        crew = self._bearer if isinstance(self._bearer, Crew) and may_read(self._bearer, live.session.code) else None
        if crew is None and (self._role != "overlay" or self._bearer is not None):
            return
        own = said.id or f"{id(self):x}"
        beat = Heartbeat(
            key=f"{crew.id}:{own}" if crew else f"~{id(self):x}",
            name=(said.name or crew.name or said.client) if crew else "",
            verified=crew is not None,
            scene=said.scene,
            version=said.version,
            fps=said.fps,
            epoch=said.epoch,
            bus=said.bus,
            visible=said.visible,
            stale_ms=said.stale_ms,
            leaving=said.leaving,
        )
        self._arena.hub.heartbeat(live, beat)

    # Who speaks.

    def _hello(self, live: LiveSession, message: HelloMessage) -> None:
        """Say who speaks; from then on the socket is given that view."""
        self.present = message.role != "overlay"
        self._role = message.role
        if not message.token:
            return
        if self._foreign:
            self.cut(CloseCode.ORIGIN_REFUSED)
        elif is_access_token(message.token):
            self._after(self._look_up(live, message.token), "arena-socket-hello")
        else:
            try:
                phone = require_phone(phone_of(self._arena, message.token), live.session.code)
            except ArenaError as refusal:
                self._refuse_hello(refusal)
            else:
                self._welcome(live, phone)

    async def _look_up(self, live: LiveSession, token: str) -> None:
        try:
            bearer = await identify(self._arena, token)
        except ArenaError as refusal:
            self._refuse_hello(refusal)
        else:
            self._welcome(live, bearer)

    def _refuse_hello(self, refusal: ArenaError) -> None:
        self._refuse(None, refusal)
        if isinstance(refusal, TokenInvalid | TokenExpired):
            self.cut(CloseCode.TOKEN_INVALID)

    def _welcome(self, live: LiveSession, bearer: Crew | Phone) -> None:
        if not self.is_open:  # it went while its token was looked up
            return
        self._bearer = bearer
        welcome: dict[str, Any] = {"type": "welcome", "kind": "device", "role": None, "channel": None}
        # What an earlier hello gave ends here.
        self.voter, self.staff = "", False
        self.token_id = self.expires_at_ms = 0
        if isinstance(bearer, Phone):
            self.voter = bearer.voter(live.session)
            self._arena.hub.see(live, (self.voter,))
            welcome["channel"] = bearer.channel
            welcome["delay_ms"] = live.session.delay_ms(bearer.channel)
        else:
            self.present = False
            self.staff = may_read(bearer, live.session.code)
            self.token_id = bearer.id
            self.expires_at_ms = bearer.expires_at_ms or 0
            welcome |= {"kind": "access", "role": str(bearer.role)}
        self._say(welcome | {"server_time_ms": self._arena.clock.now_ms()})
        self._arena.hub.welcome(live, self)

    # Votes and likes.

    def _vote(
        self, live: LiveSession, message_id: str, number: int, choices: list[str], nonce: str, run: int | None
    ) -> None:
        try:
            phone = self._phone(live)
            tell = partial(self._told, message_id)
            voting.tell_vote(self._arena, tell, live.session.code, number, phone, choices, nonce, run)
        except ArenaError as refusal:
            self._refuse(message_id, refusal)
        else:
            self._pending += 1

    def _like(
        self, live: LiveSession, message_id: str | None, number: int, totals: dict[str, int], run: int | None
    ) -> None:
        try:
            phone = self._phone(live)
            tell = partial(self._told_likes, message_id)
            voting.tell_like(self._arena, tell, live.session.code, number, phone, totals, run)
        except ArenaError as refusal:
            self._refuse(message_id, refusal)
        else:
            self._pending += 1

    def _phone(self, live: LiveSession) -> Phone:
        """Return who votes or likes.

        Raises:
            TooManyRequests, TokenMissing, TokenInvalid, WrongSession
        """
        if self._pending >= PENDING_MAX:
            raise TooManyRequests("Wait for the answers before you send more.", retry_after_s=1)
        return require_phone(self._bearer, live.session.code)

    def _told(self, message_id: str, outcome: Answer | ArenaError) -> None:
        """Answer what the writer has committed or refused."""
        self._pending -= 1
        if isinstance(outcome, ArenaError):
            self._refuse(message_id, outcome)
        else:
            self._say({"type": "receipt", "id": message_id, **outcome})

    def _told_likes(self, message_id: str | None, outcome: Answer | ArenaError) -> None:
        """Answer likes. Those of one commit leave together: a phone that taps fast has several in it."""
        self._pending -= 1
        if self._corked is None and self.is_open:
            self._corked = []
            self._arena.writer.afterwards(self._uncork)
        if isinstance(outcome, ArenaError):
            self._refuse(message_id, outcome)
        else:
            self._say({"type": "liked", **({"id": message_id} if message_id else {}), **outcome})

    def _refuse(self, message_id: str | None, refusal: ArenaError) -> None:
        code = self._live.session.code if self._live is not None else ""
        fields = problem_fields(refusal, f"/api/v1/ws/sessions/{code}")
        # `type` is the message's here; the problem's own follows from its code.
        self._say({**fields, "type": "problem", **({"id": message_id} if message_id is not None else {})})

    def _say(self, message: dict[str, Any]) -> None:
        self.answer(orjson.dumps(message))


def _id_of(said: dict[str, Any]) -> str | None:
    given = said.get("id")
    return given[:64] if isinstance(given, str) else None


def _is_foreign(upgrade: Upgrade, allowed: tuple[str, ...]) -> bool:
    """Say whether a page of another origin speaks. Such a page may look, but not bring a token."""
    origin = upgrade.origin
    return origin is not None and origin not in allowed and urlsplit(origin).netloc != upgrade.host


def _is_id(given: Any) -> bool:
    return type(given) is str and len(given) <= ID_LENGTH_MAX and given.isprintable() and given == given.strip()


def _is_round(given: Any) -> bool:
    return type(given) is int and 1 <= given <= ROUNDS_MAX
