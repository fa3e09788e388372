"""A state machine of the real service, restarts included, against the model: answers, tallies, receipts, results."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.settings import Settings
from tests.conftest import FakeClock, Running, running
from tests.load import recounted
from tests.players import eventually, likes_of, votes_of
from tests.services.model import ALLOWED, OK, ON_AIR, Ballot, Model, Phone, Round, Rules
from tests.services.strategies import ACTS, COMMANDS, DAY_MS, NUMBERS, OPTIONS, PHONES, REASONS, ROUND_RULES, WAITS_MS

CHANNELS = [{"key": "web", "name": "网页"}, {"key": "wechat", "name": "微信", "delay_ms": 8_000}]


class Stage:
    """The service that all examples share; each makes a session of its own."""

    def __init__(self, path: Path) -> None:
        self.clock = FakeClock()
        self.answers: Counter[tuple[str, int, str]] = Counter()
        self._settings = Settings(
            _env_file=None, data_dir=path, host="127.0.0.1", port=0, tick_ms=20, join_free_per_minute=1_000_000
        )
        self._stack = contextlib.ExitStack()
        self.service: Running
        self.crew: httpx2.Client
        self.start()

    def start(self) -> None:
        self.service = self._stack.enter_context(running(self._settings, self.clock))
        self.crew = self.service.client(self.service.admin_token)

    def stop(self) -> None:
        self._stack.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.stop()


class ArenaMachine(RuleBasedStateMachine):
    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.sent: list[tuple[int, int, list[str], str, int | None]] = []
        self.nonces = 0
        self.gatherings = 0
        self.seen = (0, 0)
        self.results: dict[tuple[int, int], dict[str, Any]] = {}

    @property
    def now(self) -> int:
        return self.stage.clock.now_ms()

    @property
    def path(self) -> str:
        return f"/api/v1/sessions/{self.code}"

    @initialize(
        rules=st.lists(ROUND_RULES, min_size=2, max_size=3),
        restart_after=st.sampled_from([0, 0, 0, 2, 5]),
        first=st.sampled_from([True, True, True, False]),
    )
    def make(self, rules: list[Rules], restart_after: int, first: bool) -> None:
        self.restart_after = restart_after
        self.model = Model(rules, 8_000)
        body = {
            "contestants": [{"name": "王伟"}, {"name": "杨玭"}],
            "channels": CHANNELS,
            "rounds": [
                vars(each)
                | {"choices": [{"key": key, "name": key} for key in OPTIONS] if each.choices == OPTIONS else None}
                for each in rules
            ],
        }
        made = self.stage.crew.post("/api/v1/sessions", json=body)
        assert made.status_code == 201, made.text
        self.code = made.json()["code"]
        self.phones: list[tuple[Phone, str]] = []
        for i, channel in enumerate(["web", "web", "wechat", "wechat"]):
            joined = self.stage.crew.post(f"{self.path}/join", json={"channel": channel}, headers={"Authorization": ""})
            answer = joined.json()
            self.phones.append((Phone(f"p{i}", channel, answer["delay_ms"], self.now), answer["token"]))
        if first:
            self.command(1, "open", "", 0)

    def ask(self, method: str, path: str, token: str | None = None, **options: Any) -> httpx2.Response:
        """Ask as a phone by its token, as anyone with an empty one, else as the crew."""
        if token is not None:
            options["headers"] = {"Authorization": f"Bearer {token}" if token else ""}
        return self.stage.crew.request(method, f"{self.path}{path}", **options)

    def agree(self, response: httpx2.Response, expected: tuple[int, str]) -> Any:
        answer = response.json()
        got = (response.status_code, answer.get("code", "") if response.status_code >= 400 else "")
        assert got == expected, answer
        self.stage.answers[response.request.method, *got] += 1
        return answer

    @rule(number=NUMBERS, what=st.sampled_from([*COMMANDS, "next", "next"]), reason=REASONS, wait_ms=WAITS_MS)
    def command(self, number: int, what: str, reason: str, wait_ms: int) -> None:
        """Give a command, at times right after a deadline that the tick has not seen yet."""
        self.wait(wait_ms)
        if what == "next":
            self.settle()  # it takes no step where a deadline has just taken one, so whose was first must be known
            expected = self.model.next(self.now)
            response = self.ask("POST", "/next")
        else:
            expected = self.model.command(number, what, self.now, reason)
            params = {"reason": reason} if what == "void" else {}
            response = self.ask("POST", f"/rounds/{number}/{what}", params=params)
        answer = self.agree(response, expected)
        if expected == OK:
            self.document_agrees(answer)

    @rule(which=st.sampled_from([0, 0, 0, 1, 1, 2, 3]), wait_ms=WAITS_MS)
    def command_that_fits(self, which: int, wait_ms: int) -> None:
        """Do with the current round what its phase allows."""
        fitting = ALLOWED[self.model.current_round.run.phase]
        self.command(self.model.current, fitting[which % len(fitting)], "试播", wait_ms)

    @rule(again=st.booleans())
    @precondition(lambda self: not any(each.run.phase in ON_AIR for each in self.model.rounds))
    def go_on_air(self, again: bool) -> None:
        """Bring a round on air, so that there is something to vote on most of the time."""
        if self.model.ended:
            self.end_or_reopen(False)
        current = self.model.current_round
        if again and current.run.phase in ("locked", "revealed", "void"):
            self.command(current.number, "rerun", "", 0)
        else:
            draft = next((each for each in self.model.rounds if each.run.phase == "draft"), current)
            self.command(draft.number, "open", "", 0)

    @rule(ms=WAITS_MS)
    def wait(self, ms: int) -> None:
        if self.now - self.phones[0][0].joined_ms < 25 * DAY_MS:  # a device token lives for thirty days
            self.stage.clock.forward(ms)

    @rule(acts=ACTS)
    def people_take_part(self, acts: list[tuple[Any, ...]]) -> None:
        for kind, who, *details in acts:
            match kind:
                case "vote":
                    self.vote(who, *details)
                case "like":
                    self.like(who, *details)
                case "like anything":
                    self.give(who, *details)
                case "vote anything":
                    self.cast(who, *details)
                case "retry" if self.sent:
                    self.retry(who, *details)
        self.gatherings += 1
        if self.gatherings == self.restart_after:
            self.restart()

    @rule(acts=ACTS)
    def more_people_take_part(self, acts: list[tuple[Any, ...]]) -> None:
        self.people_take_part(acts)

    @rule(who=PHONES, late=st.booleans())
    @precondition(lambda self: self.model.current_round.run.closes_ms is not None)
    def vote_at_the_last_moment(self, who: int, late: bool) -> None:
        """Vote in the last millisecond of this phone's time, or in the first that is over."""
        phone, current = self.phones[who][0], self.model.current_round
        assert current.run.closes_ms is not None
        cutoff = current.run.closes_ms + current.rules.grace_ms + phone.delay_ms
        if self.now < cutoff:
            self.stage.clock.forward(cutoff - self.now - (0 if late else 1))
            self.vote(who, [0], True)
            self.stage.answers["LAST MOMENT", 0, "late" if late else ""] += 1

    def vote(self, who: int, which: list[int], named: bool) -> None:
        """Cast what the current round takes, or nearly."""
        current = self.model.current_round
        self.nonces += 1
        choices = [current.rules.choices[i % len(current.rules.choices)] for i in which]
        self.cast(who, current.number, choices, f"n{self.nonces}" if named else "", None)

    def retry(self, which: int, alter: bool) -> None:
        """Send again what was sent before; with other choices the nonce still speaks for the first."""
        who, number, choices, nonce, meant = self.sent[-1 - which % len(self.sent)]
        self.cast(who, number, choices[::-1] if alter else choices, nonce, meant)

    def cast(self, who: int, number: int, choices: list[str], nonce: str, meant: int | None) -> None:
        phone, token = self.phones[who]
        body = {"choices": choices, "nonce": nonce} | ({"run": meant} if meant is not None else {})
        expected, ballot, repeat = self.model.vote(phone, number, choices, nonce, meant, self.now)
        answer = self.agree(self.ask("PUT", f"/rounds/{number}/vote", token, json=body), expected)
        self.sent.append((who, number, choices, nonce, answer["run"] if expected == OK and meant is None else meant))
        if expected == OK:
            assert ballot is not None
            self.receipt_agrees(answer, ballot, repeat, phone, number)
            self.stage.answers["BALLOT", ballot.revision, "repeat" if repeat else ""] += 1
        elif expected == (409, "already_voted"):
            assert ballot is not None
            assert answer["receipt"] == ballot.receipt

    def receipt_agrees(self, answer: dict[str, Any], ballot: Ballot, repeat: bool, phone: Phone, number: int) -> None:
        round_ = self.model.round(number)
        assert round_ is not None
        run = next(each for each in round_.runs if ballot in each.ballots)
        if not repeat:
            ballot.receipt = answer["receipt"]
        assert answer == {
            "receipt": ballot.receipt,
            "session": self.code,
            "round": number,
            "run": run.number,
            "choices": ballot.choices,
            "revision": ballot.revision,
            "accepted_at_ms": ballot.accepted_ms,
            "votes_left": self.model.votes_left(phone, round_, run, self.now),
            "resets_at_ms": answer["resets_at_ms"],
            "changeable": round_.rules.changeable,
            "channel": phone.channel,
            "repeat": repeat,
        }
        daily = round_.rules.votes_per_day is not None
        assert (answer["resets_at_ms"] is not None) is daily
        if daily:
            assert self.now < answer["resets_at_ms"] <= self.now + DAY_MS
            assert (answer["resets_at_ms"] + 8 * 3_600_000) % DAY_MS == 0

    def like(self, who: int, which: list[int], more: int) -> None:
        """Like what the current round has."""
        current = self.model.current_round
        self.give(who, current.number, {current.rules.choices[i % len(current.rules.choices)]: more + i for i in which})

    def give(self, who: int, number: int, more: dict[str, int]) -> None:
        phone, token = self.phones[who]
        round_ = self.model.round(number)
        before = round_.run.likes.get(phone.name, {}) if round_ else {}
        totals = {key: before.get(key, 0) + each for key, each in more.items()}
        expected, stands, clipped = self.model.like(phone, number, totals, self.now)
        answer = self.agree(self.ask("PUT", f"/rounds/{number}/likes", token, json={"totals": totals}), expected)
        if expected == OK:
            assert round_ is not None
            assert answer == {"round": number, "run": round_.run.number, "totals": stands, "clipped": clipped}
            self.stage.answers["LIKES", 0, "clipped" if clipped else ""] += 1
        elif expected == (409, "likes_shrank"):
            assert answer["totals"] == stands

    @rule(scene=st.sampled_from([None, None, "blank", "lower_third", "result", "qr"]), ended=st.booleans())
    def cut_or_end(self, scene: str | None, ended: bool) -> None:
        """Put a scene on air; else end the session or reopen it."""
        if scene is None:
            self.end_or_reopen(ended)
        else:
            self.model.scene = scene
            assert self.agree(self.ask("PUT", f"/overlay/{scene}"), OK)["overlay"]["scene"] == scene

    def end_or_reopen(self, ended: bool) -> None:
        expected = self.model.end(ended)
        self.agree(self.ask("PATCH", "", json={"status": "ended" if ended else "live"}), expected)

    def restart(self) -> None:
        """Stop the service, and start another on the same file."""
        self.stage.answers["RESTART", 0, ""] += 1
        epoch = self.seen[0]
        self.stage.stop()
        self.stage.start()
        assert self.document()["epoch"] > epoch

    def document(self, token: str | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = self.agree(self.ask("GET", "/tally", token), OK)
        return answer

    def settle(self) -> dict[str, Any]:
        """Wait for the tick to bring about what is due; return the staff's tally."""
        self.stage.clock.forward(20)  # else the frame before would be fresh enough
        self.model.pass_time(self.now)
        phases = [each.run.phase for each in self.model.rounds]

        def settled() -> dict[str, Any] | None:
            document = self.document()
            assert (document["epoch"], document["version"]) >= self.seen
            self.seen = (document["epoch"], document["version"])
            return document if [each["phase"] for each in document["rounds"]] == phases else None

        document = eventually(settled)
        assert document is not None
        return document

    @invariant()
    def tallies_agree(self) -> None:
        if not hasattr(self, "code"):
            return
        document = self.settle()
        current = self.model.current_round
        self.staff_sees(document, current)
        shown = self.document("")
        assert (shown["tally"] is not None) is self.model.visible(current, voted=False)
        phone, token = self.phones[self.nonces % 4]
        voted = any(each.phone == phone.name for each in current.run.ballots)
        assert (self.document(token)["tally"] is not None) is self.model.visible(current, voted)
        self.phone_knows(phone, token, current)
        self.results_agree()

    def staff_sees(self, document: dict[str, Any], current: Round) -> None:
        figures = current.figures()
        assert document["round"]["number"] == current.number
        assert document["round"]["run"] == current.run.number
        assert document["round"]["turnout"] == figures["turnout"]
        assert votes_of(document) == figures["votes"]
        assert likes_of(document) == figures["likes"]
        assert document["tally"]["turnout"] == figures["turnout"]
        most = max(figures["votes"].values())
        first = [key for key, votes in figures["votes"].items() if votes == most > 0]
        assert document["tally"]["leader"] == (first[0] if len(first) == 1 else None)
        assert document["tally"]["tie"] is (len(first) > 1)
        shares = [choice["pct"] for choice in document["tally"]["choices"]]
        assert sum(shares) == (100 if most else 0)
        counted = [each.figures() for each in self.model.rounds if each.run.phase != "void"]
        assert document["totals"] == {
            "votes": sum(sum(each["votes"].values()) for each in counted),
            "likes": sum(sum(each["likes"].values()) for each in counted),
        }
        assert document["overlay"]["scene"] == self.model.scene
        opened = any(len(each.runs) > 1 or each.run.phase != "draft" for each in self.model.rounds)
        status = "ended" if self.model.ended else "live" if opened else "draft"
        assert document["session"]["status"] == status

    def phone_knows(self, phone: Phone, token: str, current: Round) -> None:
        own = self.agree(self.ask("GET", "/me", token), OK)
        mine = {each.slot: each.receipt for each in current.run.ballots if each.phone == phone.name}
        likes = {key: total for key, total in current.run.likes.get(phone.name, {}).items() if total}
        assert {each["receipt"] for each in own["ballots"]} == set(mine.values())
        assert own["likes"] == likes
        assert own["votes_left"] == self.model.votes_left(phone, current, current.run, self.now)
        assert (own["round"], own["run"], own["phase"]) == (current.number, current.run.number, current.run.phase)

    def results_agree(self) -> None:
        """Look at each result when it is new; it may never change afterwards."""
        for round_ in self.model.rounds:
            key = (round_.number, round_.run.number)
            if round_.run.result is None or (key in self.results and round_.run.phase != "revealed"):
                continue
            wanted = round_.run.result
            result = self.agree(self.ask("GET", f"/rounds/{round_.number}/result"), OK)
            assert votes_of(result) == wanted["votes"]
            assert likes_of(result) == wanted["likes"]
            assert (result["tally"]["turnout"], result["ballots"]) == (wanted["turnout"], wanted["ballots"])
            assert result["channels"] == {
                name: {
                    "votes": sum(each["votes"].values()),
                    "likes": sum(each["likes"].values()),
                    "turnout": each["turnout"],
                    "weight": None,
                    "voided": False,
                }
                for name, each in wanted["channels"].items()
            }
            assert [each["run"] for each in result["history"]] == [each.number for each in round_.runs[:-1]]
            if key in self.results:
                assert result["digest"] == self.results[key]["digest"]
                continue
            self.results[key] = result
            self.stage.answers["RESULT", 0, ""] += 1
            book = self.agree(self.ask("GET", f"/rounds/{round_.number}/ledger"), OK)
            votes, turnout, ballots = recounted(book)
            assert ({name: votes[name] for name in round_.rules.choices}, turnout, ballots) == (
                wanted["votes"],
                wanted["turnout"],
                wanted["ballots"],
            )
            assert [row[1] for row in book["ballots"]] == [each.receipt for each in round_.run.ballots]

    def document_agrees(self, document: dict[str, Any]) -> None:
        for each, shown in zip(self.model.rounds, document["rounds"], strict=True):
            run = each.run
            assert (shown["phase"], shown["run"]) == (run.phase, run.number)
            if run.phase in ("open", "closing"):
                assert (shown["closes_at_ms"], shown["locks_at_ms"]) == (run.closes_ms, run.locks_ms)
            assert shown["remaining_ms"] == run.left_ms if run.phase == "paused" else shown["remaining_ms"] is None
            assert (shown["certified_at_ms"] is not None) is run.certified
        assert document["current_round"] == self.model.current

    def teardown(self) -> None:
        """Leave nothing on air: the next example's clock would lock it."""
        if hasattr(self, "code"):
            self.ask("PATCH", "", json={"status": "live"})
            for round_ in self.model.rounds:
                self.ask("POST", f"/rounds/{round_.number}/void", params={"reason": "完"})


def test_service_does_what_the_model_does(stage: Stage) -> None:
    run_state_machine_as_test(
        lambda: ArenaMachine(stage),
        settings=hypothesis_settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            database=None,
            print_blob=True,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    for answer, count in sorted(stage.answers.items()):
        print(count, *answer)
