"""Voting and liking: what a phone does.

Votes and likes are handed to the writer one by one and handled there by the batch: one look at the round, one at the
voters' earlier ballots, one insert. Arrival is stamped before the queue; the ballot counts when its batch has
committed.
"""

import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from app.domain import ballot, ledger, lifecycle, likes
from app.domain.ballot import Cast, Placement
from app.domain.errors import ArenaError, RoundNotFound, RoundNotOpen, SessionEnded
from app.domain.lifecycle import Phase, RunState
from app.domain.session import Round, Session
from app.live.facts import Counted
from app.schemas.voting import Liked, OwnBallot, OwnState, Receipt
from app.services.arena import Arena
from app.services.identity import Phone
from app.services.joining import require_shown
from app.storage import ballots
from app.storage.sessions import load_session, revision_of, runs_of
from app.storage.writer import Transaction


@dataclass(frozen=True, slots=True)
class Request:
    """One phone's request on its way to the writer; `content` is a ballot's choices or the totals of likes."""

    code: str
    round: int
    phone: Phone
    arrived_ms: int
    content: Any
    nonce: str = ""
    run: int | None = None
    """The run that the phone saw. Without it, what an overloaded network held up could land in a rerun."""
    seen: bool = True
    """Whether this phone has looked at a tally since the service started; asked only where a rule asks for it."""


R = TypeVar("R", Receipt, Liked)


async def vote(
    arena: Arena, code: str, number: int, phone: Phone, choices: Sequence[str], nonce: str = "", run: int | None = None
) -> Receipt:
    """Cast a ballot. Returns after its commit.

    Raises:
        RoundNotFound, RoundNotOpen, InvalidBallot, AlreadyVoted, NoVotesLeft, Overloaded, NotStored
    """
    request = Request(
        code, number, phone, arena.clock.now_ms(), tuple(choices), nonce, run, _seen(arena, code, number, phone)
    )
    return await arena.writer.submit(cast_votes, request)


def _seen(arena: Arena, code: str, number: int, phone: Phone) -> bool:
    live = arena.hub.live.get(code)
    round_ = None if live is None else live.session.round(number)
    if live is None or round_ is None or "unseen" not in round_.quarantine:
        return True
    return phone.voter(live.session) in live.seen


async def like(
    arena: Arena, code: str, number: int, phone: Phone, totals: dict[str, int], run: int | None = None
) -> Liked:
    """Raise a phone's likes to its totals so far. Returns after the commit.

    Raises:
        RoundNotFound, RoundNotOpen, InvalidLikes, LikesShrank, Overloaded, NotStored
    """
    request = Request(code, number, phone, arena.clock.now_ms(), totals, run=run)
    return await arena.writer.submit(count_likes, request)


async def own_state(arena: Arena, code: str, phone: Phone) -> OwnState:
    """Return what this phone has done in the current round."""
    live = await arena.live(code)
    session, now_ms = live.session, arena.clock.now_ms()
    voter = phone.voter(session)
    delay_ms = session.delay_ms(phone.channel)
    round_ = session.current_round
    if round_ is None:
        return OwnState(
            channel=phone.channel, delay_ms=delay_ms, round=None, run=None, phase=None, accepting=False, cutoff_ms=None,
            ballots=[], votes_left=0, resets_at_ms=None, likes={}, server_time_ms=now_ms,
        )  # fmt: skip
    cast = (await arena.read(ballots.earlier_ballots, round_.run_id, [voter])).get(voter, [])
    totals = (await arena.read(ballots.like_totals, round_.run_id, [voter])).get(voter, {})
    newest = {each.slot: each for each in cast}
    closes, extra_ms = round_.run.closes_at_ms, round_.grace_ms + delay_ms
    return OwnState(
        channel=phone.channel,
        delay_ms=delay_ms,
        round=round_.number,
        run=round_.run.number,
        phase=str(round_.run.phase),
        accepting=lifecycle.accepts(round_.run, now_ms, extra_ms),
        cutoff_ms=None if closes is None else closes + extra_ms,
        ballots=[
            OwnBallot(
                receipt=each.receipt,
                choices=list(each.choices),
                revision=each.revision,
                accepted_at_ms=each.accepted_at_ms,
            )
            for each in newest.values()
        ],
        votes_left=ballot.votes_left(cast, round_.ballot_rules, now_ms),
        resets_at_ms=ballot.resets_at_ms(round_.ballot_rules, now_ms),
        likes=totals,
        server_time_ms=now_ms,
    )


