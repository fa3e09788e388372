"""What the lock announced: results with their corrections, the ledger's export, and what a receipt stands for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Connection

from app.domain.errors import NotLocked, NotVisible, Overloaded, ReceiptNotFound, RoundNotFound
from app.domain.ledger import EXPORT_FORMAT, RECEIPT_FORM
from app.domain.lifecycle import COUNTED, Phase, RunState
from app.domain.session import Channel, Choice, Correction, Round, Session, may_see_tally
from app.domain.signature import SigningKey
from app.domain.tally import Counts
from app.live.document import tally_figures
from app.schemas.report import ChannelFigures, EarlierRun, ReceiptDocument, Result
from app.schemas.tally import TallyFigures
from app.services.arena import Arena, required_round, required_session
from app.services.corrections import correction_documents
from app.services.identity import Bearer, may_read
from app.storage import ballots, receipts, sessions

EXPORTS_KEPT = 8
EXPORTS_WAITING_MAX = 50
LIKES_NOTE = (
    "Likes are not ballots: they are cumulative totals of phones, stand in no chain and decide no vote. "
    "The digest covers their sums as they stood at the lock."
)


async def result(arena: Arena, code: str, number: int, bearer: Bearer, run: int | None = None) -> Result:
    """Return what stands: what the lock recounted, or the last correction of it, with the runs before it. Of the
    present run, or of an earlier one.

    Raises:
        RoundNotFound, NotLocked, NotVisible
    """
    session = await arena.session(code)
    present = required_round(session, number)
    runs, corrections = await arena.read(_history, session.id, present.id)
    round_ = _at_run(present, runs, corrections, run)
    announced = _visible_result(session, round_, bearer, earlier=round_ is not present)
    standing = round_.standing or announced
    staff = may_read(bearer, code)
    figures = figures_of(round_.choices, session.channels, standing, len(round_.corrections))
    return Result(
        session=code,
        round=number,
        run=round_.run.number,
        title=round_.title,
        phase=str(round_.run.phase),
        rehearsal_of=session.rehearsal_of,
        deciding=session.deciding,
        sealed=round_.sealed,
        locked_at_ms=round_.run.locked_at_ms or 0,
        revealed_at_ms=round_.run.revealed_at_ms,
        certified_at_ms=round_.run.certified_at_ms,
        void_reason=round_.run.void_reason,
        by=figures.by,
        tally=figures,
        at_lock=figures_of(round_.choices, session.channels, announced) if round_.corrections else None,
        channels=channels_of(session.channels, standing),
        held=figures.held,
        corrections=correction_documents(arena.signing_key, round_.corrections),
        ballots=announced["ballots"],
        chain_head=announced["chain_head"],
        digest=announced["digest"],
        signature=arena.signing_key.sign_digest(announced["digest"]),
        key=arena.signing_key.public,
        history=[
            EarlierRun(
                run=each.number,
                phase=each.phase,
                locked_at_ms=each.locked_at_ms,
                void_reason=each.void_reason,
                # An earlier run's figures were public only if it had been revealed; a seal that nobody broke stays.
                tally=figures_of(round_.choices, session.channels, each.result)
                if each.result is not None
                and (staff or each.phase == Phase.REVEALED)
                and not (round_.sealed and each.certified_at_ms is None)
                else None,
            )
            for each in runs
            if each.number < round_.run.number
        ],
    )


async def ledger(arena: Arena, code: str, number: int, bearer: Bearer, run: int | None = None) -> bytes:
    """Return the export for the recount as JSON: after the reveal for all, after the lock for the crew.

    Built once, one at a time, in a reading thread: fifty thousand ballots take a second, and everybody asks at the
    reveal.

    Raises:
        RoundNotFound, NotLocked, NotVisible, Overloaded
    """
    session = await arena.session(code)
    present = required_round(session, number)
    round_ = present if run is None else _at_run(present, *await arena.read(_history, session.id, present.id), run)
    _visible_result(session, round_, bearer, earlier=round_ is not present)
    if round_.run.phase is not Phase.REVEALED and not may_read(bearer, code):
        raise NotVisible("The ledger is public after the reveal; come back then.")
    # By name: when a rehearsal is purged, SQLite gives the numbers of its runs away again.
    key = (session.code, number, round_.run.number, len(round_.corrections), str(round_.run.phase))
    if key not in arena.exports:
        if arena.exports_wanted >= EXPORTS_WAITING_MAX:
            raise Overloaded("Many ask for the ledger at once; try again in a moment.", retry_after_s=3)
        arena.exports_wanted += 1
        try:
            async with arena.exporting:
                if key not in arena.exports:
                    content = await arena.read(_export, session, round_, arena.signing_key)
                    while len(arena.exports) >= EXPORTS_KEPT:
                        arena.exports.pop(next(iter(arena.exports)))
                    arena.exports[key] = content
        finally:
            arena.exports_wanted -= 1
    return arena.exports[key]


def export(
    connection: Connection, key: SigningKey, code: str, number: int | None, run: int | None
) -> tuple[dict[str, Any], Phase]:
    """Return a run's export straight from the database, as the crew sees it, and the run's phase. Without a number,
    that of the last round that has a result.

    Raises:
        SessionNotFound, RoundNotFound, NotLocked, NotVisible
    """
    session = required_session(connection, code)
    if number is None:
        number = max((each.number for each in session.rounds if each.result is not None), default=1)
    present = required_round(session, number)
    round_ = _at_run(present, *_history(connection, session.id, present.id), run)
    _require_unsealed(round_)
    return _ledger_document(connection, session, round_, key), round_.run.phase


def every_export(connection: Connection, key: SigningKey) -> Iterator[dict[str, Any]]:
    """Return the exports of all runs that were locked, sealed ones too: for who holds the database anyway."""
    for code in sessions.all_codes(connection):
        session = required_session(connection, code)
        for present in session.rounds:
            runs, corrections = _history(connection, session.id, present.id)
            for row in runs:
                round_ = _at_run(present, runs, corrections, row.number)
                if round_.result is not None:
                    yield _ledger_document(connection, session, round_, key)


async def receipt(arena: Arena, code: str, asked: str) -> ReceiptDocument:
    """Say where a receipt's ballot stands, and never whose it is.

    What it chose, and whether a later change took its place, is told only after the reveal: before, a receipt would
    leak the tally, and would show a buyer of votes what was bought.

    Raises:
        SessionNotFound, ReceiptNotFound
    """
    session = await arena.session(code)
    wanted = asked.strip().upper()
    # What cannot be a receipt is not looked for.
    row = await arena.read(receipts.find_receipt, session.id, wanted) if RECEIPT_FORM.fullmatch(wanted) else None
    if row is None:
        raise ReceiptNotFound(f"The session {session.code} has no ballot with this receipt; check each character.")
    revealed = row.phase == Phase.REVEALED
    corrections = (await arena.read(sessions.corrections_of, session.id)).get(row.run_id, [])
    last: Mapping[str, Any] = corrections[-1].record if corrections else {"voided": [], "released": []}
    held = bool(row.held) and row.held not in last["released"]
    counts = bool(row.stands) and not held and row.channel not in last["voided"]
    return ReceiptDocument(
        receipt=wanted,
        session=session.code,
        rehearsal=session.rehearsal,
        round=row.round,
        run=row.run,
        seq=row.seq,
        choices=row.choices.split(",") if revealed else None,
        channel=row.channel,
        accepted_at_ms=row.accepted_at_ms,
        phase=row.phase,
        held=held,
        counted=False if row.phase == Phase.VOID else counts if revealed else None,
    )


def is_visible(round_: Round, bearer: Bearer, code: str) -> bool:
    """Say whether the asker may see a round's figures."""
    view = "staff" if may_read(bearer, code) else "public"
    return may_see_tally(view, round_.visibility, round_.run.phase, False, round_.seal_unbroken)  # type: ignore[arg-type]


