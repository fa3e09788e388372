"""Proof of work: a puzzle that costs a phone a moment and a bot farm its speed. Pure; keeps nothing.

A challenge is 64 characters, so that who solves it hashes its one block once and then a second block a try. It holds
16 random bytes, when it expires, its bits, and a keyed hash over these and the session: nobody can make one, ease one
or take one to another session. Who spent one is for the caller to remember.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

CHALLENGE_LENGTH = 64
SOLUTION_LENGTH_MAX = 32
RANDOM_BYTES = 16
_SEAL_BYTES = 25


def challenge(key: bytes, code: str, bits: int, expires_at_ms: int, randomness: bytes) -> str:
    """Make a challenge for a session; `randomness` is 16 bytes."""
    body = randomness + expires_at_ms.to_bytes(6, "big") + bytes([bits])
    return urlsafe_b64encode(body + _seal(key, code, body)).decode()


def terms(key: bytes, code: str, given: str) -> tuple[int, int] | None:
    """Return when a challenge expires, in milliseconds, and its bits; None where it is not this key's and session's."""
    if len(given) != CHALLENGE_LENGTH:
        return None
    try:
        # A second spelling of the same bytes would be a second challenge.
        raw = urlsafe_b64decode(given)
        if urlsafe_b64encode(raw).decode() != given:
            return None
    except ValueError:
        return None
    body = raw[:-_SEAL_BYTES]
    if not hmac.compare_digest(raw[-_SEAL_BYTES:], _seal(key, code, body)):
        return None
    return int.from_bytes(body[RANDOM_BYTES:-1], "big"), body[-1]


def solves(given: str, solution: str, bits: int) -> bool:
    """Say whether SHA-256 over the challenge and the solution begins with so many zero bits."""
    digest = hashlib.sha256(f"{given}{solution}".encode()).digest()
    return int.from_bytes(digest, "big") >> (256 - bits) == 0


def solve(given: str, bits: int) -> str:
    """Find a solution; takes 2 to the power of `bits` tries on average."""
    begun = hashlib.sha256(given.encode())
    number = 0
    while True:
        attempt = begun.copy()
        attempt.update(b"%d" % number)
        if int.from_bytes(attempt.digest(), "big") >> (256 - bits) == 0:
            return str(number)
        number += 1


def _seal(key: bytes, code: str, body: bytes) -> bytes:
    return hmac.digest(key, b"arena-work\n" + code.encode() + b"\n" + body, "sha256")[:_SEAL_BYTES]
