"""Proof of work: a challenge is good for its session, its bits and its time, and nobody else can make one."""

import hashlib

import pytest

from app.domain.work import CHALLENGE_LENGTH, RANDOM_BYTES, challenge, solve, solves, terms

KEY = b"k" * 32
RANDOM = bytes(range(RANDOM_BYTES))
MADE = challenge(KEY, "K7M2QP", 10, 1_795_176_000_000, RANDOM)


def test_challenge_fills_one_block_of_the_hash_and_says_its_terms() -> None:
    assert len(MADE) == CHALLENGE_LENGTH == 64
    assert terms(KEY, "K7M2QP", MADE) == (1_795_176_000_000, 10)


@pytest.mark.parametrize(
    ("key", "code", "given"),
    [
        (b"x" * 32, "K7M2QP", MADE),
        (KEY, "K7M2QQ", MADE),
        (KEY, "K7M2QP", MADE[:-1]),
        (KEY, "K7M2QP", MADE + "A"),
        (KEY, "K7M2QP", ""),
        (KEY, "K7M2QP", "é" * 64),
        (KEY, "K7M2QP", "!" * 64),
        (KEY, "K7M2QP", "A" * 63 + "="),
        (KEY, "K7M2QP", "A" * 64),
    ],
)
def test_foreign_or_broken_challenge_has_no_terms(key: bytes, code: str, given: str) -> None:
    assert terms(key, code, given) is None


def test_every_changed_sign_makes_it_nobodys() -> None:
    for i in range(len(MADE)):
        changed = MADE[:i] + ("B" if MADE[i] == "A" else "A") + MADE[i + 1 :]
        assert terms(KEY, "K7M2QP", changed) is None, i


def test_two_are_never_the_same() -> None:
    other = challenge(KEY, "K7M2QP", 10, 1_795_176_000_000, bytes(RANDOM_BYTES))
    assert other != MADE


@pytest.mark.parametrize("bits", [1, 8, 12])
def test_solution_has_the_zeros_that_were_asked_and_one_hashes_it_by_hand(bits: int) -> None:
    solution = solve(MADE, bits)
    digest = hashlib.sha256((MADE + solution).encode()).digest()
    assert f"{int.from_bytes(digest, 'big'):0256b}".startswith("0" * bits)
    assert solves(MADE, solution, bits)
    assert not solves(MADE, solution, 64)


def test_solution_of_another_challenge_is_none() -> None:
    assert not solves(MADE.swapcase(), solve(MADE, 20 - 4), 16)


def test_mean_effort_doubles_with_each_bit() -> None:
    tries = {
        bits: sum(int(solve(challenge(KEY, "C", bits, 1, bytes([i] * 16)), bits)) for i in range(200)) / 200
        for bits in (4, 8)
    }
    assert 8 < tries[4] < 32
    assert 128 < tries[8] < 512
