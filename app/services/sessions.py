"""Making and editing shows, sessions and rounds; the session document."""

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row

from app.domain.errors import CodeTaken, Conflict, InvalidSession, RulesFrozen, SessionEnded
from app.domain.roles import Verb
from app.domain.session import Contestant, Round, Session, next_step, on_air, was_opened
from app.schemas.session import (
    ChannelDocument,
    ChoiceDocument,
    ContestantDocument,
    ContestantFields,
    Links,
    NextStep,
    OverlayDocument,
    RoundChanges,
    RoundDocument,
    RoundFields,
    SessionChanges,
    SessionCreate,
    SessionDocument,
    SessionList,
    SessionSummary,
    ShowCreate,
    ShowDocument,
    contestant_keys,
    round_values,
)
from app.services.arena import Arena, changed, required_round, required_session
from app.services.identity import Crew, audit
from app.services.purge import purge_at_ms
from app.settings import Settings
from app.storage import sessions
from app.storage.writer import Transaction

# Without the signs that are mistaken for one another when a host reads the code out: 0 O, 1 I L, U V.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTWXYZ"
CODE_LENGTH = 6
ROUNDS_MAX = 100


async def create_show(arena: Arena, actor: Crew, wanted: ShowCreate) -> ShowDocument:
    """Make a show. Raises Conflict where the slug is taken."""
    actor.require(Verb.EDIT)
    slug = wanted.slug or f"show-{secrets.token_hex(4)}"
    await arena.write(_make_show, actor, slug, wanted.name)
    return ShowDocument(slug=slug, name=wanted.name)


async def list_shows(arena: Arena) -> list[ShowDocument]:
    return [ShowDocument(slug=row.slug, name=row.name) for row in await arena.read(sessions.list_shows)]


async def create_session(arena: Arena, actor: Crew, wanted: SessionCreate) -> Session:
    """Make a session whole, contestants and rounds included. Returns after the commit.

    Raises:
        InvalidSession: sides, keys or choices that do not fit together; CodeTaken.
    """
    actor.require(Verb.EDIT)
    _require_known_looks(arena, wanted.rounds)
    code = wanted.code.upper() if wanted.code else None
    return await arena.write(make_session, actor, wanted, code)


async def change_session(arena: Arena, actor: Crew, code: str, changes: SessionChanges) -> Session:
    """Change what was sent. Raises RulesFrozen for contestants after a first open, InvalidSession."""
    actor.require(Verb.EDIT, code)
    await arena.live(code)
    return await arena.write(_change, actor, code, changes)


async def add_round(arena: Arena, actor: Crew, code: str, fields: RoundFields) -> Session:
    actor.require(Verb.EDIT, code)
    await arena.live(code)
    _require_known_looks(arena, [fields])
    return await arena.write(_add_round, actor, code, fields)


async def change_round(arena: Arena, actor: Crew, code: str, number: int, changes: RoundChanges) -> Session:
    """Change a round that was never opened. Raises RulesFrozen where it was."""
    actor.require(Verb.EDIT, code)
    await arena.live(code)
    _require_known_looks(arena, [changes])
    return await arena.write(_change_round, actor, code, number, changes)


def _require_known_looks(arena: Arena, rounds: Sequence[RoundFields | RoundChanges]) -> None:
    """Which phones looked at a tally is known to the process they looked by, and their votes may come by another."""
    if arena.hub.shared and any("unseen" in (each.quarantine or ()) for each in rounds):
        raise InvalidSession("The rule “unseen” needs a service of one process; leave it out where several serve.")


async def remove_round(arena: Arena, actor: Crew, code: str, number: int) -> Session:
    """Remove the last round while it was never opened; the numbers of the others stay."""
    actor.require(Verb.EDIT, code)
    await arena.live(code)
    return await arena.write(_remove_round, actor, code, number)


async def list_sessions(arena: Arena, actor: Crew, limit: int, before: int | None) -> SessionList:
    """List sessions newest first; one whose token is for one session sees that one."""
    only = None
    if actor.session is not None:
        only = (await arena.live(actor.session)).session.id
    rows = await arena.read(sessions.list_sessions, limit, before, only)
    return SessionList(sessions=[_summary(row) for row in rows])


