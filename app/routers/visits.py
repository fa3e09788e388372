"""Visits: the request from a session's page, what its receipt shows, and what the crew makes of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.domain.roles import Verb
from app.domain.visit import Act, Details, State
from app.feeds.visit_calendar import MEDIA_TYPE
from app.routers.deps import After, ArenaOf, BearerOf, Code, RowId, problems
from app.routers.seasons import ShowSlug
from app.schemas.visit import Declined, Delivered, OwnVisit, Scheduled, VisitDocument, VisitList, VisitWanted
from app.services import visits
from app.services.gate import Gate, address_key
from app.services.identity import require_crew

router = APIRouter(tags=["visits"])

Receipt = Annotated[str, Path(min_length=1, max_length=64, description="As the request was answered.")]
OfState = Annotated[State | None, Query(description="Only those in this state.")]
PageMax = Annotated[int, Query(ge=1, le=500)]

_ONE = "/sessions/{code}/visits/{number}"
_COMMAND = problems(400, 401, 403, 404, 409, 413, 422, 503)
_CALENDAR: dict[int | str, dict[str, Any]] = {200: {"content": {"text/calendar": {}}}}


async def get_visit_gate(request: Request) -> Gate:
    gate: Gate = request.app.state.visit_gate
    return gate


@router.post(
    "/sessions/{code}/visits",
    status_code=201,
    summary="Ask for a visit",
    responses=problems(400, 401, 404, 409, 413, 422, 428, 429, 503),
)
async def ask(
    request: Request,
    arena: ArenaOf,
    bearer: BearerOf,
    gate: Annotated[Gate, Depends(get_visit_gate)],
    code: Code,
    wanted: VisitWanted,
    response: Response,
) -> OwnVisit:
    """Open to everybody. The receipt is shown this once; the same request again with its nonce gets the same."""
    response.headers["Cache-Control"] = "no-store"
    address = address_key(request.client.host if request.client else None)
    return await visits.ask(arena, gate, code, wanted, address)


@router.get("/visits/{receipt}", summary="Follow one's own request", responses=problems(401, 404, 422))
async def own_visit(arena: ArenaOf, bearer: BearerOf, receipt: Receipt, response: Response) -> OwnVisit:
    response.headers["Cache-Control"] = "no-store"
    return await visits.own(arena, receipt)


@router.post(
    "/visits/{receipt}/withdraw",
    summary="Take one's own request back",
    responses=problems(401, 404, 409, 413, 422, 503),
)
async def withdraw(arena: ArenaOf, bearer: BearerOf, receipt: Receipt, response: Response) -> OwnVisit:
    response.headers["Cache-Control"] = "no-store"
    return await visits.withdraw(arena, receipt)


@router.get(
    "/visits/{receipt}/calendar.ics",
    summary="One's own visit for a calendar",
    response_class=Response,
    responses={**_CALENDAR, **problems(401, 404, 409, 422)},
)
async def own_calendar(arena: ArenaOf, bearer: BearerOf, receipt: Receipt) -> Response:
    return _calendar(await visits.own_calendar(arena, receipt))


@router.get("/shows/{show}/visits", summary="The visits of a show", responses=problems(401, 403, 404, 422))
async def list_of_show(
    arena: ArenaOf,
    bearer: BearerOf,
    show: ShowSlug,
    response: Response,
    state: OfState = None,
    after: After = 0,
    limit: PageMax = 100,
) -> VisitList:
    response.headers["Cache-Control"] = "no-store"
    return await visits.list_of_show(arena, require_crew(bearer, Verb.VISITS), show, state, after, limit)


@router.get(
    "/shows/{show}/visits.ics",
    summary="The visits of a show for a calendar",
    response_class=Response,
    responses={**_CALENDAR, **problems(401, 403, 404, 422)},
)
async def calendar_of_show(arena: ArenaOf, bearer: BearerOf, show: ShowSlug) -> Response:
    """The 1,000 latest that are scheduled or were delivered. Holds no name and no number of who asked."""
    return _calendar(await visits.calendar_of_show(arena, require_crew(bearer, Verb.VISITS), show))


@router.get("/sessions/{code}/visits", summary="The visits of a session", responses=problems(401, 403, 404, 422))
async def list_of_session(
    arena: ArenaOf,
    bearer: BearerOf,
    code: Code,
    response: Response,
    state: OfState = None,
    after: After = 0,
    limit: PageMax = 100,
) -> VisitList:
    response.headers["Cache-Control"] = "no-store"
    return await visits.list_of_session(arena, require_crew(bearer, Verb.VISITS, code), code, state, after, limit)


@router.get(_ONE, summary="A visit with who asked", responses=problems(401, 403, 404, 422))
async def read_visit(arena: ArenaOf, bearer: BearerOf, code: Code, number: RowId, response: Response) -> VisitDocument:
    response.headers["Cache-Control"] = "no-store"
    return await visits.visit(arena, require_crew(bearer, Verb.VISITS, code), code, number)


@router.get(
    f"{_ONE}/calendar.ics",
    summary="A visit for a calendar",
    response_class=Response,
    responses={**_CALENDAR, **problems(401, 403, 404, 409, 422)},
)
async def calendar(arena: ArenaOf, bearer: BearerOf, code: Code, number: RowId) -> Response:
    return _calendar(await visits.calendar(arena, require_crew(bearer, Verb.VISITS, code), code, number))


async def _accept(arena: ArenaOf, bearer: BearerOf, code: Code, number: RowId) -> VisitDocument:
    return await _act(arena, bearer, code, number, Act.ACCEPT, Details())


async def _decline(arena: ArenaOf, bearer: BearerOf, code: Code, number: RowId, wanted: Declined) -> VisitDocument:
    return await _act(arena, bearer, code, number, Act.DECLINE, Details(reason=wanted.reason))


async def _schedule(arena: ArenaOf, bearer: BearerOf, code: Code, number: RowId, wanted: Scheduled) -> VisitDocument:
    return await _act(arena, bearer, code, number, Act.SCHEDULE, Details(**wanted.model_dump()))


async def _deliver(arena: ArenaOf, bearer: BearerOf, code: Code, number: RowId, wanted: Delivered) -> VisitDocument:
    return await _act(arena, bearer, code, number, Act.DELIVER, Details(**wanted.model_dump()))


async def _act(arena: ArenaOf, bearer: BearerOf, code: str, number: int, what: Act, details: Details) -> VisitDocument:
    return await visits.act(arena, require_crew(bearer, Verb.VISITS, code), code, number, what, details)


for _what, _answer in (("accept", _accept), ("decline", _decline), ("schedule", _schedule), ("deliver", _deliver)):
    for _method in ("POST", "PUT"):
        router.add_api_route(
            f"{_ONE}/{_what}",
            _answer,
            methods=[_method],
            name=f"{_what} a visit",
            operation_id=f"{_method.lower()}_visit_{_what}",
            summary=f"{_what.capitalize()} a visit",
            responses=_COMMAND,
            response_model=VisitDocument,
        )


def _calendar(content: bytes) -> Response:
    headers = {"Cache-Control": "private, no-cache", "Content-Disposition": 'attachment; filename="visits.ics"'}
    return Response(content, media_type=MEDIA_TYPE, headers=headers)
