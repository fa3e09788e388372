"""What the service should do, written a second time from docs/api.md and from nothing in app/: lists and loops, no care
for speed. Each act returns (status, code) as the service should answer, and changes the model where it is 200.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

SHANGHAI = timezone(timedelta(hours=8))
ON_AIR = ("open", "paused", "closing")
Answer = tuple[int, str]
OK: Answer = (200, "")

ALLOWED = {
    "draft": ["open"],
    "open": ["pause", "lock", "void"],
    "paused": ["resume", "lock", "void"],
    "closing": ["void"],
    "locked": ["reveal", "certify", "void", "rerun"],
    "revealed": ["certify", "void", "rerun"],
    "void": ["rerun"],
}
DONE_ALREADY = {
    "open": ["open"],
    "pause": ["paused"],
    "resume": ["open"],
    "lock": ["closing", "locked", "revealed"],
    "reveal": ["revealed"],
    "void": ["void"],
}


@dataclass
class Phone:
    name: str
    channel: str
    delay_ms: int
    joined_ms: int


@dataclass
class Ballot:
    phone: str
    channel: str
    slot: str
    revision: int
    choices: list[str]
    nonce: str
    accepted_ms: int
    receipt: str = ""
    """As the service gave it when it was new."""


@dataclass
class Run:
    number: int
    phase: str = "draft"
    closes_ms: int | None = None
    locks_ms: int | None = None
    left_ms: int | None = None
    opened_spans: list[tuple[int, int]] = field(default_factory=list)
    open_since: int | None = None
    certified: bool = False
    ballots: list[Ballot] = field(default_factory=list)
    likes: dict[str, dict[str, int]] = field(default_factory=dict)
    like_channels: dict[str, str] = field(default_factory=dict)
    result: dict[str, Any] | None = None

    def elapsed(self, now: int) -> int:
        """How long it has been open, pauses left out."""
        whole = sum(end - start for start, end in self.opened_spans)
        if self.open_since is not None:
            end = now if self.closes_ms is None else min(now, self.closes_ms)
            whole += max(0, end - self.open_since)
        return whole

    def shut(self, now: int) -> None:
        if self.open_since is not None:
            end = now if self.closes_ms is None else min(now, self.closes_ms)
            self.opened_spans.append((self.open_since, max(self.open_since, end)))
            self.open_since = None

    def standing(self) -> list[Ballot]:
        """The ballots that count: of each phone and slot the last."""
        last: dict[tuple[str, str], Ballot] = {}
        for ballot in self.ballots:
            last[ballot.phone, ballot.slot] = ballot
        return list(last.values())


@dataclass
class Rules:
    choices: list[str]
    choices_max: int
    changeable: bool
    votes_per_day: int | None
    duration_ms: int | None
    grace_ms: int
    visibility: str
    likes_per_second: int


@dataclass
class Round:
    number: int
    rules: Rules
    runs: list[Run] = field(default_factory=lambda: [Run(1)])

    @property
    def run(self) -> Run:
        return self.runs[-1]

    def figures(self, run: Run | None = None, channel: str | None = None) -> dict[str, Any]:
        """Counts of a run, whole or of one channel, in the shape of a tally's figures."""
        run = run or self.run
        ballots = [each for each in run.standing() if channel in (None, each.channel)]
        likes = [totals for name, totals in run.likes.items() if channel in (None, run.like_channels[name])]
        votes = {key: sum(key in each.choices for each in ballots) for key in self.rules.choices}
        return {
            "votes": votes,
            "likes": {key: sum(totals.get(key, 0) for totals in likes) for key in self.rules.choices},
            "turnout": len({each.phone for each in ballots}),
        }


