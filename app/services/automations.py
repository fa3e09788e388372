"""Automations of a session: kept in the database by who may edit, handed to the live side after each commit.

What tools are called with is secret to those who do not edit: they are shown where an automation goes and how it went.
Header values are shown to nobody, and stand in no log and no audit entry.
"""

import asyncio
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Row

from app.domain.errors import ArenaError, AutomationNotFound, Conflict, InvalidRequest, Overloaded, TargetNotAllowed
from app.domain.roles import CAN, Verb
from app.domain.trigger import Trigger
from app.live.outgoing import Automation, Outgoing
from app.schemas.automation import (
    EVERY_MS_DEFAULT,
    MASK,
    Action,
    AutomationChanges,
    AutomationDocument,
    AutomationFields,
    AutomationList,
    AutomationState,
    AutomationTested,
    HttpAction,
    HttpActionDocument,
    OscAction,
    OscActionDocument,
    target_text,
)
from app.services.arena import Arena, required_session
from app.services.identity import Crew, audit
from app.storage import automations
from app.storage.sessions import load_session
from app.storage.writer import Transaction

AUTOMATIONS_MAX = 32
"""Of one session."""
TESTS_MAX = 8
"""Under way at once, over all sessions."""
LOOK_SECONDS = 1.0

_ACTION: TypeAdapter[HttpAction | OscAction] = TypeAdapter(Action)
log = structlog.get_logger()


async def list_automations(arena: Arena, outgoing: Outgoing, actor: Crew, code: str) -> AutomationList:
    """Return a session's automations and how they go.

    Raises:
        WrongRole, WrongSession, SessionNotFound
    """
    actor.require(Verb.READ, code)
    session = (await arena.live(code)).session
    edits = Verb.EDIT in CAN[actor.role]
    found = [_automation(row) for row in await arena.read(automations.automations_of, session.id)]
    return AutomationList(
        automations=[_document(outgoing, code, each, edits) for each in found],
        targets=list(outgoing.allowed.texts) if edits else [],
    )


async def make(
    arena: Arena, outgoing: Outgoing, actor: Crew, code: str, wanted: AutomationFields
) -> AutomationDocument:
    """Add an automation. Returns after the commit, when it is switched on.

    Raises:
        SessionNotFound, TargetNotAllowed, Conflict: there are too many; InvalidRequest: a masked header.
    """
    actor.require(Verb.EDIT, code)
    _check_target(outgoing, wanted.action)
    made = await arena.write(_make, actor, code, wanted)
    await _hand_over(arena, outgoing, code)
    return _document(outgoing, code, made, True)


async def change(
    arena: Arena, outgoing: Outgoing, actor: Crew, code: str, automation_id: int, changes: AutomationChanges
) -> AutomationDocument:
    """Change an automation. What waits of it is dropped, unless nothing changed.

    Raises:
        SessionNotFound, AutomationNotFound, TargetNotAllowed, InvalidRequest
    """
    actor.require(Verb.EDIT, code)
    if changes.action is not None:
        _check_target(outgoing, changes.action)
    changed = await arena.write(_change, actor, code, automation_id, changes)
    await _hand_over(arena, outgoing, code)
    return _document(outgoing, code, changed, True)


async def remove(arena: Arena, outgoing: Outgoing, actor: Crew, code: str, automation_id: int) -> None:
    """Remove an automation.

    Raises:
        SessionNotFound, AutomationNotFound
    """
    actor.require(Verb.EDIT, code)
    await arena.write(_remove, actor, code, automation_id)
    await _hand_over(arena, outgoing, code)
    outgoing.forget(automation_id)


