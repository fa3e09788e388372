"""Standings over a season: shared ranks, bouts, the holder's run, the closest bout, the score. Pure.

Votes and likes are never added together, but for a formula that says what each is worth.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

TIE = "tie"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A place in a ranking; equals share it: 1, 1, 3."""

    rank: int
    key: str
    figure: int | Fraction


@dataclass(frozen=True, slots=True)
class RoundCount:
    """What one visible round counted, by contestant. `leads` is who leads it, by score where channels have weights;
    None in a tie, where nobody has voted, or where what leads is no contestant.
    """

    votes: Mapping[str, int]
    likes: Mapping[str, int]
    leads: str | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """One session of a season as far as the asker may see it. `people` names the person behind each contestant."""

    code: str
    kind: str
    contestants: tuple[str, ...]
    people: Mapping[str, str]
    rounds: tuple[RoundCount, ...]
    over: bool
    """Nothing of it is left to come, or hidden."""
    deciding: bool
    """The audience's votes decide; else they only show who is liked."""
    said: str | None = None
    """What the crew says of the winner: a contestant, `tie`, or nothing."""


@dataclass(frozen=True, slots=True)
class Bout:
    """A pk that is over. `winner` is a contestant, None in a tie."""

    played: Played
    winner: str | None
    decided_by: str
    holder: str | None = None
    """The person who holds the arena after it; None where it is somebody unknown, or nobody yet."""
    run: int = 0
    defended: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A holder's wins in a row, from one session to another."""

    person: str
    wins: int
    first: str
    last: str


@dataclass(slots=True)
class Record:
    """What one person has done in a season."""

    sessions: int = 0
    bouts: int = 0
    wins: int = 0
    losses: int = 0
    ties: int = 0
    votes: int = 0
    likes: int = 0


@dataclass(frozen=True, slots=True)
class Close:
    """A bout's difference of votes, and its share of all votes cast."""

    code: str
    votes: Mapping[str, int]
    margin: int
    share: Fraction


@dataclass(frozen=True, slots=True)
class Standings:
    records: Mapping[str, Record]
    bouts: tuple[Bout, ...]
    longest: Run | None
    since: str | None
    """The session in which the present holder's run began."""
    closest: tuple[Close, ...]


@dataclass(frozen=True, slots=True)
class Formula:
    """What a vote and a like are worth, in points; what is left out is worth nothing."""

    votes: int = 0
    likes: int = 0

    def score(self, votes: int, likes: int) -> int:
        return votes * self.votes + likes * self.likes

    @property
    def text(self) -> str:
        return f"score = {self.votes} × votes + {self.likes} × likes"


def ranked(figures: Mapping[str, int] | Mapping[str, Fraction]) -> list[Ranked]:
    """Rank by figure, the greatest first. Equals share the rank and stand in the order in which they came."""
    order = sorted(figures, key=lambda key: -figures[key])
    ranks: list[Ranked] = []
    for place, key in enumerate(order, 1):
        shared = ranks and ranks[-1].figure == figures[key]
        ranks.append(Ranked(ranks[-1].rank if shared else place, key, figures[key]))
    return ranks


def winner_of(played: Played) -> tuple[str | None, str] | None:
    """Return a bout's winner, None in a tie, and who decided; nothing where it is no bout, not over, or undecided.

    What the crew says goes before. Else, where votes decide and there are any, who leads more rounds wins, and where
    that is equal, who has more votes.
    """
    if played.kind != "pk" or not played.over:
        return None
    if played.said is not None:
        return None if played.said == TIE else played.said, "crew"
    if not played.deciding:
        return None
    votes = _sum(each.votes for each in played.rounds)
    if not any(votes.get(key) for key in played.contestants):
        return None
    led = {key: sum(each.leads == key for each in played.rounds) for key in played.contestants}
    for figures in (led, {key: votes.get(key, 0) for key in played.contestants}):
        best = max(figures.values())
        first = [key for key, figure in figures.items() if figure == best]
        if len(first) == 1:
            return first[0], "audience"
    return None, "audience"


def standings(sessions: Sequence[Played]) -> Standings:
    """Count a season's sessions, which stand in their order."""
    records: dict[str, Record] = {}
    arena = _Arena()
    closest: list[Close] = []
    for played in sessions:
        _count(records, played)
        decided = winner_of(played)
        if decided is None:
            continue
        arena.take(played, *decided)
        _settle(records, played, decided[0])
        if (close := _closeness(played)) is not None:
            closest.append(close)
    least = min((each.share for each in closest), default=None)
    return Standings(
        records,
        tuple(arena.bouts),
        arena.longest,
        arena.since or None,
        tuple(each for each in closest if each.share == least),
    )


@dataclass(slots=True)
class _Arena:
    """Who holds the arena while the bouts go by."""

    bouts: list[Bout] = field(default_factory=list)
    holder: str | None = None
    run: int = 0
    since: str = ""
    longest: Run | None = None

    def take(self, played: Played, winner: str | None, decided_by: str) -> None:
        standing = {played.people.get(key) for key in played.contestants} - {None}
        before = self.holder
        if winner is not None:
            self._pass_to(played.people.get(winner), played.code)
        defended = before is not None and before in standing and self.holder == before
        self.bouts.append(Bout(played, winner, decided_by, self.holder, self.run, defended))

    def _pass_to(self, person: str | None, code: str) -> None:
        if person is None:
            # Somebody whom nobody knows holds it: no run can be told of.
            self.holder, self.run, self.since = None, 0, ""
            return
        if person == self.holder:
            self.run += 1
        else:
            self.holder, self.run, self.since = person, 1, code
        if self.longest is None or self.run > self.longest.wins:
            self.longest = Run(person, self.run, self.since, code)


def _count(records: dict[str, Record], played: Played) -> None:
    seen: set[str] = set()
    for key in played.contestants:
        person = played.people.get(key)
        if person is None:
            continue
        record = records.setdefault(person, Record())
        record.sessions += person not in seen
        seen.add(person)
        record.votes += sum(each.votes.get(key, 0) for each in played.rounds)
        record.likes += sum(each.likes.get(key, 0) for each in played.rounds)


def _settle(records: dict[str, Record], played: Played, winner: str | None) -> None:
    for key in played.contestants:
        person = played.people.get(key)
        if person is None:
            continue
        record = records[person]
        record.bouts += 1
        if winner is None:
            record.ties += 1
        elif winner == key:
            record.wins += 1
        else:
            record.losses += 1


def _closeness(played: Played) -> Close | None:
    total = _sum(each.votes for each in played.rounds)
    votes = {key: total.get(key, 0) for key in played.contestants}
    if not sum(votes.values()):
        return None
    margin = max(votes.values()) - min(votes.values())
    return Close(played.code, votes, margin, Fraction(margin, sum(votes.values())))


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for key, count in each.items():
            total[key] = total.get(key, 0) + count
    return total
