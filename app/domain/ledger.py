"""The ledger: receipts, the hash chain over committed batches, and the recount.

Each run has a chain of its own. A batch's head is SHA-256 over the head before it and the batch's lines, so that a
ballot changed, removed, added or reordered changes every head after it. The recount uses these functions and nothing
else.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE32 = [first + second for first in _LETTERS for second in _LETTERS]
"""Ten bits as two letters. The library's base32 takes a fifth of the time that a whole ballot does."""
CHAIN_START = "0" * 64
EXPORT_FORMAT = "arena-ledger-1"
AUDIT_FORMAT = "arena-audit-1"
RECEIPT_FORM = re.compile(r"[A-Z2-7]{26}", re.ASCII)
FIGURES = ("session", "round", "run", "votes", "likes", "turnout", "ballots", "channels", "held", "deciding", "weights")
"""What a result announces, and the digest covers beside the chain's head."""
LATER_FIGURES = ("held", "deciding", "weights")
"""Those that the first results did not announce."""
REHEARSAL_OF = "rehearsal_of"
"""Announced by a rehearsal alone, beside the others and under the digest: the session that it rehearses."""


class LedgerLine(NamedTuple):
    """One accepted ballot as the ledger shows it. `voter` is a pseudonym that holds within the run only."""

    seq: int
    receipt: str
    voter: str
    slot: str
    revision: int
    choices: tuple[str, ...]
    channel: str
    accepted_at_ms: int
    held: str = ""
    """The rule that holds it back; empty where it counts."""

    def row(self) -> list[Any]:
        """Return the line as the export has it: the fields in their order, `held` only where it is held."""
        row: list[Any] = list(self if self.held else self[:-1])
        row[5] = list(self.choices)
        return row

    def canonical(self) -> bytes:
        """Return the bytes that are hashed: those of the row."""
        return orjson.dumps(tuple(self) if self.held else self[:-1])


def receipt(run_key: str, voter: str, slot: str, revision: int, choices: Sequence[str], nonce: str) -> str:
    """Derive a receipt: 26 characters of base32, 130 bits. `nonce` is the voter's own randomness."""
    # JSON, so that no separator inside a part can make two ballots alike.
    parts = orjson.dumps(["arena-receipt-1", run_key, voter, slot, revision, list(choices), nonce])
    bits = int.from_bytes(hashlib.sha256(parts).digest()[:17]) >> 6
    return "".join([_BASE32[bits >> shift & 1023] for shift in range(120, -1, -10)])


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


def fold(head: str, record: Mapping[str, Any]) -> str:
    """Return the digest of a record that follows `head`: a result after its chain, a correction after its result, an
    audit entry after the one before.
    """
    return hashlib.sha256(head.encode() + b"\n" + orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()


def counted(
    lines: Iterable[LedgerLine], voided: Collection[str] = (), released: Collection[str] = ()
) -> list[LedgerLine]:
    """Return the lines that count: none of a voided channel, none that is held by a rule that was not released."""
    return [each for each in lines if each.channel not in voided and (not each.held or each.held in released)]


def recount_held(
    lines: Iterable[LedgerLine], choices: Sequence[str], released: Collection[str] = ()
) -> dict[str, dict[str, Any]]:
    """Count what is held back, by rule: how many ballots, and the votes that they would be."""
    rules: dict[str, list[LedgerLine]] = {}
    for line in lines:
        if line.held and line.held not in released:
            rules.setdefault(line.held, []).append(line)
    return {rule: {"ballots": len(held), "votes": recount(held, choices)[0]} for rule, held in sorted(rules.items())}


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
            original = line._replace(choices=(choice,))
            attempt = before.copy()
            attempt.update(b"\n" + original.canonical() + rest)
            if attempt.hexdigest() == after:
                return original
        before.update(texts[i])
    return None