async def test(arena: Arena, outgoing: Outgoing, actor: Crew, code: str, automation_id: int) -> AutomationTested:
    """Call once, now, with the present public tally, switched on or not. Returns when the target has answered.

    Raises:
        SessionNotFound, AutomationNotFound, Overloaded: too many tests at once.
    """
    actor.require(Verb.EDIT, code)
    live = await arena.live(code)
    row = await arena.read(automations.find_automation, live.session.id, automation_id)
    if row is None:
        raise _unknown(code, automation_id)
    if outgoing.testing >= TESTS_MAX:
        raise Overloaded("Too many tests are under way; try again in a few seconds.", retry_after_s=5)
    outgoing.testing += 1
    try:
        outcome = await outgoing.test(live, _automation(row))
    finally:
        outgoing.testing -= 1
    await arena.write(_tested, actor, code, automation_id, outcome.ok)
    return AutomationTested(
        ok=outcome.ok,
        status=outcome.status,
        error=outcome.error,
        took_ms=outcome.took_ms,
        missing=list(outcome.missing),
        sent=outcome.sent,
        body=outcome.body,
    )


async def start(arena: Arena, outgoing: Outgoing) -> None:
    """Watch the sessions with automations that have not ended, before any command can come. A failure keeps no
    service from starting; it is logged, and tried again while the service runs.
    """
    for code in await arena.read(automations.codes_with_automations):
        await _watched(arena, outgoing, code)


async def run_automations(arena: Arena, outgoing: Outgoing) -> None:
    """Watch the sessions that come alive later, until cancelled: an ended one may have been reopened."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        # Of several processes another may have changed them.
        everything = arena.cluster is not None
        for code in [each for each in arena.hub.live if everything or each not in outgoing.known]:
            await _watched(arena, outgoing, code)


async def _watched(arena: Arena, outgoing: Outgoing, code: str) -> None:
    try:
        await _hand_over(arena, outgoing, code)
    except Exception as error:
        # One session's automations must keep no other from its own.
        log.error("automations not watched", session=code, error=type(error).__name__)


async def _hand_over(arena: Arena, outgoing: Outgoing, code: str) -> None:
    live = await arena.live(code)
    async with outgoing.changing:
        rows = await arena.read(automations.automations_of, live.session.id)
        await outgoing.put(live, [_automation(row) for row in rows])


def _make(transaction: Transaction, actor: Crew, code: str, wanted: AutomationFields) -> Automation:
    connection = transaction.connection
    session = required_session(connection, code)
    if automations.count_automations(connection, session.id) >= AUTOMATIONS_MAX:
        raise Conflict(f"A session has {AUTOMATIONS_MAX} automations at most; remove one first.")
    _unmask(wanted.action, None)
    values = _values(wanted)
    automation_id = automations.add_automation(connection, session.id, **values, created_at_ms=transaction.now_ms)
    made = _found(connection, code, automation_id)
    audit(transaction, actor, "automation_made", session_id=session.id, after=_audited(made))
    return made


def _change(
    transaction: Transaction, actor: Crew, code: str, automation_id: int, changes: AutomationChanges
) -> Automation:
    connection = transaction.connection
    before = _found(connection, code, automation_id)
    if changes.action is not None:
        _unmask(changes.action, before.action)
    sent = {name: getattr(changes, name) for name in changes.model_fields_set}
    fields: dict[str, Any] = {name: getattr(before, name) for name in AutomationFields.model_fields}
    fields |= {key: value for key, value in sent.items() if value is not None or key in ("every_ms", "milestone")}
    try:
        wanted = AutomationFields.model_validate(fields)
    except ValidationError as error:
        # Of what was refused only the reason: values may be secrets.
        raise InvalidRequest(f"{error.errors()[0]['msg']}.") from None
    automations.change_automation(connection, automation_id, **_values(wanted))
    after = _found(connection, code, automation_id)
    if after != before:
        session = required_session(connection, code)
        audit(
            transaction,
            actor,
            "automation_changed",
            session_id=session.id,
            before=_audited(before),
            after=_audited(after),
        )
    return after


def _remove(transaction: Transaction, actor: Crew, code: str, automation_id: int) -> None:
    before = _found(transaction.connection, code, automation_id)
    automations.remove_automation(transaction.connection, automation_id)
    session = required_session(transaction.connection, code)
    audit(transaction, actor, "automation_removed", session_id=session.id, before=_audited(before))


def _tested(transaction: Transaction, actor: Crew, code: str, automation_id: int, ok: bool) -> None:
    session = required_session(transaction.connection, code)
    audit(transaction, actor, "automation_tested", session_id=session.id, after={"id": automation_id, "ok": ok})


def _found(connection: Connection, code: str, automation_id: int) -> Automation:
    session = load_session(connection, code)
    row = None if session is None else automations.find_automation(connection, session.id, automation_id)
    if row is None:
        required_session(connection, code)
        raise _unknown(code, automation_id)
    return _automation(row)


def _unknown(code: str, automation_id: int) -> ArenaError:
    return AutomationNotFound(f"The session {code} has no automation {automation_id}; look at the list.")


def _check_target(outgoing: Outgoing, action: HttpAction | OscAction) -> None:
    if action.target in outgoing.allowed:
        return
    name = target_text(action.target)
    listed = ", ".join(outgoing.allowed.texts) or "none"
    raise TargetNotAllowed(
        f"{name} may not be called; whoever runs the service lists it in ARENA_AUTOMATION_TARGETS (now: {listed}).",
        target=name,
    )


def _unmask(action: HttpAction | OscAction, before: HttpAction | OscAction | None) -> None:
    """Put a masked header's own value back; only where it goes to the target that it was written for."""
    if not isinstance(action, HttpAction) or MASK not in action.headers.values():
        return
    kept = before.headers if isinstance(before, HttpAction) and before.target == action.target else {}
    for name, value in action.headers.items():
        if value == MASK:
            if name not in kept:
                raise InvalidRequest(f"The value of the header {name} is not known for this target; write it out.")
            action.headers[name] = kept[name]


