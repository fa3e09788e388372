"""Voting and liking: what a phone does.

Votes and likes are handed to the writer one by one and handled there by the batch: one look at the round, one at the
voters' earlier ballots, one insert. Arrival is stamped before the queue; the ballot counts when its batch has
committed.
"""

import secrets
from asyncio import Future, get_running_loop
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from app.domain import ballot, ledger, lifecycle, likes
from app.domain.ballot import BallotRules, Cast, Placement
from app.domain.errors import ArenaError, NotFound, RoundNotOpen, SessionEnded
from app.domain.identity import identity_of
from app.domain.lifecycle import Phase, RunState
from app.domain.session import Identity, Round, Session
from app.live.facts import Counted
from app.schemas.voting import OwnBallot, OwnState
from app.services.arena import Arena, required_round, required_session
from app.services.identity import Phone
from app.services.joining import require_shown
from app.storage import ballots
from app.storage.ballots import NewBallot, NewLikes
from app.storage.sessions import revision_of, runs_of
from app.storage.writer import Transaction, resolve

Answer = dict[str, Any]
"""The fields of a `Receipt` or of a `Liked`: a document as it is encoded. A model each would cost a tenth of a vote."""
Tell = Callable[[Answer | ArenaError], None]


@dataclass(slots=True)
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


def vote(
    arena: Arena, code: str, number: int, phone: Phone, choices: Sequence[str], nonce: str = "", run: int | None = None
) -> Future[Answer]:
    """Cast a ballot. The future resolves to the fields of a `Receipt` after its commit.

    Raises:
        RoundNotFound, RoundNotOpen, InvalidBallot, AlreadyVoted, NoVotesLeft, Overloaded, NotStored
    """
    future: Future[Answer] = get_running_loop().create_future()
    tell_vote(arena, partial(resolve, future), code, number, phone, choices, nonce, run)
    return future


def tell_vote(
    arena: Arena,
    tell: Tell,
    code: str,
    number: int,
    phone: Phone,
    choices: Sequence[str],
    nonce: str = "",
    run: int | None = None,
) -> None:
    """Cast a ballot as `vote` does, and call `tell` after its commit, or with its refusal.

    Raises:
        Overloaded
    """
    request = Request(
        code, number, phone, arena.clock.now_ms(), tuple(choices), nonce, run, _seen(arena, code, number, phone)
    )
    arena.writer.post(cast_votes, request, tell)


def _seen(arena: Arena, code: str, number: int, phone: Phone) -> bool:
    if arena.hub.shared:  # it may have looked by another process, and none knows of all
        return True
    live = arena.hub.live.get(code)
    round_ = None if live is None else live.session.round(number)
    if live is None or round_ is None or "unseen" not in round_.quarantine:
        return True
    return phone.voter(live.session) in live.seen


def like(
    arena: Arena, code: str, number: int, phone: Phone, totals: dict[str, int], run: int | None = None
) -> Future[Answer]:
    """Raise a phone's likes to its totals so far. The future resolves to the fields of a `Liked` after the commit.

    Raises:
        RoundNotFound, RoundNotOpen, InvalidLikes, LikesShrank, Overloaded, NotStored
    """
    future: Future[Answer] = get_running_loop().create_future()
    tell_like(arena, partial(resolve, future), code, number, phone, totals, run)
    return future


def tell_like(
    arena: Arena,
    tell: Tell,
    code: str,
    number: int,
    phone: Phone,
    totals: dict[str, int],
    run: int | None = None,
) -> None:
    """Raise likes as `like` does, and call `tell` after the commit, which others' likes share, or with the refusal.

    Raises:
        Overloaded
    """
    arena.writer.gather(count_likes, Request(code, number, phone, arena.clock.now_ms(), totals, run=run), tell)


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


def cast_votes(transaction: Transaction, requests: Sequence[Request]) -> list[Answer | ArenaError]:
    """Handle a batch of ballots in the writer, in the order of arrival."""
    return _by_round(transaction, requests, _cast_in_round)


def count_likes(transaction: Transaction, requests: Sequence[Request]) -> list[Answer | ArenaError]:
    """Handle a batch of likes in the writer."""
    return _by_round(transaction, requests, _like_in_round)


