"""What a season and a show add up to: standings, the ranking of a round, the profile card."""

from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel

from app.domain.roles import Verb
from app.feeds.card_svg import card_svg
from app.feeds.feed import Language
from app.routers.conditional import NOT_MODIFIED, frame_of
from app.routers.deps import ArenaOf, BearerOf, Code, RoundNumber, problems
from app.routers.seasons import SeasonSlug, ShowSlug
from app.schemas.card import Card, FormulaWanted
from app.schemas.season import Slug
from app.schemas.standings import Ranking, StandingsDocument
from app.services import cards, rankings, standings
from app.services.identity import Bearer, require_crew

router = APIRouter(tags=["standings"])

IfNoneMatch = Annotated[str | None, Header(include_in_schema=False)]
OfSeason = Annotated[Slug | None, Query(description="Only this season's sessions.")]

_RANKING = "/sessions/{code}/rounds/{number}/ranking"


def _answer(
    content: bytes, etag: str, bearer: Bearer, if_none_match: str | None, media_type: str, max_age_s: int
) -> Response:
    """Answer with a content, or 304 where the asker has it."""
    headers = {
        "ETag": etag,
        "Cache-Control": f"public, max-age={max_age_s}" if bearer is None else "private, no-cache",
        "Vary": "Authorization",
        "Access-Control-Allow-Origin": "*",
    }
    if if_none_match is not None and etag in [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def _document(document: BaseModel, bearer: Bearer, if_none_match: str | None) -> Response:
    content = document.model_dump_json().encode()
    etag = f'"{sha256(content).hexdigest()[:24]}"'
    return _answer(content, etag, bearer, if_none_match, "application/json", 5)


@router.get(
    "/shows/{show}/seasons/{season}/standings",
    summary="The standings of a season",
    response_model=StandingsDocument,
    responses={**NOT_MODIFIED, **problems(401, 404, 422)},
)
async def read_standings(
    arena: ArenaOf, bearer: BearerOf, show: ShowSlug, season: SeasonSlug, if_none_match: IfNoneMatch = None
) -> Response:
    """Of locked and revealed rounds, as far as the asker may see them. Equals share a rank: 1, 1, 3."""
    return _document(await standings.standings_of(arena, bearer, show, season), bearer, if_none_match)


@router.get(
    _RANKING,
    summary="The ranking of a round",
    response_model=Ranking,
    responses={**NOT_MODIFIED, **problems(401, 404, 422)},
)
async def read_ranking(
    arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber, if_none_match: IfNoneMatch = None
) -> Response:
    """Light to poll, also with 64 candidates. What may not be seen is all zeros, in the order of the choices."""
    frame = await frame_of(arena, bearer, code)
    content, etag = await rankings.ranking(arena, await arena.live(code), frame.payload, number, bearer)
    return _answer(content, etag, bearer, if_none_match, "application/json", 1)


router.add_api_route(_RANKING, read_ranking, methods=["HEAD"], include_in_schema=False, response_model=None)


@router.get(
    "/shows/{show}/card",
    summary="The profile card of a show",
    response_model=Card,
    responses={**NOT_MODIFIED, **problems(401, 404, 422)},
)
async def read_card(
    arena: ArenaOf, bearer: BearerOf, show: ShowSlug, season: OfSeason = None, if_none_match: IfNoneMatch = None
) -> Response:
    """What everybody may see, whoever asks; the stars with the formula by which they are counted."""
    return _document(await cards.card(arena, show, season), bearer, if_none_match)


@router.get(
    "/shows/{show}/card.svg",
    summary="The profile card as a picture",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}}, **NOT_MODIFIED, **problems(401, 404, 422)},
)
async def read_card_picture(
    arena: ArenaOf,
    bearer: BearerOf,
    show: ShowSlug,
    season: OfSeason = None,
    lang: Language = "zh",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """720 by 960, needing nothing from anywhere."""
    content = card_svg((await cards.card(arena, show, season)).model_dump(), lang)
    etag = f'"{sha256(content).hexdigest()[:24]}"'
    response = _answer(content, etag, bearer, if_none_match, "image/svg+xml; charset=utf-8", 5)
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    return response


@router.put(
    "/shows/{show}/card/formula",
    summary="Say how the stars are counted",
    responses=problems(400, 401, 403, 404, 413, 422, 503),
)
async def put_formula(arena: ArenaOf, bearer: BearerOf, show: ShowSlug, wanted: FormulaWanted) -> Card:
    return await cards.put_formula(arena, require_crew(bearer, Verb.EDIT), show, wanted)


@router.delete(
    "/shows/{show}/card/formula",
    status_code=204,
    summary="Count the stars by default again",
    responses=problems(401, 403, 404, 422, 503),
)
async def remove_formula(arena: ArenaOf, bearer: BearerOf, show: ShowSlug) -> None:
    await cards.remove_formula(arena, require_crew(bearer, Verb.EDIT), show)