class Model:
    """One session. `now` is given to every act; the clock stands still between two acts."""

    def __init__(self, rules: list[Rules], delay_ms_max: int) -> None:
        self.rounds = [Round(i, each) for i, each in enumerate(rules, 1)]
        self.delay_ms_max = delay_ms_max
        self.current = 1
        self.ended = False
        self.scene = "board"

    def round(self, number: int) -> Round | None:
        return next((each for each in self.rounds if each.number == number), None)

    @property
    def current_round(self) -> Round:
        return next(each for each in self.rounds if each.number == self.current)

    def pass_time(self, now: int) -> None:
        """Do what the deadlines ask."""
        for each in self.rounds:
            run = each.run
            if run.phase == "open" and run.closes_ms is not None and now >= run.closes_ms:
                run.shut(now)
                run.phase = "closing"
            if run.phase == "closing" and run.locks_ms is not None and now >= run.locks_ms:
                self._locked(each)

    def _locked(self, round_: Round) -> None:
        round_.run.phase = "locked"
        self._counted(round_)

    def _counted(self, round_: Round) -> None:
        run = round_.run
        channels = {each.channel for each in run.ballots} | set(run.like_channels.values())
        run.result = {
            **round_.figures(),
            "ballots": len(run.ballots),
            "channels": {key: round_.figures(channel=key) for key in channels},
        }

    def command(self, number: int, what: str, now: int, reason: str = "") -> Answer:
        self.pass_time(now)
        round_ = self.round(number)
        if round_ is None:
            return 404, "round_not_found"
        run = round_.run
        if what == "certify":
            done = run.certified and run.phase in ("locked", "revealed")
        elif what == "rerun":
            done = run.phase == "draft" and run.number > 1
        else:
            done = run.phase in DONE_ALREADY[what]
        if done:
            return OK
        if what not in ALLOWED[run.phase] or (what == "certify" and run.certified):
            return 409, "command_not_allowed"
        if what == "void" and not reason.strip():
            return 422, "invalid_request"
        if self.ended and what in ("open", "rerun"):
            return 409, "session_ended"
        others_on_air = any(each.run.phase in ON_AIR for each in self.rounds if each is not round_)
        if what in ("open", "rerun") and others_on_air:
            return 409, "another_round_open"
        self._do(round_, what, now)
        return OK

    def _do(self, round_: Round, what: str, now: int) -> None:
        run, rules = round_.run, round_.rules
        match what:
            case "open" | "resume":
                left = rules.duration_ms if what == "open" else run.left_ms
                run.phase, run.open_since, run.left_ms = "open", now, None
                run.closes_ms = None if left is None else now + left
                run.locks_ms = None if left is None else now + left + rules.grace_ms + self.delay_ms_max
                self.current = round_.number
            case "pause":
                run.left_ms = None if run.closes_ms is None else max(0, run.closes_ms - now)
                run.shut(now)
                run.phase, run.closes_ms, run.locks_ms = "paused", None, None
            case "lock":
                # A paused round owes nobody the delay of a channel.
                settle = 0 if run.phase == "paused" else rules.grace_ms + self.delay_ms_max
                run.shut(now)
                run.phase, run.closes_ms, run.locks_ms = "closing", now, now + settle
                self.pass_time(now)
            case "reveal":
                run.phase = "revealed"
            case "certify":
                run.certified = True
            case "void":
                run.shut(now)
                run.phase = "void"
                if run.result is None:
                    self._counted(round_)
            case "rerun":
                round_.runs.append(Run(run.number + 1))
                self.current = round_.number

    def next(self, now: int) -> Answer:
        before = [each.run.phase for each in self.rounds]
        self.pass_time(now)
        if before != [each.run.phase for each in self.rounds]:
            return OK  # a deadline has just taken the step
        if self.ended:
            return 409, "session_ended"
        current = self.current_round
        step = {"draft": "open", "open": "lock", "paused": "resume", "locked": "reveal"}.get(current.run.phase)
        if step is not None:
            return self.command(current.number, step, now)
        if current.run.phase == "closing":
            return OK
        drafts = [each.number for each in self.rounds if each.run.phase == "draft"]
        ahead = [number for number in drafts if number > current.number] or drafts
        return self.command(ahead[0], "open", now) if ahead else (409, "command_not_allowed")

    def end(self, ended: bool) -> Answer:
        if ended and any(each.run.phase in ON_AIR for each in self.rounds):
            return 409, "conflict"
        self.ended = ended
        return OK

    def _taking(self, run: Run, rules: Rules, phone: Phone, now: int) -> Answer:
        if self.ended:
            return 409, "session_ended"
        in_time = run.closes_ms is None or now < run.closes_ms + rules.grace_ms + phone.delay_ms
        return OK if run.phase in ("open", "closing") and in_time else (409, "round_not_open")

    def vote(
        self, phone: Phone, number: int, choices: list[str], nonce: str, meant: int | None, now: int
    ) -> tuple[Answer, Ballot | None, bool]:
        """Return the answer, the ballot that it speaks of, and whether it is a repeat."""
        self.pass_time(now)
        round_ = self.round(number)
        if round_ is None:
            return (404, "round_not_found"), None, False
        run, rules = round_.run, round_.rules
        if meant not in (None, run.number):
            earlier = next((each for each in round_.runs if each.number == meant), None)
            again = self._cast_before(earlier, rules, phone, choices, nonce, now) if earlier else None
            if again is not None:
                return OK, again, True
            return (409, "session_ended" if self.ended else "round_not_open"), None, False
        again = self._cast_before(run, rules, phone, choices, nonce, now)
        if again is not None:
            return OK, again, True
        mine = [each for each in run.ballots if each.phone == phone.name]
        if (refusal := self._taking(run, rules, phone, now)) != OK:
            return refusal, None, False
        wrong = (
            not 1 <= len(choices) <= rules.choices_max
            or len(set(choices)) < len(choices)
            or any(each not in rules.choices for each in choices)
        )
        if wrong:
            return (422, "invalid_ballot"), None, False
        return self._placed(round_, phone, [key for key in rules.choices if key in choices], nonce, mine, now)

    def _cast_before(
        self, run: Run, rules: Rules, phone: Phone, choices: list[str], nonce: str, now: int
    ) -> Ballot | None:
        """The ballot that this one repeats: of the same nonce or, without one, of the same choices where it stands."""
        mine = [each for each in run.ballots if each.phone == phone.name]
        if nonce:
            return next((each for each in mine if each.nonce == nonce), None)
        standing = mine[-1:] if rules.votes_per_day is None else [x for x in mine if x.slot.startswith(day_of(now))]
        return next((each for each in standing if sorted(each.choices) == sorted(choices)), None)

    def _placed(
        self, round_: Round, phone: Phone, choices: list[str], nonce: str, mine: list[Ballot], now: int
    ) -> tuple[Answer, Ballot | None, bool]:
        rules = round_.rules
        slot, revision = "", 1
        if rules.votes_per_day is not None:
            day = day_of(now)
            today = [each for each in mine if each.slot.startswith(day)]
            if len(today) >= rules.votes_per_day:
                return (409, "no_votes_left"), None, False
            slot = f"{day} {len(today)}"
        elif mine:
            if mine[-1].choices == choices:
                return OK, mine[-1], True
            if not rules.changeable:
                return (409, "already_voted"), mine[-1], False
            revision = mine[-1].revision + 1
        ballot = Ballot(phone.name, phone.channel, slot, revision, choices, nonce, now)
        round_.run.ballots.append(ballot)
        return OK, ballot, False

    def votes_left(self, phone: Phone, round_: Round, run: Run, now: int) -> int:
        mine = [each for each in run.ballots if each.phone == phone.name]
        if round_.rules.votes_per_day is None:
            return 0 if mine else 1
        return max(0, round_.rules.votes_per_day - sum(each.slot.startswith(day_of(now)) for each in mine))

    def like(self, phone: Phone, number: int, totals: dict[str, int], now: int) -> tuple[Answer, dict[str, int], bool]:
        """Return the answer, what then stands for this phone, and whether something was clipped."""
        self.pass_time(now)
        round_ = self.round(number)
        if round_ is None:
            return (404, "round_not_found"), {}, False
        run, rules = round_.run, round_.rules
        before = run.likes.get(phone.name, {})
        if totals and all(before.get(key) == total for key, total in totals.items()):
            return OK, before, False  # a retry, late or not
        if (refusal := self._taking(run, rules, phone, now)) != OK:
            return refusal, {}, False
        if not totals or any(key not in rules.choices or total < 0 for key, total in totals.items()):
            return (422, "invalid_likes"), {}, False
        if any(total < before.get(key, 0) for key, total in totals.items()):
            return (409, "likes_shrank"), before, False
        seconds_ms = max(0, min(run.elapsed(now), now - phone.joined_ms))
        room = max(0, 150 + rules.likes_per_second * seconds_ms // 1000 - sum(before.values()))
        growth = {key: total - before.get(key, 0) for key, total in totals.items()}
        wanted = sum(growth.values())
        if wanted > room:
            growth = {key: more * room // wanted for key, more in growth.items()}
        stands = before | {key: before.get(key, 0) + more for key, more in growth.items()}
        # No likes for a side are no entry: what was never liked is in no answer unless it was asked about.
        if kept := {key: total for key, total in stands.items() if total}:
            run.likes[phone.name] = kept
            run.like_channels[phone.name] = phone.channel
        return OK, stands, wanted > room

    def visible(self, round_: Round, voted: bool) -> bool:
        """Whether the public, or a phone that voted in the present run, is shown the figures."""
        phase, visibility = round_.run.phase, round_.rules.visibility
        if phase == "revealed":
            return True
        if phase == "void":
            return False
        after_lock = phase == "locked" and visibility in ("after_vote", "on_lock")
        return visibility == "live" or after_lock or (voted and visibility == "after_vote")


def day_of(now: int) -> str:
    return datetime.fromtimestamp(now / 1000, UTC).astimezone(SHANGHAI).strftime("%Y-%m-%d")
