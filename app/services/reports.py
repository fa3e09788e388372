"""What is read after the fact: results, the ledger's export, the report, the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from app.domain.errors import NotLocked, NotVisible, ReceiptNotFound, RoundNotFound
from app.domain.ledger import EXPORT_FORMAT, RECEIPT_FORM
from app.domain.lifecycle import COUNTED, Phase, RunState
from app.domain.roles import Verb
from app.domain.session import Choice, Round, Session, may_see_tally
from app.domain.tally import Counts
from app.live.document import tally_figures
from app.live.hub import LiveSession
from app.schemas.crew import AuditLine, AuditLog
from app.schemas.report import (
    ChannelFigures,
    EarlierRun,
    Ledger,
    LedgerBatchDocument,
    LedgerRules,
    Peaks,
    ReceiptDocument,
    Report,
    ReportMinute,
    ReportRound,
    ReportSecond,
    Result,
)
from app.schemas.tally import TallyFigures
from app.services.arena import Arena, required_session
from app.services.identity import Bearer, Crew, may_read
from app.services.sessions import session_document
from app.storage import ballots, crew, receipts, sessions

LIKES_NOTE = (
    "Likes are not ballots: they are cumulative totals of phones, stand in no chain and decide no vote. "
    "The digest covers their sums as they stood at the lock."
)


async def result(arena: Arena, code: str, number: int, bearer: Bearer, run: int | None = None) -> Result:
    """Return what the lock recounted, with the runs before it; of the present run, or of an earlier one.

    Raises:
        RoundNotFound, NotLocked, NotVisible
    """
    live, present = await _round(arena, code, number)
    runs = await arena.read(sessions.runs_of, present.id)
    round_ = _at_run(present, runs, run)
    stored = _counted_result(live.session, round_, bearer, earlier=round_ is not present)
    staff = may_read(bearer, code)
    return Result(
        session=code,
        round=number,
        run=round_.run.number,
        title=round_.title,
        phase=str(round_.run.phase),
        deciding=live.session.deciding,
        locked_at_ms=round_.run.locked_at_ms or 0,
        revealed_at_ms=round_.run.revealed_at_ms,
        certified_at_ms=round_.run.certified_at_ms,
        void_reason=round_.run.void_reason,
        tally=_figures(round_.choices, stored),
        channels=_channels(stored),
        ballots=stored["ballots"],
        chain_head=stored["chain_head"],
        digest=stored["digest"],
        history=[
            EarlierRun(
                run=each.number,
                phase=each.phase,
                locked_at_ms=each.locked_at_ms,
                void_reason=each.void_reason,
                # An earlier run's figures were public only if it had been revealed.
                tally=_figures(round_.choices, each.result)
                if each.result is not None and (staff or each.phase == Phase.REVEALED)
                else None,
            )
            for each in runs
            if each.number < round_.run.number
        ],
    )


async def ledger(arena: Arena, code: str, number: int, bearer: Bearer, run: int | None = None) -> Ledger:
    """Return the export for the recount: after the reveal for all, after the lock for the crew."""
    live, present = await _round(arena, code, number)
    round_ = present if run is None else _at_run(present, await arena.read(sessions.runs_of, present.id), run)
    _counted_result(live.session, round_, bearer, earlier=round_ is not present)
    if round_.run.phase is not Phase.REVEALED and not may_read(bearer, code):
        raise NotVisible("The ledger is public after the reveal; come back then.")
    return await arena.read(_ledger_document, live.session, round_)


def export(connection: Connection, code: str, number: int | None, run: int | None) -> tuple[Ledger, Phase]:
    """Return a run's export straight from the database, as the crew sees it, and the run's phase. Without a number,
    that of the last round that has a result.

    Raises:
        SessionNotFound, RoundNotFound, NotLocked
    """
    session = required_session(connection, code)
    if number is None:
        number = max((each.number for each in session.rounds if each.result is not None), default=1)
    present = _of_session(session, number)
    round_ = _at_run(present, sessions.runs_of(connection, present.id), run)
    _locked_result(round_)
    return _ledger_document(connection, session, round_), round_.run.phase


async def receipt(arena: Arena, code: str, asked: str) -> ReceiptDocument:
    """Say where a receipt's ballot stands, and never whose it is.

    What it chose, and whether a later change took its place, is told only after the reveal: before, a receipt would
    leak the tally, and would show a buyer of votes what was bought.

    Raises:
        SessionNotFound, ReceiptNotFound
    """
    session = (await arena.live(code)).session
    wanted = asked.strip().upper()
    # What cannot be a receipt is not looked for.
    row = await arena.read(receipts.find_receipt, session.id, wanted) if RECEIPT_FORM.fullmatch(wanted) else None
    if row is None:
        raise ReceiptNotFound(f"The session {session.code} has no ballot with this receipt; check each character.")
    revealed = row.phase == Phase.REVEALED
    return ReceiptDocument(
        receipt=wanted,
        session=session.code,
        round=row.round,
        run=row.run,
        seq=row.seq,
        choices=row.choices.split(",") if revealed else None,
        channel=row.channel,
        accepted_at_ms=row.accepted_at_ms,
        phase=row.phase,
        counted=False if row.phase == Phase.VOID else bool(row.stands) if revealed else None,
    )


def _ledger_document(connection: Connection, session: Session, round_: Round) -> Ledger:
    stored = _locked_result(round_)
    lines, batches = ballots.read_ledger(connection, round_.run_id)
    return Ledger(
        format=EXPORT_FORMAT,
        session=session.code,
        round=round_.number,
        run=round_.run.number,
        choices=list(round_.keys),
        rules=LedgerRules(
            choices_max=round_.choices_max, changeable=round_.changeable, votes_per_day=round_.votes_per_day
        ),
        locked_at_ms=round_.run.locked_at_ms,
        result=dict(stored),
        likes=dict(stored["likes"]),
        likes_note=LIKES_NOTE,
        batches=[
            LedgerBatchDocument(
                number=each.number,
                last_seq=each.last_seq,
                head=each.head,
                committed_at_ms=each.committed_at_ms,
            )
            for each in batches
        ],
        ballots=[
            [
                each.seq,
                each.receipt,
                each.voter,
                each.slot,
                each.revision,
                list(each.choices),
                each.channel,
                each.accepted_at_ms,
            ]
            for each in lines
        ],
    )


async def report(arena: Arena, code: str, bearer: Bearer) -> Report:
    """Return the session's figures over time; of each round only what the asker may see."""
    live = await arena.live(code)
    session = live.session
    visible = {each.run_id: each for each in session.rounds if _visible(each, bearer, code)}
    rows, audience = await arena.read(_report_rows, session.id, list(visible))
    timeline = _timeline(rows, visible)
    likes_peak = max(timeline, key=lambda second: sum(second.likes.values()), default=None)
    votes_peak = max(timeline, key=lambda second: second.votes, default=None)
    online = [(each.online, each.online_at_ms) for each in audience]
    online += [(live.peak_online, live.peak_at_ms)] if live.peak_online else []
    online_peak = max(online, key=lambda pair: (pair[0], -pair[1]), default=(0, None))
    counted = [live.counts.get(run_id, Counts()) for run_id in visible]
    document = session_document(session, "")
    return Report(
        session=document.model_dump(include={"code", "number", "title", "topic", "kind", "status", "deciding", "show"}),
        contestants=[each.model_dump() for each in document.contestants],
        rounds=[_report_round(live, each, each.run_id in visible) for each in session.rounds],
        timeline=timeline,
        audience=[ReportMinute(at_ms=each.minute_ms, online=each.online, unique=each.seen) for each in audience],
        peaks=Peaks(
            online=online_peak[0],
            online_at_ms=online_peak[1],
            likes_per_second=sum(likes_peak.likes.values()) if likes_peak else 0,
            likes_at_ms=likes_peak.at_ms if likes_peak else None,
            votes_per_second=votes_peak.votes if votes_peak else 0,
            votes_at_ms=votes_peak.at_ms if votes_peak else None,
        ),
        totals={
            "likes": sum(sum(each.likes.values()) for each in counted),
            "votes": sum(sum(each.votes.values()) for each in counted),
            "unique": len(live.seen),
        },
    )


