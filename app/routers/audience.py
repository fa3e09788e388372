"""What phones and pollers call: vote, like, tally, events, and what is public afterwards."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.domain.errors import NotFound, Overloaded
from app.live.events import EventSubscriber
from app.routers.conditional import NOT_MODIFIED, frame_of, tally_response, voter_of
from app.routers.deps import ArenaOf, BearerOf, Code, RoundNumber, problems
from app.schemas.report import Ledger, ReceiptDocument, Report, Result
from app.schemas.session import Key
from app.schemas.tally import TallyDocument
from app.schemas.voting import Liked, Likes, OwnState, Receipt, Vote
from app.services import reports, results, voting
from app.services.identity import Crew, may_read, require_phone
from app.services.qr import qr_svg
from app.storage.sessions import read_portrait

router = APIRouter(tags=["audience"])

RunNumber = Annotated[
    int | None, Query(ge=1, le=1_000_000, description="An earlier run, from 1; without it the present one.")
]

_VOTING = problems(400, 401, 403, 404, 409, 413, 422, 429, 503)


@router.get("/sessions/{code}/me", summary="What this phone has done", responses=problems(401, 403, 404))
async def own_state(arena: ArenaOf, bearer: BearerOf, code: Code) -> OwnState:
    return await voting.own_state(arena, code, require_phone(bearer, code))


@router.put("/sessions/{code}/rounds/{number}/vote", summary="Cast a ballot", responses=_VOTING)
async def vote(arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber, ballot: Vote) -> Receipt:
    """Answers after the ballot is committed to disk. A retry gets the first receipt."""
    phone = require_phone(bearer, code)
    return Receipt(**await voting.vote(arena, code, number, phone, ballot.choices, ballot.nonce, ballot.run))


@router.put("/sessions/{code}/rounds/{number}/likes", summary="Send likes", responses=_VOTING)
async def likes(arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber, wanted: Likes) -> Liked:
    """Totals are cumulative for this phone in this run; what stands comes back after the commit."""
    phone = require_phone(bearer, code)
    return Liked(**await voting.like(arena, code, number, phone, wanted.totals, wanted.run))


@router.api_route(
    "/sessions/{code}/tally",
    methods=["GET"],
    summary="The tally",
    response_model=TallyDocument,
    responses={**NOT_MODIFIED, **problems(401, 404)},
)
async def tally(
    arena: ArenaOf,
    bearer: BearerOf,
    code: Code,
    if_none_match: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """The newest tally in the view of the asker. Poll with If-None-Match."""
    frame = await frame_of(arena, bearer, code)
    return tally_response(frame, bearer, if_none_match)


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
    subscriber = EventSubscriber(last_event_id)
    subscriber.voter, subscriber.staff = voter_of(bearer, live.session), may_read(bearer, code)
    if isinstance(bearer, Crew):
        subscriber.token_id, subscriber.expires_at_ms, subscriber.present = bearer.id, bearer.expires_at_ms or 0, False

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
async def result(arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber, run: RunNumber = None) -> Result:
    """After the lock, as far as the round's visibility lets the asker see it; of an earlier run, where it had been
    revealed.
    """
    return await results.result(arena, code, number, bearer, run)


@router.get(
    "/sessions/{code}/rounds/{number}/ledger",
    summary="The ledger for a recount",
    response_model=Ledger,
    responses=problems(401, 404, 409, 422, 503),
)
async def ledger(arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber, run: RunNumber = None) -> Response:
    """For `arena verify`. After the reveal for all, after the lock for the crew."""
    content = await results.ledger(arena, code, number, bearer, run)
    return Response(content, media_type="application/json")


@router.get(
    "/sessions/{code}/receipts/{receipt}",
    summary="Look a receipt up",
    responses=problems(401, 404, 422),
)
async def receipt(
    arena: ArenaOf,
    bearer: BearerOf,
    code: Code,
    receipt: Annotated[str, Path(max_length=64, description="26 characters, as the vote was answered.")],
    response: Response,
) -> ReceiptDocument:
    """Says that the ballot stands in the ledger and where; never whose it is. Its choices only after the reveal."""
    response.headers["Cache-Control"] = "no-store"
    return await results.receipt(arena, code, receipt)


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
    session = (await arena.live(code)).session
    base = arena.settings.public_url or str(request.base_url).rstrip("/")
    address = f"{base}/v/{session.code}" + (f"?channel={channel}" if channel else "")
    return Response(
        qr_svg(address),
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
