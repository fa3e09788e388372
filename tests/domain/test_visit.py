"""The life of a visit: what may follow what, what pressed twice does, when what is personal goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.clock import DAY_MS
from app.domain.errors import VisitNotAllowed
from app.domain.visit import (
    OPEN,
    OPEN_DAYS,
    Act,
    Details,
    State,
    VisitState,
    allowed,
    allowed_to_asker,
    apply,
    purge_at_ms,
)

DETAILS = Details(reason="已满", starts_at_ms=900, place="南丰镇", taught=47)
NEXT = {
    State.ASKED: {Act.ACCEPT, Act.SCHEDULE, Act.DECLINE},
    State.ACCEPTED: {Act.SCHEDULE, Act.DECLINE},
    State.SCHEDULED: {Act.SCHEDULE, Act.DELIVER, Act.DECLINE},
    State.DELIVERED: {Act.DELIVER},
    State.DECLINED: set(),
    State.WITHDRAWN: set(),
    State.LAPSED: set(),
}


def at(state: State) -> VisitState:
    return VisitState(state, 5)


@pytest.mark.parametrize("state", State)
def test_crew_may_do_what_leads_on(state: State) -> None:
    assert set(allowed(state)) == NEXT[state]


@pytest.mark.parametrize("state", State)
def test_asker_may_withdraw_what_is_open(state: State) -> None:
    assert allowed_to_asker(state) == ((Act.WITHDRAW,) if state in OPEN else ())


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("act", [Act.ACCEPT, Act.DECLINE, Act.SCHEDULE, Act.DELIVER])
def test_what_is_not_allowed_is_refused_with_what_is(state: State, act: Act) -> None:
    before = at(state)
    if act in NEXT[state]:
        assert apply(before, act, DETAILS, 10).changed_at_ms == 10
    elif act is Act.ACCEPT and state in (State.ACCEPTED, State.SCHEDULED):
        assert apply(before, act, DETAILS, 10) is before
    else:
        with pytest.raises(VisitNotAllowed) as refused:
            apply(before, act, DETAILS, 10)
        assert refused.value.extra == {"state": state, "allowed": [str(each) for each in allowed(state)]}


def test_visit_goes_its_way() -> None:
    visit = VisitState()
    for act in (Act.ACCEPT, Act.SCHEDULE, Act.DELIVER):
        visit = apply(visit, act, DETAILS, 10)
    assert visit == VisitState(
        State.DELIVERED, 10, "", starts_at_ms=900, duration_min=90, place="南丰镇", taught=47, delivered_at_ms=10
    )


@pytest.mark.parametrize("act", Act)
def test_pressed_twice_it_is_the_very_same(act: Act) -> None:
    before = at(State.SCHEDULED if act is Act.DELIVER else State.ASKED)
    once = apply(before, act, DETAILS, 10)
    assert once.state is not before.state
    assert apply(once, act, DETAILS, 20) is once


def test_scheduling_is_accepting() -> None:
    scheduled = apply(at(State.ASKED), Act.SCHEDULE, DETAILS, 10)
    assert apply(scheduled, Act.ACCEPT, Details(), 20) is scheduled


def test_another_time_is_another_schedule() -> None:
    first = apply(at(State.ASKED), Act.SCHEDULE, DETAILS, 10)
    second = apply(first, Act.SCHEDULE, Details(starts_at_ms=1_900, place="镇政府"), 20)
    assert (second.starts_at_ms, second.place, second.changed_at_ms) == (1_900, "镇政府", 20)


def test_number_taught_can_be_put_right_and_the_day_stays() -> None:
    first = apply(at(State.SCHEDULED), Act.DELIVER, DETAILS, 10)
    second = apply(first, Act.DELIVER, Details(taught=74), 20)
    assert (second.taught, second.delivered_at_ms) == (74, 10)


def test_open_visit_lapses_and_a_closed_one_does_not() -> None:
    assert apply(at(State.ACCEPTED), Act.LAPSE, Details(), 10).state is State.LAPSED
    with pytest.raises(VisitNotAllowed):
        apply(at(State.DELIVERED), Act.LAPSE, Details(), 10)


def test_closed_visit_is_purged_some_days_after() -> None:
    declined = apply(at(State.ASKED), Act.DECLINE, DETAILS, 1_000)
    assert purge_at_ms(declined, 7) == 1_000 + 7 * DAY_MS
    delivered = apply(apply(at(State.SCHEDULED), Act.DELIVER, DETAILS, 1_000), Act.DELIVER, Details(taught=1), 9_000)
    assert purge_at_ms(delivered, 7) == 1_000 + 7 * DAY_MS


def test_open_visit_is_kept_long_and_a_scheduled_one_beyond_its_time() -> None:
    assert purge_at_ms(at(State.ASKED), 7) == 5 + OPEN_DAYS * DAY_MS
    later = apply(at(State.ASKED), Act.SCHEDULE, Details(starts_at_ms=10**12), 10)
    assert purge_at_ms(later, 7) == 10**12 + OPEN_DAYS * DAY_MS


@given(st.lists(st.tuples(st.sampled_from(Act), st.integers(0, 3)), max_size=12))
def test_whatever_is_pressed_it_never_comes_back_from_its_end(presses: list[tuple[Act, int]]) -> None:
    visit, now_ms = VisitState(), 0
    for act, number in presses:
        now_ms += 1
        before = visit
        try:
            visit = apply(visit, act, Details(taught=number, starts_at_ms=number), now_ms)
        except VisitNotAllowed:
            continue
        if before.state not in OPEN:
            assert visit.state is before.state
        assert (visit.state is State.DELIVERED) == (visit.delivered_at_ms is not None)
