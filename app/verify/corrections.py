"""Checks the corrections of a result and the signatures: from the file alone, with the domain's own code."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain import ledger
from app.domain.ledger import LedgerLine
from app.domain.signature import digest_holds
from app.verify.check import Check
from app.verify.export_file import HASH, is_kind, is_tally, is_text, same, shown

_WHOSE = ("session", "round", "run")


def check_corrections(check: Check, document: Mapping[str, Any], lines: Sequence[LedgerLine]) -> None:
    """Follow the chain of corrections from the result's digest, and count each one's figures again."""
    corrections = document.get("corrections", [])
    if not isinstance(corrections, list):
        check.wrong("The corrections are no list.")
        return
    digest = document["result"]["digest"]
    voided: set[str] = set()
    released: set[str] = set()
    for number, each in enumerate(corrections, 1):
        record = each.get("record") if isinstance(each, dict) else None
        if not is_kind(record, dict) or not is_text(each.get("digest"), HASH):
            check.wrong(f"Correction {number} has not the form of a correction.")
            return
        assert isinstance(record, dict)
        if not same(record.get("number"), number):
            check.wrong(f"Correction {shown(record.get('number'))} stands at place {number}: one was removed or moved.")
        if any(not same(record.get(key), document[key]) for key in _WHOSE):
            check.wrong(f"Correction {number} is of another session, round or run.")
        try:
            follows = ledger.fold(digest, record)
        except TypeError:
            check.wrong(f"Correction {number} holds what no digest can cover.")
            return
        if follows != each["digest"]:
            check.wrong(f"Correction {number} was changed, or what it corrects: its digest does not follow.")
        digest = each["digest"]
        _evolve(check, number, record, voided, released)
        _count_again(check, number, record, document, lines, voided, released)


def _evolve(check: Check, number: int, record: Mapping[str, Any], voided: set[str], released: set[str]) -> None:
    match record.get("kind"):
        case "void_channel":
            voided.add(str(record.get("subject")))
        case "release_held":
            released.add(str(record.get("subject")))
        case kind:
            check.wrong(f"Correction {number} is of the kind {shown(kind)}, which the arena does not know.")
    if not same(record.get("voided"), sorted(voided)) or not same(record.get("released"), sorted(released)):
        check.wrong(f"Correction {number} leaves out more, or other, than the corrections so far.")
    if not str(record.get("reason") or "").strip():
        check.wrong(f"Correction {number} gives no reason.")


def _count_again(
    check: Check,
    number: int,
    record: Mapping[str, Any],
    document: Mapping[str, Any],
    lines: Sequence[LedgerLine],
    voided: set[str],
    released: set[str],
) -> None:
    choices = document["choices"]
    counting = ledger.counted(lines, voided, released)
    votes, turnout = ledger.recount(counting, choices)
    for key, counted in (
        ("votes", votes),
        ("turnout", turnout),
        ("held", ledger.recount_held(lines, choices, released)),
    ):
        if not same(record.get(key), counted):
            check.wrong(
                f"Correction {number} announces {key} {shown(record.get(key))}; the ballots give {shown(counted)}."
            )
    channels = record.get("channels")
    if not isinstance(channels, dict) or not all(
        isinstance(each, dict) and is_tally(each.get("likes"), choices) for each in channels.values()
    ):
        check.wrong(f"Correction {number} has no channels with their likes.")
        return
    # Voided channels stand in the record with their own figures, and in no sum.
    own = ledger.recount_channels(ledger.counted(lines, (), released), choices)
    for channel, each in channels.items():
        counted_votes, voters = own.get(channel, (dict.fromkeys(choices, 0), 0))
        if not same(each.get("votes"), counted_votes) or not same(each.get("turnout"), voters):
            check.wrong(
                f"Correction {number} announces other figures of the channel {shown(channel)} than its ballots."
            )
    if missing := sorted(own.keys() - channels.keys()):
        check.wrong(f"Correction {number} leaves out the channel {shown(missing[0])}, which has ballots.")
    at_lock = document["result"].get("channels")
    if isinstance(at_lock, dict) and any(
        not same(each["likes"], at_lock[channel].get("likes"))
        for channel, each in channels.items()
        if isinstance(at_lock.get(channel), dict)
    ):
        check.wrong(f"Correction {number} announces other likes of a channel than the lock did.")
    likes = {key: sum(each["likes"][key] for name, each in channels.items() if name not in voided) for key in choices}
    if not same(record.get("likes"), likes):
        check.wrong(
            f"Correction {number} announces likes {shown(record.get('likes'))}; its channels give {shown(likes)}."
        )


def check_signature(check: Check, document: Mapping[str, Any], key: str | None) -> None:
    """Check who signed; `key` is the public key that was noted before, where somebody did."""
    own = document.get("key")
    if not is_text(own, HASH):
        check.wrong("The file names no key of 64 hexadecimal digits.")
        return
    if key is not None and key.strip().lower() != own:
        check.wrong("The file names another key than the one that was given: somebody else signed it.")
    corrections = document.get("corrections")
    signed = [("result", document["result"]["digest"], document.get("signature"))]
    for number, each in enumerate(corrections if isinstance(corrections, list) else [], 1):
        if isinstance(each, dict):
            signed.append((f"correction {number}", each.get("digest"), each.get("signature")))
    for what, digest, signature in signed:
        if not isinstance(signature, str) or not digest_holds(str(own), str(digest), signature):
            check.wrong(f"The signature of the {what} is not that of the key.")