def _values(wanted: AutomationFields) -> dict[str, Any]:
    tally, likes = wanted.trigger is Trigger.TALLY_CHANGED, wanted.trigger is Trigger.LIKES_MILESTONE
    return {
        "name": wanted.name,
        "trigger": str(wanted.trigger),
        "every_ms": (wanted.every_ms or EVERY_MS_DEFAULT) if tally else None,
        "milestone": wanted.milestone if likes else None,
        "action": wanted.action.model_dump(),
        "enabled": wanted.enabled,
    }


def _automation(row: Row[Any]) -> Automation:
    return Automation(
        id=row.id,
        name=row.name,
        trigger=Trigger(row.trigger),
        every_ms=row.every_ms,
        milestone=row.milestone,
        action=_ACTION.validate_python(row.action),
        enabled=row.enabled,
    )


def _audited(automation: Automation) -> dict[str, Any]:
    return {
        "id": automation.id,
        "name": automation.name,
        "trigger": str(automation.trigger),
        "target": target_text(automation.action.target),
        "enabled": automation.enabled,
    }


def _document(outgoing: Outgoing, code: str, automation: Automation, edits: bool) -> AutomationDocument:
    state = outgoing.state(automation.id)
    return AutomationDocument(
        id=automation.id,
        name=automation.name,
        trigger=automation.trigger,
        every_ms=automation.every_ms,
        milestone=automation.milestone,
        action=_action_document(automation.action, edits),
        enabled=automation.enabled,
        target=target_text(automation.action.target),
        allowed=automation.action.target in outgoing.allowed,
        state=AutomationState(
            fired=state.fired,
            delivered=state.delivered,
            failures=state.failures,
            dropped=state.dropped,
            pending=outgoing.pending(code, automation.id),
            last_fired_at_ms=state.last_fired_at_ms,
            last_delivered_at_ms=state.last_delivered_at_ms,
            last_status=state.last_status,
            last_error=state.last_error,
            missing=list(state.missing),
            paused_until_ms=outgoing.paused_until_ms(automation),
        ),
    )


def _action_document(action: HttpAction | OscAction, edits: bool) -> HttpActionDocument | OscActionDocument:
    if isinstance(action, OscAction):
        return OscActionDocument(
            kind="osc", host=action.host, port=action.port, address=action.address, args=list(action.args)
        )
    return HttpActionDocument(
        kind="http",
        method=action.method,
        # A token may stand in these two, and who only looks needs neither.
        url=action.url if edits else MASK,
        headers=dict.fromkeys(action.headers, MASK),
        body=action.body if edits else MASK,
    )
