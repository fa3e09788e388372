"""How a phone gets its identity in a session, and what the service says about itself."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from app.routers.deps import ArenaOf, BearerOf, Code, problems
from app.schemas.voting import About, Join, Joined
from app.services import joining
from app.services.gate import Gate, address_key
from app.services.identity import Phone

router = APIRouter(tags=["audience"])


async def get_gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate


GateOf = Annotated[Gate, Depends(get_gate)]


@router.post(
    "/sessions/{code}/join",
    summary="Get a device token",
    responses=problems(400, 401, 403, 404, 409, 413, 422, 428, 429, 503),
)
async def join(
    request: Request, arena: ArenaOf, gate: GateOf, bearer: BearerOf, code: Code, wanted: Join | None = None
) -> Joined:
    """With this session's device token the same identity is given back. Only a ticket's first use writes anything."""
    known = bearer if isinstance(bearer, Phone) else None
    address = address_key(request.client.host if request.client else None)
    return await joining.join(arena, gate, code, wanted or Join(), known, address)


@router.get("/about", summary="What the service says about itself")
async def about(arena: ArenaOf) -> About:
    settings = arena.settings
    return About(
        icp=settings.icp,
        privacy_contact=settings.privacy_contact,
        purge_days=settings.purge_days,
        wechat=bool(settings.wechat_app_id),
    )
