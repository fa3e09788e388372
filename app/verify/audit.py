"""Checks an exported audit log: its chain, its signature, and that it agrees with a ledger's export."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain import ledger
from app.domain.ledger import AUDIT_FORMAT, CHAIN_START
from app.domain.signature import digest_holds
from app.verify.check import Check, Verification
from app.verify.export_file import CODE, HASH, Unreadable, is_count, is_kind, is_text, shown

FIELDS = {"at_ms", "actor", "role", "action", "round", "before", "after", "detail", "token_id"}


def verify_audit(
    document: Mapping[str, Any],
    ledgers: Sequence[Mapping[str, Any]] = (),
    key: str | None = None,
    head: str | None = None,
) -> Verification:
    """Follow a log's chain. `ledgers` are exports of the same session that were given beside it, `head` is a digest of
    one of its entries that somebody noted.

    Raises:
        Unreadable: it is not of the format `arena-audit-1`.
    """
    entries = document.get("entries")
    if document.get("format") != AUDIT_FORMAT or not isinstance(entries, list):
        raise Unreadable(f"It is no {AUDIT_FORMAT}.")
    if not is_text(document.get("session"), CODE) or not is_text(document.get("head"), HASH):
        raise Unreadable("It names no session, or no head of its chain.")
    chain = Check("Each entry's digest follows from the entry before it; the last is the log's head.")
    _chain(chain, entries, document["head"])
    signed = Check("The head is signed by the key that the file names.")
    own = document.get("key")
    if not is_text(own, HASH) or not digest_holds(str(own), document["head"], str(document.get("signature"))):
        signed.wrong("The signature of the head is not that of the key.")
    if key is not None and key.strip().lower() != own:
        signed.wrong("The file names another key than the one that was given: somebody else signed it.")
    checks = [chain, signed]
    for each in ledgers:
        if each.get("session") == document["session"]:
            checks.append(
                check := Check(f"Round {each['round']}, run {each['run']}: locked and corrected as the log says.")
            )
            readable = [entry for entry in entries if isinstance(entry, dict)]
            _agrees(check, readable, each)
            if (stood := _stood(readable, each)) is not None:
                checks.append(zero := Check(f"Round {each['round']}, run {each['run']}: opened at zero."))
                if stood != {"ballots": 0, "likes": 0, "chain_head": CHAIN_START}:
                    zero.wrong(f"At its opening there stood {shown(stood)}.")
    unproved = []
    if head is None:
        unproved.append("A log that ends early agrees with itself: compare its head with one that was noted later.")
    else:
        checks.append(noted := Check("The digest that was noted stands in the log."))
        if head.strip().lower() not in (entry["digest"] for entry in entries if isinstance(entry, dict)):
            noted.wrong("No entry has the digest that was noted: the log is another, or ends before it.")
    title = f"{document['session']} · 操作记录 · {len(entries)}"
    return Verification(title, document["head"], tuple(checks), tuple(unproved), _rehearsal_of(entries))


def _chain(check: Check, entries: Sequence[Any], head: str) -> None:
    digest, last = CHAIN_START, 0
    for place, entry in enumerate(entries, 1):
        if not is_kind(entry, dict) or entry.keys() != FIELDS | {"id", "digest"} or not is_count(entry["id"]):
            check.wrong(f"Entry {place} has not the form of an entry.", place)
            return
        try:
            follows = ledger.fold(digest, {name: entry[name] for name in FIELDS})
        except TypeError:
            follows = ""
        if follows != entry["digest"]:
            check.wrong(f"Entry {entry['id']} was changed, added or moved, or one before it is missing.", entry["id"])
        if entry["id"] <= last:
            check.wrong(f"Entry {entry['id']} stands after entry {last}.", entry["id"])
        digest, last = str(entry["digest"]), max(last, entry["id"])
    if digest != head:
        check.wrong("The chain does not end with the log's head: entries are missing, or were added.")


def _stood(entries: Sequence[Mapping[str, Any]], exported: Mapping[str, Any]) -> Any:
    """Return what the log says stood when a run opened; None where it is of a release that did not say so."""
    for entry in entries:
        after = entry.get("after")
        if not isinstance(after, dict) or "stood" not in after:
            continue
        if entry.get("round") == exported["round"] and after.get("run") == exported["run"]:
            return after["stood"]
    return None


def _rehearsal_of(entries: Sequence[Any]) -> str | None:
    """Return the session that a rehearsal's log names in its first entry."""
    after = entries[0].get("after") if entries and isinstance(entries[0], dict) else None
    named = after.get("rehearsal_of") if isinstance(after, dict) else None
    return None if named is None else str(named)


def _agrees(check: Check, entries: Sequence[Mapping[str, Any]], exported: Mapping[str, Any]) -> None:
    told = [
        (entry["action"], entry["after"]["digest"])
        for entry in entries
        if entry.get("round") == exported["round"]
        and isinstance(entry.get("after"), dict)
        and entry["after"].get("run") == exported["run"]
        and "digest" in entry["after"]
    ]
    announced = [digest for action, digest in told if action not in ("correction_confirmed", "certify")]
    if exported["result"]["digest"] not in announced:
        check.wrong(f"The log knows no lock with the digest {shown(exported['result']['digest'])}.")
    confirmed = [digest for action, digest in told if action == "correction_confirmed"]
    corrections = exported.get("corrections")
    given = (
        [each.get("digest") for each in corrections if isinstance(each, dict)] if isinstance(corrections, list) else []
    )
    if confirmed[: len(given)] != given:
        check.wrong("The corrections of the export are others than those that the log knows.")
    elif len(confirmed) > len(given):
        check.wrong(
            f"The log knows {len(confirmed)} corrections, the export {len(given)}: it was made before the last."
        )
