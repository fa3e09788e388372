"""A session read whole: who sees what, what comes next, which round is on air."""

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.ballot import BallotRules
from app.domain.lifecycle import Command, Phase, RunState, Timing, advance, allowed, apply, next_deadline_ms
from app.domain.session import (
    CHOICES_MAX,
    SCENES,
    SIDES,
    Channel,
    Choice,
    Contestant,
    Correction,
    Round,
    Session,
    View,
    Visibility,
    may_see_tally,
    next_step,
    on_air,
    was_opened,
)
from tests.domain.lives import REASON, START_MS, but, lives, run_in

# The columns are the phases in their order; y is yes.
SEEN = """
                         draft open paused closing locked revealed void
    staff   live           y    y     y       y       y       y      y
    staff   after_vote     y    y     y       y       y       y      y
    staff   on_lock        y    y     y       y       y       y      y
    staff   on_reveal      y    y     y       y       y       y      y
    other   live           y    y     y       y       y       y      -
    other   after_vote     -    -     -       -       y       y      -
    voted   live           y    y     y       y       y       y      -
    voted   after_vote     y    y     y       y       y       y      -
    other   on_lock        -    -     -       -       y       y      -
    voted   on_lock        -    -     -       -       y       y      -
    other   on_reveal      -    -     -       -       -       y      -
    voted   on_reveal      -    -     -       -       -       y      -
"""
VISIBILITIES: tuple[Visibility, ...] = ("live", "after_vote", "on_lock", "on_reveal")
VIEWS: tuple[View, ...] = ("public", "voter", "staff")


def seen_table() -> dict[tuple[str, str, str], bool]:
    head, *rows = (row.split() for row in SEEN.strip().splitlines())
    return {
        (who, rule, phase): mark == "y" for who, rule, *marks in rows for phase, mark in zip(head, marks, strict=True)
    }


def make_round(number: int, run: RunState | None = None, **changes: object) -> Round:
    round_ = Round(
        id=number,
        number=number,
        title="观点PK",
        question="",
        dimension="views",
        choices=(Choice("red", "王伟"), Choice("blue", "杨玭")),
        own_choices=False,
        choices_max=1,
        changeable=False,
        votes_per_day=None,
        duration_ms=None,
        grace_ms=0,
        visibility="live",
        likes_per_second=15,
        run_id=number * 10,
        run=run or RunState(),
    )
    return replace(round_, **changes)  # type: ignore[arg-type]


def make_session(*rounds: Round, current: int | None = None, **changes: object) -> Session:
    session = Session(
        id=1,
        code="K7M2QP",
        number=1,
        title="先锋擂台 第1期",
        topic="精准服务",
        kind="pk",
        ended=False,
        show_slug="pioneer-arena",
        show_name="先锋擂台",
        deciding=False,
        starts_at_ms=None,
        created_at_ms=START_MS,
        scene="board",
        channels=(Channel("web", "网页"), Channel("wechat", "微信视频", 8_000), Channel("radio", "电台")),
        contestants=(Contestant("red", "王伟"), Contestant("blue", "杨玭")),
        rounds=rounds,
        revision=1,
        current=current if current is not None or not rounds else rounds[0].number,
        voter_key="a secret of the show",
    )
    return replace(session, **changes)  # type: ignore[arg-type]


def in_phases(*phases: Phase, current: int = 1, **changes: object) -> Session:
    return make_session(
        *(make_round(i, run_in(phase)) for i, phase in enumerate(phases, 1)), current=current, **changes
    )


class TestWhoSeesTheTally:
    @pytest.mark.parametrize("phase", Phase)
    @pytest.mark.parametrize("visibility", VISIBILITIES)
    @pytest.mark.parametrize("view", VIEWS)
    @pytest.mark.parametrize("voted", [False, True])
    def test_is_as_the_table_says(self, view: View, visibility: Visibility, phase: Phase, voted: bool) -> None:
        who = "staff" if view == "staff" else "voted" if voted else "other"
        assert may_see_tally(view, visibility, phase, voted) is seen_table()[who, visibility, str(phase)]

    def test_table_is_whole(self) -> None:
        assert len(seen_table()) == 3 * len(VISIBILITIES) * len(Phase)

    @pytest.mark.parametrize("phase", but(Phase.REVEALED))
    def test_rule_that_nobody_knows_hides_from_the_audience(self, phase: Phase) -> None:
        assert may_see_tally("voter", "someday", phase, True) is False  # type: ignore[arg-type]

    @pytest.mark.parametrize("visibility", VISIBILITIES)
    @pytest.mark.parametrize("view", ["public", "voter"])
    def test_what_was_seen_at_the_lock_is_seen_at_the_reveal(self, view: View, visibility: Visibility) -> None:
        for voted in (False, True):
            locked, revealed = (may_see_tally(view, visibility, p, voted) for p in (Phase.LOCKED, Phase.REVEALED))
            assert revealed
            assert locked <= revealed

    @pytest.mark.parametrize("phase", Phase)
    @pytest.mark.parametrize("visibility", VISIBILITIES)
    def test_voting_never_hides_anything(self, visibility: Visibility, phase: Phase) -> None:
        assert may_see_tally("voter", visibility, phase, False) <= may_see_tally("voter", visibility, phase, True)


class TestNextStep:
    @pytest.mark.parametrize(
        ("phase", "step"),
        [
            (Phase.DRAFT, ("open", 1)),
            (Phase.OPEN, ("lock", 1)),
            (Phase.PAUSED, ("resume", 1)),
            (Phase.CLOSING, None),
            (Phase.LOCKED, ("reveal", 1)),
            (Phase.REVEALED, ("open", 2)),
            (Phase.VOID, ("open", 2)),
        ],
    )
    def test_of_each_phase(self, phase: Phase, step: tuple[str, int] | None) -> None:
        assert next_step(in_phases(phase, Phase.DRAFT)) == step

    @pytest.mark.parametrize("phase", [Phase.REVEALED, Phase.VOID])
    def test_after_a_round_comes_the_nearest_later_draft(self, phase: Phase) -> None:
        session = in_phases(Phase.DRAFT, phase, Phase.VOID, Phase.DRAFT, Phase.DRAFT, current=2)
        assert next_step(session) == ("open", 4)

    @pytest.mark.parametrize("phase", [Phase.REVEALED, Phase.VOID])
    def test_after_the_last_round_comes_the_first_that_was_left_out(self, phase: Phase) -> None:
        assert next_step(in_phases(Phase.REVEALED, Phase.DRAFT, Phase.DRAFT, phase, current=4)) == ("open", 2)

    def test_is_none_when_all_rounds_are_done(self) -> None:
        assert next_step(in_phases(Phase.REVEALED, Phase.VOID, current=2)) is None

    @pytest.mark.parametrize("phase", Phase)
    def test_is_none_when_the_session_is_over(self, phase: Phase) -> None:
        assert next_step(in_phases(phase, Phase.DRAFT, ended=True)) is None

    def test_is_none_where_there_are_no_rounds(self) -> None:
        assert next_step(make_session()) is None

    @given(st.lists(st.builds(lambda life: life.state, lives(steps_max=5)), min_size=1, max_size=4), st.data())
    def test_is_always_a_command_that_its_round_can_carry_out(self, runs: list[RunState], data: st.DataObject) -> None:
        rounds = [make_round(i, run) for i, run in enumerate(runs, 1)]
        session = make_session(*rounds, current=data.draw(st.integers(1, len(rounds))))
        step = next_step(session)
        if step is not None:
            round_ = session.round(step[1])
            assert round_ is not None
            assert Command(step[0]) in allowed(round_.run)

    def test_pressed_again_and_again_goes_through_the_whole_rundown(self) -> None:
        session = make_session(*(make_round(i, grace_ms=i % 2 * 2_000) for i in range(1, 4)))
        taken, now_ms = [], START_MS
        for _ in range(60):
            now_ms += 1_000
            session = replace(session, rounds=tuple(replace(r, run=advance(r.run, now_ms)) for r in session.rounds))
            step = next_step(session)
            if step is not None:
                taken.append(step)
                session = self.carried_out(session, step, now_ms)
        assert taken == [(command, number) for number in (1, 2, 3) for command in ("open", "lock", "reveal")]

    @staticmethod
    def carried_out(session: Session, step: tuple[str, int], now_ms: int) -> Session:
        rounds = list(session.rounds)
        round_ = rounds[step[1] - 1]
        run = apply(round_.run, Command(step[0]), now_ms, session.timing(round_), REASON)
        rounds[step[1] - 1] = replace(round_, run=run)
        return replace(session, rounds=tuple(rounds), current=step[1])


class TestOnAir:
    @pytest.mark.parametrize("phase", Phase)
    def test_is_the_round_that_is_open_paused_or_closing(self, phase: Phase) -> None:
        session = in_phases(Phase.REVEALED, phase, Phase.DRAFT)
        found = on_air(session)
        assert (found is session.rounds[1]) == (phase in {Phase.OPEN, Phase.PAUSED, Phase.CLOSING})
        assert found is None or found.number == 2

    def test_is_none_where_there_are_no_rounds(self) -> None:
        assert on_air(make_session()) is None


class TestStatus:
    def test_is_draft_until_a_round_is_opened(self) -> None:
        assert make_session().status == "draft"
        assert in_phases(Phase.DRAFT, Phase.DRAFT).status == "draft"

    @pytest.mark.parametrize("phase", but(Phase.DRAFT))
    def test_is_live_once_any_round_was_opened(self, phase: Phase) -> None:
        assert in_phases(Phase.DRAFT, phase).status == "live"

    def test_is_live_also_when_the_only_opened_round_waits_for_its_rerun(self) -> None:
        assert make_session(make_round(1, RunState(number=2))).status == "live"

    @pytest.mark.parametrize("phase", Phase)
    def test_is_ended_whatever_the_rounds_say(self, phase: Phase) -> None:
        assert in_phases(phase, ended=True).status == "ended"

    @pytest.mark.parametrize("phase", Phase)
    def test_round_was_opened_in_every_phase_but_its_first_draft(self, phase: Phase) -> None:
        assert was_opened(make_round(1, run_in(phase))) == (phase is not Phase.DRAFT)
        assert was_opened(make_round(1, RunState(number=2)))


class TestRounds:
    def test_are_found_by_number_and_not_by_place(self) -> None:
        session = make_session(make_round(1), make_round(3))
        assert session.round(3) is session.rounds[1]
        assert session.round(2) is None
        assert session.round(0) is None

    def test_current_round_is_the_one_of_that_number(self) -> None:
        assert in_phases(Phase.REVEALED, Phase.OPEN, current=2).current_round == make_round(2, run_in(Phase.OPEN))
        assert make_session().current_round is None
        assert in_phases(Phase.DRAFT, current=9).current_round is None

    def test_ballot_rules_are_those_of_the_round(self) -> None:
        round_ = make_round(1, choices_max=2, votes_per_day=3, choices=(Choice("c2", "乙"), Choice("c1", "甲")))
        assert round_.keys == ("c2", "c1")
        assert round_.ballot_rules == BallotRules(("c2", "c1"), 2, False, 3)
        assert make_round(1, changeable=True).ballot_rules == BallotRules(("red", "blue"), 1, True, None)


class TestChannels:
    def test_delay_is_the_channels_own_and_none_for_an_unknown_one(self) -> None:
        session = make_session()
        assert [session.delay_ms(key) for key in ("web", "wechat", "radio", "smoke", "")] == [0, 8_000, 0, 0, 0]

    def test_rounds_timing_waits_for_the_latest_channel(self) -> None:
        round_ = make_round(1, duration_ms=120_000, grace_ms=2_000)
        assert make_session(round_).timing(round_) == Timing(120_000, 2_000, 8_000)
        assert make_session(round_, channels=()).timing(round_) == Timing(120_000, 2_000, 0)

    def test_no_channel_may_vote_after_the_round_has_locked(self) -> None:
        round_ = make_round(1, duration_ms=120_000, grace_ms=2_000)
        session = make_session(round_)
        closing = advance(apply(round_.run, Command.OPEN, START_MS, session.timing(round_)), START_MS + 120_000)
        assert closing.closes_at_ms is not None
        cut_offs = [closing.closes_at_ms + round_.grace_ms + session.delay_ms(each.key) for each in session.channels]
        assert next_deadline_ms(closing) == max(cut_offs)


def test_key_of_the_voters_is_never_printed() -> None:
    assert "secret" not in repr(make_session())
    assert make_session().voter_key == "a secret of the show"


def test_session_cannot_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        make_session().ended = True  # type: ignore[misc]


def test_words_are_those_of_the_wire() -> None:
    assert SCENES == ("blank", "board", "lower_third", "result", "qr")
    assert SIDES == ("red", "blue")
    assert CHOICES_MAX == 64


class TestSeal:
    @pytest.mark.parametrize("view", ["public", "voter", "staff"])
    @pytest.mark.parametrize("phase", Phase)
    def test_nobody_sees_through_it(self, view: View, phase: Phase) -> None:
        assert may_see_tally(view, "live", phase, voted=True, sealed=True) is False

    def test_it_breaks_with_the_certificate(self) -> None:
        locked = make_round(1, run_in(Phase.LOCKED), sealed=True)
        assert locked.seal_unbroken
        assert locked.allowed == (Command.CERTIFY, Command.VOID, Command.RERUN)
        assert next_step(make_session(locked)) == ("certify", 1)
        certified = replace(locked, run=replace(locked.run, certified_at_ms=START_MS))
        assert not certified.seal_unbroken
        assert Command.REVEAL in certified.allowed
        assert next_step(make_session(certified)) == ("reveal", 1)
        assert not make_round(1, run_in(Phase.LOCKED)).seal_unbroken


def test_what_stands_is_the_last_correction_over_what_the_lock_announced() -> None:
    result = {"digest": "at lock", "votes": {"red": 5}, "ballots": 9}
    round_ = make_round(1, run_in(Phase.LOCKED), result=result)
    assert round_.standing == result
    corrected = replace(
        round_, corrections=(Correction({"votes": {"red": 4}}, "1"), Correction({"votes": {"red": 3}}, "2"))
    )
    assert corrected.standing == {"digest": "at lock", "votes": {"red": 3}, "ballots": 9}
    assert make_round(1, run_in(Phase.OPEN)).standing is None


def test_weights_are_those_of_the_channels_that_have_one() -> None:
    session = make_session(
        channels=(Channel("web", "网页", weight=0), Channel("panel", "评审团", weight=70), Channel("tv", ""))
    )
    assert session.weights == {"web": 0, "panel": 70}
    assert make_session().weights == {}


def test_a_session_is_a_rehearsal_where_it_names_the_one_it_rehearses() -> None:
    meant = make_session(make_round(1))
    assert (meant.rehearsal, replace(meant, rehearsal_of="K7M2QP").rehearsal) == (False, True)
