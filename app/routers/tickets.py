"""Sheets of single-use tickets, for the crew."""

from fastapi import APIRouter, Request, Response

from app.domain.roles import Verb
from app.routers.deps import ArenaOf, BearerOf, Code, problems
from app.schemas.ticket import NewTickets, TicketReleased, TicketSheets, TicketsVoided, TicketsWanted
from app.services import tickets
from app.services.identity import require_crew

router = APIRouter(tags=["tickets"])

_CHANGE = problems(400, 401, 403, 404, 409, 413, 422, 503)


@router.post("/sessions/{code}/tickets", status_code=201, summary="Make a sheet of tickets", responses=_CHANGE)
async def make_tickets(
    request: Request, arena: ArenaOf, bearer: BearerOf, code: Code, wanted: TicketsWanted, response: Response
) -> NewTickets:
    """Their secrets are in this answer and never again."""
    response.headers["Cache-Control"] = "no-store"
    base = arena.settings.public_url or str(request.base_url).rstrip("/")
    return await tickets.make(arena, require_crew(bearer, Verb.EDIT, code), code, wanted, base)


@router.get("/sessions/{code}/tickets", summary="List the sheets of tickets", responses=problems(401, 403, 404))
async def list_tickets(arena: ArenaOf, bearer: BearerOf, code: Code) -> TicketSheets:
    return await tickets.list_sheets(arena, require_crew(bearer, Verb.READ, code), code)


@router.post("/sessions/{code}/tickets/void", summary="Withdraw unused tickets", responses=_CHANGE)
async def void_tickets(arena: ArenaOf, bearer: BearerOf, code: Code, wanted: TicketsVoided) -> TicketSheets:
    """One, or all of a sheet that were not used yet."""
    return await tickets.void(arena, require_crew(bearer, Verb.EDIT, code), code, wanted)


@router.post("/sessions/{code}/tickets/release", summary="Undo the use of a ticket", responses=_CHANGE)
async def release_ticket(arena: ArenaOf, bearer: BearerOf, code: Code, wanted: TicketReleased) -> TicketSheets:
    """For a phone that lost its token; the audit log keeps who vouched. The voter stays the same."""
    return await tickets.release(arena, require_crew(bearer, Verb.EDIT, code), code, wanted)
