"""The ledger: receipts, the hash chain over committed batches, and the recount.

Each run has a chain of its own. A batch's head is SHA-256 over the head before it and the batch's lines, so that a
ballot changed, removed, added or reordered changes every head after it. The recount uses these functions and nothing
else.
"""

import hashlib
import re
from base64 import b32encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

CHAIN_START = "0" * 64
EXPORT_FORMAT = "arena-ledger-1"
RECEIPT_FORM = re.compile(r"[A-Z2-7]{26}", re.ASCII)
FIGURES = ("session", "round", "run", "votes", "likes", "turnout", "ballots", "channels")
"""What a result announces, and the digest covers beside the chain's head."""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One accepted ballot as the ledger shows it. `voter` is a pseudonym that holds within the run only."""

    seq: int
    receipt: str
    voter: str
    slot: str
    revision: int
    choices: tuple[str, ...]
    channel: str
    accepted_at_ms: int

    def canonical(self) -> bytes:
        """Return the bytes that are hashed: a JSON array in the order of the fields."""
        return orjson.dumps(
            [
                self.seq,
                self.receipt,
                self.voter,
                self.slot,
                self.revision,
                self.choices,
                self.channel,
                self.accepted_at_ms,
            ]
        )


def receipt(run_key: str, voter: str, slot: str, revision: int, choices: Sequence[str], nonce: str) -> str:
    """Derive a receipt: 26 characters of base32, 130 bits. `nonce` is the voter's own randomness."""
    # JSON, so that no separator inside a part can make two ballots alike.
    parts = orjson.dumps(["arena-receipt-1", run_key, voter, slot, revision, list(choices), nonce])
    return b32encode(hashlib.sha256(parts).digest()).decode()[:26]


def pseudonym(run_key: str, voter: str) -> str:
    """Give a voter a name that cannot be followed from one run to another."""
    return hashlib.sha256(f"arena-voter-1\n{run_key}\n{voter}".encode()).hexdigest()[:24]


def extend(head: str, lines: Iterable[LedgerLine]) -> str:
    """Return the chain's head after one more batch."""
    digest = hashlib.sha256(head.encode())
    for line in lines:
        digest.update(b"\n")
        digest.update(line.canonical())
    return digest.hexdigest()


def result_digest(head: str, figures: Mapping[str, Any]) -> str:
    """Fold the chain's head and the announced figures into the digest that stands in the result."""
    return hashlib.sha256(head.encode() + b"\n" + orjson.dumps(figures, option=orjson.OPT_SORT_KEYS)).hexdigest()


def recount(lines: Iterable[LedgerLine], choices: Sequence[str]) -> tuple[dict[str, int], int]:
    """Count the ballots that stand: the highest revision of each voter and slot.

    Returns:
        votes by choice, in the order of `choices`, and the turnout.
    """
    standing: dict[tuple[str, str], LedgerLine] = {}
    for line in lines:
        key = (line.voter, line.slot)
        if key not in standing or standing[key].revision < line.revision:
            standing[key] = line
    votes = Counter(choice for line in standing.values() for choice in line.choices)
    return {key: votes[key] for key in choices}, len({voter for voter, _ in standing})


def recount_channels(lines: Iterable[LedgerLine], choices: Sequence[str]) -> dict[str, tuple[dict[str, int], int]]:
    """Count the ballots that stand, by channel: votes by choice, and how many voters took part there."""
    standing: dict[tuple[str, str], LedgerLine] = {}
    voters: dict[str, set[str]] = {}
    for line in lines:
        voters.setdefault(line.channel, set()).add(line.voter)
        key = (line.voter, line.slot)
        if key not in standing or standing[key].revision < line.revision:
            standing[key] = line
    votes = Counter((line.channel, choice) for line in standing.values() for choice in line.choices)
    return {
        channel: ({key: votes[channel, key] for key in choices}, len(names))
        for channel, names in sorted(voters.items())
    }


def one_changed(head: str, lines: Sequence[LedgerLine], after: str, choices: Sequence[str]) -> LedgerLine | None:
    """Find the one line of a batch that led to `after` before its choice was changed, and return it as it was.

    Tries each single choice in each line, so it costs the square of the batch. None where that explains nothing.
    """
    texts = [b"\n" + line.canonical() for line in lines]
    before = hashlib.sha256(head.encode())
    for i, line in enumerate(lines):
        rest = b"".join(texts[i + 1 :])
        for choice in choices:
            original = replace(line, choices=(choice,))
            attempt = before.copy()
            attempt.update(b"\n" + original.canonical() + rest)
            if attempt.hexdigest() == after:
                return original
        before.update(texts[i])
    return None
