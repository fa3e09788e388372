"""Who am I, access tokens, the audit log."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.domain.errors import TokenMissing
from app.domain.roles import CAN, Verb
from app.routers.deps import ID_MAX, ArenaOf, BearerOf, Code, RowId, problems
from app.schemas.crew import AuditLog, Me, TokenCreate, TokenList, TokenMade, TokenSummary
from app.services import identity, reports
from app.services.identity import Crew, require_crew
from app.storage import crew

router = APIRouter(tags=["crew"])

AfterEntry = Annotated[int, Query(ge=0, le=ID_MAX, description="Entries with a greater id; 0 for the newest.")]
EntriesMax = Annotated[int, Query(ge=1, le=500)]


@router.get("/me", summary="Who this token is", responses=problems(401))
async def me(arena: ArenaOf, bearer: BearerOf) -> Me:
    if bearer is None:
        raise TokenMissing("A token is needed; send it as Authorization: Bearer.")
    if isinstance(bearer, Crew):
        return Me(
            kind="access",
            role=bearer.role,
            name=bearer.name,
            can=list(CAN[bearer.role]),
            session=bearer.session,
            channel=None,
            expires_at_ms=bearer.expires_at_ms,
        )
    return Me(
        kind="device",
        role=None,
        name=None,
        can=[],
        session=bearer.code,
        channel=bearer.channel,
        expires_at_ms=identity.good_until_ms(arena, bearer),
    )


@router.post(
    "/tokens",
    status_code=201,
    summary="Make an access token",
    responses=problems(400, 401, 403, 404, 413, 422, 503),
)
async def make_token(arena: ArenaOf, bearer: BearerOf, wanted: TokenCreate, response: Response) -> TokenMade:
    """The token is shown this once."""
    code = wanted.session.upper() if wanted.session else None
    maker = require_crew(bearer, Verb.TOKENS, code)
    token_id, token, expires = await identity.make_token(arena, maker, wanted.role, wanted.name, code, wanted.hours)
    response.headers["Cache-Control"] = "no-store"
    return TokenMade(id=token_id, token=token, role=wanted.role, name=wanted.name, session=code, expires_at_ms=expires)


@router.get("/tokens", summary="List access tokens", responses=problems(401, 403))
async def list_tokens(arena: ArenaOf, bearer: BearerOf) -> TokenList:
    require_crew(bearer, Verb.TOKENS)
    rows = await arena.read(crew.list_tokens)
    return TokenList(
        tokens=[
            TokenSummary(
                id=row.id,
                role=row.role,
                name=row.name,
                session=row.code,
                created_at_ms=row.created_at_ms,
                expires_at_ms=row.expires_at_ms,
                revoked_at_ms=row.revoked_at_ms,
            )
            for row in rows
        ]
    )


@router.delete(
    "/tokens/{token_id}",
    status_code=204,
    summary="Revoke an access token",
    responses=problems(401, 403, 404, 422, 503),
)
async def revoke_token(arena: ArenaOf, bearer: BearerOf, token_id: RowId) -> None:
    await identity.revoke_token(arena, require_crew(bearer, Verb.TOKENS), token_id)


@router.get("/sessions/{code}/audit", summary="Who did what when", responses=problems(401, 403, 404, 422))
async def audit(
    arena: ArenaOf, bearer: BearerOf, code: Code, after: AfterEntry = 0, limit: EntriesMax = 100
) -> AuditLog:
    return await reports.audit(arena, require_crew(bearer, Verb.AUDIT, code), code, after, limit)


@router.get("/audit", summary="Who made tokens and shows", responses=problems(401, 403, 422))
async def audit_of_the_service(
    arena: ArenaOf, bearer: BearerOf, after: AfterEntry = 0, limit: EntriesMax = 100
) -> AuditLog:
    """The entries that concern no session."""
    return await reports.audit(arena, require_crew(bearer, Verb.TOKENS), None, after, limit)