async def audit(arena: Arena, actor: Crew, code: str, after: int, limit: int) -> AuditLog:
    """Return who did what when, oldest first; without `after` the newest `limit`."""
    actor.require(Verb.AUDIT, code)
    live = await arena.live(code)
    rows = await arena.read(crew.read_audit, live.session.id, after, limit)
    return AuditLog(
        entries=[
            AuditLine(
                id=row.id,
                at_ms=row.at_ms,
                actor=row.actor,
                role=row.role,
                action=row.action,
                round=row.round,
                before=row.before,
                after=row.after,
                detail=row.detail,
            )
            for row in rows
        ]
    )


async def keep_audience(arena: Arena) -> None:
    """Store how many are on line, by the minute, for the report."""
    minute_ms = arena.clock.now_ms() // 60_000 * 60_000
    rows = []
    for live in arena.hub.live.values():
        if live.peak_online and live.peak_at_ms:
            rows.append(
                {
                    "session_id": live.session.id,
                    "minute_ms": min(minute_ms, live.peak_at_ms // 60_000 * 60_000),
                    "online": live.peak_online,
                    "online_at_ms": live.peak_at_ms,
                    "seen": len(live.seen),
                }
            )
            live.peak_online = 0
    if rows:
        await arena.write(lambda transaction: ballots.put_audience(transaction.connection, rows))


async def _round(arena: Arena, code: str, number: int) -> tuple[LiveSession, Round]:
    live = await arena.live(code)
    return live, _of_session(live.session, number)


def _of_session(session: Session, number: int) -> Round:
    round_ = session.round(number)
    if round_ is None:
        raise RoundNotFound(f"The session {session.code} has no round {number}; look at its rounds.")
    return round_


def _at_run(present: Round, runs: Sequence[Any], number: int | None) -> Round:
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
    return replace(present, run_id=row.id, run=run, result=row.result)


def _locked_result(round_: Round) -> Mapping[str, Any]:
    phase = round_.run.phase
    if round_.result is None or phase not in (*COUNTED, Phase.VOID):
        raise NotLocked(f"Round {round_.number} is {phase}; its result comes with the lock.", phase=str(phase))
    return round_.result


def _counted_result(session: Session, round_: Round, bearer: Bearer, *, earlier: bool = False) -> Mapping[str, Any]:
    phase = round_.run.phase
    if phase is Phase.VOID and not may_read(bearer, session.code):
        raise NotVisible(f"This round is void: {round_.run.void_reason}.", phase="void")
    stored = _locked_result(round_)
    if earlier and phase is not Phase.REVEALED and not may_read(bearer, session.code):
        # As in the result's `history`: a rerun took this run's place before it was ever announced.
        raise NotVisible("This run was never revealed; a rerun took its place.", phase=str(phase))
    if not _visible(round_, bearer, session.code):
        raise NotVisible("The result is not revealed yet; come back after the reveal.")
    return stored


def _visible(round_: Round, bearer: Bearer, code: str) -> bool:
    view = "staff" if may_read(bearer, code) else "public"
    return may_see_tally(view, round_.visibility, round_.run.phase, False)  # type: ignore[arg-type]


def _report_rows(connection: Connection, session_id: int, run_ids: Sequence[int]) -> tuple[list[Any], list[Any]]:
    return ballots.timeline(connection, run_ids), ballots.audience(connection, session_id)


def _timeline(rows: Sequence[Any], visible: Mapping[int, Round]) -> list[ReportSecond]:
    seconds: dict[tuple[int, int], ReportSecond] = {}
    for row in rows:
        second = seconds.setdefault(
            (row.at_s, row.run_id),
            ReportSecond(at_ms=row.at_s * 1000, round=visible[row.run_id].number, likes={}, votes=0),
        )
        second.likes[row.choice] = row.likes
        second.votes += row.votes
    return list(seconds.values())


def _report_round(live: LiveSession, round_: Round, visible: bool) -> ReportRound:
    shown = visible and round_.run.phase is not Phase.DRAFT
    counts = live.counts.get(round_.run_id, Counts())
    return ReportRound(
        number=round_.number,
        run=round_.run.number,
        title=round_.title,
        dimension=round_.dimension,
        phase=str(round_.run.phase),
        opened_at_ms=round_.run.opened_at_ms,
        locked_at_ms=round_.run.locked_at_ms,
        revealed_at_ms=round_.run.revealed_at_ms,
        tally=TallyFigures.model_validate(tally_figures(round_.choices, counts)) if shown else None,
        channels=_channels(round_.result) if shown and round_.result is not None else None,
    )


def _figures(choices: Sequence[Choice], stored: Mapping[str, Any]) -> TallyFigures:
    counts = Counts(stored["votes"], stored["likes"], stored["turnout"])
    return TallyFigures.model_validate(tally_figures(choices, counts))


def _channels(stored: Mapping[str, Any]) -> dict[str, ChannelFigures]:
    return {
        key: ChannelFigures(
            votes=sum(each["votes"].values()), likes=sum(each["likes"].values()), turnout=each["turnout"]
        )
        for key, each in stored["channels"].items()
    }
