"""The closing check: what was acknowledged, held against what the service says in the end.

Pure: histories, marks and readings in, sentences about what is wrong out; an empty list means that all holds.
It asks nothing of the service and knows no clock but the times in its arguments.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.crowd.history import Event
from app.crowd.options import NOTHING, LikeMark, Reading, RunKey


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many votes a run must at least and can at most hold of this crowd."""

    acked: Mapping[str, int]
    unknown: Mapping[str, int]
    voters_acked: int
    voters_unknown: int


class VersionWatch:
    """Sees to it that one client's tallies never go back."""

    __slots__ = ("epoch", "version")

    def __init__(self) -> None:
        self.epoch = -1
        self.version = -1

    def see(self, epoch: int, version: int) -> str | None:
        """Take note of a tally. Returns what is wrong with it, or None; the same version again is right."""
        if (epoch, version) < (self.epoch, self.version):
            return f"a tally went back from {self.epoch}-{self.version} to {epoch}-{version}"
        self.epoch, self.version = epoch, version
        return None


def bounds_of(history: Iterable[Event]) -> dict[RunKey, Bounds]:
    """Count by run and choice: a vote once, however often acknowledged; a changed one as it last stood."""
    acked: dict[RunKey, dict[tuple[int, str], tuple[str, ...]]] = defaultdict(dict)
    unknown: dict[RunKey, dict[tuple[int, str], tuple[str, ...]]] = defaultdict(dict)
    for event in history:
        # A vote that may be changed is one place a voter; elsewhere each receipt stands for itself, so that a
        # voter who was wrongly given two is seen.
        place = (event.voter, "" if event.changeable else event.receipt)
        if event.what == "ok":
            acked[event.round, event.run][place] = event.choices
        elif event.what == "unknown":
            unknown[event.round, event.run][event.voter, event.nonce] = event.choices
    return {
        key: Bounds(
            acked=_by_choice(acked[key]),
            unknown=_by_choice(unknown[key]),
            voters_acked=len({voter for voter, _ in acked[key]}),
            voters_unknown=len({voter for voter, _ in unknown[key]}),
        )
        for key in {*acked, *unknown}
    }


def check_receipts(history: Iterable[Event]) -> list[str]:
    """Check that a voter who may not change has one receipt a run, and that a receipt is new once only."""
    receipts: dict[tuple[int, int, int], set[str]] = defaultdict(set)
    fresh: Counter[str] = Counter()
    owners: dict[str, set[int]] = defaultdict(set)
    for event in history:
        if event.what != "ok":
            continue
        owners[event.receipt].add(event.voter)
        if not event.changeable:
            receipts[event.round, event.run, event.voter].add(event.receipt)
        if not event.repeat:
            fresh[event.receipt] += 1
    problems = [
        f"voter {voter} was acknowledged in round {round_} run {run} with {len(names)} different receipts: "
        + ", ".join(sorted(names))
        for (round_, run, voter), names in receipts.items()
        if len(names) > 1
    ]
    problems += [f"receipt {name} was given {n} times as a new one" for name, n in fresh.items() if n > 1]
    problems += [f"receipt {name} was given to {len(of)} voters" for name, of in owners.items() if len(of) > 1]
    return problems


def check_lock(history: Iterable[Event], readings: Mapping[RunKey, Reading]) -> list[str]:
    """Check that no vote was acknowledged with a time after its run's lock."""
    problems = []
    for event in history:
        reading = readings.get((event.round, event.run))
        if event.what != "ok" or reading is None or reading.locked_at_ms is None:
            continue
        late_ms = event.accepted_at_ms - reading.locked_at_ms
        if late_ms > 0:
            problems.append(
                f"{_name(reading)}: the vote of voter {event.voter} was accepted {late_ms} ms after the lock"
            )
    return problems


