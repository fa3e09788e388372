"""Rehearsals: made, looked at, purged; their crowds started and stopped."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Request, Response
from starlette.requests import HTTPConnection

from app.domain.roles import Verb
from app.domain.session import Session
from app.routers.deps import ArenaOf, BearerOf, Code, problems
from app.schemas.rehearsal import CrowdWanted, RehearsalDocument
from app.services import rehearsals
from app.services.arena import Arena
from app.services.crowds import Crowds
from app.services.identity import require_crew
from app.services.sessions import session_document

router = APIRouter(tags=["rehearsals"])

_PATH = "/sessions/{code}/rehearsal"
_CHANGE = problems(401, 403, 404, 409, 413, 422, 503)


async def get_crowds(connection: HTTPConnection) -> Crowds:
    crowds: Crowds = connection.app.state.crowds
    return crowds


CrowdsOf = Annotated[Crowds, Depends(get_crowds)]


async def make(arena: ArenaOf, bearer: BearerOf, crowds: CrowdsOf, code: Code, response: Response) -> RehearsalDocument:
    """A session of its own, copied from this one: nothing of it counts. Where there is one already, it is answered."""
    session, made = await rehearsals.make(arena, require_crew(bearer, Verb.EDIT, code), code)
    response.status_code = 201 if made else 200
    return _document(arena, crowds, session)


async def start(
    request: Request,
    arena: ArenaOf,
    bearer: BearerOf,
    crowds: CrowdsOf,
    code: Code,
    wanted: Annotated[CrowdWanted | None, Body()] = None,
) -> RehearsalDocument:
    """It plays by the public API until its seconds are over; rounds are opened and locked by the crew."""
    crew = require_crew(bearer, Verb.EDIT, code)
    session = await rehearsals.find(arena, crew, code)
    await crowds.start(crew, session, _own_address(request), wanted or CrowdWanted())
    return _document(arena, crowds, session)


for _method in ("POST", "PUT"):
    router.add_api_route(
        _PATH,
        make,
        methods=[_method],
        operation_id=f"make_rehearsal_{_method.lower()}",
        summary="Make a session's rehearsal",
        responses={**_CHANGE, 201: {"model": RehearsalDocument, "description": "It was made"}},
    )
    router.add_api_route(
        f"{_PATH}/crowd",
        start,
        methods=[_method],
        operation_id=f"start_crowd_{_method.lower()}",
        summary="Start a rehearsal's crowd",
        responses={**_CHANGE, **problems(400)},
    )


@router.get(_PATH, summary="A session's rehearsal", responses=problems(401, 403, 404))
async def get(arena: ArenaOf, bearer: BearerOf, crowds: CrowdsOf, code: Code) -> RehearsalDocument:
    return _document(arena, crowds, await rehearsals.find(arena, require_crew(bearer, Verb.READ, code), code))


@router.delete(_PATH, status_code=204, summary="Purge a session's rehearsal", responses=_CHANGE)
async def purge(arena: ArenaOf, bearer: BearerOf, crowds: CrowdsOf, code: Code) -> None:
    """Everything of it goes; the session's own audit log says so. 204 too where there was none."""
    crew = require_crew(bearer, Verb.EDIT, code)
    await rehearsals.purge(arena, crew, code, crowds.forget)


@router.delete(f"{_PATH}/crowd", summary="Stop a rehearsal's crowd", responses=_CHANGE)
async def stop(arena: ArenaOf, bearer: BearerOf, crowds: CrowdsOf, code: Code) -> RehearsalDocument:
    session = await rehearsals.find(arena, require_crew(bearer, Verb.EDIT, code), code)
    await crowds.stop(session.code)
    return _document(arena, crowds, session)


def _own_address(request: Request) -> str:
    """Return where this very process listens: a crowd goes through no proxy."""
    host, port = request.scope["server"]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _document(arena: Arena, crowds: Crowds, session: Session) -> RehearsalDocument:
    document = session_document(session, arena.settings, crew=True)
    return RehearsalDocument(session=document, crowd=crowds.document(session.code))
