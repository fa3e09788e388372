"""Recounts a ledger's export from the file alone, with the domain's own code.

Pure: no service, no database. Each check says in a sentence what was compared; each problem what is wrong and, where a
ballot is at fault, which. A file that agrees with itself may still be another file than the one announced: only the
digest published at the lock tells those apart, so what was not compared is said as well.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from app.domain import ledger
from app.domain.ballot import ONCE, REVISIONS_MAX
from app.domain.clock import shanghai_day
from app.domain.ledger import CHAIN_START, EXPORT_FORMAT, FIGURES, LATER_FIGURES, LedgerLine
from app.verify.check import Check, Verification
from app.verify.corrections import check_corrections, check_signature
from app.verify.export_file import (
    CODE,
    DAILY,
    HASH,
    KEY,
    VOTER,
    Unreadable,
    is_batch,
    is_count,
    is_kind,
    is_tally,
    is_text,
    same,
    shown,
)

SEARCH_COST_MAX = 20_000_000
"""Squares of lines times choices up to which the one changed line of a batch is searched for: about a second."""


def verify_ledger(document: Mapping[str, Any], digest: str | None = None, key: str | None = None) -> Verification:
    """Recount an export. `digest` is the one that was published at the lock, `key` the service's public key.

    Raises:
        Unreadable: it is not of the format `arena-ledger-1`.
    """
    _require_form(document)
    result, choices = document["result"], document["choices"]
    checks: list[Check] = []

    def check(sentence: str, find: Callable[[Check], None]) -> None:
        checks.append(each := Check(sentence))
        find(each)

    lines: list[LedgerLine] = []
    check("Every ballot has the form of a ballot and names choices of this round, each once.",
          lambda each: lines.extend(_lines(each, document)))  # fmt: skip
    check("Ballots are numbered from 1 without a gap, in order.", lambda each: _sequence(each, document["ballots"]))
    check("No receipt stands twice.", lambda each: _receipts(each, lines))
    check("Each voter has one ballot in a slot, changed only by numbered revisions.",
          lambda each: _slots(each, lines, document.get("rules")))  # fmt: skip
    check("Batches are numbered from 1 and end with the last ballot.",
          lambda each: _boundaries(each, document["batches"], len(document["ballots"])))  # fmt: skip
    check("Each batch's head follows from the head before it and its ballots; the last is the result's.",
          lambda each: _chain(each, lines, document))  # fmt: skip
    check("The count began at zero: its chain begins with nothing before the first ballot.",
          lambda each: _began_at_zero(each, lines, document))  # fmt: skip
    check("Ballots were accepted when their batch was committed, in order, none after the lock.",
          lambda each: _times(each, lines, document))  # fmt: skip
    check("The result is of this session, round and run, and has the figures that a lock announces.",
          lambda each: _headings(each, document))  # fmt: skip
    counting = ledger.counted(lines)
    check("Votes, turnout and ballots, counted again, are those announced.",
          lambda each: _figures(each, lines, counting, result, choices))  # fmt: skip
    check("Ballots that are held back, counted again, are those announced apart, each voter's all or none.",
          lambda each: _held(each, lines, result, choices))  # fmt: skip
    check("Votes and turnout of each channel, counted again, are those announced; channels add up to the whole.",
          lambda each: _channels(each, counting, result, choices))  # fmt: skip
    check("Likes of the channels add up to the whole.", lambda each: _likes(each, document))
    check("The digest follows from the chain's head and the announced figures.", lambda each: _digest(each, result))
    check("Each correction follows from what it corrects, by its own number, and its figures are counted again.",
          lambda each: check_corrections(each, document, lines))  # fmt: skip
    check("The result and each correction are signed by the key that the file names.",
          lambda each: check_signature(each, document, key))  # fmt: skip
    unproved = [
        "Likes are not ballots: they are cumulative totals and stand in no chain. Only their sums were compared.",
        "Whose ballot it is stands nowhere in the file; each voter can look for the own receipt.",
    ]
    if digest is None:
        unproved.insert(
            0,
            "No published digest was given (--digest). So this shows that the file agrees with itself, not that it is "
            "the file of that lock: who can change all of it can compute every hash anew. Compare the digest below "
            "with the one that was announced.",
        )
    else:
        check("The digest is the one that was published.", lambda each: _published(each, result, digest))
    if key is None:
        unproved.insert(
            0,
            "No key was given (--key). So the signatures show that one key signed all of this, not whose: compare "
            f"{document.get('key')} with the key that was noted before the programme.",
        )
    said = {True: "观众投票决定胜负", False: "观众投票不决定胜负"}.get(document.get("deciding"), "")  # type: ignore[arg-type]
    title = f"{document['session']} · 第{document['round']}轮 · 第{document['run']}次 · {len(lines)} 票 · {said}"
    rehearsal = _rehearsal_of(document)
    return Verification(title, str(result["digest"]), tuple(checks), tuple(unproved), rehearsal)


def _require_form(document: Mapping[str, Any]) -> None:
    if document.get("format") != EXPORT_FORMAT:
        raise Unreadable(f"Its format is {shown(document.get('format'))}; this command reads {EXPORT_FORMAT}.")
    kinds: dict[str, type] = {
        "session": str, "round": int, "run": int, "choices": list, "result": dict, "batches": list, "ballots": list,
    }  # fmt: skip
    for key, kind in kinds.items():
        if not is_kind(document.get(key), kind):
            raise Unreadable(f"It has no {key}, or not in the form of an export.")
    if not is_text(document["session"], CODE):
        raise Unreadable("Its session is no code of a session.")
    for key in ("chain_head", "digest"):
        if not is_text(document["result"].get(key), HASH):
            raise Unreadable(f"The result has no {key} of 64 hexadecimal digits.")
    choices = document["choices"]
    if not choices or len({*map(str, choices)}) != len(choices) or not all(is_text(key, KEY) for key in choices):
        raise Unreadable("Its choices are not a list of different keys.")


def _lines(check: Check, document: Mapping[str, Any]) -> Iterable[LedgerLine]:
    order = {key: i for i, key in enumerate(document["choices"])}
    for place, row in enumerate(document["ballots"], 1):
        if not isinstance(row, list) or len(row) not in (8, 9):
            check.wrong(f"Ballot {place} is not a line of eight fields, or of nine where it is held.", place)
            continue
        seq, receipt, voter, slot, revision, named, channel, accepted_at_ms = row[:8]
        line = seq if is_count(seq) else place
        wrong = [
            what
            for what, right in (
                ("number", is_count(seq)),
                ("receipt", is_text(receipt, ledger.RECEIPT_FORM)),
                ("voter", is_text(voter, VOTER)),
                ("slot", slot == ONCE or is_text(slot, DAILY)),
                ("revision", is_count(revision) and 1 <= revision <= REVISIONS_MAX),
                ("channel", is_text(channel, KEY)),
                ("time", is_count(accepted_at_ms)),
                ("rule that holds it", len(row) == 8 or is_text(row[8], KEY)),
            )
            if not right
        ]
        for what in wrong:
            check.wrong(f"Ballot {line} has a {what} of a form that the arena does not give.", line)
        if not isinstance(named, list) or not named or not all(isinstance(key, str) for key in named):
            check.wrong(f"Ballot {line} names no choice.", line)
            continue
        if unknown := [key for key in named if key not in order]:
            check.wrong(f"Ballot {line} names {shown(unknown[0])}, which this round does not have.", line)
        elif len(set(named)) != len(named):
            check.wrong(f"Ballot {line} names a choice twice.", line)
        elif sorted(named, key=lambda key: order[key]) != named:
            check.wrong(f"Ballot {line} names its choices in another order than the round.", line)
        elif not wrong:
            yield LedgerLine(seq, receipt, voter, slot, revision, tuple(named), channel, accepted_at_ms, *row[8:])


def _sequence(check: Check, rows: Sequence[Any]) -> None:
    expected = 1
    for place, row in enumerate(rows, 1):
        seq = row[0] if isinstance(row, list) and row and is_count(row[0]) else expected
        if seq > expected:
            gap = f"ballot {expected} is" if seq == expected + 1 else f"ballots {expected} to {seq - 1} are"
            check.wrong(f"Ballot {seq} stands at place {place}: {gap} missing before it.", expected)
        elif seq < expected:
            check.wrong(f"Ballot {seq} stands at place {place}, after a later or the same number.", seq)
        expected = max(expected, seq + 1)


def _receipts(check: Check, lines: Sequence[LedgerLine]) -> None:
    first: dict[str, int] = {}
    for line in lines:
        if line.receipt in first:
            check.wrong(f"Ballot {line.seq} has the receipt of ballot {first[line.receipt]}.", line.seq)
        first.setdefault(line.receipt, line.seq)


def _slots(check: Check, lines: Sequence[LedgerLine], rules: Any) -> None:
    known = rules if isinstance(rules, dict) else {}
    per_day, changeable, most = known.get("votes_per_day"), known.get("changeable"), known.get("choices_max")
    newest: dict[tuple[str, str], LedgerLine] = {}
    days: dict[tuple[str, str], int] = {}
    for line in lines:

        def wrong(sentence: str, line: LedgerLine = line) -> None:
            check.wrong(f"Ballot {line.seq} {sentence}", line.seq)

        before = newest.get((line.voter, line.slot))
        newest[line.voter, line.slot] = line
        if before is not None and line.revision <= before.revision:
            wrong(f"is a second one of the voter of ballot {before.seq}: revision {line.revision} again.")
        elif line.revision != (before.revision if before else 0) + 1:
            wrong(f"is revision {line.revision}, and the revision before it is missing.")
        elif before is not None and line.choices == before.choices:
            wrong(f"repeats what ballot {before.seq} of the same voter says; the arena counts no such change.")
        if changeable is False and line.revision > 1:
            wrong("is a changed vote, and this round's votes could not be changed.")
        if is_count(most) and len(line.choices) > most:
            wrong(f"names {len(line.choices)} choices; this round took at most {most}.")
        if known and (line.slot == ONCE) != (per_day is None):
            wrong(f"stands in the slot {line.slot}, which this round does not have.")
        if line.slot == ONCE or before is not None:
            if line.slot != ONCE:
                wrong("changes a vote of the day; such votes stand as they are.")
            continue
        day, number = line.slot.split("/")
        days[line.voter, day] = days.get((line.voter, day), 0) + 1
        if int(number) != days[line.voter, day]:
            wrong(f"is vote {number} of its voter's day, and is the {days[line.voter, day]}. there.")
        if is_count(per_day) and int(number) > per_day:
            wrong(f"is vote {number} of a day that had {per_day}.")
        if shanghai_day(line.accepted_at_ms) != day:
            wrong("stands in the slot of another day than it was accepted on.")


def _boundaries(check: Check, batches: Sequence[Any], ballots: int) -> None:
    last = 0
    for place, batch in enumerate(batches, 1):
        if not is_batch(batch):
            check.wrong(f"Batch {place} has not the form of a batch.")
            continue
        if batch["number"] != place:
            check.wrong(f"Batch {batch['number']} stands at place {place}: one was removed, added or moved.")
        if batch["last_seq"] <= last:
            check.wrong(f"Batch {batch['number']} ends with ballot {batch['last_seq']}, not after ballot {last}.")
        last = max(last, batch["last_seq"])
    if last > ballots:
        check.wrong(f"The last batch ends with ballot {last}, and there are {ballots} ballots.")
    if last < ballots:
        check.wrong(f"Ballots {last + 1} to {ballots} stand in no batch.", last + 1)


def _in_batches(lines: Sequence[LedgerLine], batches: Sequence[Any]) -> Iterable[tuple[Any, int, list[LedgerLine]]]:
    """Yield each batch of good form with the number it begins with, and its ballots in the file's order."""
    found: list[tuple[Any, int, list[LedgerLine]]] = []
    ends: list[int] = []
    for batch in filter(is_batch, batches):
        before = ends[-1] if ends else 0
        found.append((batch, before + 1, []))
        ends.append(max(before, batch["last_seq"]))
    for line in lines:
        place = bisect_left(ends, line.seq)
        if place < len(found) and line.seq > 0:
            found[place][2].append(line)
    return found


