"""One simulated phone without its connection: what it saw, what it decides, what it still waits for.

Sans-I/O: the shells in `phones.py` feed sights, answers and the time, and send the asks that come out. It
runs on the one event loop, never waits, and writes what happens into the crowd's record.
"""

from collections.abc import Mapping
from random import Random
from typing import Any, NamedTuple

from app.crowd import plan
from app.crowd.board import Board, Sight
from app.crowd.check import VersionWatch
from app.crowd.history import Event
from app.crowd.options import CrowdOptions, RunKey
from app.crowd.record import Record

NEVER = float("inf")
RETRY_S = (0.3, 1.0)
RETRYABLE = frozenset({"overloaded", "too_many_requests"})
LOCKED = frozenset({"locked", "revealed"})


class Ask(NamedTuple):
    """A request that a phone sends. `key` is the run that the phone believes to be current."""

    kind: str
    id: str
    key: RunKey
    body: dict[str, Any]
    asked_at: float
    again: bool = False
    """Sent after its vote was acknowledged, only to see that the receipt stays."""


class Ballot:
    """A vote that has been sent and whose fate is not known yet."""

    __slots__ = ("choices", "code", "key", "maybe", "nonce", "retry_at", "waiting")

    def __init__(self, key: RunKey, nonce: str, choices: tuple[str, ...]) -> None:
        self.key, self.nonce, self.choices = key, nonce, choices
        self.waiting = 0
        self.maybe = False
        """A try went unanswered: it may have been counted."""
        self.retry_at = NEVER
        self.code = ""


