"""What pollers of the tally and of its feeds are given: the frame of their view, and 304 where they have it already."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Response

from app.domain.session import Session
from app.live.hub import Frame
from app.services.arena import Arena
from app.services.identity import Bearer, Phone, may_read

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Nothing changed since the ETag that was sent"}}


def voter_of(bearer: Bearer, session: Session) -> str:
    """Return the keyed hash of a phone of this session, empty for everybody else."""
    return bearer.voter(session) if isinstance(bearer, Phone) and bearer.code == session.code else ""


async def frame_of(arena: Arena, bearer: Bearer, code: str) -> Frame:
    """Return the newest frame of the asker's view; a phone that asks counts as present.

    Raises:
        SessionNotFound
    """
    live = await arena.live(code)
    return arena.hub.poll(live, voter_of(bearer, live.session), may_read(bearer, code))


def tally_response(frame: Frame, bearer: Bearer, if_none_match: str | None) -> Response:
    return conditional(frame, bearer, if_none_match, "application/json; charset=utf-8", lambda: frame.payload)


def has_it(frame: Frame, if_none_match: str | None) -> bool:
    """Say whether one of the tags that an asker brings is the frame's."""
    return if_none_match is not None and frame.etag in [
        tag.strip().removeprefix("W/") for tag in if_none_match.split(",")
    ]


def conditional(
    frame: Frame,
    bearer: Bearer,
    if_none_match: str | None,
    media_type: str,
    render: Callable[[], bytes],
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with what `render` makes of a frame; it is not called where the asker has it already."""
    shared = {
        **(headers or {}),
        "ETag": frame.etag,
        "Cache-Control": "public, max-age=1" if frame.view == "public" and bearer is None else "private, no-cache",
        "Vary": "Authorization",
        "Access-Control-Allow-Origin": "*",
    }
    if has_it(frame, if_none_match):
        return Response(status_code=304, headers=shared)
    return Response(render(), media_type=media_type, headers=shared)
