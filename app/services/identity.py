"""Who is asking: a member of the crew by access token, a phone by its device token, or anyone.

Access tokens are looked up by their hash. Device tokens are signed and stand in no table: joining writes nothing.
"""

import hashlib
import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from itsdangerous import BadSignature, Signer

from app.domain.errors import (
    ArenaError,
    SessionNotFound,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
    TokenNotFound,
    WrongRole,
    WrongSession,
)
from app.domain.roles import CAN, Role, Verb
from app.domain.session import Session
from app.services.arena import Arena
from app.storage import crew
from app.storage.sessions import load_session
from app.storage.writer import Transaction

DEVICE_TOKEN_MS = 30 * 86_400_000
TOKEN_LENGTH_MAX = 512
_PREFIX = "arena_"


@dataclass(frozen=True, slots=True)
class Crew:
    """The bearer of an access token; `session` limits it to one code."""

    id: int
    role: Role
    name: str
    session: str | None
    expires_at_ms: int | None

    def require(self, verb: Verb, code: str | None = None) -> None:
        """Refuse what this role may not do, or a session that the token is not for.

        Raises:
            WrongRole, WrongSession
        """
        if verb not in CAN[self.role]:
            able = " or ".join(role for role, verbs in CAN.items() if verb in verbs)
            refusal: ArenaError = WrongRole(
                f"A {self.role} may not {verb}; ask for a token with the role {able}.", role=str(self.role)
            )
        elif self.session is not None and self.session != code:
            refusal = WrongSession("This token is for another session; ask for one that covers this session.")
        else:
            return
        refusal.attempt = (self, str(verb), code)
        raise refusal


@dataclass(frozen=True, slots=True)
class Phone:
    """The bearer of a device token."""

    code: str
    channel: str
    device: str
    issued_at_ms: int

    @property
    def expires_at_ms(self) -> int:
        return self.issued_at_ms + DEVICE_TOKEN_MS

    def voter(self, session: Session) -> str:
        """Return the keyed hash under which this phone's ballots are kept; without the show's key nobody can link
        it.
        """
        return hmac.digest(session.voter_key.encode(), self.device.encode(), "sha256").hex()[:32]


Bearer = Crew | Phone | None
REFUSAL_INTERVAL_MS = 60_000
REFUSALS_KEPT = 1_000
COMMAND_LINE = Crew(0, Role.ADMIN, "command line", None, None)
CLOCK = Crew(0, Role.ADMIN, "clock", None, None)
"""Who locks a round when its time has come."""


def audit(
    transaction: Transaction,
    actor: Crew,
    action: str,
    *,
    session_id: int | None = None,
    round: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    detail: str = "",
) -> None:
    """Write down who did what, in the transaction of the act itself."""
    crew.add_audit(
        transaction.connection,
        at_ms=transaction.now_ms,
        actor=actor.name or str(actor.role),
        role="clock" if actor is CLOCK else str(actor.role),
        token_id=actor.id,
        action=action,
        session_id=session_id,
        round=round,
        before=before,
        after=after,
        detail=detail,
    )


def new_phone(code: str, channel: str, now_ms: int) -> Phone:
    return Phone(code, channel, secrets.token_urlsafe(12), now_ms)


def sign_phone(arena: Arena, phone: Phone) -> str:
    """Return the device token. It says nothing secret; the signature makes it unforgeable."""
    text = f"d1~{phone.code}~{phone.channel}~{phone.device}~{phone.issued_at_ms}"
    return _signer(arena.signing_secret).sign(text).decode()


async def note_refusal(arena: Arena, refusal: ArenaError) -> None:
    """Write down that one of the crew tried what the role may not do: each attempt once a minute at most."""
    if refusal.attempt is None:
        return
    actor, verb, code = refusal.attempt
    now_ms, noted = arena.clock.now_ms(), arena.refusals_noted
    if now_ms - noted.get((actor.id, verb, code), -REFUSAL_INTERVAL_MS) < REFUSAL_INTERVAL_MS:
        return
    if len(noted) >= REFUSALS_KEPT:
        noted.clear()
    noted[actor.id, verb, code] = now_ms
    # What cannot be written down is refused all the same.
    with suppress(ArenaError):
        await arena.write(_note_refusal, actor, verb, code, refusal.code)


def _note_refusal(transaction: Transaction, actor: Crew, verb: str, code: str | None, why: str) -> None:
    session = None if code is None else load_session(transaction.connection, code)
    after = {"tried": verb, "refused": why}
    audit(transaction, actor, "refused", session_id=None if session is None else session.id, after=after)


async def identify(arena: Arena, token: str) -> Crew | Phone:
    """Say whose token this is.

    Raises:
        TokenInvalid: forged, revoked or not a token.
        TokenExpired
    """
    if token.startswith(_PREFIX):
        return await _crew(arena, token)
    return phone_of(arena, token)


