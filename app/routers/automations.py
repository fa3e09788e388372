"""Outgoing automations of a session, for the crew."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from starlette.requests import HTTPConnection

from app.domain.roles import Verb
from app.live.outgoing import Outgoing
from app.routers.deps import ArenaOf, BearerOf, Code, RowId, problems
from app.schemas.automation import (
    AutomationChanges,
    AutomationDocument,
    AutomationFields,
    AutomationList,
    AutomationTested,
)
from app.services import automations
from app.services.identity import require_crew

router = APIRouter(tags=["automations"])

_MAKE = problems(400, 401, 403, 404, 409, 413, 422, 503)
_CHANGE = problems(400, 401, 403, 404, 413, 422, 503)
_DO = problems(401, 403, 404, 413, 422, 503)


async def _outgoing(connection: HTTPConnection) -> Outgoing:
    outgoing: Outgoing = connection.app.state.outgoing
    return outgoing


OutgoingOf = Annotated[Outgoing, Depends(_outgoing)]


@router.get("/sessions/{code}/automations", summary="List automations", responses=problems(401, 403, 404))
async def list_automations(arena: ArenaOf, outgoing: OutgoingOf, bearer: BearerOf, code: Code) -> AutomationList:
    """With how each went since the service started. Header values are shown to nobody."""
    return await automations.list_automations(arena, outgoing, require_crew(bearer, Verb.READ, code), code)


@router.post("/sessions/{code}/automations", status_code=201, summary="Add an automation", responses=_MAKE)
async def make_automation(
    arena: ArenaOf, outgoing: OutgoingOf, bearer: BearerOf, code: Code, wanted: AutomationFields, response: Response
) -> AutomationDocument:
    """Only targets of the service's allow-list; where that is empty, nothing is ever called."""
    made = await automations.make(arena, outgoing, require_crew(bearer, Verb.EDIT, code), code, wanted)
    response.headers["Location"] = f"/api/v1/sessions/{code}/automations/{made.id}"
    return made


@router.patch("/sessions/{code}/automations/{automation_id}", summary="Change an automation", responses=_CHANGE)
async def change_automation(
    arena: ArenaOf,
    outgoing: OutgoingOf,
    bearer: BearerOf,
    code: Code,
    automation_id: RowId,
    changes: AutomationChanges,
) -> AutomationDocument:
    """What was still waiting of it is dropped."""
    actor = require_crew(bearer, Verb.EDIT, code)
    return await automations.change(arena, outgoing, actor, code, automation_id, changes)


@router.delete(
    "/sessions/{code}/automations/{automation_id}", status_code=204, summary="Remove an automation", responses=_DO
)
async def remove_automation(
    arena: ArenaOf, outgoing: OutgoingOf, bearer: BearerOf, code: Code, automation_id: RowId
) -> None:
    await automations.remove(arena, outgoing, require_crew(bearer, Verb.EDIT, code), code, automation_id)


@router.post("/sessions/{code}/automations/{automation_id}/test", summary="Fire an automation once, now", responses=_DO)
async def test_automation(
    arena: ArenaOf, outgoing: OutgoingOf, bearer: BearerOf, code: Code, automation_id: RowId
) -> AutomationTested:
    """With the present public tally, switched on or not. No body is needed; any is ignored."""
    return await automations.test(arena, outgoing, require_crew(bearer, Verb.EDIT, code), code, automation_id)