def _chain(check: Check, lines: Sequence[LedgerLine], document: Mapping[str, Any]) -> None:
    choices, head, cost = document["choices"], CHAIN_START, 0
    for batch, start, own in _in_batches(lines, document["batches"]):
        stated = batch["head"]
        if ledger.extend(head, own) != stated:
            last = batch["last_seq"]
            where = f"ballot {start}" if start >= last else f"one of the ballots {start} to {last}"
            changed = None
            cost += len(own) ** 2 * len(choices)
            if own and cost <= SEARCH_COST_MAX:
                changed = ledger.one_changed(head, own, stated, choices)
            if changed is not None:
                check.wrong(
                    f"Ballot {changed.seq} was changed: batch {batch['number']} was committed with "
                    f"{', '.join(changed.choices)} there.",
                    changed.seq,
                )
            else:
                check.wrong(
                    f"Batch {batch['number']} does not follow: {where}, the batch's head or the batch before it was "
                    "changed, removed, added or moved.",
                    start,
                )
        # What follows is judged from what stands there, so that one change is not told as many.
        head = stated
    if head != document["result"]["chain_head"]:
        check.wrong("The chain does not end with the result's chain_head: batches are missing, or were added.")


def _began_at_zero(check: Check, lines: Sequence[LedgerLine], document: Mapping[str, Any]) -> None:
    first = next(iter(_in_batches(lines, document["batches"])), None)
    if first is None:
        if document["ballots"] or document["result"]["chain_head"] != CHAIN_START:
            check.wrong("The chain does not begin in this file.")
        return
    batch, _, own = first
    if batch["number"] != 1 or not own or own[0].seq != 1:
        check.wrong("The first batch does not begin with ballot 1: something stood before it.")


