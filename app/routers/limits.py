"""Bounds what comes in before anything reads it, and sets the headers that all answers share. Pure ASGI.

Three bounds: how large a body may be, how many requests are worked on at once, and how fast one phone's token may
vote and like over HTTP. Votes are never bounded by address: thousands of honest phones share one.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from math import ceil

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.errors import ArenaError, BodyTooLarge, Overloaded, TooManyRequests
from app.routers.problems import problem_response

BODY_BYTES_MAX = 1_048_576
PHONE_BODY_BYTES_MAX = 8_192
LENGTH_DIGITS_MAX = 20
"""Of a Content-Length: the parser takes zeros before it without end, and `int` does not."""
CREW_RESERVE = 100
"""Requests with an access token that are still taken where phones are refused."""
TAKES_WINDOW_S = 5.0
TAKES_IN_WINDOW_MAX = 100
"""Votes and likes of one token: as on the socket, 100 at once and 20 a second in the long run."""
_PHONE_ENDINGS = ("/vote", "/likes", "/join", "/visits")
_TAKES = ("/vote", "/likes")
_BODILESS = ("GET", "HEAD", "OPTIONS", "DELETE")
_PROBES = ("/healthz", "/readyz", "/metrics")
_OUTSIDE, _INSIDE, _NEEDS_NONE = range(3)


@dataclass(slots=True)
class Admission:
    """Who is being served, and how many were not. One a process; read by the metrics."""

    in_flight_max: int
    in_flight: int = 0
    refused_full: int = 0
    refused_fast: int = 0
    _taken: Counter[str] = field(default_factory=Counter)
    _window_ends: float = 0.0

    def refuse_fast(self, token: str) -> ArenaError | None:
        """Count a vote or like of a token. Returns the refusal where there are too many.

        All counts are let go together every five seconds, so that they need no more memory than that time's requests.
        """
        now = time.monotonic()
        if now >= self._window_ends:
            self._taken.clear()
            self._window_ends = now + TAKES_WINDOW_S
        self._taken[token] += 1
        if self._taken[token] <= TAKES_IN_WINDOW_MAX:
            return None
        self.refused_fast += 1
        return TooManyRequests(
            "This phone sends too fast; gather likes, and send less often.", retry_after_s=ceil(self._window_ends - now)
        )

    def has_room(self, token: str = "") -> bool:
        """Say whether a phone's request would be taken in: there is room, and its token has not sent too fast."""
        fast = self._taken[token] >= TAKES_IN_WINDOW_MAX and time.monotonic() < self._window_ends if token else False
        return self.in_flight < self.in_flight_max and not fast

    def refuse_full(self, crew: bool) -> ArenaError | None:
        """Take a request in, or return the refusal where as many as may be are being worked on."""
        if self.in_flight >= self.in_flight_max + (CREW_RESERVE if crew else 0):
            self.refused_full += 1
            return Overloaded("Too many requests are being worked on; try again in a second.", retry_after_s=1)
        self.in_flight += 1
        return None


def length_fits(length: str | bytes, bytes_max: int) -> bool:
    """Say whether a Content-Length is a number, and within a bound."""
    return length.isdigit() and len(length) <= LENGTH_DIGITS_MAX and int(length) <= bytes_max


class Limits:
    """Refuses bodies over 1 MiB, over 8 KiB from phones, with 413; more work than there is room for, with 503; a phone
    that votes and likes without a breath, with 429.

    A request is in flight from its last byte to the first of its answer: who trickles one in, or reads slowly, takes
    nobody's place.
    """

    def __init__(self, app: ASGIApp, admission: Admission) -> None:
        self._app = app
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _Request(self._admission, scope, receive, send)
        if (refusal := request.at_the_head()) is not None:
            await problem_response(refusal, scope["path"])(scope, receive, send)
            return
        try:
            await self._app(scope, request.receive, request.send)
        except _RefusedInTheBody:
            pass
        finally:
            request.leave()
        if request.refusal is not None and not request.started:
            await problem_response(request.refusal, scope["path"])(scope, receive, send)


class _Request:
    """One request on its way through."""

    __slots__ = (
        "_admission", "_bytes_max", "_crew", "_place", "_receive", "_received", "_scope", "_send", "refusal", "started",
    )  # fmt: skip

    def __init__(self, admission: Admission, scope: Scope, receive: Receive, send: Send) -> None:
        self._admission = admission
        self._scope, self._receive, self._send = scope, receive, send
        path: str = scope["path"]
        self._bytes_max = PHONE_BODY_BYTES_MAX if path.endswith(_PHONE_ENDINGS) else BODY_BYTES_MAX
        self._crew = False
        self._place = _NEEDS_NONE if path in _PROBES else _OUTSIDE
        self._received = 0
        self.refusal: ArenaError | None = None
        """Found while the body was read."""
        self.started = False

    def at_the_head(self) -> ArenaError | None:
        """Return the refusal where the head alone is cause for one."""
        headers = Headers(scope=self._scope)
        length = headers.get("content-length", "0")
        if not length_fits(length, self._bytes_max):
            return self._too_large()
        token = headers.get("authorization", "").rpartition(" ")[2]
        self._crew = token.startswith("arena_")
        if token and not self._crew and self._scope["method"] == "PUT" and self._scope["path"].endswith(_TAKES):
            refusal = self._admission.refuse_fast(token)
            if refusal is not None:
                return refusal
        if self._scope["method"] in _BODILESS or (length == "0" and "transfer-encoding" not in headers):
            return self._enter()
        return None

    async def receive(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > self._bytes_max:
            self.refusal = self._too_large()
        elif message["type"] == "http.request" and not message.get("more_body", False):
            self.refusal = self._enter()
        if self.refusal is not None:
            raise _RefusedInTheBody
        return message

    async def send(self, message: Message) -> None:
        if self.refusal is not None and not self.started:
            return  # the framework takes any failure to read for bad JSON; the refusal is the true answer
        if message["type"] == "http.response.start":
            self.started = True
            self.leave()
            MutableHeaders(scope=message).append("X-Content-Type-Options", "nosniff")
        await self._send(message)

    def leave(self) -> None:
        if self._place == _INSIDE:
            self._admission.in_flight -= 1
        # A body that is read after the answer began takes no place any more.
        self._place = _NEEDS_NONE

    def _enter(self) -> ArenaError | None:
        if self._place != _OUTSIDE:
            return None
        refusal = self._admission.refuse_full(self._crew)
        if refusal is None:
            self._place = _INSIDE
        return refusal

    def _too_large(self) -> ArenaError:
        return BodyTooLarge(f"The body is larger than {self._bytes_max // 1024} KiB; send less.")


class _RefusedInTheBody(Exception):
    """The request was refused while its body was being read."""