def figures_of(
    choices: Sequence[Choice], channels: Sequence[Channel], announced: Mapping[str, Any], corrections: int = 0
) -> TallyFigures:
    """Return announced figures as everybody shows them."""
    return TallyFigures.model_validate(tally_figures(choices, Counts.announced(announced, corrections), channels))


def channels_of(channels: Sequence[Channel], announced: Mapping[str, Any]) -> dict[str, ChannelFigures]:
    """Return the announced sums of each channel that has any."""
    weights = {each.key: each.weight for each in channels}
    return {
        key: ChannelFigures(
            votes=sum(each["votes"].values()),
            likes=sum(each["likes"].values()),
            turnout=each["turnout"],
            weight=weights.get(key),
            voided=key in announced.get("voided", ()),
        )
        for key, each in announced["channels"].items()
    }


def _history(
    connection: Connection, session_id: int, round_id: int
) -> tuple[list[Any], Mapping[int, Sequence[Correction]]]:
    return sessions.runs_of(connection, round_id), sessions.corrections_of(connection, session_id)


def _at_run(
    present: Round, runs: Sequence[Any], corrections: Mapping[int, Sequence[Correction]], number: int | None
) -> Round:
    """Return the round as its run `number` left it; itself where that is the present run or none is asked for."""
    if number in (None, present.run.number):
        return present
    row = next((each for each in runs if each.number == number), None)
    if row is None:
        raise RoundNotFound(f"Round {present.number} has no run {number}; it has {present.run.number}.")
    run = RunState(
        number=row.number,
        phase=Phase(row.phase),
        locked_at_ms=row.locked_at_ms,
        revealed_at_ms=row.revealed_at_ms,
        certified_at_ms=row.certified_at_ms,
        void_reason=row.void_reason,
    )
    return replace(present, run_id=row.id, run=run, result=row.result, corrections=tuple(corrections.get(row.id, ())))


