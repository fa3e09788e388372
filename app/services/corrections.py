"""Corrections of a locked result. One of the crew proposes, another confirms; then it is a record for good.

A correction changes no ballot and no earlier figure: it is a new record in a chain that begins with the result's
digest, with the figures as they stand after it, recounted from the ledger in the confirmation's own transaction.
"""

from typing import Any

from app.domain import ledger
from app.domain.errors import InvalidCorrection, NotLocked, ProposalNotFound, SamePerson
from app.domain.lifecycle import COUNTED
from app.domain.roles import Verb
from app.domain.session import Correction, Round, Session
from app.domain.signature import SigningKey
from app.domain.tally import Counts
from app.live.facts import Recounted
from app.schemas.correction import (
    CorrectionDocument,
    Corrections,
    CorrectionWanted,
    HeldRule,
    ProposalDocument,
)
from app.services.arena import Arena, changed, required_round, required_session
from app.services.identity import Crew, audit
from app.storage import ballots
from app.storage import corrections as stored
from app.storage.writer import Transaction


async def corrections(arena: Arena, actor: Crew, code: str, number: int) -> Corrections:
    """List what stands and what waits for a second person."""
    actor.require(Verb.READ, code)
    round_ = required_round(await arena.session(code), number)
    rows = await arena.read(stored.proposals_of, round_.run_id)
    return _document(arena, round_, [_proposal(row) for row in rows])


async def propose(arena: Arena, actor: Crew, code: str, number: int, wanted: CorrectionWanted) -> ProposalDocument:
    """Propose a correction; the same again gives back the one that waits.

    Raises:
        RoundNotFound, NotLocked, InvalidCorrection
    """
    actor.require(Verb.CORRECT, code)
    await arena.live(code)
    return await arena.write(_propose, actor, code, number, wanted)


async def confirm(arena: Arena, actor: Crew, code: str, number: int, proposal_id: int) -> Corrections:
    """Confirm what another proposed. Confirmed again, it changes nothing.

    Raises:
        RoundNotFound, ProposalNotFound, SamePerson, NotLocked, InvalidCorrection
    """
    actor.require(Verb.CORRECT, code)
    await arena.live(code)
    await arena.write(_confirm, actor, code, number, proposal_id)
    return await corrections(arena, actor, code, number)


async def withdraw(arena: Arena, actor: Crew, code: str, number: int, proposal_id: int) -> Corrections:
    """Take a proposal back; the audit log keeps it. One that is gone stays gone."""
    actor.require(Verb.CORRECT, code)
    await arena.live(code)
    await arena.write(_withdraw, actor, code, number, proposal_id)
    return await corrections(arena, actor, code, number)


def correction_documents(key: SigningKey, corrections: tuple[Correction, ...]) -> list[CorrectionDocument]:
    """Return corrections as everybody may see them: without their figures."""
    return [
        CorrectionDocument(
            **{name: each.record[name] for name in CorrectionDocument.model_fields if name in each.record},
            digest=each.digest,
            signature=key.sign_digest(each.digest),
        )
        for each in corrections
    ]


def _propose(
    transaction: Transaction, actor: Crew, code: str, number: int, wanted: CorrectionWanted
) -> ProposalDocument:
    session = required_session(transaction.connection, code)
    round_ = required_round(session, number)
    _require_possible(session, round_, wanted.kind, wanted.subject)
    # Bounded by what there is to correct: one proposal a channel or rule waits.
    for row in stored.proposals_of(transaction.connection, round_.run_id):
        if (row.kind, row.subject) == (wanted.kind, wanted.subject):
            return _proposal(row)
    values: dict[str, Any] = {
        **wanted.model_dump(),
        "proposed_by": actor.name or str(actor.role),
        "proposed_at_ms": transaction.now_ms,
    }
    proposal_id = stored.add_proposal(
        transaction.connection, run_id=round_.run_id, proposed_token_id=actor.id, **values
    )
    _audit(transaction, actor, session, round_, "correction_proposed", {"proposal": proposal_id, **wanted.model_dump()})
    return ProposalDocument(id=proposal_id, **values)


