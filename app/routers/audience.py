"""What phones and pollers call: join, vote, like, tally, events, and what is public afterwards."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.domain.errors import NotFound, Overloaded
from app.domain.session import Session
from app.live.events import EventSubscriber
from app.routers.deps import ArenaOf, BearerOf, Code, RoundNumber, problems
from app.schemas.report import Ledger, Report, Result
from app.schemas.session import Key
from app.schemas.tally import TallyDocument
from app.schemas.voting import Join, Joined, Liked, Likes, OwnState, Receipt, Vote
from app.services import reports, voting
from app.services.identity import Bearer, Crew, Phone, may_read, require_phone
from app.storage.sessions import read_portrait

router = APIRouter(tags=["audience"])

_VOTING = problems(400, 401, 403, 404, 409, 413, 422, 429, 503)
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Nothing changed since the ETag that was sent"}}


@router.post("/sessions/{code}/join", summary="Get a device token", responses=problems(400, 401, 404, 413, 422, 503))
async def join(arena: ArenaOf, bearer: BearerOf, code: Code, wanted: Join | None = None) -> Joined:
    """Nothing is written. With this session's device token the same identity is given back."""
    known = bearer if isinstance(bearer, Phone) else None
    return await voting.join(arena, code, wanted.channel if wanted else None, known)


@router.get("/sessions/{code}/me", summary="What this phone has done", responses=problems(401, 403, 404))
async def own_state(arena: ArenaOf, bearer: BearerOf, code: Code) -> OwnState:
    return await voting.own_state(arena, code, require_phone(bearer, code))


@router.put("/sessions/{code}/rounds/{number}/vote", summary="Cast a ballot", responses=_VOTING)
async def vote(arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber, ballot: Vote) -> Receipt:
    """Answers after the ballot is committed to disk. A retry gets the first receipt."""
    phone = require_phone(bearer, code)
    return await voting.vote(arena, code, number, phone, ballot.choices, ballot.nonce, ballot.run)


@router.put("/sessions/{code}/rounds/{number}/likes", summary="Send likes", responses=_VOTING)
async def likes(arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber, wanted: Likes) -> Liked:
    """Totals are cumulative for this phone in this run; what stands comes back after the commit."""
    return await voting.like(arena, code, number, require_phone(bearer, code), wanted.totals, wanted.run)


@router.api_route(
    "/sessions/{code}/tally",
    methods=["GET"],
    summary="The tally",
    response_model=TallyDocument,
    responses={**_NOT_MODIFIED, **problems(401, 404)},
)
async def tally(
    arena: ArenaOf,
    bearer: BearerOf,
    code: Code,
    if_none_match: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """The newest tally in the view of the asker. Poll with If-None-Match."""
    live = await arena.live(code)
    frame = arena.hub.poll(live, _voter(bearer, live.session), may_read(bearer, code))
    headers = {
        "ETag": frame.etag,
        "Cache-Control": "public, max-age=1" if frame.view == "public" and bearer is None else "private, no-cache",
        "Vary": "Authorization",
        "Access-Control-Allow-Origin": "*",
    }
    if if_none_match is not None and frame.etag in [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(frame.payload, media_type="application/json; charset=utf-8", headers=headers)


router.add_api_route("/sessions/{code}/tally", tally, methods=["HEAD"], include_in_schema=False, response_model=None)


@router.get(
    "/sessions/{code}/events",
    summary="Tallies as server-sent events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}, **problems(401, 404, 503)},
)
async def events(
    arena: ArenaOf,
    bearer: BearerOf,
    code: Code,
    last_event_id: Annotated[str | None, Header(max_length=64, include_in_schema=False)] = None,
) -> StreamingResponse:
    """`event: tally`, `id: epoch-version`; each is a whole document, so a missed one is made good by the next."""
    live = await arena.live(code)
    if arena.hub.sockets >= arena.hub.sockets_max:
        raise Overloaded("This server carries as many listeners as it can; try again shortly.", retry_after_s=10)
    subscriber = EventSubscriber(arena.hub.epoch, last_event_id)
    subscriber.voter, subscriber.staff = _voter(bearer, live.session), may_read(bearer, code)
    subscriber.token_id = bearer.id if isinstance(bearer, Crew) else 0

    async def stream() -> AsyncIterator[str]:
        arena.hub.subscribe(live, subscriber)
        try:
            async for text in subscriber.events():
                yield text
        finally:
            arena.hub.unsubscribe(live, subscriber)

    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", "Access-Control-Allow-Origin": "*"}
    return StreamingResponse(stream(), media_type="text/event-stream; charset=utf-8", headers=headers)


@router.get(
    "/sessions/{code}/rounds/{number}/result",
    summary="The result of a round",
    responses=problems(401, 404, 409, 422),
)
async def result(arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber) -> Result:
    """After the lock, as far as the round's visibility lets the asker see it."""
    return await reports.result(arena, code, number, bearer)


@router.get(
    "/sessions/{code}/rounds/{number}/ledger",
    summary="The ledger for a recount",
    responses=problems(401, 404, 409, 422),
)
async def ledger(arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber) -> Ledger:
    return await reports.ledger(arena, code, number, bearer)


@router.get("/sessions/{code}/report", summary="The session's figures over time", responses=problems(401, 404))
async def report(arena: ArenaOf, bearer: BearerOf, code: Code) -> Report:
    return await reports.report(arena, code, bearer)


@router.get(
    "/sessions/{code}/qr.svg",
    summary="The QR of the phone page",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}}, **problems(401, 404, 422)},
)
async def qr(
    request: Request,
    arena: ArenaOf,
    bearer: BearerOf,
    code: Code,
    channel: Annotated[Key | None, Query(description="Carried into the link.")] = None,
) -> Response:
    """Medium error correction and a quiet zone of four modules, as phones want it."""
    session = (await arena.live(code)).session
    base = arena.settings.public_url or str(request.base_url).rstrip("/")
    address = f"{base}/v/{session.code}" + (f"?channel={channel}" if channel else "")
    picture = BytesIO()
    segno.make(address, error="m", boost_error=False).save(picture, kind="svg", scale=10, border=4, light="#fff")
    return Response(
        picture.getvalue(),
        media_type="image/svg+xml; charset=utf-8",
        headers={"Cache-Control": "no-cache", "X-Arena-Address": address},
    )


@router.get(
    "/portraits/{digest}",
    summary="A contestant's portrait",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}, "image/png": {}, "image/webp": {}}}, **problems(404, 422)},
)
async def portrait(arena: ArenaOf, digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> Response:
    found = await arena.read(read_portrait, digest)
    if found is None:
        raise NotFound("No portrait has this address; it may have been replaced.")
    content_type, content = found
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'",
    }
    return Response(content, media_type=content_type, headers=headers)


def _voter(bearer: Bearer, session: Session) -> str:
    return bearer.voter(session) if isinstance(bearer, Phone) and bearer.code == session.code else ""
