"""What somebody who pressed on an older view is told."""

import pytest

from app.domain.handover import Act, told


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        ({}, "The producer Li locked round 1 0.4 s ago, so nothing was done;"),
        ({"actor": "producer"}, "The producer locked round 1 0.4 s ago"),
        ({"actor": ""}, "The producer locked round 1"),
        ({"action": "rerun", "round": 2}, "The producer Li reset round 2"),
        ({"action": "something_new"}, "The producer Li something_new round 1"),
        ({"action": "deadline", "actor": "clock", "role": "clock"}, "The clock moved round 1 on 0.4 s ago"),
        ({"at_ms": 11_000}, "The producer Li locked round 1 0.0 s ago"),
    ],
)
def test_the_newest_act_is_told_with_who_did_it_and_when(changes: dict[str, object], begins: str) -> None:
    values = {"revision": 9, "action": "lock", "round": 1, "actor": "Li", "role": "producer", "at_ms": 9_600}
    act = Act(**(values | changes))  # type: ignore[arg-type]
    older = Act(8, "open", 1, "Wang", "producer", 1_000)
    assert told([act, older], 10_000).startswith(begins)


def test_a_session_put_back_to_an_earlier_state_is_told_as_such() -> None:
    assert told([], 10_000).startswith("The session was put back to an earlier state")


def test_an_act_travels_with_all_its_fields() -> None:
    act = Act(9, "lock", 1, "Li", "producer", 5)
    assert act.document() == {
        "revision": 9, "action": "lock", "round": 1, "actor": "Li", "role": "producer", "at_ms": 5,
    }  # fmt: skip
