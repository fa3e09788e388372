"""Shows, sessions, rounds, and the producer's commands."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from app.domain.errors import InvalidRequest
from app.domain.lifecycle import Command
from app.domain.roles import Verb
from app.domain.text import is_plain
from app.routers.deps import ID_MAX, ArenaOf, BearerOf, Code, RoundNumber, Seen, in_time, problems
from app.schemas import PlainText
from app.schemas.session import (
    RoundChanges,
    RoundFields,
    SessionChanges,
    SessionCreate,
    SessionDocument,
    SessionList,
    ShowCreate,
    ShowDocument,
    ShowList,
)
from app.services import rounds, sessions
from app.services.identity import may_read, require_crew
from app.services.sessions import session_document

router = APIRouter(tags=["sessions"])
commands = APIRouter(tags=["commands"], dependencies=[Depends(in_time)])

_MAKE = problems(400, 401, 403, 409, 413, 422, 503)
_EDIT = problems(400, 401, 403, 404, 409, 413, 422, 503)
_COMMAND = problems(401, 403, 404, 409, 413, 422, 503)
_GUARDED = problems(401, 403, 404, 409, 412, 413, 422, 503)


@router.post("/shows", status_code=201, summary="Make a show", responses=_MAKE)
async def create_show(arena: ArenaOf, bearer: BearerOf, wanted: ShowCreate) -> ShowDocument:
    return await sessions.create_show(arena, require_crew(bearer, Verb.EDIT), wanted)


@router.get("/shows", summary="List shows", responses=problems(401))
async def list_shows(arena: ArenaOf, bearer: BearerOf) -> ShowList:
    return ShowList(shows=await sessions.list_shows(arena))


@router.post("/sessions", status_code=201, summary="Make a session whole", responses=_MAKE)
async def create_session(
    arena: ArenaOf, bearer: BearerOf, wanted: SessionCreate, response: Response
) -> SessionDocument:
    session = await sessions.create_session(arena, require_crew(bearer, Verb.EDIT), wanted)
    response.headers["Location"] = f"/api/v1/sessions/{session.code}"
    return session_document(session, arena.settings, crew=True)


@router.get("/sessions", summary="List sessions, newest first", responses=problems(401, 403, 422))
async def list_sessions(
    arena: ArenaOf,
    bearer: BearerOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[int | None, Query(ge=1, le=ID_MAX, description="The id of the last one seen.")] = None,
) -> SessionList:
    crew = require_crew(bearer, Verb.READ, getattr(bearer, "session", None))
    return await sessions.list_sessions(arena, crew, limit, before)


@router.get("/sessions/{code}", summary="One session with its rounds", responses=problems(401, 404))
async def get_session(arena: ArenaOf, bearer: BearerOf, code: Code) -> SessionDocument:
    return session_document(await arena.session(code), arena.settings, crew=may_read(bearer, code))


@router.patch("/sessions/{code}", summary="Change a session", responses=_EDIT)
async def change_session(arena: ArenaOf, bearer: BearerOf, code: Code, changes: SessionChanges) -> SessionDocument:
    crew = require_crew(bearer, Verb.EDIT, code)
    return session_document(await sessions.change_session(arena, crew, code, changes), arena.settings, crew=True)


@router.post("/sessions/{code}/rounds", status_code=201, summary="Add a round", responses=_EDIT)
async def add_round(arena: ArenaOf, bearer: BearerOf, code: Code, fields: RoundFields) -> SessionDocument:
    crew = require_crew(bearer, Verb.EDIT, code)
    return session_document(await sessions.add_round(arena, crew, code, fields), arena.settings, crew=True)


@router.patch("/sessions/{code}/rounds/{number}", summary="Change a round that was never opened", responses=_EDIT)
async def change_round(
    arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber, changes: RoundChanges
) -> SessionDocument:
    crew = require_crew(bearer, Verb.EDIT, code)
    return session_document(await sessions.change_round(arena, crew, code, number, changes), arena.settings, crew=True)


@router.delete("/sessions/{code}/rounds/{number}", summary="Remove the last round", responses=_COMMAND)
async def remove_round(arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber) -> SessionDocument:
    crew = require_crew(bearer, Verb.EDIT, code)
    return session_document(await sessions.remove_round(arena, crew, code, number), arena.settings, crew=True)


# A button box sends no body, `{}`, or the text `[object Object]`: a route without a body parameter takes them all.
def _add_command(what: Command) -> None:
    async def run(arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber, seen: Seen) -> SessionDocument:
        crew = require_crew(bearer, rounds.VERBS[what], code)
        session = await rounds.command(arena, crew, code, number, what, None, seen)
        return session_document(session, arena.settings, crew=True)

    for method in ("POST", "PUT"):
        commands.add_api_route(
            f"/sessions/{{code}}/rounds/{{number}}/{what}",
            run,
            methods=[method],
            operation_id=f"{what}_round_{method.lower()}",
            summary=f"{what.capitalize()} a round",
            description="No body is needed; any is ignored. The same command again answers 200.",
            responses=_GUARDED,
        )


for _what in Command:
    if _what is not Command.VOID:
        _add_command(_what)


@commands.post("/sessions/{code}/rounds/{number}/void", summary="Void a round", responses=_GUARDED)
@commands.put("/sessions/{code}/rounds/{number}/void", summary="Void a round", responses=_GUARDED)
async def void_round(
    request: Request,
    arena: ArenaOf,
    bearer: BearerOf,
    code: Code,
    number: RoundNumber,
    seen: Seen,
    reason: Annotated[PlainText | None, Query(max_length=300, description="Why; stays on record.")] = None,
) -> SessionDocument:
    """The reason comes as `?reason=` or as `{"reason": "…"}`; any other body is ignored."""
    crew = require_crew(bearer, Verb.VOID, code)
    given = reason or _reason_in(await request.body())
    session = await rounds.command(arena, crew, code, number, Command.VOID, given, seen)
    return session_document(session, arena.settings, crew=True)


def _reason_in(body: bytes) -> str | None:
    try:
        reason = orjson.loads(body)["reason"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(reason, str):
        return None
    if not is_plain(reason):
        raise InvalidRequest("The reason holds a control character; remove it.")
    return reason[:300]


@commands.post("/sessions/{code}/next", summary="Do the natural next step", responses=_GUARDED)
@commands.put("/sessions/{code}/next", summary="Do the natural next step", responses=_GUARDED)
async def next_step(arena: ArenaOf, bearer: BearerOf, code: Code, seen: Seen) -> SessionDocument:
    """draft → open, open → lock, paused → resume, locked → reveal (director), then the next draft round."""
    crew = require_crew(bearer, Verb.NEXT, code)
    return session_document(await rounds.next_command(arena, crew, code, seen), arena.settings, crew=True)
