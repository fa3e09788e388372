"""Single-use tickets of the hall and the panel: making sheets, redeeming, withdrawing, releasing.

A ticket's secret stands on paper and nowhere else; the database has a hash keyed by the service's own secret, which is
not in the database. A redeemed ticket's device part is derived from the ticket, so whoever uses it, and on however
many phones, is one voter.
"""

import hmac
import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import segno
from sqlalchemy import Row

from app.domain.errors import (
    Conflict,
    InvalidRequest,
    SessionEnded,
    TicketNotFound,
    TicketUsed,
    TicketVoid,
)
from app.domain.identity import ticket_device
from app.domain.roles import Verb
from app.domain.session import Session
from app.schemas.ticket import (
    NewTicket,
    NewTickets,
    TicketReleased,
    TicketSheet,
    TicketSheets,
    TicketsVoided,
    TicketsWanted,
)
from app.services.arena import Arena, required_session
from app.services.identity import Crew, Phone, audit
from app.storage import tickets
from app.storage.writer import Transaction

# Without the signs that are mistaken for one another: 0 O, 1 I L, U V. Ten of 29 signs are 48.6 bits.
SIGNS = "23456789ABCDEFGHJKMNPQRSTWXYZ"
SECRET_LENGTH = 10
TICKETS_MAX = 20_000
"""Of one session."""


def normal(secret: str) -> str:
    """Return a secret as it was made, however it was typed."""
    return "".join(sign for sign in secret.upper() if sign in SIGNS)


async def make(arena: Arena, actor: Crew, code: str, wanted: TicketsWanted, base: str) -> NewTickets:
    """Make tickets and return them with their secrets, this once. Returns after the commit.

    Raises:
        SessionNotFound, SessionEnded, InvalidRequest: the channel takes no tickets; Conflict: there are too many.
    """
    actor.require(Verb.EDIT, code)
    made = ["".join(secrets.choice(SIGNS) for _ in range(SECRET_LENGTH)) for _ in range(wanted.count)]
    digests = [_digest(arena, code, secret) for secret in made]
    sheet, first = await arena.write(_make, actor, code, wanted, digests)

    # Drawing takes milliseconds each; on a reader's thread, so that nobody's vote waits for it.
    def drawn() -> list[NewTicket]:
        return [_new_ticket(number, secret, base, code) for number, secret in enumerate(made, first)]

    return NewTickets(sheet=sheet, channel=wanted.channel, tickets=await arena.read(lambda _: drawn()))


async def list_sheets(arena: Arena, actor: Crew, code: str) -> TicketSheets:
    actor.require(Verb.READ, code)
    session = await arena.session(code)
    rows = await arena.read(tickets.sheets, session.id)
    return TicketSheets(sheets=[TicketSheet(**row._mapping) for row in rows])


async def void(arena: Arena, actor: Crew, code: str, wanted: TicketsVoided) -> TicketSheets:
    """Withdraw tickets that were not used. Who has used one keeps the vote.

    Raises:
        SessionNotFound, TicketNotFound, TicketUsed: the one that is meant was used.
    """
    actor.require(Verb.EDIT, code)
    voided = await arena.write(_void, actor, code, wanted)
    found = await list_sheets(arena, actor, code)
    return found.model_copy(update={"voided": voided})


async def release(arena: Arena, actor: Crew, code: str, wanted: TicketReleased) -> TicketSheets:
    """Undo the use of a ticket, so that another phone can redeem it. Both are the same voter: no vote is doubled.

    Raises:
        SessionNotFound, TicketNotFound
    """
    actor.require(Verb.EDIT, code)
    await arena.write(_release, actor, code, wanted)
    return await list_sheets(arena, actor, code)


async def redeem(arena: Arena, session: Session, secret: str, nonce: str, known: Phone | None) -> Phone:
    """Return the identity that a ticket gives. Its first use is written down; returns after that commit.

    The phone that used it is answered again, known by its nonce or its token.

    Raises:
        TicketNotFound, TicketUsed, TicketVoid, SessionEnded
    """
    secret = normal(secret)
    digest = _digest(arena, session.code, secret)
    # Guesses end here, on a reading connection.
    if await arena.read(tickets.find_ticket, session.id, digest) is None:
        raise TicketNotFound("No ticket of this session has this code; check it against the paper.")
    kept = sha256(f"{digest} {nonce}".encode()).hexdigest() if nonce else ""
    device = known.device if known is not None and known.code == session.code else ""
    return await arena.write(_redeem, session.code, secret, digest, kept, device)