def session_document(session: Session, settings: Settings, *, crew: bool = False) -> SessionDocument:
    """Return a session as the API shows it: no counts, no keys. What is next is told to its `crew` alone."""
    step = next_step(session)
    return SessionDocument(
        code=session.code,
        number=session.number,
        title=session.title,
        topic=session.topic,
        kind=session.kind,
        status=session.status,
        rehearsal=session.rehearsal,
        rehearsal_of=session.rehearsal_of,
        show=ShowDocument(slug=session.show_slug, name=session.show_name),
        deciding=session.deciding,
        starts_at_ms=session.starts_at_ms,
        created_at_ms=session.created_at_ms,
        revision=session.revision,
        purge_at_ms=purge_at_ms(session.ended_at_ms, settings.purge_days),
        purged_at_ms=session.purged_at_ms,
        channels=[ChannelDocument(**asdict(each)) for each in session.channels],
        contestants=[ContestantDocument(**_slots(each)) for each in session.contestants],
        rounds=[_round_document(each) for each in session.rounds],
        current_round=session.current,
        next=None if step is None else NextStep(command=step[0], round=step[1]),
        overlay=OverlayDocument(
            scene=session.scene,
            panic=session.panicked_at_ms is not None,
            preview=session.preview if crew else None,
        ),
        links=Links(
            base=settings.public_url,
            vote=f"/v/{session.code}",
            overlay=f"/overlay/{session.code}",
            report=f"/report/{session.code}",
            qr=f"/api/v1/sessions/{session.code}/qr.svg",
        ),
    )


def _round_document(round_: Round) -> RoundDocument:
    run = round_.run
    return RoundDocument(
        number=round_.number,
        run=run.number,
        phase=str(run.phase),
        title=round_.title,
        question=round_.question,
        dimension=round_.dimension,
        choices=[ChoiceDocument(key=each.key, name=each.name) for each in round_.choices],
        choices_max=round_.choices_max,
        changeable=round_.changeable,
        votes_per_day=round_.votes_per_day,
        duration_ms=round_.duration_ms,
        grace_ms=round_.grace_ms,
        visibility=round_.visibility,
        likes_per_second=round_.likes_per_second,
        sealed=round_.sealed,
        quarantine=list(round_.quarantine),
        opened_at_ms=run.opened_at_ms,
        closes_at_ms=run.closes_at_ms,
        locks_at_ms=run.locks_at_ms,
        locked_at_ms=run.locked_at_ms,
        revealed_at_ms=run.revealed_at_ms,
        certified_at_ms=run.certified_at_ms,
        remaining_ms=run.remaining_ms,
        void_reason=run.void_reason,
        allowed=[str(each) for each in round_.allowed],
    )


def _summary(row: Row[Any]) -> SessionSummary:
    return SessionSummary(
        id=row.id,
        code=row.code,
        number=row.number,
        title=row.title,
        kind=row.kind,
        ended=row.ended,
        rehearsal=row.rehearsal_of is not None,
        show=ShowDocument(slug=row.slug, name=row.show_name),
        rounds=row.rounds,
        starts_at_ms=row.starts_at_ms,
        created_at_ms=row.created_at_ms,
    )


def _make_show(transaction: Transaction, actor: Crew, slug: str, name: str) -> int:
    if sessions.find_show(transaction.connection, slug) is not None:
        raise Conflict(f"The show “{slug}” exists; choose another slug.", slug=slug)
    audit(transaction, actor, "show_made", after={"slug": slug, "name": name})
    return sessions.add_show(transaction.connection, slug=slug, name=name, created_at_ms=transaction.now_ms)


