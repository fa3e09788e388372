"""What is read after the fact: the report and the audit log."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from app.domain.ledger import AUDIT_FORMAT, CHAIN_START
from app.domain.lifecycle import Phase
from app.domain.roles import Verb
from app.domain.session import Round
from app.domain.signature import SigningKey
from app.domain.tally import Counts
from app.live.document import tally_figures
from app.live.hub import LiveSession
from app.schemas.crew import AuditExport, AuditLine, AuditLog
from app.schemas.report import Peaks, Report, ReportMinute, ReportRound, ReportSecond
from app.schemas.tally import TallyFigures
from app.services.arena import Arena
from app.services.identity import Bearer, Crew
from app.services.results import channels_of, is_visible
from app.services.sessions import session_document
from app.storage import ballots, crew, sessions
from app.storage.writer import Transaction

_SESSION_FIELDS = {"code", "number", "title", "topic", "kind", "status", "rehearsal", "deciding", "show"}


async def report(arena: Arena, code: str, bearer: Bearer) -> Report:
    """Return the session's figures over time; of each round only what the asker may see."""
    live = await arena.live(code)
    session = live.session
    visible = {each.run_id: each for each in session.rounds if is_visible(each, bearer, code)}
    rows, audience = await arena.read(_report_rows, session.id, list(visible))
    timeline = _timeline(rows, visible)
    likes_peak = max(timeline, key=lambda second: sum(second.likes.values()), default=None)
    votes_peak = max(timeline, key=lambda second: second.votes, default=None)
    online = [(each.online, each.online_at_ms) for each in audience]
    online += [(live.peak_online, live.peak_at_ms)] if live.peak_online else []
    online_peak = max(online, key=lambda pair: (pair[0], -pair[1]), default=(0, None))
    counted = [live.counts.get(run_id, Counts()) for run_id in visible]
    document = session_document(session, arena.settings)
    return Report(
        session=document.model_dump(include=_SESSION_FIELDS),
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
            "unique": live.unique,
        },
    )


async def audit(arena: Arena, actor: Crew, code: str | None, after: int, limit: int) -> AuditLog:
    """Return who did what when, oldest first; without `after` the newest `limit`. Without a session what concerns
    none, such as tokens and shows: for who may make tokens.
    """
    actor.require(Verb.TOKENS if code is None else Verb.AUDIT, code)
    session_id = None if code is None else (await arena.session(code)).id
    rows = await arena.read(crew.read_audit, session_id, after, limit)
    return AuditLog(entries=[_audit_line(row) for row in rows])


async def audit_export(arena: Arena, actor: Crew, code: str) -> AuditExport:
    """Return every entry of a session, with the chain's head and its signature."""
    actor.require(Verb.AUDIT, code)
    session = await arena.session(code)
    return await arena.read(audit_document, session.id, session.code, arena.signing_key)


def audit_document(connection: Connection, session_id: int, code: str, key: SigningKey) -> AuditExport:
    rows = crew.read_whole_audit(connection, session_id)
    head = rows[-1].digest if rows else CHAIN_START
    return AuditExport(
        format=AUDIT_FORMAT,
        session=code,
        entries=[_audit_line(row) for row in rows],
        head=head,
        signature=key.sign_digest(head),
        key=key.public,
    )


def _audit_line(row: Row[Any]) -> AuditLine:
    return AuditLine(**{name: getattr(row, name) for name in AuditLine.model_fields})


async def keep_audience(arena: Arena) -> None:
    """Store how many are on line, by the minute, for the report."""
    minute_ms = arena.clock.now_ms() // 60_000 * 60_000
    rows = []
    for live in arena.hub.live.values():
        if live.peak_online and live.peak_at_ms:
            row = {
                "session_id": live.session.id,
                "minute_ms": min(minute_ms, live.peak_at_ms // 60_000 * 60_000),
                "online": live.peak_online,
                "online_at_ms": live.peak_at_ms,
                "seen": live.unique,
            }
            rows.append((live.session.code, row))
            live.peak_online = 0
    if rows:
        await arena.write(_keep, rows)


def _keep(transaction: Transaction, rows: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Store what is of sessions that are still there: a rehearsal may have been purged meanwhile."""
    there = [row for code, row in rows if sessions.session_exists(transaction.connection, code)]
    if there:
        ballots.put_audience(transaction.connection, there)


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
        tally=TallyFigures.model_validate(tally_figures(round_.choices, counts, live.session.channels))
        if shown
        else None,
        channels=channels_of(live.session.channels, round_.standing) if shown and round_.standing is not None else None,
    )
