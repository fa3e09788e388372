"""Signatures of digests and statements: Ed25519 (RFC 8032), keys and signatures in lower-case hexadecimal."""

import hmac
from collections.abc import Mapping
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_DIGEST = b"arena-digest-1\n"
_STATEMENT = b"arena-statement-1\n"


class SigningKey:
    """A private key. The service derives its own from its secret, so that a restored backup signs as before."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw().hex()

    @classmethod
    def derived(cls, secret: str) -> "SigningKey":
        return cls(hmac.digest(secret.encode(), b"arena-signing-key-1", "sha256"))

    def sign_digest(self, digest: str) -> str:
        """Sign a digest of 64 hexadecimal digits, such as a result's."""
        return self._key.sign(_DIGEST + digest.encode()).hex()

    def sign_statement(self, statement: Mapping[str, Any]) -> str:
        """Sign a JSON object. What is signed is its canonical form: keys sorted, no white space, UTF-8."""
        return self._key.sign(_statement(statement)).hex()


def digest_holds(public: str, digest: str, signature: str) -> bool:
    """Say whether the holder of a key signed a digest; False also where key or signature are none."""
    return _holds(public, _DIGEST + digest.encode(), signature)


def statement_holds(public: str, statement: Mapping[str, Any], signature: str) -> bool:
    """Say whether the holder of a key signed a statement."""
    return _holds(public, _statement(statement), signature)


def _statement(statement: Mapping[str, Any]) -> bytes:
    return _STATEMENT + orjson.dumps(statement, option=orjson.OPT_SORT_KEYS)


def _holds(public: str, message: bytes, signature: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
