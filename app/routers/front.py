"""The short road: what phones and pollers ask all the time is answered before the framework sets to work.

Only the plain, valid request takes it: a poll of the tally or of a feed, a vote, likes, a join. Whatever is unusual
(a query, an access token, another content type, a body that does not fit) goes on to FastAPI's route untouched, so
that errors have one truth, and so have the documents: what is answered here is made by the very functions that the
routes call, and bears the headers that the application's own middleware gives. Lives on the event loop's thread.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

import orjson
from fastapi import FastAPI, Response
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from app.domain.errors import ArenaError
from app.feeds import feeds
from app.feeds.feed import Feed, Options
from app.live.http_guard import GuardedHttp
from app.live.hub import Frame
from app.routers.conditional import has_it, tally_response, voter_of
from app.routers.feeds import feed_response
from app.routers.limits import PHONE_BODY_BYTES_MAX, Admission, length_fits
from app.routers.problems import problem_response, unexpected_response
from app.schemas.voting import Join, plain_likes, plain_vote
from app.services import joining, voting
from app.services.arena import Arena
from app.services.gate import address_key
from app.services.identity import Phone, is_access_token, phone_of, require_phone
from app.services.voting import Answer

_SESSIONS = "/api/v1/sessions/"
_SESSIONS_BYTES = _SESSIONS.encode()
_BALLOTS = (b"/vote", b"/likes")
_FEEDS = {feed.name: feed for feed in feeds()}
_JSON = (b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8")
_LOOKED_AT = frozenset(
    {b"authorization", b"if-none-match", b"content-type", b"content-length", b"transfer-encoding", b"origin"}
)
PREPARED_MAX = 256
"""Answers kept ready: one for each form of a frame that somebody polls."""
ROUND_DIGITS_MAX = 4

Work = Callable[[], Awaitable[Answer]]
Headers = list[tuple[bytes, bytes]]


class _Unusual(Exception):
    """The request is not for the short road; nothing was done with it."""


class _Prepared:
    """A poll's answers, whole; `crossing` are the same with the headers for a page of another origin."""

    __slots__ = ("bodies", "etag", "heads", "starts")

    def __init__(self, frame: Frame, full: Response, none: Response, headers: list[Headers]) -> None:
        self.etag = frame.etag.encode()
        self.bodies = (bytes(full.body), b"")
        self.starts = tuple(
            tuple(_start(status, response, each) for each in headers) for status, response in ((200, full), (304, none))
        )
        self.heads = tuple(tuple(_head(start) for start in both) for both in self.starts)

    def which(self, frame: Frame, headers: dict[bytes, bytes]) -> tuple[bool, bool]:
        """Say whether the asker has it already, and whether a page of another origin asks: so the answers are kept."""
        tag = headers.get(b"if-none-match")
        known = tag is not None and (tag == self.etag or has_it(frame, tag.decode("latin-1")))
        return known, b"origin" in headers