def _rehearsal_of(document: Mapping[str, Any]) -> str | None:
    """Return the session that a rehearsal's export names, wherever it does; None for a real one's."""
    named = document["result"].get(ledger.REHEARSAL_OF) or document.get(ledger.REHEARSAL_OF)
    return None if named is None else str(named)


def _times(check: Check, lines: Sequence[LedgerLine], document: Mapping[str, Any]) -> None:
    locked_at_ms, before = document.get("locked_at_ms"), 0
    for batch, _, own in _in_batches(lines, document["batches"]):
        at_ms = batch["committed_at_ms"]
        if at_ms < before:
            check.wrong(f"Batch {batch['number']} was committed before the batch before it.")
        before = max(before, at_ms)
        for line in own:
            if line.accepted_at_ms != at_ms:
                check.wrong(f"Ballot {line.seq} was accepted at another time than its batch was committed.", line.seq)
            if is_count(locked_at_ms) and line.accepted_at_ms > locked_at_ms:
                check.wrong(f"Ballot {line.seq} was accepted after the lock.", line.seq)


def _headings(check: Check, document: Mapping[str, Any]) -> None:
    result = document["result"]
    for key in ("session", "round", "run"):
        if not same(result.get(key), document[key]):
            check.wrong(f"The result is of {key} {shown(result.get(key))}, the ballots of {shown(document[key])}.")
    if "deciding" in result and not same(result["deciding"], document.get("deciding")):
        check.wrong("The result and the file differ on whether the audience decides.")
    # A lock of release 0.1's first tables announced none of the later figures; one that lacks some was changed.
    optional = LATER_FIGURES if not any(key in result for key in LATER_FIGURES) else ()
    missing = [key for key in FIGURES if key not in result and key not in optional]
    added = sorted(result.keys() - {*FIGURES, "chain_head", "digest", ledger.REHEARSAL_OF})
    if not same(result.get(ledger.REHEARSAL_OF), document.get(ledger.REHEARSAL_OF)):
        check.wrong("The result and the file differ on whether this is a rehearsal.")
    if missing or added:
        check.wrong(
            f"The result lacks {', '.join(missing) or 'nothing'} and has {shown(added)} that no lock announces."
        )