def _make(
    transaction: Transaction, actor: Crew, code: str, wanted: TicketsWanted, digests: list[str]
) -> tuple[str, int]:
    connection = transaction.connection
    session = _open_session(transaction, code)
    channel = next((each for each in session.channels if each.key == wanted.channel), None)
    if channel is None or channel.identity != "ticket":
        takes = [each.key for each in session.channels if each.identity == "ticket"]
        hint = f"tickets are for {', '.join(takes)}" if takes else "give a channel the identity “ticket” first"
        raise InvalidRequest(f"The channel “{wanted.channel}” takes no tickets; {hint}.", channels=takes)
    if tickets.count_tickets(connection, session.id) + wanted.count > TICKETS_MAX:
        raise Conflict(f"A session has {TICKETS_MAX:,} tickets at most; make fewer.")
    known = tickets.sheets(connection, session.id)
    sheet = wanted.sheet or f"{wanted.channel}-{len(known) + 1}"
    rows = [row for row in known if row.sheet == sheet]
    if any(row.channel != wanted.channel for row in rows):
        raise Conflict(f"The sheet “{sheet}” is of another channel; choose another name.")
    first = rows[0].last + 1 if rows else 1
    tickets.add_tickets(connection, session.id, wanted.channel, sheet, first, digests, transaction.now_ms)
    after = {"sheet": sheet, "channel": wanted.channel, "first": first, "count": wanted.count}
    audit(transaction, actor, "tickets_made", session_id=session.id, after=after)
    return sheet, first


def _void(transaction: Transaction, actor: Crew, code: str, wanted: TicketsVoided) -> int:
    connection = transaction.connection
    session = required_session(connection, code)
    if wanted.number is None:
        if all(row.sheet != wanted.sheet for row in tickets.sheets(connection, session.id)):
            raise TicketNotFound(f"There is no sheet “{wanted.sheet}”; look at the list of sheets.")
    else:
        ticket = _ticket(transaction, session, wanted.sheet, wanted.number)
        if ticket.used_at_ms is not None:
            raise TicketUsed(
                f"Ticket {wanted.number} was used at {_clock(ticket.used_at_ms)}; its vote stays.",
                used_at_ms=ticket.used_at_ms,
            )
    voided = tickets.void_unused(connection, session.id, wanted.sheet, wanted.number, transaction.now_ms)
    if voided:
        after = {"sheet": wanted.sheet, "number": wanted.number, "voided": voided}
        audit(transaction, actor, "tickets_voided", session_id=session.id, after=after, detail=wanted.reason)
    return voided


def _release(transaction: Transaction, actor: Crew, code: str, wanted: TicketReleased) -> None:
    session = _open_session(transaction, code)
    ticket = _ticket(transaction, session, wanted.sheet, wanted.number)
    if ticket.used_at_ms is None:
        return
    tickets.release_ticket(transaction.connection, ticket.id)
    before = {"sheet": wanted.sheet, "number": wanted.number, "used_at_ms": ticket.used_at_ms}
    audit(transaction, actor, "ticket_released", session_id=session.id, before=before, detail=wanted.reason)


def _redeem(transaction: Transaction, code: str, secret: str, digest: str, nonce: str, device: str) -> Phone:
    session = required_session(transaction.connection, code)
    ticket = tickets.find_ticket(transaction.connection, session.id, digest)
    if ticket is None or session.purged_at_ms is not None:
        raise SessionEnded("The session is over; its tickets are no longer taken.")
    own_device = ticket_device(session.voter_key, secret)
    used_at_ms: int | None = ticket.used_at_ms
    if used_at_ms is not None:
        if device != own_device and (not nonce or nonce != ticket.used_nonce):
            raise TicketUsed(
                f"This ticket was used at {_clock(used_at_ms)} on another phone; ask an usher.", used_at_ms=used_at_ms
            )
    elif ticket.voided_at_ms is not None:
        raise TicketVoid("This ticket was withdrawn; ask an usher for another.")
    elif session.ended:
        raise SessionEnded("The session is over; its tickets are no longer taken.")
    else:
        used_at_ms = transaction.now_ms
        tickets.use_ticket(transaction.connection, ticket.id, nonce, used_at_ms)
    return Phone(session.code, ticket.channel, own_device, used_at_ms)


def _open_session(transaction: Transaction, code: str) -> Session:
    session = required_session(transaction.connection, code)
    if session.ended or session.purged_at_ms is not None:
        raise SessionEnded("The session is over; its tickets stand as they are.")
    return session


def _ticket(transaction: Transaction, session: Session, sheet: str, number: int) -> Row[Any]:
    ticket = tickets.ticket_at(transaction.connection, session.id, sheet, number)
    if ticket is None:
        raise TicketNotFound(f"The sheet “{sheet}” has no ticket {number}; look at the list of sheets.")
    return ticket


def _digest(arena: Arena, code: str, secret: str) -> str:
    return hmac.digest(arena.signing_secret.encode(), f"ticket {code} {secret}".encode(), "sha256").hex()


def _new_ticket(number: int, secret: str, base: str, code: str) -> NewTicket:
    # What stands behind the # is never sent to a server, so it reaches no log.
    url = f"{base}/v/{code}#t={secret}"
    picture = segno.make(url, error="m", boost_error=False, micro=False).svg_data_uri(border=4, omitsize=True)
    middle = SECRET_LENGTH // 2
    return NewTicket(number=number, secret=f"{secret[:middle]}-{secret[middle:]}", url=url, qr=picture)


def _clock(at_ms: int) -> str:
    """Say a moment by the clock of Shanghai, where the hall is."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(hours=8):%H:%M}"
