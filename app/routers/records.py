"""What stands beside a result: corrections, tallies that others counted, the signing key, the audit log's export."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.domain.roles import Verb
from app.routers.deps import ArenaOf, BearerOf, Code, RoundNumber, RowId, problems
from app.schemas.correction import (
    Corrections,
    CorrectionWanted,
    ExternalTallies,
    ExternalWanted,
    Keys,
    ProposalDocument,
    SourceDocument,
    SourceWanted,
)
from app.schemas.crew import AuditExport
from app.schemas.session import Key
from app.services import corrections, external, reports
from app.services.identity import require_crew

router = APIRouter(tags=["records"])

_ROUND = "/sessions/{code}/rounds/{number}/corrections"
_CHANGE = problems(400, 401, 403, 404, 409, 413, 422, 503)


@router.get("/keys", summary="The key that signs results", responses=problems(401))
async def keys(arena: ArenaOf, bearer: BearerOf) -> Keys:
    return Keys(algorithm="Ed25519", public_key=arena.signing_key.public)


@router.get(_ROUND, summary="Corrections of a result", responses=problems(401, 403, 404, 422))
async def list_corrections(arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber) -> Corrections:
    return await corrections.corrections(arena, require_crew(bearer, Verb.READ, code), code, number)


@router.post(_ROUND, status_code=201, summary="Propose a correction", responses=_CHANGE)
async def propose(
    arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber, wanted: CorrectionWanted
) -> ProposalDocument:
    """Nothing changes until another of the crew confirms it."""
    return await corrections.propose(arena, require_crew(bearer, Verb.CORRECT, code), code, number, wanted)


async def _confirm(arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber, proposal: RowId) -> Corrections:
    crew = require_crew(bearer, Verb.CORRECT, code)
    return await corrections.confirm(arena, crew, code, number, proposal)


async def _withdraw(arena: ArenaOf, bearer: BearerOf, code: Code, number: RoundNumber, proposal: RowId) -> Corrections:
    crew = require_crew(bearer, Verb.CORRECT, code)
    return await corrections.withdraw(arena, crew, code, number, proposal)


for _what, _answer in (("confirm", _confirm), ("withdraw", _withdraw)):
    for _method in ("POST", "PUT"):
        router.add_api_route(
            f"{_ROUND}/{{proposal}}/{_what}",
            _answer,
            methods=[_method],
            name=f"{_what} a correction",
            operation_id=f"{_method.lower()}_correction_{_what}",
            summary=f"{_what.capitalize()} a correction",
            responses=problems(401, 403, 404, 409, 413, 422, 503),
            response_model=Corrections,
        )


@router.put("/sessions/{code}/sources/{key}", summary="Name a source of external tallies", responses=_CHANGE)
async def put_source(
    arena: ArenaOf, bearer: BearerOf, code: Code, key: Annotated[Key, Path()], wanted: SourceWanted
) -> SourceDocument:
    return await external.put_source(arena, require_crew(bearer, Verb.CERTIFY, code), code, key, wanted)


@router.post("/sessions/{code}/external", summary="Import a signed tally", responses=_CHANGE)
async def take(arena: ArenaOf, bearer: BearerOf, code: Code, wanted: ExternalWanted) -> ExternalTallies:
    """Checked against the source's key, kept as it came, and counted in nothing."""
    return await external.take(arena, require_crew(bearer, Verb.CORRECT, code), code, wanted)


@router.get("/sessions/{code}/external", summary="What others counted", responses=problems(401, 404))
async def list_external(arena: ArenaOf, bearer: BearerOf, code: Code) -> ExternalTallies:
    return await external.external(arena, bearer, code)


@router.get("/sessions/{code}/audit/export", summary="The audit log, whole", responses=problems(401, 403, 404))
async def audit_export(arena: ArenaOf, bearer: BearerOf, code: Code) -> AuditExport:
    """For `arena verify`: every entry with its digest, which follows from the entry before."""
    return await reports.audit_export(arena, require_crew(bearer, Verb.AUDIT, code), code)
