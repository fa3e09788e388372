"""The feeds: a route for each format, all of one making, and the JSON Schema of the tally document.

Each frame is read once and each format of it rendered once, however many poll. Used on the loop's thread only.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import IntEnum
from functools import cache
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.feeds import feeds
from app.feeds.feed import Feed, Language, Options, Takes
from app.feeds.table import as_text, situation
from app.live.hub import Frame
from app.routers.conditional import NOT_MODIFIED, conditional, frame_of
from app.routers.deps import ArenaOf, BearerOf, Code, problems
from app.schemas.tally import TallyDocument
from app.services.identity import Bearer

FRAMES_MAX = 64
RENDERINGS_MAX = 32
"""Renderings kept of one frame; the address of the asker is part of some."""
SCHEMA_PATH = "/schemas/tally.json"

router = APIRouter(tags=["feeds"])
schemas = APIRouter(include_in_schema=False)

_SITUATION = ("epoch", "version", "server_time_ms", "stale_after_ms", "phase", "closes_at_ms")
HEADERS = tuple(f"X-Arena-{key.replace('_', '-')}" for key in _SITUATION)
_JSON_SCALAR = {"type": ["string", "integer", "boolean"]}
_JSON_MAP = {"type": "object", "additionalProperties": _JSON_SCALAR}
_SCHEMAS: dict[str, dict[str, Any]] = {"rows.json": {"type": "array", "items": _JSON_MAP}, "flat.json": _JSON_MAP}


class TileSize(IntEnum):
    SMALL = 72
    LARGE = 144


class Renderings:
    """What was made of the newest frames. The oldest is forgotten first."""

    def __init__(self) -> None:
        self._kept: dict[Frame, tuple[Mapping[str, Any], dict[tuple[str, Options], bytes]]] = {}
        self.rendered = 0

    def document(self, frame: Frame) -> Mapping[str, Any]:
        return self._of(frame)[0]

    def render(self, frame: Frame, feed: Feed, options: Options) -> bytes:
        document, made = self._of(frame)
        content = made.get((feed.name, options))
        if content is None:
            content = feed.render(document, options)
            self.rendered += 1
            if len(made) < RENDERINGS_MAX:
                made[feed.name, options] = content
        return content

    def _of(self, frame: Frame) -> tuple[Mapping[str, Any], dict[tuple[str, Options], bytes]]:
        found = self._kept.get(frame)
        if found is None:
            while len(self._kept) >= FRAMES_MAX:
                del self._kept[next(iter(self._kept))]
            found = self._kept[frame] = (orjson.loads(frame.payload), {})
        return found


renderings = Renderings()


async def _nothing() -> Options:
    return Options()


async def _language(
    lang: Annotated[Language, Query(description="The language of its words.")] = "zh",
) -> Options:
    return Options(language=lang)


async def _link(
    request: Request, arena: ArenaOf, lang: Annotated[Language, Query(description="The language of its words.")] = "zh"
) -> Options:
    return Options(language=lang, base=arena.settings.public_url or str(request.base_url).rstrip("/"))


async def _spoken(
    lang: Annotated[Language, Query(description="The language of its sentences.")] = "zh",
    digits: Annotated[bool, Query(description="Write numbers in digits, not in words.")] = False,
) -> Options:
    return Options(language=lang, digits=digits)


async def _bom(
    bom: Annotated[bool, Query(description="Begin with a byte order mark, for Excel.")] = False,
) -> Options:
    return Options(bom=bom)


async def _size(
    size: Annotated[TileSize, Query(description="Width and height in dots.")] = TileSize.SMALL,
) -> Options:
    return Options(size=int(size))


_READERS: dict[Takes, Callable[..., Awaitable[Options]]] = {
    "nothing": _nothing,
    "language": _language,
    "link": _link,
    "spoken": _spoken,
    "bom": _bom,
    "size": _size,
}


class _OtherMethods:
    """Answers a plain OPTIONS, which is not a browser's preflight; refuses what is neither GET nor HEAD."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "OPTIONS":
            raise HTTPException(405)
        headers = {"Allow": "GET, HEAD, OPTIONS", "Access-Control-Allow-Origin": "*"}
        await Response(status_code=204, headers=headers)(scope, receive, send)


def feed_response(frame: Frame, bearer: Bearer, if_none_match: str | None, feed: Feed, options: Options) -> Response:
    """Answer with a frame in the form of a feed."""
    text = not feed.media_type.startswith("image/")
    media_type = f"{feed.media_type}; charset=utf-8" if text else feed.media_type
    now = situation(renderings.document(frame))
    headers = {name: as_text(now[key]) for name, key in zip(HEADERS, _SITUATION, strict=True)}
    return conditional(
        frame, bearer, if_none_match, media_type, lambda: renderings.render(frame, feed, options), headers
    )


def _add(feed: Feed) -> None:
    async def endpoint(
        arena: ArenaOf,
        bearer: BearerOf,
        code: Code,
        options: Annotated[Options, Depends(_READERS[feed.takes])],
        if_none_match: Annotated[str | None, Header(include_in_schema=False)] = None,
    ) -> Response:
        return feed_response(await frame_of(arena, bearer, code), bearer, if_none_match, feed, options)

    path = f"/sessions/{{code}}/feeds/{feed.name}"
    refusals = problems(401, 404) if feed.takes == "nothing" else problems(401, 404, 422)
    content = {feed.media_type: {"schema": _SCHEMAS.get(feed.name, {"type": "string"})}}
    router.add_api_route(
        path,
        endpoint,
        methods=["GET"],
        operation_id=f"feed_{feed.name.replace('.', '_')}",
        summary=feed.summary,
        response_class=Response,
        responses={200: {"content": content}, **NOT_MODIFIED, **refusals},
    )
    router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False, response_model=None)
    router.routes.append(Route(path, _OtherMethods(), include_in_schema=False))


for _feed in feeds():
    _add(_feed)


@schemas.api_route(SCHEMA_PATH, methods=["GET", "HEAD"])
async def tally_schema() -> Response:
    """The JSON Schema (2020-12) of the tally document, at an address that stays."""
    return Response(
        _tally_schema(),
        media_type="application/schema+json; charset=utf-8",
        headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=3600"},
    )


@cache
def _tally_schema() -> bytes:
    schema = TallyDocument.model_json_schema(mode="serialization")
    return orjson.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_PATH, **schema})