class Player:
    """One phone. Times are the event loop's seconds; every method gets the present as `now`."""

    def __init__(self, number: int, options: CrowdOptions, board: Board, record: Record, horizon_at: float) -> None:
        rng = Random(f"{options.seed}/{number}")  # noqa: S311  # a simulation, seeded on purpose
        rate = options.likes_rate / options.voters
        self.number, self.board, self.record = number, board, record
        self.temper = plan.temper_of(rng, rate, options.retry_share, options.late_share)
        self._options = options
        if options.race == "tied":
            # Whoever came too late would leave a partner alone.
            self.temper = self.temper._replace(late=False)
        self._seen: dict[tuple[RunKey, str], int] = {}
        self._first_side = True
        self.online = False
        self.stopping = False
        self.key: RunKey | None = None
        self.phase = ""
        self.visibility = ""
        self._rng = rng
        self._horizon_at = horizon_at
        self._watch = VersionWatch()
        self._voted: set[RunKey] = set()
        self._ballot: Ballot | None = None
        self._vote_at = NEVER
        self._asks: dict[str, Ask] = {}
        self._overdue: dict[str, Ask] = {}
        self._ids = 0
        self._again: list[tuple[float, Ask]] = []
        self._tapper = plan.Tapper(rng, self.temper.likes_per_second)
        self._tap_at = NEVER
        self._totals: dict[str, int] = {}
        self._flushed: dict[str, int] = {}
        self._flush_at = NEVER
        self._like: Ask | None = None

    # What comes in

    def sees(self, sight: Sight, now: float) -> bool:
        """Take in a tally. Returns whether it changed anything for this voter."""
        wrong = self._watch.see(sight.epoch, sight.version)
        if wrong:
            self.record.fault(f"voter {self.number}: {wrong}")
            return False
        if sight.key is None or (sight.key == self.key and sight.phase == self.phase):
            return False
        if sight.key != self.key:
            self.key, self.phase = sight.key, ""
            self._totals, self._flushed = {}, {}
            self._first_side = self._for_first(sight.key)
        self.phase, self.visibility = sight.phase, sight.visibility
        self._plan(sight, now)
        return True

    def answered(self, ask_id: str, good: bool, fields: Mapping[str, Any], now: float) -> None:
        """Take in the answer to an ask; one that came after its time is still an answer."""
        overdue = self._overdue.pop(ask_id, None)
        ask = overdue or self._asks.pop(ask_id, None)
        if ask is None:
            self.record.fault(f"voter {self.number}: an answer to {ask_id}, which was not asked or was answered before")
            return
        if not good:
            code = str(fields.get("code", "?"))
            self.record.refusals[f"{ask.kind} {code}"] += 1
            status = fields.get("status", 0)
            if isinstance(status, int) and status >= 500 and code not in RETRYABLE:
                self.record.fault(f"voter {self.number}: {ask.kind} was answered {status} {code}")
        if ask.kind == "like":
            self._like_answered(ask, good, fields, now)
        elif good:
            self._vote_acked(ask, fields, now)
        elif overdue is None:
            self._vote_refused(ask, fields, now)

    def cut_off(self) -> None:
        """The connection is gone: whatever was asked may or may not have been done."""
        self.online = False
        self._overdue.clear()
        for ask_id in list(self._asks):
            self.lost(ask_id, NEVER)

    def lost(self, ask_id: str, now: float) -> None:
        """One ask will get no answer; it may or may not have been done."""
        ask = self._asks.pop(ask_id, None)
        if ask is None:
            return
        self.record.counts["unanswered"] += 1
        if ask.kind == "like":
            self._like = None
            self._flushed = {}
            self._flush_at = 0.0 if now == NEVER else now + self._rng.uniform(*RETRY_S)
            return
        ballot = self._ballot
        if ballot is not None and ballot.nonce == ask.body["nonce"] and not ask.again:
            ballot.waiting -= 1
            ballot.maybe = True
            ballot.retry_at = 0.0 if now == NEVER else now + self._rng.uniform(*RETRY_S)

    def connected(self, now: float) -> None:
        """The connection stands (again): what was due meanwhile is due now, spread a little."""
        self.online = True
        wait = now + self._rng.uniform(0, 0.5)
        if self._ballot is not None and not self._ballot.waiting:
            self._ballot.retry_at = wait
        if self._tap_at != NEVER:
            self._tap_at = max(self._tap_at, wait)

    def stop(self) -> None:
        """Begin nothing new; only what is under way is brought to its end."""
        self.stopping = True
        self._vote_at = self._tap_at = NEVER
        self._again.clear()
        self._flush_at = 0.0

    @property
    def settled(self) -> bool:
        """Say whether nothing is under way any more."""
        return self._ballot is None and not self._asks and not self._to_flush()

    def conclude(self) -> None:
        """Write down the fate of a vote that is still under way at the very end."""
        if self._ballot is not None:
            self._ballot.maybe = self._ballot.maybe or self._ballot.waiting > 0
            self._finish(self._ballot)

    # What goes out

    def due(self) -> float:
        """Return when `act` should be called next."""
        if not self.online:
            return NEVER
        times = [self._vote_at, self._tap_at]
        if self._ballot is not None:
            times.append(self._ballot.retry_at)
        if self._to_flush():
            times.append(self._flush_at)
        if self._again:
            times.append(self._again[0][0])
        if self._asks:
            times.append(next(iter(self._asks.values())).asked_at + self._options.answer_timeout_s)
        return min(times)

    def act(self, now: float) -> list[Ask]:
        """Do what is due. Returns what to send, in this order."""
        if not self.online:
            return []
        self._give_up_waiting(now)
        asks: list[Ask] = []
        if self._vote_at <= now:
            self._vote(asks, now)
        if self._ballot is not None and self._ballot.retry_at <= now:
            self._retry(self._ballot, asks, now)
        while self._again and self._again[0][0] <= now:
            _, ask = self._again.pop(0)
            asks.append(self._send("vote", ask.key, ask.body, now, again=True))
        if self._tap_at <= now:
            self._tap(now)
        if self._to_flush() and self._flush_at <= now:
            asks.append(self._flush(now))
        return asks

    # Votes

    def _plan(self, sight: Sight, now: float) -> None:
        key, under_way = self.key, self._ballot is not None and self._ballot.key == self.key
        may_vote = key not in self._voted and not under_way and not self.stopping
        may_vote = may_vote and not plan.abstains(self._options.race, self.number, self._options.voters)
        self._vote_at = NEVER
        rng, since = self._vote_draw(sight, now)
        match sight.phase:
            case "open":
                if may_vote and not self.temper.late:
                    horizon_s = min(self._options.round_s, max(1.0, self._horizon_at - since))
                    self._vote_at = since + plan.vote_delay_s(rng, sight.closes_in_s, horizon_s, self._options.bursts)
                self._flushed = {}
                if not self.stopping and self._tapper.taps and self._tap_at == NEVER:
                    self._tap_at = now + self._tapper.first_wait_s()
            case "closing":
                if may_vote and not self.temper.late:
                    self._vote_at = since + rng.uniform(0, 0.5)
                self._tap_at = NEVER
            case "locked" | "revealed":
                if may_vote and self.temper.late and key in self.board.rules:
                    self._vote_at = now + self._rng.uniform(0, 0.3)
                self._tap_at = NEVER
            case _:
                self._tap_at = NEVER

    def _for_first(self, key: RunKey) -> bool:
        if self._options.race is not None:
            return plan.for_first(self._rng, self._options.race, self.number)
        return self._rng.random() < plan.mood(self._options.seed, *key, self._options.favour)

    def _vote_draw(self, sight: Sight, now: float) -> tuple[Random, float]:
        """Return by what to draw when to vote, and since when that counts: for a pair of a tied race the same."""
        if self._options.race != "tied" or sight.key is None:
            return self._rng, now
        times = self._seen[sight.key, sight.phase] = self._seen.get((sight.key, sight.phase), 0) + 1
        drawn = f"{self._options.seed}/pair/{self.number // 2}/{sight.key}/{sight.phase}/{times}"
        return Random(drawn), self.board.moment(sight.key, sight.phase, times, now)  # noqa: S311  # a simulation

    def _vote(self, asks: list[Ask], now: float) -> None:
        self._vote_at = NEVER
        if self.key is None or self.key in self._voted:
            return
        rules = self.board.rules.get(self.key)
        if rules is None or self._ballot is not None:
            # The choices are still being fetched, or the vote of the round before is still under way.
            self._vote_at = now + 0.2
            return
        race = self._options.race
        if race is None:
            choices = plan.ballot(self._rng, self._first_side, rules.choices, rules.choices_max)
        else:
            choices = (plan.vote_in_race(self._rng, race, self.number, self._first_side, rules.choices),)
        ballot = self._ballot = Ballot(self.key, f"{self.number}-{self._rng.getrandbits(64):016x}", choices)
        self._note("invoke", ballot, ballot.key)
        asks.append(self._send_ballot(ballot, now))
        if self.temper.retries and self._rng.random() < 0.5:
            self.record.counts["double_taps"] += 1
            asks.append(self._send_ballot(ballot, now))

    def _retry(self, ballot: Ballot, asks: list[Ask], now: float) -> None:
        ballot.retry_at = NEVER
        if self.key is not None and self.key != ballot.key and self.key[0] == ballot.key[0]:
            # The round is being run again, and a voter has one ballot in mind at a time.
            self._finish(ballot)
            return
        self.record.counts["retries"] += 1
        asks.append(self._send_ballot(ballot, now))

    def _send_ballot(self, ballot: Ballot, now: float) -> Ask:
        ballot.waiting += 1
        ballot.retry_at = NEVER
        return self._send("vote", ballot.key, {"choices": list(ballot.choices), "nonce": ballot.nonce}, now)

    def _vote_acked(self, ask: Ask, fields: Mapping[str, Any], now: float) -> None:
        key: RunKey = (fields["round"], fields["run"])
        choices = tuple(fields["choices"])
        if key[0] != ask.key[0] or set(choices) != set(ask.body["choices"]):
            self.record.fault(
                f"voter {self.number}: a vote for {'+'.join(ask.body['choices'])} in round {ask.key[0]} was "
                f"acknowledged for {'+'.join(choices)} in round {key[0]}"
            )
        if self.phase in LOCKED and key == ask.key == self.key and self.temper.late and not fields["repeat"]:
            self.record.fault(f"voter {self.number}: a vote begun after the lock had been seen was acknowledged")
        if not ask.again:
            self.record.vote_latencies_ms.append((now - ask.asked_at) * 1000)
        if fields["repeat"]:
            self.record.counts["repeats"] += 1
        event = Event(
            self.record.at_ms(), "ok", self.number, *key, ask.body["nonce"], choices,
            fields["receipt"], fields["accepted_at_ms"], fields["repeat"], "", fields["changeable"],
        )  # fmt: skip
        self.record.vote(event)
        self._voted.add(key)
        ballot = self._ballot
        if ballot is not None and ballot.nonce == ask.body["nonce"]:
            self._ballot = None
            if self.temper.retries and not self.stopping:
                self._again.append((now + self._rng.uniform(0, 3.0), ask))

    def _vote_refused(self, ask: Ask, fields: Mapping[str, Any], now: float) -> None:
        ballot = self._ballot
        code = str(fields.get("code", "?"))
        if code == "already_voted" and ask.key == self.key:
            self.record.fault(f"voter {self.number}: the only vote of round {ask.key[0]} was refused as already voted")
        if ballot is None or ballot.nonce != ask.body["nonce"] or ask.again:
            return
        ballot.waiting -= 1
        ballot.code = code
        if code in RETRYABLE or int(fields.get("status", 0)) >= 500:
            ballot.retry_at = now + max(self._rng.uniform(*RETRY_S), float(fields.get("retry_after", 0)))
        elif fields.get("phase") == "paused" and not self.stopping:
            ballot.retry_at = now + self._rng.uniform(*RETRY_S)
        elif not ballot.waiting:
            self._finish(ballot)

    def _finish(self, ballot: Ballot) -> None:
        self._ballot = None
        self._voted.add(ballot.key)
        self._note("unknown" if ballot.maybe else "fail", ballot, ballot.key)

    def _note(self, what: str, ballot: Ballot, key: RunKey) -> None:
        event = Event(self.record.at_ms(), what, self.number, *key, ballot.nonce, ballot.choices, code=ballot.code)
        self.record.vote(event)

    # Likes

    def _tap(self, now: float) -> None:
        rules = self.board.rules.get(self.key) if self.key is not None else None
        if rules is None:
            self._tap_at = now + 0.2
            return
        taps, wait_s = self._tapper.batch()
        # A thumb stays on one side for a batch; now and then people like the other one too.
        mine = self._first_side == (self._rng.random() < 0.9)
        choice = rules.choices[0] if mine else self._rng.choice(rules.choices[1:] or rules.choices)
        self._totals[choice] = self._totals.get(choice, 0) + taps
        self._tap_at = now + wait_s
        self._flush_at = min(self._flush_at, now)

    def _to_flush(self) -> bool:
        return self._like is None and self.phase in ("open", "closing") and self._totals != self._flushed

    def _flush(self, now: float) -> Ask:
        assert self.key is not None
        totals = dict(self._totals)
        self._flushed, self._flush_at = totals, NEVER
        self.record.likes_sent(self.key, self.number, totals)
        self._like = self._send("like", self.key, {"totals": totals}, now)
        return self._like

    def _like_answered(self, ask: Ask, good: bool, fields: Mapping[str, Any], now: float) -> None:
        if self._like is not None and self._like.id == ask.id:
            self._like = None
        if good:
            key: RunKey = (fields["round"], fields["run"])
            self.record.likes_acked(key, self.number, fields["totals"])
            self.record.like_latencies_ms.append((now - ask.asked_at) * 1000)
            if fields["clipped"]:
                self.record.counts["clipped"] += 1
                if not self.stopping:
                    # What was clipped is sent again when the rate has made room for it.
                    self._flushed, self._flush_at = {}, now + 1.0
        elif fields.get("code") in RETRYABLE:
            self._flushed = {}
            self._flush_at = now + max(self._rng.uniform(*RETRY_S), float(fields.get("retry_after", 0)))
        elif fields.get("code") == "likes_shrank" and ask.key == self.key:
            for choice, total in fields.get("totals", {}).items():
                self._totals[choice] = max(total, self._totals.get(choice, 0))

    # Asks

    def _send(self, kind: str, key: RunKey, body: dict[str, Any], now: float, *, again: bool = False) -> Ask:
        # It names its run, so that one held up on its way is never counted in a rerun.
        body = {**body, "run": key[1]}
        self._ids += 1
        ask = Ask(kind, str(self._ids), key, body, now, again)
        self._asks[ask.id] = ask
        return ask

    def _give_up_waiting(self, now: float) -> None:
        limit = now - self._options.answer_timeout_s
        for ask in [ask for ask in self._asks.values() if ask.asked_at <= limit]:
            self.record.counts["timeouts"] += 1
            self.lost(ask.id, now)
            self._overdue[ask.id] = ask