def _figures(
    check: Check,
    lines: Sequence[LedgerLine],
    counting: Sequence[LedgerLine],
    result: Mapping[str, Any],
    choices: Sequence[str],
) -> None:
    votes, turnout = ledger.recount(counting, choices)
    for key, counted in (("votes", votes), ("turnout", turnout), ("ballots", len(lines))):
        if not same(result.get(key), counted):
            check.wrong(f"The result announces {key} {shown(result.get(key))}; the ballots give {shown(counted)}.")


def _held(check: Check, lines: Sequence[LedgerLine], result: Mapping[str, Any], choices: Sequence[str]) -> None:
    if not same(result.get("held", {}), counted := ledger.recount_held(lines, choices)):
        check.wrong(f"The result announces as held {shown(result.get('held'))}; the ballots give {shown(counted)}.")
    first: dict[str, LedgerLine] = {}
    for line in lines:
        before = first.setdefault(line.voter, line)
        if line.held != before.held:
            check.wrong(f"Ballot {line.seq} is not held as ballot {before.seq} of the same voter is.", line.seq)


def _channels(check: Check, lines: Sequence[LedgerLine], result: Mapping[str, Any], choices: Sequence[str]) -> None:
    announced = result.get("channels")
    if not isinstance(announced, dict):
        check.wrong("The result has no channels.")
        return
    counted = ledger.recount_channels(lines, choices)
    for key in sorted(announced.keys() | counted.keys()):
        votes, turnout = counted.get(key, (dict.fromkeys(choices, 0), 0))
        figures = announced.get(key)
        if not isinstance(figures, dict):
            check.wrong(f"The channel {shown(key)} has ballots and is not announced.")
        elif not same(figures.get("votes"), votes) or not same(figures.get("turnout"), turnout):
            check.wrong(
                f"The channel {shown(key)} is announced with {shown(figures.get('votes'))}, turnout "
                f"{shown(figures.get('turnout'))}; its ballots give {shown(votes)}, turnout {turnout}."
            )
        elif figures.keys() != {"votes", "turnout", "likes"}:
            check.wrong(f"The channel {shown(key)} has figures that no lock announces.")


