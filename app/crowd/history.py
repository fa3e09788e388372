"""The history of a crowd's votes, and the checker that holds it against the ledger.

One event when a vote is first sent (`invoke`) and one when its fate is known: `ok` with its receipt, `fail`
when every answer was a refusal, `unknown` when an unanswered try may have been counted. Pure but for
`write_history`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import orjson


class Event(NamedTuple):
    """A step in the life of one vote. `at_ms` counts from the beginning of the simulation."""

    at_ms: int
    what: str
    voter: int
    round: int
    run: int
    nonce: str
    choices: tuple[str, ...]
    receipt: str = ""
    accepted_at_ms: int = 0
    repeat: bool = False
    code: str = ""
    changeable: bool = False


class LedgerRow(NamedTuple):
    """A ballot as the ledger or the database holds it.

    `voter` is whatever names a voter within the run. `nonce` is known only where the rows come from the
    database itself.
    """

    receipt: str
    round: int
    run: int
    voter: str
    choices: tuple[str, ...]
    slot: str = "once"
    revision: int = 1
    nonce: str | None = None


def write_history(path: Path, history: Iterable[Event]) -> None:
    """Write a history as JSON lines."""
    with path.open("wb") as file:
        for event in history:
            file.write(orjson.dumps(event._asdict(), option=orjson.OPT_APPEND_NEWLINE))


def read_history(path: Path) -> list[Event]:
    """Read a history back from JSON lines."""
    with path.open("rb") as file:
        return [Event(**{**fields, "choices": tuple(fields["choices"])}) for fields in map(orjson.loads, file)]


def check_history(history: Iterable[Event], ledger_rows: Iterable[LedgerRow], *, alone: bool = True) -> list[str]:
    """Prove that the ledger holds what was acknowledged and nothing that was refused.

    Every `ok` is in the ledger, once and with its choices; no `fail` is; a voter has one ballot a slot.
    `alone` says that all ballots of the ledger are this crowd's: then each must be explained by an `ok` or an
    `unknown`.

    Returns:
        the violations as sentences; empty where all holds.
    """
    events, rows = list(history), list(ledger_rows)
    problems = _doubled_rows(rows)
    by_receipt = {row.receipt: row for row in rows}
    acked: dict[str, Event] = {}
    for event in events:
        if event.what != "ok":
            continue
        acked[event.receipt] = event
        row = by_receipt.get(event.receipt)
        if row is None:
            problems.append(f"lost: {_whose(event)} was acknowledged with {event.receipt}, which the ledger lacks")
        elif (row.round, row.run) != (event.round, event.run) or set(row.choices) != set(event.choices):
            problems.append(
                f"changed: {_whose(event)} for {'+'.join(event.choices)} stands "
                f"as round {row.round} run {row.run} for {'+'.join(row.choices)}"
            )
    problems += _refused_but_held(events, rows)
    if alone:
        problems += _unexplained(events, [row for row in rows if row.receipt not in acked])
    return problems


def _doubled_rows(rows: list[LedgerRow]) -> list[str]:
    receipts = Counter(row.receipt for row in rows)
    problems = [f"doubled: receipt {name} stands {n} times in the ledger" for name, n in receipts.items() if n > 1]
    places = Counter((row.round, row.run, row.voter, row.slot, row.revision) for row in rows)
    problems += [
        f"doubled: voter {voter} has {n} ballots in round {round_} run {run}, slot {slot}"
        for (round_, run, voter, slot, _), n in places.items()
        if n > 1
    ]
    return problems


def _refused_but_held(events: list[Event], rows: list[LedgerRow]) -> list[str]:
    held = {(row.round, row.run, row.nonce) for row in rows if row.nonce}
    counted = {(event.round, event.run, event.nonce) for event in events if event.what in ("ok", "unknown")}
    return [
        f"refused but counted: {_whose(event)} got {event.code} and yet stands in the ledger"
        for event in events
        if event.what == "fail" and (key := (event.round, event.run, event.nonce)) in held and key not in counted
    ]


def _unexplained(events: list[Event], strangers: list[LedgerRow]) -> list[str]:
    room: Mapping[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for event in events:
        if event.what == "unknown":
            room[event.round, event.run]["+".join(sorted(event.choices))] += 1
    found: Mapping[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for row in strangers:
        found[row.round, row.run]["+".join(sorted(row.choices))] += 1
    return [
        f"unexplained: {n} ballots for {choices} in round {key[0]} run {key[1]} were acknowledged to nobody, "
        f"and only {room[key][choices]} went unanswered"
        for key, counts in found.items()
        for choices, n in counts.items()
        if n > room[key][choices]
    ]


def _whose(event: Event) -> str:
    return f"the vote of voter {event.voter} in round {event.round} run {event.run}"
