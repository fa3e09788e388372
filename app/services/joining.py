"""Joining: a phone gets the identity under which it takes part.

What a phone must show is the channel's: nothing, a ticket, or that it came by WeChat. A free phone's identity stands
in no table; a ticket's first use does.
"""

from app.domain.errors import InvalidRequest, SessionEnded, TicketNotFound, TicketRequired, WechatRequired
from app.domain.identity import identity_of, wechat_device
from app.domain.session import Channel, Session
from app.schemas.voting import Join, Joined
from app.services import tickets
from app.services.arena import Arena
from app.services.gate import Gate
from app.services.identity import Phone, good_until_ms, new_phone, sign_phone


async def join(arena: Arena, gate: Gate, code: str, wanted: Join, known: Phone | None, address: str) -> Joined:
    """Give a phone its identity in a session: a ticket's, else the one it has, else a new one.

    Raises:
        SessionNotFound; InvalidRequest: the session has no such channel; SessionEnded: it was purged.
        TicketRequired, WechatRequired, TicketNotFound, TicketUsed, TicketVoid
        WorkRequired, TooManyRequests: many join from this address, or many wrong tickets came from it. Never where a
            known phone comes back without a ticket.
    """
    session = (await arena.live(code)).session
    channel = _channel(session, wanted.channel)
    refuse_purged(session)
    work = (wanted.work.challenge, wanted.work.solution) if wanted.work is not None else ("", "")
    if known is not None and not _still_good(session, known):
        known = None
    if wanted.ticket:
        # A known phone too: to be known costs nothing, and it could guess on.
        await gate.admit_ticket(session.code, address, *work)
        try:
            phone = await tickets.redeem(arena, session, wanted.ticket, wanted.nonce, known)
        except TicketNotFound:
            await gate.ticket_was_wrong(address)
            raise
    elif known is not None:
        # The channel is part of the identity: one who could change it could choose the longest delay.
        phone = known
    else:
        _require_free(session, channel)
        await gate.admit(session.code, address, *work)
        phone = new_phone(session.code, channel.key, arena.clock.now_ms())
    return Joined(
        token=sign_phone(arena, phone),
        channel=phone.channel,
        identity=identity_of(phone.device),
        session=session.code,
        delay_ms=session.delay_ms(phone.channel),
        expires_at_ms=good_until_ms(arena, phone),
        server_time_ms=arena.clock.now_ms(),
    )


def wechat_token(arena: Arena, session: Session, channel: Channel, openid: str) -> str:
    """Return the device token of a WeChat user: the same voter on every phone. The openid goes no further.

    Raises:
        SessionEnded: it was purged.
    """
    refuse_purged(session)
    device = wechat_device(session.voter_key, openid)
    return sign_phone(arena, Phone(session.code, channel.key, device, arena.clock.now_ms()))


def wechat_channel(session: Session) -> Channel | None:
    """Return the channel that WeChat's users join by."""
    return next((each for each in session.channels if each.identity == "wechat"), None)


def refuse_purged(session: Session) -> None:
    if session.purged_at_ms is not None:
        raise SessionEnded("The session is over and its personal data is destroyed; nobody can join it any more.")


def require_shown(session: Session, phone: Phone) -> None:
    """Refuse a phone that has not shown what its channel asks for: the channel may have changed since it joined.

    Raises:
        TicketRequired, WechatRequired
    """
    if not _still_good(session, phone):
        for each in session.channels:
            if each.key == phone.channel:
                _require_free(session, each)


def _channel(session: Session, asked: str | None) -> Channel:
    """Return the channel asked for, else the web, else the first that takes a phone which shows nothing."""
    if asked is not None:
        for each in session.channels:
            if each.key == asked:
                return each
        keys = [each.key for each in session.channels]
        raise InvalidRequest(f"This session has no channel “{asked}”; it has {', '.join(keys)}.", channels=keys)
    free = [each for each in session.channels if each.identity == "device"] or list(session.channels)
    return next((each for each in free if each.key == "web"), free[0])


def _still_good(session: Session, phone: Phone) -> bool:
    """Say whether a known phone has shown what its channel asks for now; that may change before the first round."""
    asked = next((each.identity for each in session.channels if each.key == phone.channel), None)
    return phone.code == session.code and asked in (None, identity_of(phone.device))


def _require_free(session: Session, channel: Channel) -> None:
    match channel.identity:
        case "device":
            return
        case "ticket":
            raise TicketRequired(
                f"“{channel.name or channel.key}” takes tickets only; scan the code on yours, or type it.",
                channel=channel.key,
            )
        case "wechat":
            raise WechatRequired(
                f"“{channel.name or channel.key}” takes WeChat users only; open the page in WeChat and sign in.",
                channel=channel.key,
                start=f"/wechat/start/{session.code}",
            )
