"""What routes are given: the arena, the bearer, a session's code."""

from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from app.domain.errors import InvalidRequest
from app.schemas.problem import Problem
from app.services.arena import Arena
from app.services.handover import require_in_time
from app.services.identity import Bearer, identify

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="An access token (`arena_…`) or a phone's device token.",
)

_TITLES = {
    400: "The body is not JSON",
    401: "A token is missing, invalid or expired",
    403: "The role, the session or the origin is wrong",
    404: "No such session, round or thing",
    409: "It does not fit the present state",
    412: "Somebody else has acted since, or it came too late",
    413: "The body is too large",
    422: "The request is not understood",
    428: "A proof of work is needed",
    429: "Too many requests",
    503: "Full for a moment; see Retry-After",
}


async def get_arena(connection: HTTPConnection) -> Arena:
    # Asynchronous, as all dependencies are: a synchronous one costs a hop to a thread.
    arena: Arena = connection.app.state.arena
    return arena


async def get_bearer(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    token: Annotated[
        str | None,
        Query(max_length=512, description="For tools that can set no header.", include_in_schema=False),
    ] = None,
) -> Bearer:
    """Say who is asking. A token that is not valid is refused, also where none is needed."""
    given = credentials.credentials if credentials else token
    return await identify(request.app.state.arena, given) if given else None


async def session_code(
    code: Annotated[str, Path(description="The session's code; letters of either case.", examples=["K7M2QP"])],
) -> str:
    return code.upper()


ArenaOf = Annotated[Arena, Depends(get_arena)]


async def seen_revision(
    revision: Annotated[
        int | None, Query(ge=0, le=2**53, description="The session's revision that was seen; else nothing is asked.")
    ] = None,
    if_match: Annotated[
        str | None, Header(max_length=40, description='The same as a header: If-Match: "17"; `*` asks nothing.')
    ] = None,
) -> int | None:
    """Return the revision that a command's sender had looked at, where it says so."""
    if revision is not None or if_match is None or if_match.strip() == "*":
        return revision
    digits = if_match.strip().removeprefix("W/").strip('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 16):
        raise InvalidRequest(
            'If-Match takes one revision of the session, such as "17", or *; leave it out to ask nothing.'
        )
    return int(digits)


async def in_time(
    arena: ArenaOf,
    until_ms: Annotated[
        int | None,
        Query(ge=0, le=2**53, description="By the server's clock: a command that arrives later is refused."),
    ] = None,
) -> None:
    """Refuse a command that the network has held back for longer than its sender waits."""
    require_in_time(arena, until_ms)


ID_MAX = 2**31 - 1
"""As far as the database numbers its rows."""
RowId = Annotated[int, Path(ge=1, le=ID_MAX)]
After = Annotated[int, Query(ge=0, le=ID_MAX, description="Those with a greater id; `next` of the page before.")]
Seen = Annotated[int | None, Depends(seen_revision)]
BearerOf = Annotated[Any, Depends(get_bearer)]
Code = Annotated[str, Depends(session_code)]
RoundNumber = Annotated[int, Path(ge=1, le=1000, description="The round's number, from 1.")]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document the problems that a route may answer."""
    return {
        status: {
            "model": Problem,
            "description": _TITLES[status],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }
