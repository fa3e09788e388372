"""What a ballot may say and where it stands among the voter's others.

A slot is a place for one ballot of one voter: the run itself, or the n-th vote of a day. A revision is a changed mind
in the same slot; the highest counts, all stay in the ledger. Uniqueness is the database's; these rules only say what
to ask it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.domain.clock import next_shanghai_midnight_ms, shanghai_day
from app.domain.errors import AlreadyVoted, InvalidBallot, NoVotesLeft

NONCE_LENGTH_MAX = 64
REVISIONS_MAX = 50
ONCE = "once"
TOO_SOON_MS = 700
"""Nobody has read the question and chosen so soon after the page joined."""


@dataclass(frozen=True, slots=True)
class BallotRules:
    """A round's rules for ballots; `choices` are keys in their order."""

    choices: tuple[str, ...]
    choices_max: int = 1
    changeable: bool = False
    votes_per_day: int | None = None


class Cast(NamedTuple):
    """A ballot that stands in the ledger."""

    slot: str
    revision: int
    choices: tuple[str, ...]
    nonce: str
    receipt: str
    accepted_at_ms: int
    held: str = ""


class Placement(NamedTuple):
    """Where a new ballot goes."""

    slot: str
    revision: int


def checked_choices(asked: Sequence[str], rules: BallotRules) -> tuple[str, ...]:
    """Return the choices in the round's own order.

    Raises:
        InvalidBallot: none, too many, the same twice, or one that the round does not have.
    """
    if len(asked) == 1 and asked[0] in rules.choices:
        return tuple(asked)
    if not asked:
        raise InvalidBallot("The ballot names no choice; name at least one.")
    if len(asked) > rules.choices_max:
        raise InvalidBallot(f"The ballot names {len(asked)} choices; this round takes at most {rules.choices_max}.")
    if len(set(asked)) != len(asked):
        raise InvalidBallot("The ballot names a choice twice; name each once.")
    unknown = [choice for choice in asked if choice not in rules.choices]
    if unknown:
        raise InvalidBallot(
            f"This round has no choice “{unknown[0][:32]}”; it has {', '.join(rules.choices)}.",
            choices=list(rules.choices),
        )
    return tuple(choice for choice in rules.choices if choice in asked)


def suspicion(rules: Collection[str], earlier: Sequence[Cast], known_ms: int, seen: bool) -> str:
    """Return the rule that holds a new ballot back, or nothing where it counts.

    `known_ms` is how long ago the voter joined, `seen` whether the voter has looked at a tally since. The first ballot
    of a voter decides: what follows is held with it, or counts with it.
    """
    if earlier:
        return earlier[0].held
    if "too_soon" in rules and known_ms < TOO_SOON_MS:
        return "too_soon"
    return "unseen" if "unseen" in rules and not seen else ""


def repeated(nonce: str, earlier: Sequence[Cast]) -> Cast | None:
    """Return the ballot that was cast with this nonce. Asked before everything else: a retry gets its receipt, also
    late.
    """
    return next((cast for cast in earlier if nonce and cast.nonce == nonce), None) if earlier else None


def same_again(asked: Sequence[str], earlier: Sequence[Cast], rules: BallotRules, now_ms: int) -> Cast | None:
    """Return the standing ballot that names the same choices, in whatever order: without a nonce that is a retry."""
    standing = earlier[-1:] if rules.votes_per_day is None else _of_today(earlier, now_ms)
    return next((cast for cast in standing if sorted(cast.choices) == sorted(asked)), None)


def place(
    choices: tuple[str, ...], nonce: str, earlier: Sequence[Cast], rules: BallotRules, now_ms: int
) -> Placement | Cast:
    """Find the place of a ballot that no nonce shows to be a retry, or the ballot that it repeats all the same.

    `earlier` holds all of this voter's ballots in the run, oldest first. The same choices again are a retry, except
    where a day has several votes and the voter told the two apart by a `nonce`.

    Raises:
        AlreadyVoted: another ballot stands and may not be changed; carries its receipt.
        NoVotesLeft: the day's votes, or the changes, are used up.
    """
    if not nonce and (cast := same_again(choices, earlier, rules, now_ms)) is not None:
        return cast
    if rules.votes_per_day is not None:
        return _place_daily(earlier, rules.votes_per_day, now_ms)
    if not earlier:
        return Placement(ONCE, 1)
    last = earlier[-1]
    if last.choices == choices:
        return last
    if not rules.changeable:
        raise AlreadyVoted(
            "This phone has voted in this round; a vote cannot be changed here.",
            receipt=last.receipt,
            choices=list(last.choices),
        )
    if last.revision >= REVISIONS_MAX:
        raise NoVotesLeft(f"This vote was changed {REVISIONS_MAX - 1} times; it stands as it is.", receipt=last.receipt)
    return Placement(ONCE, last.revision + 1)


def votes_left(earlier: Sequence[Cast], rules: BallotRules, now_ms: int) -> int:
    """Return how many new ballots this voter may still cast now; a change of mind is none."""
    if rules.votes_per_day is None:
        return 0 if earlier else 1
    return max(0, rules.votes_per_day - len(_of_today(earlier, now_ms)))


def resets_at_ms(rules: BallotRules, now_ms: int) -> int | None:
    """Return when the day's votes come back, or None where they never do."""
    return None if rules.votes_per_day is None else next_shanghai_midnight_ms(now_ms)


def _place_daily(earlier: Sequence[Cast], votes_per_day: int, now_ms: int) -> Placement:
    today = _of_today(earlier, now_ms)
    if len(today) >= votes_per_day:
        raise NoVotesLeft(
            "Today's votes are used up; new ones come at midnight, Shanghai time.",
            resets_at_ms=next_shanghai_midnight_ms(now_ms),
        )
    return Placement(f"{shanghai_day(now_ms)}/{len(today) + 1}", 1)


def _of_today(earlier: Sequence[Cast], now_ms: int) -> list[Cast]:
    prefix = shanghai_day(now_ms) + "/"
    return [cast for cast in earlier if cast.slot.startswith(prefix)]
