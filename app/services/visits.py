"""Visits 先锋党课送基层: an organisation asks for a contestant after seeing the session, and the crew answers.

Who asks follows the request by a receipt, which is kept as a hash only. What is personal in a request is shown to who
handles visits alone, stands in no audit entry and no calendar, and is destroyed on its date.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import Connection, Row

from app.domain.errors import Conflict, InvalidRequest, SessionEnded, VisitNotAllowed, VisitNotFound
from app.domain.roles import Verb
from app.domain.session import Session
from app.domain.visit import OPEN, Act, Details, State, VisitState, allowed, allowed_to_asker, apply, purge_at_ms
from app.feeds.visit_calendar import visit_calendar
from app.schemas.visit import (
    AskedFor,
    ContestantAsked,
    OwnVisit,
    VisitDocument,
    VisitList,
    VisitTotals,
    VisitWanted,
)
from app.services.arena import Arena, required_session
from app.services.gate import Gate
from app.services.identity import CLOCK, Crew, audit
from app.services.shows import next_of, required_show
from app.settings import Settings
from app.storage import visits
from app.storage.scrub import mark_for_scrub
from app.storage.writer import Transaction

VISITS_MAX = 500
"""Open ones of one session."""
CALENDAR_MAX = 1_000
FREE_SHARE = 60
"""A request is asked for with work after a sixtieth of the free joins: nobody asks for many visits a minute."""
_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
RECEIPT_LENGTH = 24

log = structlog.get_logger()


def visit_gate(arena: Arena, settings: Settings) -> Gate:
    """Return the gate of requests: as joining's, with far fewer free."""
    fewer = settings.model_copy(update={"join_free_per_minute": max(1, settings.join_free_per_minute // FREE_SHARE)})
    return Gate(fewer, arena.clock, arena.signing_secret, arena.cluster.redis if arena.cluster else None)


async def ask(arena: Arena, gate: Gate, code: str, wanted: VisitWanted, address: str) -> OwnVisit:
    """Take a request. The same again, with its nonce, is answered with the same receipt. Returns after the commit.

    Raises:
        SessionNotFound; Conflict: the session is a draft, or has as many requests as it may; SessionEnded: purged;
            InvalidRequest: it has no such contestant; WorkRequired, TooManyRequests.
    """
    session = (await arena.live(code)).session
    _require_askable(session, wanted.contestant)
    work = (wanted.work.challenge, wanted.work.solution) if wanted.work is not None else ("", "")
    receipt = _receipt(arena, session.code, wanted)
    known = await arena.read(visits.find_by_digest, _digest(receipt))
    if known is None:
        await gate.admit(session.code, address, *work)
        known = await arena.write(_ask, session.code, wanted, _digest(receipt), arena.settings.purge_days)
    return _own_document(known, receipt)


async def own(arena: Arena, receipt: str) -> OwnVisit:
    """Return a request to who has its receipt. Raises VisitNotFound."""
    return _own_document(await _by_receipt(arena, receipt), None)


async def withdraw(arena: Arena, receipt: str) -> OwnVisit:
    """Take a request back. Raises VisitNotFound, VisitNotAllowed."""
    row = await arena.write(_withdraw, _digest(_tidy(receipt)), arena.settings.purge_days)
    return _own_document(row, None)


async def own_calendar(arena: Arena, receipt: str) -> bytes:
    """Return the one event. Raises VisitNotFound; VisitNotAllowed: it has no time yet."""
    return _calendar_of(await _by_receipt(arena, receipt))


async def list_of_session(
    arena: Arena, actor: Crew, code: str, state: State | None, after: int, limit: int
) -> VisitList:
    actor.require(Verb.VISITS, code)
    session = (await arena.live(code)).session
    return await arena.read(_list, session.show_slug, session.id, state, after, limit)


async def list_of_show(arena: Arena, actor: Crew, show: str, state: State | None, after: int, limit: int) -> VisitList:
    actor.require(Verb.VISITS)
    return await arena.read(_list, show, None, state, after, limit)


async def visit(arena: Arena, actor: Crew, code: str, number: int) -> VisitDocument:
    actor.require(Verb.VISITS, code)
    return _document(await _found(arena, code, number))


async def calendar(arena: Arena, actor: Crew, code: str, number: int) -> bytes:
    """Return the one event. Raises VisitNotFound; VisitNotAllowed: it has no time yet."""
    actor.require(Verb.VISITS, code)
    return _calendar_of(await _found(arena, code, number))


async def calendar_of_show(arena: Arena, actor: Crew, show: str) -> bytes:
    """Return the visits of a show that are scheduled or were delivered; of too many, the latest."""
    actor.require(Verb.VISITS)

    def rows(connection: Connection) -> list[Row[Any]]:
        timed = (State.SCHEDULED, State.DELIVERED)
        return visits.latest_visits(connection, required_show(connection, show).id, timed, CALENDAR_MAX)

    return visit_calendar([_event(row) for row in await arena.read(rows)])


async def act(arena: Arena, actor: Crew, code: str, number: int, what: Act, details: Details) -> VisitDocument:
    """Accept, decline, schedule or deliver; the same again changes nothing. Returns after the commit.

    Raises:
        VisitNotFound, VisitNotAllowed
    """
    actor.require(Verb.VISITS, code)
    return _document(await arena.write(_act, actor, code, number, what, details, arena.settings.purge_days))


async def purge_visits(arena: Arena) -> int:
    """Destroy what is personal in the visits whose date has come. Returns how many those were."""
    due = await arena.read(visits.due_for_purge, arena.clock.now_ms())
    for code, number in due:
        await arena.write(purge_visit, CLOCK, code, number)
        log.info("visit purged", session=code, visit=number)
    return len(due)


def _require_askable(session: Session, contestant: str) -> None:
    if session.rehearsal:
        raise Conflict(f"This is a rehearsal (彩排); ask for a visit at the session {session.rehearsal_of} itself.")
    if session.purged_at_ms is not None:
        raise SessionEnded("The session is long over; its requests are closed.")
    if session.status == "draft":
        raise Conflict("The session has not begun; ask when it is on air.")
    if all(each.key != contestant for each in session.contestants):
        keys = [each.key for each in session.contestants]
        raise InvalidRequest(f"The session has no contestant “{contestant}”; it has {', '.join(keys)}.")


def _receipt(arena: Arena, code: str, wanted: VisitWanted) -> str:
    """Return a new receipt, or the one that this very request was given: only who sends all of it again gets that."""
    if not wanted.nonce:
        return "".join(secrets.choice(_SIGNS) for _ in range(RECEIPT_LENGTH))
    said = "\n".join([code, *(str(value) for value in wanted.model_dump(exclude={"work"}).values())])
    keyed = hmac.digest(arena.signing_secret.encode(), f"visit {said}".encode(), "sha256")
    return base64.b32encode(keyed).decode()[:RECEIPT_LENGTH]


def _tidy(receipt: str) -> str:
    return receipt.strip().upper()


def _digest(receipt: str) -> str:
    return hashlib.sha256(receipt.encode()).hexdigest()


async def _by_receipt(arena: Arena, receipt: str) -> Row[Any]:
    return _required(await arena.read(visits.find_by_digest, _digest(_tidy(receipt))))


async def _found(arena: Arena, code: str, number: int) -> Row[Any]:
    session = (await arena.live(code)).session
    return _required(await arena.read(visits.find_visit, session.id, number))


def _required(row: Row[Any] | None) -> Row[Any]:
    if row is None:
        raise VisitNotFound("No visit is known by this; check the number, or each sign of the receipt.")
    return row


def _ask(transaction: Transaction, code: str, wanted: VisitWanted, digest: str, purge_days: int) -> Row[Any]:
    connection = transaction.connection
    session = required_session(connection, code)
    _require_askable(session, wanted.contestant)
    known = visits.find_by_digest(connection, digest)
    if known is not None:
        return known
    if visits.count_in_states(connection, session.id, sorted(OPEN)) >= VISITS_MAX:
        raise Conflict(f"{VISITS_MAX} requests of this session are open, as many as it takes; try again later.")
    now_ms = transaction.now_ms
    visits.add_visit(
        connection,
        session_id=session.id,
        contestant=wanted.contestant,
        contestant_name=next(each.name for each in session.contestants if each.key == wanted.contestant),
        digest=digest,
        state=str(State.ASKED),
        sequence=0,
        organisation=wanted.organisation,
        district=wanted.district,
        topic=wanted.topic,
        people=wanted.people,
        asker_name=wanted.name,
        asker_phone=wanted.phone,
        wanted=wanted.wanted,
        message=wanted.message,
        asked_at_ms=now_ms,
        changed_at_ms=now_ms,
        reason="",
        place="",
        note="",
        purge_at_ms=purge_at_ms(VisitState(changed_at_ms=now_ms), purge_days),
    )
    return _required(visits.find_by_digest(connection, digest))


def _withdraw(transaction: Transaction, digest: str, purge_days: int) -> Row[Any]:
    row = _required(visits.find_by_digest(transaction.connection, digest))
    _store(transaction, row, Act.WITHDRAW, Details(), purge_days)
    return _required(visits.find_by_digest(transaction.connection, digest))


def _act(
    transaction: Transaction, actor: Crew, code: str, number: int, what: Act, details: Details, purge_days: int
) -> Row[Any]:
    connection = transaction.connection
    session = required_session(connection, code)
    row = _required(visits.find_visit(connection, session.id, number))
    after = _store(transaction, row, what, details, purge_days)
    if after is not None:
        # Of the crew's words, and of nothing that the asker wrote: the audit log is for good.
        said = {"starts_at_ms": after.starts_at_ms, "place": after.place, "taught": after.taught}
        audit(
            transaction,
            actor,
            f"visit_{what}",
            session_id=session.id,
            before={"visit": number, "state": row.state, "starts_at_ms": row.starts_at_ms, "taught": row.taught},
            after={"visit": number, "state": str(after.state), **said},
            detail=after.reason if what is Act.DECLINE else "",
        )
    return _required(visits.find_visit(connection, session.id, number))


def _store(transaction: Transaction, row: Row[Any], what: Act, details: Details, purge_days: int) -> VisitState | None:
    """Store what a command makes of a visit. Returns None where it was true already."""
    if row.purged_at_ms is not None and details.note:
        # It would outlive the date that was promised.
        raise Conflict("What is personal in this visit was destroyed on its date; send the same without a note.")
    before = _state(row)
    after = apply(before, what, details, transaction.now_ms)
    if after is before:
        return None
    values: dict[str, Any] = {name: getattr(after, name) for name in after.__slots__}
    if row.purged_at_ms is None:
        values["purge_at_ms"] = purge_at_ms(after, purge_days)
    if not visits.change_visit(transaction.connection, row.id, row.sequence, **{**values, "state": str(after.state)}):
        raise Conflict("Somebody else has changed this visit meanwhile; look again.")
    return after


def purge_visit(transaction: Transaction, actor: Crew, code: str, number: int) -> None:
    """Destroy what is personal in one visit, if its date has come. The file is marked to be scrubbed."""
    connection = transaction.connection
    session = required_session(connection, code)
    row = visits.find_visit(connection, session.id, number)
    if row is None or row.purged_at_ms is not None or row.purge_at_ms > transaction.now_ms:
        return
    values: dict[str, Any] = dict.fromkeys(visits.PERSONAL, "")
    state = State(row.state)
    if allowed_to_asker(state):
        state = State.LAPSED
    values |= {"state": str(state), "purged_at_ms": transaction.now_ms}
    if visits.change_visit(connection, row.id, row.sequence, **values):
        mark_for_scrub(connection, transaction.now_ms)
        before, after = {"visit": number, "state": row.state}, {"visit": number, "state": str(state)}
        audit(transaction, actor, "visit_purged", session_id=session.id, before=before, after=after)


def _list(
    connection: Connection, show: str, session_id: int | None, state: State | None, after: int, limit: int
) -> VisitList:
    show_id = required_show(connection, show).id
    states = [str(each) for each in State if state in (None, each)]
    rows = visits.list_visits(connection, show_id, session_id, states, after, limit + 1)
    counts = visits.count_states(connection, show_id, None if session_id is None else [session_id])
    totals = {key: count for key, (count, _) in counts.items()}
    taught = sum(each for _, each in counts.values())
    return VisitList(
        visits=[_document(row) for row in rows[:limit]],
        next=next_of(rows, limit),
        totals=VisitTotals(**totals, taught=taught),
    )


def _state(row: Row[Any]) -> VisitState:
    values: Mapping[str, Any] = {name: getattr(row, name) for name in VisitState.__slots__}
    return VisitState(**{**values, "state": State(row.state)})


def _calendar_of(row: Row[Any]) -> bytes:
    if row.starts_at_ms is None:
        raise VisitNotAllowed(
            "The visit has no time yet; its calendar comes with that.",
            state=row.state,
            allowed=[str(each) for each in allowed(State(row.state))],
        )
    return visit_calendar([_event(row)])


def _event(row: Row[Any]) -> dict[str, Any]:
    names = (
        *("id", "digest", "changed_at_ms", "sequence", "starts_at_ms", "duration_min", "contestant_name"),
        *("organisation", "place", "topic", "code", "taught", "state"),
    )
    return {**{name: getattr(row, name) for name in names}, "session_title": row.title}


def _own_document(row: Row[Any], receipt: str | None) -> OwnVisit:
    names = ("organisation", "topic", "asked_at_ms", "reason", "starts_at_ms", "duration_min", "place")
    return OwnVisit(
        receipt=receipt,
        state=State(row.state),
        session=row.code,
        session_title=row.title,
        contestant=AskedFor(key=row.contestant, name=row.contestant_name),
        delivered_at_ms=row.delivered_at_ms,
        purge_at_ms=row.purge_at_ms,
        allowed=list(allowed_to_asker(State(row.state))),
        **{name: getattr(row, name) for name in names},
    )


def _document(row: Row[Any]) -> VisitDocument:
    same = (
        *("id", "organisation", "district", "topic", "wanted", "people", "message", "asked_at_ms", "changed_at_ms"),
        *("reason", "starts_at_ms", "duration_min", "place", "note", "taught", "delivered_at_ms"),
        *("purge_at_ms", "purged_at_ms"),
    )
    return VisitDocument(
        session=row.code,
        session_title=row.title,
        session_number=row.number,
        contestant=ContestantAsked(key=row.contestant, name=row.contestant_name, person=row.person),
        state=State(row.state),
        allowed=list(allowed(State(row.state))),
        name=row.asker_name,
        phone=row.asker_phone,
        **{name: getattr(row, name) for name in same},
    )
