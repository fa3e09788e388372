"""Signing in by WeChat's web OAuth, as a service account: a code comes in, a device token goes out.

The openid is hashed with the session's key the moment it is known and goes nowhere else; neither it nor a code, an
access token or the account's secret is ever logged. WeChat's clients call the callback twice, also at the same time,
and a code is good for one exchange: so each code's answer is kept for a minute and shared by all who bring it.
"""

import asyncio
import hmac
import logging
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import httpx2
import orjson
import structlog

from app.services import joining
from app.services.arena import Arena
from app.settings import Settings

STATE_MS = 300_000
ANSWER_KEPT_S = 60
EXCHANGE_SECONDS_MAX = 5
EXCHANGES_MAX = 100
ANSWER_BYTES_MAX = 65_536
ANSWERS_MAX = 50_000
_CODE_LENGTH_MAX = 256
_STATE_LENGTHS = range(60, 129)
_SPENT = (40029, 40163)
"""The code is unknown or over, or was used."""
_BUSY = (-1, 45009, 45011)

log = structlog.get_logger()
# It writes the address of each request, and the account's secret stands in ours.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Refused(Exception):
    """Signing in did not work; `reason` is one of the pages' reasons, `session` the code where it is known."""

    def __init__(self, reason: str, session: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.session = session


class Spent(Exception):
    """The code was good for nothing any more; a new one may do."""


@dataclass(frozen=True, slots=True)
class State:
    """What comes back with the callback, signed and bound to the phone's cookie."""

    session: str
    again: bool
    """This is the second and last try."""
    text: str
    """As it was brought. Who brings a code with another state is somebody else, and gets no kept answer."""


class WeChat:
    """Made once in the lifespan. Lives on the event loop."""

    def __init__(self, arena: Arena, settings: Settings) -> None:
        self._arena = arena
        self._app_id = settings.wechat_app_id
        self._secret = settings.wechat_secret
        self._open_url = settings.wechat_open_url
        self._token_url = f"{settings.wechat_api_url}/sns/oauth2/access_token"
        self._client: httpx2.AsyncClient | None = None
        self._exchanging = 0
        self._answers: dict[bytes, asyncio.Task[str]] = {}

    async def close(self) -> None:
        """End what is under way; the phones are told to try again by their browsers."""
        for task in self._answers.values():
            task.cancel()
        await asyncio.gather(*self._answers.values(), return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    async def start(self, code: str, base: str, cookie: str, again: bool = False) -> str:
        """Return where to send the phone to sign in.

        Raises:
            SessionNotFound, SessionEnded
            Refused: `off`
        """
        session = (await self._arena.live(code)).session
        joining.refuse_purged(session)
        if not self._app_id or joining.wechat_channel(session) is None:
            raise Refused("off", session.code)
        callback = quote(f"{base}/wechat/callback", safe="")
        state = self._state(session.code, again, cookie)
        # WeChat checks the text of the address: these parameters, in this order.
        return (
            f"{self._open_url}/connect/oauth2/authorize?appid={quote(self._app_id, safe='')}&redirect_uri={callback}"
            f"&response_type=code&scope=snsapi_base&state={state}#wechat_redirect"
        )

    async def finish(self, code: str, state: State) -> str:
        """Return the device token for a callback's code; the same for every callback with it.

        Raises:
            SessionNotFound, SessionEnded
            Spent: a new code is needed.
            Refused: `snapshot`, `down`, `busy` or `refused`
        """
        if not code or len(code) > _CODE_LENGTH_MAX:
            raise Refused("cancelled", state.session)
        key = sha256(f"{state.text} {code}".encode()).digest()
        answer = self._answers.get(key)
        if answer is None:
            if self._exchanging >= EXCHANGES_MAX or len(self._answers) >= ANSWERS_MAX:
                raise Refused("busy", state.session)
            answer = asyncio.create_task(self._identity(code, state.session), name="arena-wechat")
            self._answers[key] = answer
            answer.add_done_callback(lambda done: self._keep(key, done))
        # One phone that goes must not end the exchange for the other callback.
        return await asyncio.shield(answer)

    def read_state(self, given: str, cookie: str) -> State:
        """Verify a state.

        Raises:
            Refused: `state`: forged, of another phone, or older than five minutes.
        """
        if len(given) not in _STATE_LENGTHS or not given.isascii() or not given.isalnum() or not cookie:
            raise Refused("state")
        seal, body = given[:32], given[32:]
        if not hmac.compare_digest(seal, self._seal(body, cookie)):
            raise Refused("state")
        session = body[24:]
        if int(body[12:23], 16) + STATE_MS < self._arena.clock.now_ms():
            raise Refused("state", session)
        return State(session, body[23] == "1", given)

    def _state(self, session: str, again: bool, cookie: str) -> str:
        body = f"{secrets.token_hex(6)}{self._arena.clock.now_ms():011x}{int(again)}{session}"
        return self._seal(body, cookie) + body

    def _seal(self, body: str, cookie: str) -> str:
        key = self._arena.signing_secret.encode()
        return hmac.digest(key, f"wechat {cookie} {body}".encode(), "sha256").hex()[:32]

    def _keep(self, key: bytes, answer: asyncio.Task[str]) -> None:
        failure = None if answer.cancelled() else answer.exception()
        # What may succeed a moment later with the same code is not kept.
        passing = answer.cancelled() or (isinstance(failure, Refused) and failure.reason in ("down", "busy"))
        if passing:
            self._answers.pop(key, None)
        else:
            asyncio.get_running_loop().call_later(ANSWER_KEPT_S, self._answers.pop, key, None)

    async def _identity(self, code: str, session_code: str) -> str:
        self._exchanging += 1
        try:
            said = await self._exchange(code, session_code)
        finally:
            self._exchanging -= 1
        error = said.get("errcode", 0)
        if error in _SPENT:
            raise Spent
        if error in _BUSY:
            raise Refused("busy", session_code)
        openid = said.get("openid")
        if error or not isinstance(openid, str) or not openid:
            log.error("wechat refused the exchange", errcode=error if isinstance(error, int) else "unknown")
            raise Refused("refused", session_code)
        if said.get("is_snapshotuser"):
            raise Refused("snapshot", session_code)
        session = (await self._arena.live(session_code)).session
        channel = joining.wechat_channel(session)
        if channel is None:
            raise Refused("off", session_code)
        return joining.wechat_token(self._arena, session, channel, openid)

    async def _exchange(self, code: str, session_code: str) -> dict[str, Any]:
        if self._client is None:
            self._client = httpx2.AsyncClient(
                timeout=EXCHANGE_SECONDS_MAX, limits=httpx2.Limits(max_connections=EXCHANGES_MAX), trust_env=False
            )
        asked = {
            "appid": self._app_id,
            "secret": self._secret.get_secret_value(),
            "code": code,
            "grant_type": "authorization_code",
        }
        content = b""
        try:
            async with (
                asyncio.timeout(EXCHANGE_SECONDS_MAX),
                self._client.stream("GET", self._token_url, params=asked) as answer,
            ):
                status = answer.status_code
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > ANSWER_BYTES_MAX:
                        break
            # It comes as text/plain; what it says counts.
            said = orjson.loads(content) if status == 200 else None
        except (httpx2.HTTPError, TimeoutError, orjson.JSONDecodeError) as error:
            log.error("wechat does not answer", error=type(error).__name__)
            raise Refused("down", session_code) from None
        if not isinstance(said, dict):
            log.error("wechat does not answer", status=status)
            raise Refused("down", session_code)
        return said
