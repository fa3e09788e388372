"""Who is asking: a member of the crew by access token, a phone by its device token, or anyone.

Access tokens are looked up by their hash. Device tokens are signed and stand in no table: joining writes nothing.
"""

import hashlib
import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
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
    rehearsal: str | None = None
    """The rehearsal of that one session, where it has one: who may work on the one may rehearse it."""

    def covers(self, code: str | None) -> bool:
        return self.session is None or (code is not None and code in (self.session, self.rehearsal))

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
        elif not self.covers(code):
            refusal = WrongSession(
                "This token is for one session; ask for one that covers all sessions."
                if code is None
                else "This token is for another session; ask for one that covers this session."
            )
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
    _voter: list[str] = field(default_factory=lambda: ["", ""], repr=False, compare=False)
    """The key of the last session that was asked for, and the name in it: one socket asks for the same all evening."""

    @property
    def expires_at_ms(self) -> int:
        return self.issued_at_ms + DEVICE_TOKEN_MS

    def voter(self, session: Session) -> str:
        """Return the keyed hash under which this phone's ballots are kept; without the show's key nobody can link
        it.
        """
        known = self._voter
        if known[0] != session.voter_key or not known[1]:
            named = hmac.digest(session.voter_key.encode(), self.device.encode(), "sha256").hex()[:32]
            known[:] = session.voter_key, named
        return known[1]


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


def is_access_token(token: str) -> bool:
    """Say whether a token is, by its look, one of the crew's: only those must be looked up."""
    return token.startswith(_PREFIX)


async def identify(arena: Arena, token: str) -> Crew | Phone:
    """Say whose token this is.

    Raises:
        TokenInvalid: forged, revoked or not a token.
        TokenExpired
    """
    if is_access_token(token):
        return await _crew(arena, token)
    phone = _signed(arena, token)
    if phone.expires_at_ms <= arena.clock.now_ms():
        # Its poll may still be open, and nothing of it be known yet in this process.
        with suppress(SessionNotFound):
            await arena.live(phone.code)
    return phone_of(arena, token)


def phone_of(arena: Arena, token: str) -> Phone:
    """Verify a device token. An old one of a poll that nobody has asked for since the start counts as expired;
    `identify` asks for it first.

    Raises:
        TokenInvalid, TokenExpired
    """
    phone = _signed(arena, token)
    if good_until_ms(arena, phone) <= arena.clock.now_ms():
        raise TokenExpired("This token has expired; join again.")
    return phone


def good_until_ms(arena: Arena, phone: Phone) -> int:
    """Say until when a device token is taken: for DEVICE_TOKEN_MS, and in a poll until that has ended. A poll is open
    for as long as its producer likes, and one who must join again in the middle of it is another voter; so of a poll
    that has not ended, the answer is the least that is left.
    """
    live, now_ms = arena.hub.live.get(phone.code), arena.clock.now_ms()
    if live is not None and live.session.kind == "poll" and not live.session.ended:
        return now_ms + DEVICE_TOKEN_MS
    return phone.expires_at_ms


def _signed(arena: Arena, token: str) -> Phone:
    """Return the phone that a token speaks for. Raises TokenInvalid."""
    try:
        if len(token) > TOKEN_LENGTH_MAX:
            raise BadSignature("too long")
        version, code, channel, device, issued = _signer(arena.signing_secret).unsign(token).decode().split("~")
        if version != "d1":
            raise BadSignature("unknown version")
    except (BadSignature, ValueError):
        raise TokenInvalid("This token was not made by this service; join again, or ask for a new one.") from None
    return Phone(code, channel, device, int(issued))


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
    return isinstance(bearer, Crew) and bearer.covers(code)


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
    await arena.write(drop_token, maker, token_id)
    arena.hub.cut_token(token_id)


def drop_token(transaction: Transaction, maker: Crew, token_id: int) -> None:
    """Revoke a token, in its caller's transaction. Raises TokenNotFound."""
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
    return Crew(row.id, Role(row.role), row.name, row.code, row.expires_at_ms, row.rehearsal)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class _DeviceSigner(Signer):
    """Derives its key once. The library would do so for every token, and each vote brings one."""

    def __init__(self, secret: str) -> None:
        super().__init__(secret, salt="arena-device", key_derivation="hmac", digest_method=hashlib.sha256)
        self._derived = super().derive_key()

    def derive_key(self, _secret_key: str | bytes | None = None) -> bytes:
        return self._derived


@lru_cache(maxsize=8)
def _signer(secret: str) -> Signer:
    return _DeviceSigner(secret)