class FrontedApp(FastAPI):
    """FastAPI's application behind the short road."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._prepared: dict[tuple[Frame, str, bool], _Prepared] = {}
        self._shared: list[Headers] = []
        self._json_heads: list[bytes] = []
        """The head of an answer in JSON, but for its length: to the same origin, and to another."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_SESSIONS) and not scope["query_string"]:
            parts = scope["path"][len(_SESSIONS) :].split("/")
            try:
                if scope["method"] in ("GET", "HEAD"):
                    await self._poll(scope, parts, send)
                else:
                    await self._take_join(scope, parts, receive, send)
            except _Unusual:
                with suppress(_Unusual):
                    await self._shared_headers()  # for the votes that come
            else:
                return
        await super().__call__(scope, receive, send)

    # Polls.

    async def _poll(self, scope: Scope, parts: list[str], send: Send) -> None:
        headers = _headers_of(scope["headers"])
        frame, feed, phone = self._polled(parts, headers)
        prepared = self._prepared.get((frame, parts[-1], phone is None)) or await self._prepare(frame, feed, phone)
        known, crossing = prepared.which(frame, headers)
        await send(prepared.starts[known][crossing])
        await send({"type": "http.response.body", "body": prepared.bodies[known]})

    def _polled(self, parts: list[str], headers: dict[bytes, bytes]) -> tuple[Frame, Feed | None, Phone | None]:
        """Return the newest frame of the asker's view, and in which form it is asked for."""
        feed: Feed | None = None
        if len(parts) == 3 and parts[1] == "feeds" and parts[2] in _FEEDS:
            feed = _FEEDS[parts[2]]
        elif len(parts) != 2 or parts[1] != "tally":
            raise _Unusual
        arena: Arena = self.state.arena
        admission: Admission = self.state.admission
        live = arena.hub.live.get(parts[0].upper())
        if live is None or not live.frames or b"content-length" in headers or not admission.has_room():
            raise _Unusual
        phone = _phone(arena, _token(headers))
        return arena.hub.poll(live, voter_of(phone, live.session), False), feed, phone

    def at_once(self, url: bytes, headers: Headers) -> tuple[bytes, bytes] | None:
        """Return head (its end left out) and body where the answer to a GET is ready; else None: nothing was done."""
        if not url.startswith(_SESSIONS_BYTES) or b"?" in url or b"%" in url:
            return None
        parts = url[len(_SESSIONS_BYTES) :].decode("latin-1").split("/")
        try:
            told = _headers_of(headers)
            frame, _, phone = self._polled(parts, told)
        except _Unusual:
            return None
        prepared = self._prepared.get((frame, parts[-1], phone is None))
        if prepared is None:
            return None
        known, crossing = prepared.which(frame, told)
        return prepared.heads[known][crossing], prepared.bodies[known]

    async def _prepare(self, frame: Frame, feed: Feed | None, phone: Phone | None) -> _Prepared:
        public_url = self.state.arena.settings.public_url
        if feed is None:
            full, none = tally_response(frame, phone, None), tally_response(frame, phone, frame.etag)
        else:
            if feed.takes == "link" and not public_url:
                raise _Unusual  # its links are to where it was asked
            options = Options(base=public_url if feed.takes == "link" else "")
            full = feed_response(frame, phone, None, feed, options)
            none = feed_response(frame, phone, frame.etag, feed, options)
        prepared = _Prepared(frame, full, none, await self._shared_headers())
        while len(self._prepared) >= PREPARED_MAX:
            del self._prepared[next(iter(self._prepared))]
        self._prepared[frame, "tally" if feed is None else feed.name, phone is None] = prepared
        return prepared

    # Votes and likes.

    def ballot_headers(self, url: bytes, headers: Headers) -> dict[bytes, bytes] | None:
        """Return the headers that matter of a PUT that may be a vote or likes for `take`; None where it may not."""
        if not url.startswith(_SESSIONS_BYTES) or not url.endswith(_BALLOTS) or b"?" in url or b"%" in url:
            return None
        try:
            told = _headers_of(headers)
        except _Unusual:
            return None
        return told if _is_small_json(told) else None

    def take(self, url: bytes, told: dict[bytes, bytes], body: bytes, tell: Callable[[bytes, bytes], None]) -> bool:
        """Take in a vote or likes with their `ballot_headers`. `tell` is called after the commit with the answer's
        head (its end left out) and body. False: nothing was done.
        """
        path = url.decode("latin-1")
        parts = path[len(_SESSIONS) :].split("/")
        arena: Arena = self.state.arena
        admission: Admission = self.state.admission
        if len(parts) != 4 or parts[1] != "rounds" or not self._shared:
            return False
        try:
            token = _token(told)
            phone = _phone(arena, token)
            if not admission.has_room(token):
                return False
            send = _ballot(arena, parts[0].upper(), parts[2], parts[3], phone, body)
        except (_Unusual, ValueError, ArenaError):
            return False
        admission.refuse_fast(token)
        admission.refuse_full(crew=False)
        done = partial(self._answer, path, b"origin" in told, tell)
        try:
            send(done)
        except ArenaError as refusal:
            done(refusal)
        except Exception as error:
            done(error)
        return True

    def _answer(
        self, path: str, crossing: bool, tell: Callable[[bytes, bytes], None], outcome: Answer | Exception
    ) -> None:
        self.state.admission.in_flight -= 1
        if isinstance(outcome, Exception):
            response = _failed(outcome, path)
            tell(_head(_start(response.status_code, response, self._shared[crossing])), bytes(response.body))
        else:
            content = orjson.dumps(outcome)
            tell(b"%bcontent-length: %d\r\n" % (self._json_heads[crossing], len(content)), content)

    # Joins.

    async def _take_join(self, scope: Scope, parts: list[str], receive: Receive, send: Send) -> None:
        if scope["method"] != "POST" or len(parts) != 2 or parts[1] != "join":
            raise _Unusual
        headers = _headers_of(scope["headers"])
        if not _is_small_json(headers):
            raise _Unusual
        arena: Arena = self.state.arena
        admission: Admission = self.state.admission
        phone = _phone(arena, _token(headers))
        message = await receive()
        try:
            if message["type"] != "http.request" or message.get("more_body", False) or not admission.has_room():
                raise _Unusual
            shared = await self._shared_headers()
            work = self._join(arena, scope, parts[0].upper(), phone, message["body"])
        except (_Unusual, ValueError, ArenaError):
            # What was read is read once more by the route.
            await super().__call__(scope, _Again(message, receive), send)
            return
        admission.refuse_full(crew=False)
        crossing = b"origin" in headers
        response: Response
        try:
            response = Response(orjson.dumps(await work()), media_type="application/json")
        except Exception as error:
            response = _failed(error, scope["path"])
        finally:
            admission.in_flight -= 1
        await send(_start(response.status_code, response, shared[crossing]))
        await send({"type": "http.response.body", "body": bytes(response.body)})

    def _join(self, arena: Arena, scope: Scope, code: str, phone: Phone | None, body: bytes) -> Work:
        wanted = Join.model_validate(orjson.loads(body))
        client = scope.get("client")
        address = address_key(client[0] if client else None)

        async def work() -> Answer:
            # A flat document: its fields are what it is encoded as.
            return vars(await joining.join(arena, self.state.gate, code, wanted, phone, address))

        return work

    async def _shared_headers(self) -> list[Headers]:
        """Return what the application's middleware adds to an answer: to the same origin, and to another."""
        if not self._shared:
            shared = [await self._added(crossing) for crossing in (False, True)]
            plain = Response(b"", media_type="application/json")
            del plain.headers["content-length"]
            self._json_heads = [_head(_start(200, plain, headers)) for headers in shared]
            self._shared = shared
        return self._shared

    async def _added(self, crossing: bool) -> Headers:
        app: Any = Response(b"")
        for cls, args, kwargs in reversed(self.user_middleware):
            app = cls(app, *args, **kwargs)
        said: list[Message] = []

        async def note(message: Message) -> None:
            said.append(message)

        headers = [(b"origin", b"https://elsewhere.example")] if crossing else []
        await app({"type": "http", "method": "GET", "path": "", "headers": headers}, _no_body, note)
        if said[0]["status"] != 200:
            raise _Unusual  # there is no room at this moment
        return [each for each in said[0]["headers"] if each[0] != b"content-length"]