def make_session(transaction: Transaction, actor: Crew, wanted: SessionCreate, code: str | None) -> Session:
    """Make a session whole, in its caller's transaction. Raises InvalidSession, CodeTaken."""
    connection = transaction.connection
    contestants = _contestants(transaction, wanted.kind, wanted.contestants)
    for fields in wanted.rounds:
        _check_rules(fields, len(contestants))
    show_id = sessions.find_show(connection, wanted.show)
    if show_id is None:
        name = "先锋擂台" if wanted.show == "pioneer-arena" else wanted.show
        show_id = _make_show(transaction, actor, wanted.show, name)
    values: dict[str, Any] = {
        "show_id": show_id,
        "number": wanted.number,
        "title": wanted.title or " 对 ".join(each.name for each in contestants[:2]),
        "topic": wanted.topic,
        "kind": wanted.kind,
        "ended": False,
        "deciding": wanted.deciding,
        "starts_at_ms": wanted.starts_at_ms,
        "created_at_ms": transaction.now_ms,
        "scene": "board",
        "preview": "board",
        "channels": [each.model_dump() for each in wanted.channels],
        "voter_key": secrets.token_hex(32),
    }
    if code is not None and sessions.session_exists(connection, code):
        raise CodeTaken(f"The code {code} is taken; choose another, or leave it out.")
    code = code or fresh_code(connection)
    session_id = sessions.add_session(connection, code=code, **values)
    sessions.put_contestants(connection, session_id, contestants)
    for number, fields in enumerate(wanted.rounds, 1):
        sessions.add_round(connection, session_id, number, round_values(fields))
    audit(transaction, actor, "session_made", session_id=session_id, after={"code": code, "title": values["title"]})
    return required_session(connection, code)


def fresh_code(connection: Connection, beginning: str = "") -> str:
    """Draw a code that no session has."""
    while True:
        code = beginning + "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
        if not sessions.session_exists(connection, code):
            return code


def rules_of(round_: Round) -> dict[str, Any]:
    """Return a round's rules as they were sent: what `schemas.session.RoundFields` has."""
    rules = {name: getattr(round_, name) for name in RoundFields.model_fields}
    rules["choices"] = [{"key": each.key, "name": each.name} for each in round_.choices] if round_.own_choices else None
    return rules


def _change(transaction: Transaction, actor: Crew, code: str, changes: SessionChanges) -> Session:
    session = required_session(transaction.connection, code)
    sent = changes.model_dump(exclude_unset=True, exclude={"contestants", "status", "channels"})
    values = {key: value for key, value in sent.items() if value is not None or key in ("number", "starts_at_ms")}
    before = {key: getattr(session, key) for key in values}
    if changes.status is not None:
        if changes.status == "live" and session.purged_at_ms is not None:
            raise SessionEnded("The voters' key of this session was destroyed on its date; make another session.")
        if changes.status == "ended" and (round_ := on_air(session)) is not None:
            raise Conflict(f"Round {round_.number} is {round_.run.phase}; lock it before you end the session.")
        before["status"] = session.status
        values["ended"] = changes.status == "ended"
        # Ended again it stays ended since the first time.
        values["ended_at_ms"] = (session.ended_at_ms or transaction.now_ms) if values["ended"] else None
    if changes.channels is not None:
        if any(was_opened(each) for each in session.rounds):
            raise RulesFrozen("A round was opened; the channels and their delays stand as they are.")
        before["channels"] = [asdict(each) for each in session.channels]
        values["channels"] = [each.model_dump() for each in changes.channels]
    if changes.contestants is not None:
        if any(was_opened(each) for each in session.rounds):
            raise RulesFrozen("A round was opened; the contestants stand as they are.")
        contestants = _contestants(transaction, session.kind, changes.contestants)
        for round_ in session.rounds:
            if not round_.own_choices and round_.choices_max > len(contestants):
                raise InvalidSession(f"Round {round_.number} lets a ballot name {round_.choices_max}; change it first.")
        sessions.put_contestants(transaction.connection, session.id, contestants)
        values["ended"] = values.get("ended", session.ended)
        before["contestants"] = [each.name for each in session.contestants]
    if not values:
        return session
    sessions.change_session(transaction.connection, session.id, **values)
    after = dict(values)
    if changes.contestants is not None:
        after["contestants"] = [each.name for each in changes.contestants]
    return _changed(transaction, actor, session, "session_changed", before=before, after=after)


