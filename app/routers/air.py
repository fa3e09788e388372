"""What is on air and what is next. A command is one URL, POST and PUT; no body is needed and any is ignored."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.domain.air import AirCommand
from app.domain.roles import Verb
from app.domain.session import Scene
from app.routers.crew import EntriesMax
from app.routers.deps import ID_MAX, ArenaOf, BearerOf, Code, in_time, problems
from app.schemas.air import AirLog
from app.schemas.session import SessionDocument
from app.services import air
from app.services.identity import require_crew
from app.services.sessions import session_document

router = APIRouter(tags=["commands"], dependencies=[Depends(in_time)])
records = APIRouter(tags=["crew"])
_COMMAND = problems(401, 403, 404, 409, 412, 413, 422, 503)
_PATHS = {
    AirCommand.TAKE: ("take", "Put on air what is next"),
    AirCommand.CLEAR: ("clear", "Take the graphics off"),
    AirCommand.PANIC: ("panic", "Blank everything at once and hold it"),
    AirCommand.RELEASE: ("panic/release", "Let go of a panic; nothing goes on air by itself"),
}


@router.post("/sessions/{code}/overlay/{scene}", summary="Put a scene on air", responses=_COMMAND)
@router.put("/sessions/{code}/overlay/{scene}", summary="Put a scene on air", responses=_COMMAND)
async def set_scene(arena: ArenaOf, bearer: BearerOf, code: Code, scene: Scene) -> SessionDocument:
    crew = require_crew(bearer, Verb.OVERLAY, code)
    return session_document(await air.set_scene(arena, crew, code, scene), arena.settings, crew=True)


@router.post("/sessions/{code}/preview/{scene}", summary="Set what is next", responses=_COMMAND)
@router.put("/sessions/{code}/preview/{scene}", summary="Set what is next", responses=_COMMAND)
async def set_preview(arena: ArenaOf, bearer: BearerOf, code: Code, scene: Scene) -> SessionDocument:
    """Nobody but the crew sees it before the take."""
    crew = require_crew(bearer, Verb.OVERLAY, code)
    return session_document(await air.set_preview(arena, crew, code, scene), arena.settings, crew=True)


def _add_command(what: AirCommand) -> None:
    async def run(arena: ArenaOf, bearer: BearerOf, code: Code) -> SessionDocument:
        crew = require_crew(bearer, air.VERBS[what], code)
        return session_document(await air.command(arena, crew, code, what), arena.settings, crew=True)

    path, summary = _PATHS[what]
    for method in ("POST", "PUT"):
        router.add_api_route(
            f"/sessions/{{code}}/{path}",
            run,
            methods=[method],
            operation_id=f"air_{what}_{method.lower()}",
            summary=summary,
            description="No body is needed; any is ignored. The same command again answers 200.",
            responses=_COMMAND,
        )


for _what in AirCommand:
    _add_command(_what)


@records.get("/sessions/{code}/air", summary="What stood on air when", responses=problems(401, 403, 404, 422))
async def air_log(
    arena: ArenaOf,
    bearer: BearerOf,
    code: Code,
    after: Annotated[int, Query(ge=0, le=ID_MAX, description="Entries with a greater number.")] = 0,
    limit: EntriesMax = 100,
) -> AirLog:
    """Commands, and what overlays with a token told of themselves; oldest first."""
    return await air.read(arena, require_crew(bearer, Verb.AUDIT, code), code, after, limit)


@records.get(
    "/sessions/{code}/air.csv",
    summary="The same, as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **problems(401, 403, 404)},
)
async def air_csv(arena: ArenaOf, bearer: BearerOf, code: Code) -> Response:
    content = await air.export(arena, require_crew(bearer, Verb.AUDIT, code), code)
    headers = {
        "Content-Disposition": f'attachment; filename="arena-{code}-air.csv"',
        "Cache-Control": "private, no-cache",
    }
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