class _FrontedHttp(GuardedHttp):
    """Answers polls in the parser's callback, where the answer is ready, and hands votes and likes on from there:
    without a task, a cycle, a second parsing.
    """

    front: ClassVar[FrontedApp]
    _told: dict[bytes, bytes] | None = None

    def at_once(self) -> bytes | None:
        answer = self.front.at_once(self.url, self.headers)
        return None if answer is None else self._whole(*answer)

    def takes(self) -> bool:
        self._told = self.front.ballot_headers(self.url, self.headers)
        return self._told is not None

    def take(self, body: bytes, answer: Callable[[bytes], None]) -> bool:
        assert self._told is not None, "it was let through"
        return self.front.take(self.url, self._told, body, lambda *whole: answer(self._whole(*whole)))

    def _whole(self, head: bytes, content: bytes) -> bytes:
        shared = b"".join([b"%s: %s\r\n" % each for each in self.server_state.default_headers])
        return b"".join((head, shared, b"\r\n", content))


def http_protocol(app: FrontedApp) -> type[GuardedHttp]:
    """Return the class that uvicorn is given (`http=`) for an application."""
    return type("ArenaHttp", (_FrontedHttp,), {"front": app})


class _Again:
    """Gives the first message once more, then what comes."""

    def __init__(self, first: Message, receive: Receive) -> None:
        self._first: Message | None = first
        self._receive = receive

    async def __call__(self) -> Message:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return await self._receive()