def _locked_result(round_: Round) -> Mapping[str, Any]:
    phase = round_.run.phase
    if round_.result is None or phase not in (*COUNTED, Phase.VOID):
        raise NotLocked(f"Round {round_.number} is {phase}; its result comes with the lock.", phase=str(phase))
    return round_.result


def _require_unsealed(round_: Round) -> None:
    if round_.seal_unbroken:
        raise NotVisible("This round is sealed; nobody sees its count before a scrutineer has certified it.")


def _visible_result(session: Session, round_: Round, bearer: Bearer, *, earlier: bool = False) -> Mapping[str, Any]:
    """Return what the lock announced, where the asker may see it."""
    phase = round_.run.phase
    if phase is Phase.VOID and not may_read(bearer, session.code):
        raise NotVisible(f"This round is void: {round_.run.void_reason}.", phase="void")
    announced = _locked_result(round_)
    _require_unsealed(round_)
    if earlier and phase is not Phase.REVEALED and not may_read(bearer, session.code):
        # As in the result's `history`: a rerun took this run's place before it was ever announced.
        raise NotVisible("This run was never revealed; a rerun took its place.", phase=str(phase))
    if not is_visible(round_, bearer, session.code):
        raise NotVisible("The result is not revealed yet; come back after the reveal.")
    return announced


def _export(connection: Connection, session: Session, round_: Round, key: SigningKey) -> bytes:
    return orjson.dumps(_ledger_document(connection, session, round_, key))


def _ledger_document(connection: Connection, session: Session, round_: Round, key: SigningKey) -> dict[str, Any]:
    """Return the export. The form is `schemas.report.Ledger`; plain values, for there may be a hundred thousand."""
    announced = _locked_result(round_)
    lines, batches = ballots.read_ledger(connection, round_.run_id)
    return {
        "format": EXPORT_FORMAT,
        "session": session.code,
        "round": round_.number,
        "run": round_.run.number,
        "rehearsal_of": session.rehearsal_of,
        "deciding": session.deciding,
        "choices": list(round_.keys),
        "rules": {
            "choices_max": round_.choices_max,
            "changeable": round_.changeable,
            "votes_per_day": round_.votes_per_day,
        },
        "locked_at_ms": round_.run.locked_at_ms,
        "result": dict(announced),
        "corrections": [
            {"record": dict(each.record), "digest": each.digest, "signature": key.sign_digest(each.digest)}
            for each in round_.corrections
        ],
        "signature": key.sign_digest(announced["digest"]),
        "key": key.public,
        "likes": dict(announced["likes"]),
        "likes_note": LIKES_NOTE,
        "batches": [
            {
                "number": each.number,
                "last_seq": each.last_seq,
                "head": each.head,
                "committed_at_ms": each.committed_at_ms,
            }
            for each in batches
        ],
        "ballots": [each.row() for each in lines],
    }
