"""Signatures: whoever lacks the key cannot make one, and nothing odd raises."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.signature import SigningKey, digest_holds, statement_holds

KEY = SigningKey.derived("a secret of at least thirty-two characters")
DIGEST = "ab" * 32


def test_a_digest_holds_for_its_key_and_no_other() -> None:
    signature = KEY.sign_digest(DIGEST)
    assert digest_holds(KEY.public, DIGEST, signature)
    assert not digest_holds(KEY.public, "cd" * 32, signature)
    assert not digest_holds(SigningKey(b"o" * 32).public, DIGEST, signature)
    assert not digest_holds(KEY.public, DIGEST, signature[:-2] + ("00" if signature[-2:] != "00" else "11"))


@pytest.mark.parametrize("odd", ["", "zz", "ab", "先", "00" * 64, "00" * 32])
def test_what_is_no_key_or_signature_holds_nothing(odd: str) -> None:
    assert not digest_holds(odd, DIGEST, KEY.sign_digest(DIGEST))
    assert not digest_holds(KEY.public, DIGEST, odd)


def test_the_same_secret_gives_the_same_key_and_another_another() -> None:
    assert SigningKey.derived("a secret of at least thirty-two characters").public == KEY.public
    assert SigningKey.derived("another secret of thirty-two characters").public != KEY.public
    assert len(bytes.fromhex(KEY.public)) == 32


@given(st.dictionaries(st.text(max_size=5), st.one_of(st.integers(-(2**53), 2**53), st.text(max_size=5)), max_size=5))
def test_a_statement_holds_in_whatever_order_and_spacing_it_is_written(statement: dict[str, Any]) -> None:
    signature = KEY.sign_statement(statement)
    turned = json.loads(json.dumps(dict(reversed(statement.items())), indent=3))
    assert statement_holds(KEY.public, turned, signature)
    assert not statement_holds(KEY.public, {**statement, "one more": 1}, signature)


def test_a_digests_signature_is_none_of_a_statement() -> None:
    assert not statement_holds(KEY.public, {"digest": DIGEST}, KEY.sign_digest(DIGEST))