def _head(start: Message) -> bytes:
    """Return the first message of an answer as it goes over the line, but for the date and the end."""
    lines = [b"%s: %s\r\n" % each for each in start["headers"]]
    return b"".join((STATUS_LINE[start["status"]], *lines))


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _ballot(
    arena: Arena, code: str, number: str, what: str, phone: Phone | None, body: bytes
) -> Callable[[voting.Tell], None]:
    if not number.isdecimal() or not number.isascii() or len(number) > ROUND_DIGITS_MAX or not 1 <= int(number) <= 1000:
        raise _Unusual
    voter = require_phone(phone, code)
    said = orjson.loads(body)
    if what == "vote":
        vote = plain_vote(said)
        if vote is None:
            raise _Unusual
        return lambda tell: voting.tell_vote(arena, tell, code, int(number), voter, *vote)
    likes = plain_likes(said)
    if likes is None:
        raise _Unusual
    return lambda tell: voting.tell_like(arena, tell, code, int(number), voter, *likes)


def _failed(error: Exception, path: str) -> Response:
    return problem_response(error, path) if isinstance(error, ArenaError) else unexpected_response(error, path)


def _headers_of(headers: Headers) -> dict[bytes, bytes]:
    """Return the headers that matter here. Two of a kind, or a body of unknown length, are unusual."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _LOOKED_AT:
            if name in found or name == b"transfer-encoding":
                raise _Unusual
            found[name] = value
    return found


def _is_small_json(headers: dict[bytes, bytes]) -> bool:
    length = headers.get(b"content-length", b"")
    return length_fits(length, PHONE_BODY_BYTES_MAX) and headers.get(b"content-type") in _JSON


def _token(headers: dict[bytes, bytes]) -> str:
    given = headers.get(b"authorization")
    if given is None:
        return ""
    token = given[7:].decode("latin-1")
    if not given.startswith(b"Bearer ") or not token or " " in token:
        raise _Unusual
    return token


def _phone(arena: Arena, token: str) -> Phone | None:
    if not token:
        return None
    if is_access_token(token):
        raise _Unusual
    try:
        return phone_of(arena, token)
    except ArenaError:
        raise _Unusual from None


def _start(status: int, response: Response, shared: Headers) -> Message:
    """Make the first message of an answer; what is shared stands over what is the response's own."""
    names = {name for name, _ in shared}
    own = [each for each in response.raw_headers if each[0] not in names or each[0] == b"vary"]
    vary = b", ".join(value for name, value in (*own, *shared) if name == b"vary")
    rest = [each for each in (*own, *shared) if each[0] != b"vary"]
    return {"type": "http.response.start", "status": status, "headers": [*rest, (b"vary", vary)] if vary else rest}