def _add_round(transaction: Transaction, actor: Crew, code: str, fields: RoundFields) -> Session:
    session = required_session(transaction.connection, code)
    if session.ended:
        raise SessionEnded("The session is over; reopen it before you add rounds.")
    if len(session.rounds) >= ROUNDS_MAX:
        raise Conflict(f"A session has at most {ROUNDS_MAX} rounds.")
    _check_rules(fields, len(session.contestants))
    number = session.rounds[-1].number + 1 if session.rounds else 1
    sessions.add_round(transaction.connection, session.id, number, round_values(fields))
    return _changed(transaction, actor, session, "round_added", number, after={"title": fields.title})


def _change_round(transaction: Transaction, actor: Crew, code: str, number: int, changes: RoundChanges) -> Session:
    session, round_ = _draft_round(transaction, code, number)
    sent = changes.model_dump(exclude_unset=True)
    if not sent:
        return session
    rules = rules_of(round_)
    try:
        merged = RoundFields.model_validate({**rules, **sent})
    except ValueError:
        raise InvalidSession("These rules do not fit the round's others; a daily vote cannot be changeable.") from None
    _check_rules(merged, len(session.contestants))
    sessions.change_round(transaction.connection, round_.id, round_values(merged))
    before = {key: rules[key] for key in sent}
    return _changed(transaction, actor, session, "round_changed", number, before=before, after=sent)


def _remove_round(transaction: Transaction, actor: Crew, code: str, number: int) -> Session:
    session, round_ = _draft_round(transaction, code, number)
    if session.rounds[-1].number != number:
        raise Conflict("Only the last round can be removed; the numbers of the others are known.")
    sessions.remove_round(transaction.connection, round_.id)
    return _changed(transaction, actor, session, "round_removed", number, before={"title": round_.title})


def _draft_round(transaction: Transaction, code: str, number: int) -> tuple[Session, Round]:
    session = required_session(transaction.connection, code)
    round_ = required_round(session, number)
    if was_opened(round_):
        raise RulesFrozen(f"Round {number} was opened; its rules stand as they are.")
    return session, round_


def _changed(
    transaction: Transaction,
    actor: Crew,
    session: Session,
    action: str,
    number: int | None = None,
    **audited: Any,
) -> Session:
    if number is not None:
        # A command that was pressed on an older view of the round is told what has become of it.
        audited["after"] = {**audited.get("after", {}), "revision": session.revision + 1}
    audit(transaction, actor, action, session_id=session.id, round=number, **audited)
    return changed(transaction, session)


def _contestants(transaction: Transaction, kind: Any, fields: list[ContestantFields]) -> Sequence[Contestant]:
    try:
        keys = contestant_keys(kind, fields)
    except ValueError as error:
        raise InvalidSession(str(error)) from None
    return [
        Contestant(
            **{
                **each.model_dump(),
                "key": key,
                "portrait_url": kept_portrait(transaction, each.portrait_url),
            }
        )
        for key, each in zip(keys, fields, strict=True)
    ]


def kept_portrait(transaction: Transaction, url: str) -> str:
    """Keep a picture that came in the request, and return the address under which it is served."""
    match = re.fullmatch(r"data:(image/[a-z]+);base64,(.+)", url)
    if match is None:
        return url
    try:
        content = base64.b64decode(match[2], validate=True)
    except ValueError:
        raise InvalidSession("The portrait is not valid base64; choose the picture again.") from None
    digest = hashlib.sha256(content).hexdigest()
    sessions.put_portrait(transaction.connection, digest, match[1], content)
    return f"/api/v1/portraits/{digest}"


def _check_rules(fields: RoundFields, contestants: int) -> None:
    number = len(fields.choices) if fields.choices is not None else contestants
    if fields.choices_max > number:
        raise InvalidSession(f"A ballot may name {fields.choices_max} choices, but the round has {number}.")


def _slots(value: Contestant) -> dict[str, str]:
    return {name: getattr(value, name) for name in value.__slots__}