def _by_round(
    transaction: Transaction,
    requests: Sequence[Request],
    handle: Callable[[Transaction, Session, Round, Sequence[Request]], list[Answer | ArenaError]],
) -> list[Answer | ArenaError]:
    """Split a batch by round, refuse what has no round, and put the answers back in their order."""
    places: dict[tuple[str, int, int | None], list[int]] = defaultdict(list)
    for i, request in enumerate(requests):
        places[request.code, request.round, request.run].append(i)
    answers: dict[int, Answer | ArenaError] = {}
    for (code, number, run), indices in places.items():
        try:
            session = _present_session(transaction, code)
            round_ = required_round(session, number)
        except NotFound as refusal:
            answers |= dict.fromkeys(indices, refusal)
            continue
        if run not in (None, round_.run.number):
            round_ = _round_of_earlier_run(transaction, round_, run)
        outcomes = handle(transaction, session, round_, [requests[i] for i in indices])
        answers |= zip(indices, outcomes, strict=True)
    return [answers[i] for i in range(len(requests))]


def _present_session(transaction: Transaction, code: str) -> Session:
    """Return the session as this transaction sees it; read whole only where its revision is not the kept one's."""
    revision = revision_of(transaction.connection, code)
    kept: Session | None = transaction.kept.get(code)
    if kept is None or kept.revision != revision:
        kept = required_session(transaction.connection, code)
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
) -> list[Answer | ArenaError]:
    rules, now_ms = round_.ballot_rules, transaction.now_ms
    voters = [request.phone.voter(session) for request in requests]
    earlier = ballots.earlier_ballots(transaction.connection, round_.run_id, voters)
    fact = Counted(session.code, round_.run_id)
    plain: dict[tuple[str, tuple[str, ...]], int] = {}
    """First ballots that count, by channel and choices: all that most batches hold."""
    doors: _Doors = {}
    rows: list[NewBallot] = []
    outcomes: list[Answer | ArenaError] = []
    resets_at_ms = ballot.resets_at_ms(rules, now_ms)
    for request, voter in zip(requests, voters, strict=True):
        mine = earlier.setdefault(voter, [])
        channel = request.phone.channel
        try:
            cast, repeat = _cast_one(session, round_, rules, request, voter, mine, now_ms, doors)
        except ArenaError as refusal:
            outcomes.append(refusal)
            continue
        if not repeat:
            if cast.held or mine:
                count_ballot(fact, channel, cast, mine)
            else:
                plain[channel, cast.choices] = plain.get((channel, cast.choices), 0) + 1
            fact.voters.add(voter)
            mine.append(cast)
            choices = ",".join(cast.choices)
            rows.append(
                NewBallot(
                    voter, cast.slot, cast.revision, choices, channel, cast.nonce, cast.receipt, now_ms, cast.held
                )
            )
        outcomes.append(
            {
                "receipt": cast.receipt,
                "session": session.code,
                "round": round_.number,
                "run": round_.run.number,
                "choices": cast.choices,
                "revision": cast.revision,
                "accepted_at_ms": cast.accepted_at_ms,
                "votes_left": ballot.votes_left(mine, rules, now_ms),
                "resets_at_ms": resets_at_ms,
                "changeable": rules.changeable,
                "channel": channel,
                "repeat": repeat,
            }
        )
    if rows:
        fact.voted = fact.voters
        for (channel, chosen), number in plain.items():
            _add(fact, channel, dict.fromkeys(chosen, number), number)
        ballots.append_ballots(transaction.connection, round_.run_id, rows, now_ms)
        ballots.add_to_timeline(transaction.connection, round_.run_id, now_ms // 1000, fact.counts.votes, {})
        transaction.facts.append(fact)
    return outcomes


def _cast_one(
    session: Session,
    round_: Round,
    rules: BallotRules,
    request: Request,
    voter: str,
    earlier: Sequence[Cast],
    now_ms: int,
    doors: "_Doors",
) -> tuple[Cast, bool]:
    """Return the ballot that stands for this request, and whether it stood before."""
    cast = ballot.repeated(request.nonce, earlier)
    if cast is None and not request.nonce:
        cast = ballot.same_again(request.content, earlier, rules, now_ms)
    if cast is not None:
        return cast, True
    _require_open(session, round_, request, doors)
    choices = ballot.checked_choices(request.content, rules)
    placed = ballot.place(choices, request.nonce, earlier, rules, now_ms)
    if not isinstance(placed, Placement):
        return placed, True
    nonce = request.nonce or secrets.token_hex(8)
    receipt = ledger.receipt(str(round_.run_id), voter, placed.slot, placed.revision, choices, nonce)
    held = ballot.suspicion(round_.quarantine, earlier, request.arrived_ms - request.phone.issued_at_ms, request.seen)
    return Cast(placed.slot, placed.revision, choices, nonce, receipt, now_ms, held), False


def count_ballot(fact: Counted, channel: str, cast: Cast, earlier: Sequence[Cast]) -> None:
    """Add a ballot to what a commit counted; `earlier` are its voter's others in the run, oldest first."""
    votes = dict.fromkeys(cast.choices, 1)
    if cast.revision > 1:
        for key in earlier[-1].choices:
            votes[key] = votes.get(key, 0) - 1
    if cast.held:
        fact.counts.hold(cast.held, 1, votes)
    else:
        _add(fact, channel, votes, 0 if earlier else 1)


def _add(fact: Counted, channel: str, votes: Mapping[str, int], turnout: int) -> None:
    for counts in (fact.counts, fact.counts.channel(channel)):
        counts.turnout += turnout
        for key, vote in votes.items():
            counts.votes[key] = counts.votes.get(key, 0) + vote


_Doors = dict[tuple[str, Identity], int]
"""By channel and what was shown to join: how much later such a phone may still take part. Of those who may at all."""


def _require_open(session: Session, round_: Round, request: Request, doors: _Doors) -> None:
    if session.ended:
        raise SessionEnded("The session is over; nothing is counted any more.")
    phone = request.phone
    door = phone.channel, identity_of(phone.device)
    extra_ms = doors.get(door)
    if extra_ms is None:
        require_shown(session, phone)
        extra_ms = doors[door] = round_.grace_ms + session.delay_ms(phone.channel)
    if not lifecycle.accepts(round_.run, request.arrived_ms, extra_ms):
        phase = str(round_.run.phase)
        sentence = {
            "draft": "This round is not open yet; wait for it to open.",
            "paused": "This round is paused; wait for it to go on.",
        }.get(phase, "This round is closed; it came too late to count.")
        raise RoundNotOpen(sentence, phase=phase)


def _like_in_round(
    transaction: Transaction, session: Session, round_: Round, requests: Sequence[Request]
) -> list[Answer | ArenaError]:
    voters = [request.phone.voter(session) for request in requests]
    keys, now_ms, run_id = round_.keys, transaction.now_ms, round_.run_id
    standing = ballots.like_totals(transaction.connection, run_id, voters)
    changed: dict[tuple[str, str], NewLikes] = {}
    """The last total of a voter and side: the greatest. One row, however many messages brought it."""
    grown: dict[tuple[str, str], int] = {}
    """By channel and side."""
    doors: _Doors = {}
    fact = Counted(session.code, run_id)
    outcomes: list[Answer | ArenaError] = []
    for request, voter in zip(requests, voters, strict=True):
        before, asked = standing.get(voter) or {}, request.content
        try:
            if before and asked and all(before.get(key) == total for key, total in asked.items()):
                # Nothing grows: a retry, answered with what stands, also after the lock.
                outcomes.append(_liked(round_, before, False))
                continue
            _require_open(session, round_, request, doors)
            open_ms = lifecycle.open_elapsed_ms(round_.run, request.arrived_ms)
            known_ms = request.arrived_ms - request.phone.issued_at_ms
            likes_max = likes.allowance(round_.likes_per_second, open_ms, known_ms)
            totals, clipped = likes.accept(before, asked, keys, likes_max)
        except ArenaError as refusal:
            outcomes.append(refusal)
            continue
        channel = request.phone.channel
        for key, total in totals.items():
            growth = total - before.get(key, 0)
            if growth:
                grown[channel, key] = grown.get((channel, key), 0) + growth
                changed[voter, key] = NewLikes(run_id, voter, key, total, channel, now_ms)
        standing[voter] = totals
        fact.voters.add(voter)
        outcomes.append(_liked(round_, totals, clipped))
    if changed:
        for (channel, key), growth in grown.items():
            for counts in (fact.counts, fact.counts.channel(channel)):
                counts.likes[key] = counts.likes.get(key, 0) + growth
        ballots.put_like_totals(transaction.connection, list(changed.values()))
        ballots.add_to_timeline(transaction.connection, run_id, now_ms // 1000, {}, fact.counts.likes)
        transaction.facts.append(fact)
    return outcomes


def _liked(round_: Round, totals: Mapping[str, int], clipped: bool) -> Answer:
    return {"round": round_.number, "run": round_.run.number, "totals": totals, "clipped": clipped}
