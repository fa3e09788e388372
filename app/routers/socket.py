"""The WebSocket: who speaks, what is said, what is answered. Frames go out through the hub."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import orjson
from fastapi import APIRouter, WebSocket
from pydantic import ValidationError

from app.domain.errors import (
    ArenaError,
    MalformedJson,
    SessionNotFound,
    TokenExpired,
    TokenInvalid,
    TooManyRequests,
)
from app.live.close_codes import CloseCode
from app.live.hub import LiveSession
from app.live.websocket import SocketSubscriber
from app.routers.problems import invalid_request
from app.schemas.messages import (
    CLIENT_MESSAGE,
    KNOWN_TYPES,
    HeartbeatMessage,
    HelloMessage,
    LikeMessage,
    PingMessage,
    VoteMessage,
)
from app.schemas.problem import problem_fields
from app.services import voting
from app.services.arena import Arena
from app.services.identity import Bearer, Crew, Phone, identify, may_read, require_phone

MESSAGES_A_SECOND = 20
MESSAGES_BURST = 100
PENDING_MAX = 32
MALFORMED_MAX = 3

router = APIRouter()


@router.websocket("/ws/sessions/{code}")
@router.websocket("/api/v1/ws/sessions/{code}")
async def session_socket(websocket: WebSocket, code: str) -> None:
    """Serve one socket until it goes."""
    arena: Arena = websocket.app.state.arena
    await websocket.accept()
    if arena.hub.sockets >= arena.hub.sockets_max:
        return await _close(websocket, CloseCode.FULL)
    try:
        live = await arena.live(code)
    except SessionNotFound:
        return await _close(websocket, CloseCode.NO_SUCH_SESSION)
    conversation = Conversation(arena, live, websocket)
    arena.hub.subscribe(live, conversation.subscriber)
    try:
        if token := websocket.query_params.get("token"):
            await conversation.hello(HelloMessage(type="hello", token=token[:512]))
        await conversation.listen()
    finally:
        arena.hub.unsubscribe(live, conversation.subscriber)
        conversation.forget()
    return None


async def _close(websocket: WebSocket, code: CloseCode) -> None:
    await websocket.close(code.number, code.reason)


class Conversation:
    """What one socket has said so far: its bearer, its rate, its pending requests."""

    def __init__(self, arena: Arena, live: LiveSession, websocket: WebSocket) -> None:
        self._arena = arena
        self._live = live
        self._websocket = websocket
        self._code = live.session.code
        self._bearer: Bearer = None
        self._foreign = _is_foreign(websocket, (*arena.settings.allowed_origins, arena.settings.public_url))
        self._malformed = 0
        self._credit: float = MESSAGES_BURST
        self._credit_at_ms = arena.clock.now_ms()
        self._pending: set[asyncio.Task[None]] = set()
        self.subscriber = SocketSubscriber(websocket)

    def forget(self) -> None:
        """Let go of requests whose asker has gone. Their ballots stand or not as the writer decides."""
        self.subscriber.forget()
        for task in self._pending:
            task.cancel()

    async def listen(self) -> None:
        """Read until the client goes or is cut."""
        while not self.subscriber.is_cut:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if not self._may_speak():
                self.subscriber.cut(CloseCode.TOO_MANY_MESSAGES)
                return
            text = message.get("text")
            if text and text.strip():
                await self._understand(text)

    def _may_speak(self) -> bool:
        now_ms = self._arena.clock.now_ms()
        earned = (now_ms - self._credit_at_ms) * MESSAGES_A_SECOND / 1000
        self._credit_at_ms = now_ms
        self._credit = min(MESSAGES_BURST, self._credit + earned) - 1
        return self._credit >= 0

    async def _understand(self, text: str) -> None:
        try:
            said = orjson.loads(text)
        except ValueError:
            self._malformed += 1
            self._refuse(None, MalformedJson("The message is not valid JSON; check it and send again."))
            if self._malformed >= MALFORMED_MAX:
                self.subscriber.cut(CloseCode.NOT_UNDERSTOOD)
            return
        kind = said.get("type") if isinstance(said, dict) else None
        if not isinstance(kind, str) or kind not in KNOWN_TYPES:
            return
        try:
            message = CLIENT_MESSAGE.validate_python(said)
        except ValidationError as error:
            self._refuse(_id_of(said), invalid_request(error.errors(include_url=False, include_input=False)))
            return
        await self._answer(message)

    async def _answer(self, message: Any) -> None:
        match message:
            case HelloMessage():
                await self.hello(message)
            case VoteMessage() | LikeMessage():
                if len(self._pending) >= PENDING_MAX:
                    self._refuse(
                        message.id, TooManyRequests("Wait for the answers before you send more.", retry_after_s=1)
                    )
                    return
                # Who asks is fixed now: another hello may come before the task begins.
                task = asyncio.create_task(self._take(message, self._bearer), name="arena-socket-request")
                self._pending.add(task)
                task.add_done_callback(self._pending.discard)
            case PingMessage():
                pong = {"type": "pong", "server_time_ms": self._arena.clock.now_ms()}
                self._say(pong | message.model_dump(include={"id", "t"}, exclude_none=True))
            case HeartbeatMessage():
                if isinstance(self._bearer, Crew) and may_read(self._bearer, self._code):
                    client = f"{self._bearer.id}:{id(self):x}"
                    name = self._bearer.name or message.client
                    self._arena.hub.heartbeat(self._live, client, name, message.scene, message.version, message.fps)
            case _:
                raise AssertionError(f"unhandled message {message!r}")

    async def hello(self, message: HelloMessage) -> None:
        """Say who speaks; from then on the socket is given that view."""
        self.subscriber.present = message.role != "overlay"
        if not message.token:
            return
        if self._foreign:
            self.subscriber.cut(CloseCode.ORIGIN_REFUSED)
            return
        try:
            bearer = await identify(self._arena, message.token)
            if isinstance(bearer, Phone):
                require_phone(bearer, self._code)
        except ArenaError as refusal:
            self._refuse(None, refusal)
            if isinstance(refusal, TokenInvalid | TokenExpired):
                self.subscriber.cut(CloseCode.TOKEN_INVALID)
            return
        self._bearer = bearer
        welcome: dict[str, Any] = {"type": "welcome", "kind": "device", "role": None, "channel": None}
        # What an earlier hello gave ends here.
        self.subscriber.voter, self.subscriber.staff = "", False
        self.subscriber.token_id = self.subscriber.expires_at_ms = 0
        if isinstance(bearer, Phone):
            self.subscriber.voter = bearer.voter(self._live.session)
            self._arena.hub.see(self._live, (self.subscriber.voter,))
            welcome["channel"] = bearer.channel
            welcome["delay_ms"] = self._live.session.delay_ms(bearer.channel)
        else:
            self.subscriber.present = False
            self.subscriber.staff = may_read(bearer, self._code)
            self.subscriber.token_id = bearer.id
            self.subscriber.expires_at_ms = bearer.expires_at_ms or 0
            welcome |= {"kind": "access", "role": str(bearer.role)}
        self._say(welcome | {"server_time_ms": self._arena.clock.now_ms()})
        self._arena.hub.greet(self._live, self.subscriber)

    async def _take(self, message: VoteMessage | LikeMessage, bearer: Bearer) -> None:
        try:
            phone = require_phone(bearer, self._code)
            answer: dict[str, Any]
            if isinstance(message, VoteMessage):
                receipt = await voting.vote(
                    self._arena, self._code, message.round, phone, message.choices, message.nonce, message.run
                )
                answer = {"type": "receipt", "id": message.id, **receipt.model_dump()}
            else:
                liked = await voting.like(self._arena, self._code, message.round, phone, message.totals, message.run)
                answer = {"type": "liked", **({"id": message.id} if message.id else {}), **liked.model_dump()}
        except ArenaError as refusal:
            self._refuse(message.id, refusal)
            return
        self._say(answer)

    def _refuse(self, message_id: str | None, refusal: ArenaError) -> None:
        fields = problem_fields(refusal, f"/api/v1/ws/sessions/{self._code}")
        # `type` is the message's here; the problem's own follows from its code.
        self._say({**fields, "type": "problem", **({"id": message_id} if message_id is not None else {})})

    def _say(self, message: dict[str, Any]) -> None:
        self.subscriber.answer(orjson.dumps(message))


def _id_of(said: dict[str, Any]) -> str | None:
    given = said.get("id")
    return given[:64] if isinstance(given, str) else None


def _is_foreign(websocket: WebSocket, allowed: tuple[str, ...]) -> bool:
    """Say whether a page of another origin speaks. Such a page may look, but not bring a token."""
    origin = websocket.headers.get("origin")
    return origin is not None and origin not in allowed and urlsplit(origin).netloc != websocket.headers.get("host")
