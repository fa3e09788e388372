"""Seasons, people, entries, promotion, the import, and the season of a session."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.domain.roles import Verb
from app.domain.season import Stage
from app.routers.deps import After, ArenaOf, BearerOf, Code, problems
from app.schemas import PlainText
from app.schemas.gala import GalaCreate
from app.schemas.person import PersonChanges, PersonDocument, PersonFields, PersonList, PersonWhole
from app.schemas.season import (
    EntryCreate,
    EntryDocument,
    EntryList,
    Imported,
    Moved,
    MovedByRank,
    MoveList,
    MovesWanted,
    RankWanted,
    SeasonChanges,
    SeasonCreate,
    SeasonDocument,
    SeasonList,
    SessionSeason,
    SessionSeasonWanted,
    Slug,
)
from app.schemas.session import Key, SessionDocument
from app.services import galas, imports, people, season_sessions, seasons
from app.services.identity import require_crew
from app.services.sessions import session_document

router = APIRouter(tags=["seasons"])

ShowSlug = Annotated[Slug, Path(description="The show's slug.", examples=["pioneer-arena"])]
SeasonSlug = Annotated[Slug, Path(description="The season's slug.", examples=["2017"])]
PersonKey = Annotated[Key, Path(description="The person's key in the show.", examples=["p1"])]
PageMax = Annotated[int, Query(ge=1, le=1_000)]

_CHANGE = problems(400, 401, 403, 404, 409, 413, 422, 503)
_SEASON = "/shows/{show}/seasons/{season}"
_SHEETS = {
    "requestBody": {
        "required": True,
        "description": "The file as it is, of any type: CSV in UTF-8 or GB18030, or the first sheet of an .xlsx.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/octet-stream", "text/csv")
        },
    }
}


@router.get("/shows/{show}/seasons", summary="List a show's seasons", responses=problems(401, 404, 422))
async def list_seasons(arena: ArenaOf, bearer: BearerOf, show: ShowSlug) -> SeasonList:
    return await season_sessions.list_of_show(arena, show)


@router.post(
    "/shows/{show}/seasons",
    status_code=201,
    summary="Make a season",
    responses={200: {"model": SeasonDocument, "description": "It is there already"}, **_CHANGE},
)
async def create_season(
    arena: ArenaOf, bearer: BearerOf, show: ShowSlug, wanted: SeasonCreate, response: Response
) -> SeasonDocument:
    crew = require_crew(bearer, Verb.EDIT)
    if not await seasons.create(arena, crew, show, wanted):
        response.status_code = 200
    response.headers["Location"] = f"/api/v1/shows/{show}/seasons/{wanted.season}"
    return await season_sessions.season(arena, crew, show, wanted.season)


@router.get(_SEASON, summary="A season with its sessions", responses=problems(401, 404, 422))
async def read_season(arena: ArenaOf, bearer: BearerOf, show: ShowSlug, season: SeasonSlug) -> SeasonDocument:
    return await season_sessions.season(arena, bearer, show, season)


@router.patch(_SEASON, summary="Change a season", responses=_CHANGE)
async def change_season(
    arena: ArenaOf, bearer: BearerOf, show: ShowSlug, season: SeasonSlug, changes: SeasonChanges
) -> SeasonDocument:
    crew = require_crew(bearer, Verb.EDIT)
    await seasons.change(arena, crew, show, season, changes)
    return await season_sessions.season(arena, crew, show, season)


@router.get("/shows/{show}/people", summary="List the people of a show", responses=problems(401, 403, 404, 422))
async def list_people(
    arena: ArenaOf,
    bearer: BearerOf,
    show: ShowSlug,
    after: After = 0,
    limit: PageMax = 200,
    q: Annotated[PlainText, Query(max_length=60, description="A piece of the name or organisation.")] = "",
) -> PersonList:
    return await people.list_people(arena, require_crew(bearer, Verb.READ), show, after, limit, q)


@router.post("/shows/{show}/people", status_code=201, summary="Add a person", responses=_CHANGE)
async def create_person(arena: ArenaOf, bearer: BearerOf, show: ShowSlug, wanted: PersonFields) -> PersonDocument:
    return await people.create(arena, require_crew(bearer, Verb.EDIT), show, wanted)


@router.get(
    "/shows/{show}/people/{person}",
    summary="A person with entries and sessions",
    responses=problems(401, 403, 404, 422),
)
async def read_person(arena: ArenaOf, bearer: BearerOf, show: ShowSlug, person: PersonKey) -> PersonWhole:
    return await people.person(arena, require_crew(bearer, Verb.READ), show, person)


@router.patch("/shows/{show}/people/{person}", summary="Change a person", responses=_CHANGE)
async def change_person(
    arena: ArenaOf, bearer: BearerOf, show: ShowSlug, person: PersonKey, changes: PersonChanges
) -> PersonWhole:
    return await people.change(arena, require_crew(bearer, Verb.EDIT), show, person, changes)


@router.get(f"{_SEASON}/entries", summary="Who is entered", responses=problems(401, 404, 422))
async def list_entries(
    arena: ArenaOf,
    bearer: BearerOf,
    show: ShowSlug,
    season: SeasonSlug,
    stage: Stage | None = None,
    after: After = 0,
    limit: PageMax = 200,
) -> EntryList:
    """The public sees those at the season's public stage and beyond."""
    return await seasons.entries(arena, bearer, show, season, stage, after, limit)


