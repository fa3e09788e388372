"""Whether everything is ready for the show."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.domain.roles import Verb
from app.routers.deps import BearerOf, Code, problems
from app.schemas.preflight import Preflight
from app.services.identity import require_crew

router = APIRouter(tags=["operator"])


@router.get(
    "/sessions/{code}/preflight",
    summary="Check everything before the show",
    responses=problems(401, 403, 404, 422, 503),
)
async def preflight(
    request: Request,
    bearer: BearerOf,
    code: Code,
    response: Response,
    asked_at_ms: Annotated[
        int | None, Query(ge=0, le=2**53, description="The asker's own clock, to be compared with the service's.")
    ] = None,
) -> Preflight:
    """Every check with its level and a sentence that says what to do, within five seconds."""
    require_crew(bearer, Verb.READ, code)
    response.headers["Cache-Control"] = "no-store"
    found: Preflight = await request.app.state.preflights.run(code, asked_at_ms)
    return found
