"""What a replay serves that the service does not: its controls; and how it refuses all that would count."""

import hmac
import re
from typing import Annotated, NoReturn
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import ASGIApp, Receive, Scope, Send

from app.domain.errors import NotFound, TokenInvalid, TokenMissing
from app.domain.replay import span_ms, span_text
from app.live.hub import LiveSession
from app.live.sweep import Sweep
from app.routers.front import FrontedApp
from app.routers.operator import healthz
from app.routers.problems import problem_response
from app.routers.socket import Conversation
from app.schemas.messages import HelloMessage
from app.schemas.replay import ReplayState
from app.services.replay import Player, ReplayArena, refusal

_READ = ("GET", "HEAD", "OPTIONS")
_SERVED = re.compile(r"/api/v1/(about|replay|portraits/[^/]+|sessions/[^/]+(/(tally|events|qr\.svg|feeds/[^/]+))?)")
_CONTROLS = re.compile(r"/api/v1/replay/(pause|resume|seek|speed)")

router = APIRouter(tags=["replay"])
router.add_api_route("/healthz", healthz, methods=["GET", "HEAD"], include_in_schema=False)
_bearer = HTTPBearer(auto_error=False, description="The token that `arena replay` has printed.")


async def _player(request: Request) -> Player:
    player: Player = request.app.state.arena.player
    return player


async def _controls(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    token: Annotated[str | None, Query(max_length=512, description="For tools that can set no header.")] = None,
) -> Player:
    """Return the player to who brings the token that was printed at the start."""
    given = credentials.credentials if credentials else token
    if not given:
        raise TokenMissing("The controls need the token that arena replay has printed; send it as a bearer token.")
    if not hmac.compare_digest(given.encode(), request.app.state.controls_token.encode()):
        raise TokenInvalid("This is not the token that arena replay has printed at this start; take that one.")
    return await _player(request)


PlayerOf = Annotated[Player, Depends(_player)]
ControlsOf = Annotated[Player, Depends(_controls)]


@router.get("/api/v1/replay", summary="Where the replay is")
async def state(player: PlayerOf) -> ReplayState:
    position_ms = player.position_ms
    return ReplayState(
        code=player.history.code,
        title=player.history.title,
        at_ms=player.history.begins_at_ms + position_ms,
        position_ms=position_ms,
        position=span_text(position_ms),
        length_ms=player.length_ms,
        length=span_text(player.length_ms),
        speed=player.speed,
        paused=player.paused,
        loop=player.loop,
        skip_quiet=player.skip_quiet,
    )


@router.post("/api/v1/replay/pause", summary="Stand still")
async def pause(player: ControlsOf) -> ReplayState:
    player.pause()
    return await state(player)


@router.post("/api/v1/replay/resume", summary="Go on")
async def resume(player: ControlsOf) -> ReplayState:
    player.resume()
    return await state(player)


@router.post("/api/v1/replay/seek", summary="Go to another place")
async def seek(
    player: ControlsOf, to: Annotated[str, Query(max_length=20, description="0:10:00, 10:00 or 600 seconds.")]
) -> ReplayState:
    player.seek(span_ms(to))
    return await state(player)


@router.post("/api/v1/replay/speed", summary="Go faster or slower")
async def speed(player: ControlsOf, to: Annotated[float, Query(description="1 is the pace of then.")]) -> ReplayState:
    player.set_speed(to)
    return await state(player)


@router.get("/api/v1/portraits/{digest}", include_in_schema=False)
async def portrait(player: PlayerOf, digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> Response:
    found = player.history.portraits.get(digest)
    if found is None:
        raise NotFound("No portrait has this address; it may have been replaced.")
    content_type, content = found
    return Response(content, media_type=content_type, headers={"Content-Security-Policy": "default-src 'none'"})


class ReplayApp(FrontedApp):
    """The service's application, of which only what reads takes the short road."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        short = scope["type"] != "http" or scope["method"] in ("GET", "HEAD")
        await (super().__call__ if short else super(FrontedApp, self).__call__)(scope, receive, send)


class NothingCounts:
    """Refuses whatever would write, and the records, which are with the service; and takes the tokens off what it lets
    through, so that everybody sees what the public saw. Pure ASGI.
    """

    def __init__(self, app: ASGIApp, arena: ReplayArena) -> None:
        self._app = app
        self._refusal = refusal(arena)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _CONTROLS.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
        elif _served(scope["method"], scope["path"]):
            await self._app(_by_nobody(scope), receive, send)
        else:
            await problem_response(self._refusal, scope["path"])(scope, receive, send)


def _by_nobody(scope: Scope) -> Scope:
    query = parse_qsl(scope.get("query_string", b""), keep_blank_values=True)
    return {
        **scope,
        "headers": [each for each in scope["headers"] if each[0] != b"authorization"],
        "query_string": urlencode([each for each in query if each[0] != b"token"]).encode(),
    }


def _served(method: str, path: str) -> bool:
    return method in _READ and (not path.startswith("/api/") or _SERVED.fullmatch(path) is not None)


class ReplayConversation(Conversation):
    """A socket of a replay: everybody is the public, and nothing counts."""

    __slots__ = ()

    def _hello(self, live: LiveSession, message: HelloMessage) -> None:
        self.present = message.role != "overlay"
        if message.token:
            now_ms = self._arena.clock.now_ms()
            welcome = {"type": "welcome", "kind": "device", "role": None, "channel": None, "delay_ms": 0}
            self._say({**welcome, "server_time_ms": now_ms})
            self._arena.hub.greet(live, self)

    def _phone(self, _live: LiveSession) -> NoReturn:
        assert isinstance(self._arena, ReplayArena), "a replay has no other"
        raise refusal(self._arena)


def replay_socket_protocol(app: FastAPI) -> type[ReplayConversation]:
    """Return the class that uvicorn is given (`ws=`) for a replay."""
    return type("ReplaySocket", (ReplayConversation,), {"__slots__": (), "app": app, "sweep": Sweep()})