def _likes(check: Check, document: Mapping[str, Any]) -> None:
    result, choices = document["result"], document["choices"]
    whole = result.get("likes")
    if not is_tally(whole, choices):
        check.wrong("The result has no likes for each choice.")
        return
    if "likes" in document and not same(document["likes"], whole):
        check.wrong("The likes beside the result are others than the result's.")
    channels = result.get("channels")
    parts = [each.get("likes") if isinstance(each, dict) else None for each in _values(channels)]
    tallies = [part for part in parts if is_tally(part, choices)]
    if len(tallies) != len(parts):
        check.wrong("A channel has no likes for each choice.")
    elif any(sum(part[key] for part in tallies) != whole[key] for key in choices):
        check.wrong("The likes of the channels do not add up to those announced.")


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else []


def _digest(check: Check, result: Mapping[str, Any]) -> None:
    figures = {key: value for key, value in result.items() if key not in ("chain_head", "digest")}
    try:
        computed = ledger.fold(result["chain_head"], figures)
    except TypeError:
        check.wrong("The result holds what no digest can cover.")
        return
    if computed != result["digest"]:
        check.wrong("The digest does not follow from the chain's head and the figures: one of them was changed.")


def _published(check: Check, result: Mapping[str, Any], digest: str) -> None:
    if digest.strip().lower() != result["digest"]:
        check.wrong("The digest is not the one that was published at the lock: this is not the announced result.")
