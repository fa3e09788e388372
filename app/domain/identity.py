"""What stands in a device token for the person: random for a free phone, derived for a ticket or a WeChat user. Pure.

The derived ones are keyed by the session, so that they say nothing of the ticket or the openid, and are the same
wherever the person joins: one person is one voter on every phone. The mark in front tells the classes apart; a dot
stands in no random one.
"""

import hmac

from app.domain.session import Identity

_MARKS: dict[str, Identity] = {"t.": "ticket", "w.": "wechat"}


def ticket_device(voter_key: str, secret: str) -> str:
    """Derive from what stands on the paper, not from the ticket's number: the database alone must not tell whose
    ballot ticket 17 cast.
    """
    return f"t.{_derived(voter_key, f'ticket {secret}')}"


def wechat_device(voter_key: str, openid: str) -> str:
    return f"w.{_derived(voter_key, f'wechat {openid}')}"


def identity_of(device: str) -> Identity:
    """Say what its bearer has shown to join."""
    return _MARKS.get(device[:2], "device")


def _derived(voter_key: str, person: str) -> str:
    assert voter_key, "a purged session derives nothing"
    return hmac.digest(voter_key.encode(), person.encode(), "sha256").hex()[:32]