def check_votes(
    history: Iterable[Event],
    base: Mapping[RunKey, Reading],
    readings: Mapping[RunKey, Reading],
    *,
    alone: bool,
) -> list[str]:
    """Check that acknowledged votes count once: acked ≤ tally ≤ acked + unknown, by choice and by voter.

    `base` is what stood before the crowd began. Without `alone` there is no upper bound, for others may have
    voted.
    """
    problems = []
    bounds = bounds_of(history)
    none = Bounds(NOTHING, NOTHING, 0, 0)
    for key, reading in readings.items():
        bound, before = bounds.get(key, none), base.get(key)
        for choice in sorted({*bound.acked, *bound.unknown, *reading.votes}):
            counted = _votes(reading, choice) - (_votes(before, choice) if before else 0)
            least = bound.acked.get(choice, 0)
            most = least + bound.unknown.get(choice, 0) if alone else None
            problems += _outside(f"{_name(reading)}, votes for {choice}", counted, least, most)
        voters = reading.turnout - (before.turnout if before else 0)
        held = reading.held_ballots - (before.held_ballots if before else 0)
        most = bound.voters_acked + bound.voters_unknown if alone else None
        # Who is held is no part of the turnout, and may have more ballots than one.
        problems += _outside(f"{_name(reading)}, voters", voters, bound.voters_acked - held, most)
        total = sum(reading.votes.values())
        if reading.channel_votes is not None and reading.channel_votes != total:
            problems.append(
                f"{_name(reading)}: the channels hold {reading.channel_votes} votes, the tally holds {total}"
            )
    return problems


def _votes(reading: Reading, choice: str) -> int:
    return reading.votes.get(choice, 0) + reading.held.get(choice, 0)


def check_likes(
    likes: Mapping[RunKey, Mapping[int, LikeMark]],
    base: Mapping[RunKey, Reading],
    readings: Mapping[RunKey, Reading],
    *,
    alone: bool,
) -> list[str]:
    """Check that the last acknowledged totals ≤ tally ≤ the greatest sent ones, summed over the voters."""
    problems = []
    for key, reading in readings.items():
        marks = likes.get(key, {}).values()
        before = base.get(key)
        for choice in sorted({*reading.likes, *(choice for mark in marks for choice in mark.sent)}):
            counted = reading.likes.get(choice, 0) - (before.likes.get(choice, 0) if before else 0)
            least = sum(mark.acked.get(choice, 0) for mark in marks)
            most = sum(mark.sent.get(choice, 0) for mark in marks) if alone else None
            problems += _outside(f"{_name(reading)}, likes for {choice}", counted, least, most)
    problems += [
        f"round {key[0]} run {key[1]}: voter {voter} was acknowledged {acked} likes for {choice}; sent were "
        f"{mark.sent.get(choice, 0)}"
        for key, marks_of_run in likes.items()
        for voter, mark in marks_of_run.items()
        for choice, acked in mark.acked.items()
        if acked > mark.sent.get(choice, 0)
    ]
    return problems


def check_all(
    history: list[Event],
    likes: Mapping[RunKey, Mapping[int, LikeMark]],
    base: Mapping[RunKey, Reading],
    readings: Mapping[RunKey, Reading],
    *,
    alone: bool,
) -> list[str]:
    """Run every check of this module over the runs that could be read."""
    return [
        *check_receipts(history),
        *check_lock(history, readings),
        *check_votes(history, base, readings, alone=alone),
        *check_likes(likes, base, readings, alone=alone),
    ]


def _by_choice(ballots: Mapping[tuple[int, str], tuple[str, ...]]) -> Mapping[str, int]:
    return Counter(choice for choices in ballots.values() for choice in choices)


def _outside(what: str, counted: int, least: int, most: int | None) -> list[str]:
    if counted < least:
        return [f"{what}: {least} were acknowledged and {counted} are counted; {least - counted} are lost"]
    if most is not None and counted > most:
        return [f"{what}: {counted} are counted and at most {most} can be; {counted - most} are too many"]
    return []


def _name(reading: Reading) -> str:
    return f"round {reading.round} run {reading.run}"
