"""What is read after the fact: results, the ledger's export, the report, the audit log."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.domain.errors import NotLocked, NotVisible, RoundNotFound
from app.domain.lifecycle import COUNTED, Phase
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
    Peaks,
    Report,
    ReportMinute,
    ReportRound,
    ReportSecond,
    Result,
)
from app.schemas.tally import TallyFigures
from app.services.arena import Arena
from app.services.identity import Bearer, Crew, may_read
from app.services.sessions import session_document
from app.storage import ballots, crew, sessions

LEDGER_FORMAT = "arena-ledger-1"


async def result(arena: Arena, code: str, number: int, bearer: Bearer) -> Result:
    """Return what the lock recounted, with the earlier runs.

    Raises:
        RoundNotFound, NotLocked, NotVisible
    """
    live, round_ = await _round(arena, code, number)
    stored = _counted_result(live.session, round_, bearer)
    runs = await arena.read(sessions.runs_of, round_.id)
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


async def ledger(arena: Arena, code: str, number: int, bearer: Bearer) -> Ledger:
    """Return the export for the recount: after the reveal for all, after the lock for the crew."""
    live, round_ = await _round(arena, code, number)
    stored = _counted_result(live.session, round_, bearer)
    if round_.run.phase is not Phase.REVEALED and not may_read(bearer, code):
        raise NotVisible("The ledger is public after the reveal; come back then.")
    lines, batches = await arena.read(ballots.read_ledger, round_.run_id)
    return Ledger(
        format=LEDGER_FORMAT,
        session=code,
        round=number,
        run=round_.run.number,
        choices=list(round_.keys),
        result=dict(stored),
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
    round_ = live.session.round(number)
    if round_ is None:
        raise RoundNotFound(f"The session {code} has no round {number}; look at its rounds.")
    return live, round_


def _counted_result(session: Session, round_: Round, bearer: Bearer) -> Mapping[str, Any]:
    phase = round_.run.phase
    if phase is Phase.VOID and not may_read(bearer, session.code):
        raise NotVisible(f"This round is void: {round_.run.void_reason}.", phase="void")
    if round_.result is None or phase not in (*COUNTED, Phase.VOID):
        raise NotLocked(f"Round {round_.number} is {phase}; its result comes with the lock.", phase=str(phase))
    if not _visible(round_, bearer, session.code):
        raise NotVisible("The result is not revealed yet; come back after the reveal.")
    return round_.result


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