def _confirm(transaction: Transaction, actor: Crew, code: str, number: int, proposal_id: int) -> None:
    session = required_session(transaction.connection, code)
    round_ = required_round(session, number)
    if any(each.record["proposal"] == proposal_id for each in round_.corrections):
        return
    row = stored.find_proposal(transaction.connection, round_.run_id, proposal_id)
    if row is None:
        raise ProposalNotFound(f"Round {number} has no proposal {proposal_id}; list its corrections.")
    if row.proposed_token_id == actor.id:
        raise SamePerson("You proposed this correction yourself; another of the crew must confirm it.")
    _require_possible(session, round_, row.kind, row.subject)
    assert round_.result is not None
    before = round_.corrections[-1] if round_.corrections else None
    voided, released = _excluded(before)
    (voided if row.kind == "void_channel" else released).add(row.subject)
    counts = ballots.recount(transaction.connection, round_.run_id, round_.keys, voided, released)
    record = {
        "number": len(round_.corrections) + 1,
        "proposal": proposal_id,
        "session": code,
        "round": number,
        "run": round_.run.number,
        "kind": row.kind,
        "subject": row.subject,
        "reason": row.reason,
        "proposed_by": row.proposed_by,
        "proposed_at_ms": row.proposed_at_ms,
        "confirmed_by": actor.name or str(actor.role),
        "confirmed_at_ms": transaction.now_ms,
        "voided": sorted(voided),
        "released": sorted(released),
        **counts.figures(),
    }
    digest = ledger.fold(before.digest if before else round_.result["digest"], record)
    stored.add_correction(transaction.connection, round_.run_id, record["number"], record, digest)
    stored.close_proposal(transaction.connection, proposal_id, transaction.now_ms)
    told = {name: record[name] for name in ("proposal", "number", "kind", "subject", "reason")}
    _audit(transaction, actor, session, round_, "correction_confirmed", {**told, "digest": digest})
    transaction.facts.append(Recounted(code, round_.run_id, Counts.announced(record, record["number"])))
    changed(transaction, session)


def _withdraw(transaction: Transaction, actor: Crew, code: str, number: int, proposal_id: int) -> None:
    session = required_session(transaction.connection, code)
    round_ = required_round(session, number)
    if stored.find_proposal(transaction.connection, round_.run_id, proposal_id) is not None:
        stored.close_proposal(transaction.connection, proposal_id, transaction.now_ms)
        _audit(transaction, actor, session, round_, "correction_withdrawn", {"proposal": proposal_id})


def _require_possible(session: Session, round_: Round, kind: str, subject: str) -> None:
    if round_.standing is None or round_.run.phase not in COUNTED:
        raise NotLocked(
            f"Round {round_.number} is {round_.run.phase}; only a locked result is corrected.",
            phase=str(round_.run.phase),
        )
    voided, _ = _excluded(round_.corrections[-1] if round_.corrections else None)
    if kind == "void_channel":
        known = {each.key for each in session.channels} | set(round_.standing["channels"])
        if subject not in known - voided:
            raise InvalidCorrection(
                f"The channel “{subject}” is {'void already' if subject in voided else 'none of this session'}.",
                channels=sorted(known - voided),
            )
    elif subject not in round_.standing.get("held", {}):
        raise InvalidCorrection(
            f"No ballots are held by the rule “{subject}”.", rules=sorted(round_.standing.get("held", {}))
        )


def _excluded(last: Correction | None) -> tuple[set[str], set[str]]:
    return (set(), set()) if last is None else (set(last.record["voided"]), set(last.record["released"]))


def _audit(
    transaction: Transaction, actor: Crew, session: Session, round_: Round, action: str, what: dict[str, Any]
) -> None:
    after = {"run": round_.run.number, **what}
    audit(transaction, actor, action, session_id=session.id, round=round_.number, after=after)


def _proposal(row: Any) -> ProposalDocument:
    return ProposalDocument(**{name: getattr(row, name) for name in ProposalDocument.model_fields})


def _document(arena: Arena, round_: Round, proposals: list[ProposalDocument]) -> Corrections:
    held = (round_.standing or {}).get("held", {})
    return Corrections(
        corrections=correction_documents(arena.signing_key, round_.corrections),
        proposals=proposals,
        held=[HeldRule(rule=rule, ballots=each["ballots"]) for rule, each in held.items()],
    )