def phone_of(arena: Arena, token: str) -> Phone:
    """Verify a device token.

    Raises:
        TokenInvalid, TokenExpired
    """
    try:
        if len(token) > TOKEN_LENGTH_MAX:
            raise BadSignature("too long")
        version, code, channel, device, issued = _signer(arena.signing_secret).unsign(token).decode().split("~")
        if version != "d1":
            raise BadSignature("unknown version")
    except (BadSignature, ValueError):
        raise TokenInvalid("This token was not made by this service; join again, or ask for a new one.") from None
    phone = Phone(code, channel, device, int(issued))
    if phone.expires_at_ms <= arena.clock.now_ms():
        raise TokenExpired("This token has expired; join again.")
    return phone


def require_phone(bearer: Bearer, code: str) -> Phone:
    """Return the phone that may take part in a session.

    Raises:
        TokenMissing, TokenInvalid: an access token casts no votes.
        WrongSession: the token is for another session.
    """
    if bearer is None:
        raise TokenMissing("A device token is needed; join the session first.")
    if not isinstance(bearer, Phone):
        raise TokenInvalid("An access token casts no votes; join the session to get a device token.")
    if bearer.code != code:
        raise WrongSession("This device token is for another session; join this one.")
    return bearer


def require_crew(bearer: Bearer, verb: Verb, code: str | None = None) -> Crew:
    """Return the member of the crew who may do this.

    Raises:
        TokenMissing, WrongRole, WrongSession
    """
    if bearer is None:
        raise TokenMissing("An access token is needed; send it as Authorization: Bearer, or as ?token=.")
    if not isinstance(bearer, Crew):
        raise WrongRole("A phone's token may not do that; use an access token.")
    bearer.require(verb, code)
    return bearer


def may_read(bearer: Bearer, code: str) -> bool:
    """Say whether somebody is given the staff's view of a session."""
    return isinstance(bearer, Crew) and bearer.session in (None, code)


async def make_token(
    arena: Arena, maker: Crew, role: Role, name: str, code: str | None, hours: int | None
) -> tuple[int, str, int | None]:
    """Make an access token. Returns its id, the token itself, and when it expires."""
    maker.require(Verb.TOKENS, code)
    return await arena.write(add_token, maker, role, name, code, hours)


def add_token(
    transaction: Transaction,
    maker: Crew,
    role: Role,
    name: str,
    code: str | None,
    hours: int | None,
) -> tuple[int, str, int | None]:
    """Add a token, in its caller's transaction. It never outlives the token that made it."""
    token = f"{_PREFIX}{role}_{secrets.token_urlsafe(24)}"
    session_id = None
    if code is not None:
        session = load_session(transaction.connection, code.upper())
        if session is None:
            raise SessionNotFound(f"No session has the code {code}; check the code.")
        session_id = session.id
    wanted = None if hours is None else transaction.now_ms + hours * 3_600_000
    expires = min((each for each in (wanted, maker.expires_at_ms) if each is not None), default=None)
    token_id = crew.add_token(
        transaction.connection,
        digest=_digest(token),
        role=str(role),
        name=name,
        session_id=session_id,
        created_at_ms=transaction.now_ms,
        expires_at_ms=expires,
    )
    audit(
        transaction,
        maker,
        "token_made",
        session_id=session_id,
        after={"id": token_id, "role": str(role), "name": name, "expires_at_ms": expires},
    )
    return token_id, token, expires


async def revoke_token(arena: Arena, maker: Crew, token_id: int) -> None:
    maker.require(Verb.TOKENS)
    await arena.write(_revoke, maker, token_id)
    arena.hub.cut_token(token_id)


def _revoke(transaction: Transaction, maker: Crew, token_id: int) -> None:
    row = crew.revoke_token(transaction.connection, token_id, transaction.now_ms)
    if row is None:
        raise TokenNotFound(f"No token has the number {token_id}; list the tokens to see which there are.")
    before = {"id": token_id, "role": row.role, "name": row.name}
    audit(transaction, maker, "token_revoked", session_id=row.session_id, before=before)


async def _crew(arena: Arena, token: str) -> Crew:
    row = await arena.read(crew.find_token, _digest(token))
    if row is None or row.revoked_at_ms is not None:
        raise TokenInvalid("This token is not known, or was revoked; ask for a new one.")
    if row.expires_at_ms is not None and row.expires_at_ms <= arena.clock.now_ms():
        raise TokenExpired("This token has expired; ask for a new one.")
    return Crew(row.id, Role(row.role), row.name, row.code, row.expires_at_ms)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@lru_cache(maxsize=8)
def _signer(secret: str) -> Signer:
    return Signer(secret, salt="arena-device", key_derivation="hmac", digest_method=hashlib.sha256)
