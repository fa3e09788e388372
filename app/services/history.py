"""A past session's history, read once and whole, and the reel that runs through it.

Votes come from the ledger, to the millisecond of their commit, with their channels and what was held back. Likes come
from the timeline, to the second. Phases, scenes and edits come from the audit log. Nothing here writes, and once a
history is read the database is needed no more.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from app.domain.ballot import Cast
from app.domain.errors import RoundNotOpen
from app.domain.lifecycle import Phase, RunState
from app.domain.replay import GRAIN_MS, Act, Moment, PastRun, moments, share_out
from app.domain.session import Session
from app.domain.tally import Counts
from app.live.facts import Counted
from app.services.arena import required_session
from app.services.voting import count_ballot
from app.storage import ballots, crew, history, sessions

LEAD_MS = 5_000
"""A replay begins so long before the first round was opened."""
_TAKES = (Phase.OPEN, Phase.CLOSING)
_STEPS = 1000 // GRAIN_MS
_PORTRAITS = "/api/v1/portraits/"


@dataclass(frozen=True, slots=True)
class Growth:
    """What one commit added to a run's counts."""

    at_ms: int
    run_id: int
    news: Counts


@dataclass(frozen=True, slots=True)
class History:
    """All that a replay shows; `moments` and `growths` are in the order of time."""

    code: str
    title: str
    moments: list[Moment]
    growths: list[Growth]
    voted_at_ms: list[int]
    """When each person cast a first ballot in the session."""
    audience: list[tuple[int, int, int]] = field(default_factory=list)
    """Minute, most on line in it, people seen until its end."""
    portraits: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)

    @property
    def begins_at_ms(self) -> int:
        opened = next(each.at_ms for each in self.moments if _was_on_air(each.session))
        return (opened - LEAD_MS) // 1000 * 1000

    @property
    def ends_at_ms(self) -> int:
        """Return the first whole second by which everything had happened."""
        last = max(self.moments[-1].at_ms, self.growths[-1].at_ms if self.growths else 0)
        return (last // 1000 + 1) * 1000

    def present(self, at_ms: int) -> tuple[int, int]:
        """Return how many were on line, and how many were ever seen, as far as it was written down: by the minute."""
        over = at_ms >= self.ends_at_ms
        begun = [each for each in self.audience if each[0] < at_ms]
        seen = [each[2] for each in begun if over or each[0] + 60_000 <= at_ms]
        return (begun[-1][1] if begun else 0), max([bisect_left(self.voted_at_ms, at_ms), *seen])


class Reel:
    """A history at one moment, to be wound on. `session` and `counts` are what stood then."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.differing: list[str] = []
        """Rounds whose ledger does not give what their lock announced, as sentences: found on the way."""
        self._rewind()

    def _rewind(self) -> None:
        self.at_ms = 0
        self.session = self.history.moments[0].session
        self.counts: dict[int, Counts] = {}
        self._announced: dict[int, int] = {}
        self._grown = self._lived = 0
        self.differing.clear()

    def wind_to(self, at_ms: int) -> bool:
        """Go to a moment: all stands that had happened before it. Say whether anything became another."""
        back = at_ms < self.at_ms
        if back:
            self._rewind()
        self.at_ms = at_ms
        changed = back
        while (upcoming := self.next_at_ms()) is not None and upcoming < at_ms:
            changed = True
            self._take()
        return changed

    def next_at_ms(self) -> int | None:
        """Return when the next thing happens; None where nothing more does."""
        times = [
            each[i].at_ms
            for each, i in ((self.history.growths, self._grown), (self.history.moments, self._lived))
            if i < len(each)
        ]
        return min(times, default=None)

    def _take(self) -> None:
        """Take the next thing in. What was counted in the transaction of a lock stood before it in the queue."""
        grown = self.history.growths[self._grown] if self._grown < len(self.history.growths) else None
        moment = self.history.moments[self._lived] if self._lived < len(self.history.moments) else None
        if grown is not None and (moment is None or grown.at_ms <= moment.at_ms):
            self._grown += 1
            self.counts.setdefault(grown.run_id, Counts()).grow(grown.news)
        elif moment is not None:
            self._lived += 1
            self.session = moment.session
            self._announce()

    def _announce(self) -> None:
        """Let the announced figures stand for what was counted, as a restarted service does."""
        for round_ in self.session.rounds:
            number = len(round_.corrections)
            if round_.standing is None or self._announced.get(round_.run_id) == number:
                continue
            announced = Counts.announced(round_.standing, number)
            if number == 0 and _sums(announced) != _sums(self.counts.get(round_.run_id, Counts())):
                self.differing.append(
                    f"Round {round_.number}, run {round_.run.number}: its ledger and timeline do not give the result "
                    "of its lock; from the lock on the result is shown."
                )
            self._announced[round_.run_id] = number
            self.counts[round_.run_id] = announced


def read_history(connection: Connection, code: str) -> History:
    """Read a session's whole history.

    Raises:
        SessionNotFound
        RoundNotOpen: no round of it was ever opened, so there is nothing to play.
    """
    session = required_session(connection, code)
    corrected = sessions.corrections_of(connection, session.id)
    runs: dict[int, list[PastRun]] = defaultdict(list)
    names = RunState.__dataclass_fields__
    for row in history.runs_of_session(connection, session.id):
        state = RunState(**{**{name: getattr(row, name) for name in names}, "phase": Phase(row.phase)})
        runs[row.round].append(PastRun(row.id, state, row.result, tuple(corrected.get(row.id, ()))))
    acts = [
        Act(row.at_ms, row.action, row.round, row.before, row.after)
        for row in crew.read_whole_audit(connection, session.id)
    ]
    lived = moments(session, runs, acts)
    if not any(_was_on_air(each.session) for each in lived):
        raise RoundNotOpen(f"No round of {session.code} was ever opened; there is nothing to play.", phase="draft")
    run_ids = [run.run_id for each in runs.values() for run in each]
    voted, growths = _votes(connection, session.code, run_ids)
    growths += _likes(connection, lived, run_ids)
    growths.sort(key=attrgetter("at_ms"))
    return History(
        session.code,
        session.title,
        lived,
        growths,
        sorted(voted.values()),
        [(each.minute_ms, each.online, each.seen) for each in ballots.audience(connection, session.id)],
        _portraits(connection, session),
    )


def _votes(connection: Connection, code: str, run_ids: Sequence[int]) -> tuple[dict[str, int], list[Growth]]:
    """Return when each voter came first, and what each commit counted, by the very rules of the writer."""
    first: dict[str, int] = {}
    growths: list[Growth] = []
    for run_id in run_ids:
        earlier: dict[str, list[Cast]] = {}
        fact: Counted | None = None
        for row in history.every_ballot(connection, run_id):
            cast = Cast(row.slot, row.revision, tuple(row.choices.split(",")), "", "", row.accepted_at_ms, row.held)
            if fact is None or growths[-1].at_ms != row.accepted_at_ms:
                fact = Counted(code, run_id)
                growths.append(Growth(row.accepted_at_ms, run_id, fact.counts))
            count_ballot(fact, row.channel, cast, earlier.get(row.voter, ()))
            earlier[row.voter] = [cast]
            first[row.voter] = min(row.accepted_at_ms, first.get(row.voter, row.accepted_at_ms))
    return first, growths


def _likes(connection: Connection, lived: Sequence[Moment], run_ids: Sequence[int]) -> Iterator[Growth]:
    """Yield the likes of each second in five steps, all of them before the run took no more.

    By which channel they came is known of the whole run only: meanwhile each channel has its share of that.
    """
    parts: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    for row in history.likes_by_channel(connection, run_ids):
        parts[row.run_id, row.choice][row.channel] = int(row.likes)
    stops = _stops(lived)
    wholes: dict[tuple[int, str], int] = defaultdict(int)
    rows = [row for row in ballots.timeline(connection, run_ids) if row.likes]
    for row in rows:
        wholes[row.run_id, row.choice] += row.likes
    totals: dict[tuple[int, str], int] = defaultdict(int)
    shares: dict[tuple[int, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        key = (row.run_id, row.choice)
        stop_ms = stops.get((row.run_id, row.at_s), (row.at_s + 1) * 1000)
        before = totals[key]
        for step in range(1, _STEPS + 1):
            total = before + row.likes * step // _STEPS
            if total == totals[key]:
                continue
            at_ms = min(row.at_s * 1000 + GRAIN_MS * step - 1, stop_ms)
            news = Counts(likes={row.choice: total - totals[key]})
            for channel, more in share_out(total, wholes[key], parts[key], shares[key]).items():
                shares[key][channel] += more
                news.channel(channel).likes[row.choice] = more
            totals[key] = total
            yield Growth(at_ms, row.run_id, news)


def _stops(lived: Sequence[Moment]) -> dict[tuple[int, int], int]:
    """Return in which seconds a run took no more, and from which moment on."""
    stops: dict[tuple[int, int], int] = {}
    for moment in lived:
        for round_ in moment.session.rounds:
            if round_.run.phase not in _TAKES:
                stops.setdefault((round_.run_id, moment.at_ms // 1000), moment.at_ms)
    return stops


def _portraits(connection: Connection, session: Session) -> dict[str, tuple[str, bytes]]:
    found = {}
    for each in session.contestants:
        digest = each.portrait_url.removeprefix(_PORTRAITS)
        if digest != each.portrait_url and (picture := sessions.read_portrait(connection, digest)) is not None:
            found[digest] = picture
    return found


def _was_on_air(session: Session) -> bool:
    return any(each.run.opened_at_ms is not None for each in session.rounds)


def _sums(counts: Counts) -> tuple[dict[str, Any], dict[str, Any], int]:
    return (
        {key: count for key, count in counts.votes.items() if count},
        {key: count for key, count in counts.likes.items() if count},
        counts.turnout,
    )