def cast_votes(transaction: Transaction, requests: Sequence[Request]) -> list[Receipt | ArenaError]:
    """Handle a batch of ballots in the writer, in the order of arrival."""
    return _by_round(transaction, requests, _cast_in_round)


def count_likes(transaction: Transaction, requests: Sequence[Request]) -> list[Liked | ArenaError]:
    """Handle a batch of likes in the writer."""
    return _by_round(transaction, requests, _like_in_round)


def _by_round(
    transaction: Transaction,
    requests: Sequence[Request],
    handle: Callable[[Transaction, Session, Round, Sequence[Request]], list[R | ArenaError]],
) -> list[R | ArenaError]:
    """Split a batch by round, refuse what has no round, and put the answers back in their order."""
    places: dict[tuple[str, int, int | None], list[int]] = defaultdict(list)
    for i, request in enumerate(requests):
        places[request.code, request.round, request.run].append(i)
    answers: dict[int, R | ArenaError] = {}
    for (code, number, run), indices in places.items():
        session = _present_session(transaction, code)
        round_ = None if session is None else session.round(number)
        if session is None or round_ is None:
            refusal = RoundNotFound(f"The session {code} has no round {number}; look at its rounds.")
            answers |= dict.fromkeys(indices, refusal)
            continue
        if run not in (None, round_.run.number):
            round_ = _round_of_earlier_run(transaction, round_, run)
        outcomes = handle(transaction, session, round_, [requests[i] for i in indices])
        answers |= zip(indices, outcomes, strict=True)
    return [answers[i] for i in range(len(requests))]


def _present_session(transaction: Transaction, code: str) -> Session | None:
    """Return the session as this transaction sees it; read whole only where its revision is not the kept one's."""
    revision = revision_of(transaction.connection, code)
    kept: Session | None = transaction.kept.get(code)
    if kept is None or kept.revision != revision:
        kept = load_session(transaction.connection, code)
        transaction.kept[code] = kept
    return kept


def _round_of_earlier_run(transaction: Transaction, round_: Round, number: int | None) -> Round:
    """Return the round as its run `number` left it: retries find their receipts there, anything new is refused."""
    for row in runs_of(transaction.connection, round_.id):
        if row.number == number:
            over = RunState(number=row.number, phase=Phase.VOID if row.phase == Phase.VOID else Phase.LOCKED)
            return replace(round_, run_id=row.id, run=over)
    # A run that never was: there is nothing to retry, and its phase refuses all else.
    return replace(round_, run_id=0, run=RunState())


def _cast_in_round(
    transaction: Transaction, session: Session, round_: Round, requests: Sequence[Request]
) -> list[Receipt | ArenaError]:
    rules = round_.ballot_rules
    voters = [request.phone.voter(session) for request in requests]
    earlier = ballots.earlier_ballots(transaction.connection, round_.run_id, voters)
    fact = Counted(session.code, round_.run_id)
    rows: list[dict[str, Any]] = []
    outcomes: list[Receipt | ArenaError] = []
    for request, voter in zip(requests, voters, strict=True):
        mine = earlier.setdefault(voter, [])
        try:
            cast, repeat = _cast_one(session, round_, request, voter, mine, transaction.now_ms)
        except ArenaError as refusal:
            outcomes.append(refusal)
            continue
        if not repeat:
            _count(fact, request.phone.channel, voter, cast, mine)
            mine.append(cast)
            rows.append(
                {
                    "voter": voter,
                    "slot": cast.slot,
                    "revision": cast.revision,
                    "choices": ",".join(cast.choices),
                    "channel": request.phone.channel,
                    "nonce": cast.nonce,
                    "receipt": cast.receipt,
                    "accepted_at_ms": cast.accepted_at_ms,
                    "held": cast.held,
                }
            )
        outcomes.append(
            Receipt(
                receipt=cast.receipt,
                session=session.code,
                round=round_.number,
                run=round_.run.number,
                choices=list(cast.choices),
                revision=cast.revision,
                accepted_at_ms=cast.accepted_at_ms,
                votes_left=ballot.votes_left(mine, rules, transaction.now_ms),
                resets_at_ms=ballot.resets_at_ms(rules, transaction.now_ms),
                changeable=rules.changeable,
                channel=request.phone.channel,
                repeat=repeat,
            )
        )
    if rows:
        ballots.append_ballots(transaction.connection, round_.run_id, rows, transaction.now_ms)
        ballots.add_to_timeline(
            transaction.connection, round_.run_id, transaction.now_ms // 1000, fact.counts.votes, {}
        )
        transaction.facts.append(fact)
    return outcomes