@router.post(
    f"{_SEASON}/entries",
    status_code=201,
    summary="Enter a person",
    responses={200: {"model": EntryDocument, "description": "Entered already"}, **_CHANGE},
)
async def enter(
    arena: ArenaOf, bearer: BearerOf, show: ShowSlug, season: SeasonSlug, wanted: EntryCreate, response: Response
) -> EntryDocument:
    entry, new = await seasons.enter(arena, require_crew(bearer, Verb.EDIT), show, season, wanted)
    if not new:
        response.status_code = 200
    return entry


@router.post(f"{_SEASON}/import", summary="Load a file of nominees", responses=_CHANGE, openapi_extra=_SHEETS)
async def load(
    request: Request,
    arena: ArenaOf,
    bearer: BearerOf,
    show: ShowSlug,
    season: SeasonSlug,
    dry_run: Annotated[bool, Query(description="Only say what would come of it.")] = False,
) -> Imported:
    """All of it, or, where one row is bad, nothing: then every bad row is told by its line."""
    crew = require_crew(bearer, Verb.EDIT)
    return await imports.load(arena, crew, show, season, await request.body(), dry_run)


@router.post(f"{_SEASON}/moves", summary="Move people to a stage", responses=_CHANGE)
async def move(arena: ArenaOf, bearer: BearerOf, show: ShowSlug, season: SeasonSlug, wanted: MovesWanted) -> Moved:
    return await seasons.move(arena, require_crew(bearer, Verb.EDIT), show, season, wanted)


@router.post(f"{_SEASON}/moves/by-rank", summary="Move the first of a round to a stage", responses=_CHANGE)
async def move_by_rank(
    arena: ArenaOf, bearer: BearerOf, show: ShowSlug, season: SeasonSlug, wanted: RankWanted
) -> MovedByRank:
    return await seasons.move_by_rank(arena, require_crew(bearer, Verb.EDIT), show, season, wanted)


@router.get(f"{_SEASON}/moves", summary="Who moved whom", responses=problems(401, 403, 404, 422))
async def list_moves(
    arena: ArenaOf, bearer: BearerOf, show: ShowSlug, season: SeasonSlug, after: After = 0, limit: PageMax = 200
) -> MoveList:
    return await seasons.moves(arena, require_crew(bearer, Verb.READ), show, season, after, limit)


@router.post(f"{_SEASON}/gala", status_code=201, summary="Make a gala of a stage's entries", responses=_CHANGE)
async def create_gala(
    arena: ArenaOf, bearer: BearerOf, show: ShowSlug, season: SeasonSlug, wanted: GalaCreate, response: Response
) -> SessionDocument:
    """A window of likes and votes for each contestant on stage, then the ballot over all of them."""
    session = await galas.create(arena, require_crew(bearer, Verb.EDIT), show, season, wanted)
    response.headers["Location"] = f"/api/v1/sessions/{session.code}"
    return session_document(session, arena.settings)


@router.get("/sessions/{code}/season", summary="The season of a session", responses=problems(401, 404))
async def read_session_season(arena: ArenaOf, bearer: BearerOf, code: Code) -> SessionSeason:
    return await season_sessions.season_of(arena, bearer, code)


@router.put("/sessions/{code}/season", summary="Put a session into a season", responses=_CHANGE)
async def put_session_season(
    arena: ArenaOf, bearer: BearerOf, code: Code, wanted: SessionSeasonWanted
) -> SessionSeason:
    """Whole each time: what is left out is undone."""
    return await season_sessions.put(arena, require_crew(bearer, Verb.EDIT, code), code, wanted)


@router.delete(
    "/sessions/{code}/season",
    status_code=204,
    summary="Take a session out of its season",
    responses=problems(401, 403, 404, 503),
)
async def remove_session_season(arena: ArenaOf, bearer: BearerOf, code: Code) -> None:
    await season_sessions.remove(arena, require_crew(bearer, Verb.EDIT, code), code)