def _cast_one(
    session: Session, round_: Round, request: Request, voter: str, earlier: Sequence[Cast], now_ms: int
) -> tuple[Cast, bool]:
    """Return the ballot that stands for this request, and whether it stood before."""
    rules = round_.ballot_rules
    cast = ballot.repeated(request.nonce, earlier)
    if cast is None and not request.nonce:
        cast = ballot.same_again(request.content, earlier, rules, now_ms)
    if cast is not None:
        return cast, True
    _require_open(session, round_, request)
    choices = ballot.checked_choices(request.content, rules)
    placed = ballot.place(choices, request.nonce, earlier, rules, now_ms)
    if not isinstance(placed, Placement):
        return placed, True
    nonce = request.nonce or secrets.token_hex(8)
    receipt = ledger.receipt(str(round_.run_id), voter, placed.slot, placed.revision, choices, nonce)
    held = ballot.suspicion(round_.quarantine, earlier, request.arrived_ms - request.phone.issued_at_ms, request.seen)
    return Cast(placed.slot, placed.revision, choices, nonce, receipt, now_ms, held), False


def _count(fact: Counted, channel: str, voter: str, cast: Cast, earlier: Sequence[Cast]) -> None:
    votes = dict.fromkeys(cast.choices, 1)
    if cast.revision > 1:
        for key in earlier[-1].choices:
            votes[key] = votes.get(key, 0) - 1
    if cast.held:
        fact.counts.hold(cast.held, 1, votes)
    else:
        for counts in (fact.counts, fact.counts.channel(channel)):
            counts.turnout += 0 if earlier else 1
            for key, vote in votes.items():
                counts.votes[key] = counts.votes.get(key, 0) + vote
    fact.voters.add(voter)
    fact.voted.add(voter)


def _require_open(session: Session, round_: Round, request: Request) -> None:
    if session.ended:
        raise SessionEnded("The session is over; nothing is counted any more.")
    require_shown(session, request.phone)
    extra_ms = round_.grace_ms + session.delay_ms(request.phone.channel)
    if not lifecycle.accepts(round_.run, request.arrived_ms, extra_ms):
        phase = str(round_.run.phase)
        sentence = {
            "draft": "This round is not open yet; wait for it to open.",
            "paused": "This round is paused; wait for it to go on.",
        }.get(phase, "This round is closed; it came too late to count.")
        raise RoundNotOpen(sentence, phase=phase)


def _like_in_round(
    transaction: Transaction, session: Session, round_: Round, requests: Sequence[Request]
) -> list[Liked | ArenaError]:
    voters = [request.phone.voter(session) for request in requests]
    standing = ballots.like_totals(transaction.connection, round_.run_id, voters)
    changed: dict[tuple[str, str], dict[str, Any]] = {}
    fact = Counted(session.code, round_.run_id)
    outcomes: list[Liked | ArenaError] = []
    for request, voter in zip(requests, voters, strict=True):
        before = standing.get(voter, {})
        try:
            if before and request.content and all(before.get(key) == total for key, total in request.content.items()):
                # Nothing grows: a retry, answered with what stands, also after the lock.
                outcomes.append(Liked(round=round_.number, run=round_.run.number, totals=before, clipped=False))
                continue
            _require_open(session, round_, request)
            open_ms = lifecycle.open_elapsed_ms(round_.run, request.arrived_ms)
            known_ms = request.arrived_ms - request.phone.issued_at_ms
            likes_max = likes.allowance(round_.likes_per_second, open_ms, known_ms)
            totals, clipped = likes.accept(before, request.content, round_.keys, likes_max)
        except ArenaError as refusal:
            outcomes.append(refusal)
            continue
        for key, total in totals.items():
            if total != before.get(key, 0):
                for counts in (fact.counts, fact.counts.channel(request.phone.channel)):
                    counts.likes[key] = counts.likes.get(key, 0) + total - before.get(key, 0)
                changed[voter, key] = {
                    "run_id": round_.run_id,
                    "voter": voter,
                    "choice": key,
                    "total": total,
                    "channel": request.phone.channel,
                    "updated_at_ms": transaction.now_ms,
                }
        standing[voter] = totals
        fact.voters.add(voter)
        outcomes.append(Liked(round=round_.number, run=round_.run.number, totals=totals, clipped=clipped))
    if changed:
        ballots.put_like_totals(transaction.connection, list(changed.values()))
        ballots.add_to_timeline(
            transaction.connection, round_.run_id, transaction.now_ms // 1000, {}, fact.counts.likes
        )
        transaction.facts.append(fact)
    return outcomes
