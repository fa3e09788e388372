"""A session read whole, and what commands write of it."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app.domain.lifecycle import Phase, RunState
from app.domain.session import Contestant, Session
from app.storage import crew, sessions
from tests.storage.conftest import NOW_MS, RULES

Make = Callable[..., str]


def loaded(connection: Connection, code: str) -> Session:
    session = sessions.load_session(connection, code)
    assert session is not None
    return session


def test_session_is_read_as_it_was_made(connection: Connection, make: Make) -> None:
    code = make(
        {"grace_ms": 3_000, "duration_ms": 60_000, "visibility": "on_reveal"},
        {"choices": [{"key": "yes", "name": "赞成"}, {"key": "no", "name": "反对"}], "choices_max": 2},
        channels=[{"key": "radio", "name": "电台"}, {"key": "wechat", "name": "微信", "delay_ms": 8_000}],
        deciding=True,
    )
    session = loaded(connection, code)
    assert (session.code, session.kind, session.deciding, session.ended) == (code, "pk", True, False)
    assert [(each.key, each.delay_ms) for each in session.channels] == [("radio", 0), ("wechat", 8_000)]
    assert [each.key for each in session.contestants] == ["red", "blue"]
    first, second = session.rounds
    assert (first.number, first.keys, first.own_choices) == (1, ("red", "blue"), False)
    assert (first.grace_ms, first.duration_ms, first.visibility) == (3_000, 60_000, "on_reveal")
    assert (second.number, second.keys, second.own_choices, second.choices_max) == (2, ("yes", "no"), True, 2)
    assert first.run == second.run == RunState()
    assert session.current == 1
    assert "k" * 64 not in repr(session)


def test_unknown_code_is_none(connection: Connection) -> None:
    assert sessions.load_session(connection, "NOBODY") is None
    assert not sessions.session_exists(connection, "NOBODY")


def test_state_of_a_run_comes_back_as_it_was_stored(connection: Connection, make: Make) -> None:
    session = loaded(connection, make())
    state = RunState(
        number=1,
        phase=Phase.PAUSED,
        opened_at_ms=NOW_MS,
        remaining_ms=41_000,
        resumed_at_ms=None,
        open_ms=19_000,
        certified_at_ms=None,
        void_reason="试播",
    )
    sessions.change_run(connection, session.rounds[0].run_id, state)
    assert loaded(connection, session.code).rounds[0].run == state


def test_present_run_is_the_newest_and_the_older_stay(connection: Connection, make: Make) -> None:
    session = loaded(connection, make({}, {}))
    round_ = session.rounds[0]
    locked = RunState(phase=Phase.LOCKED, opened_at_ms=NOW_MS, locked_at_ms=NOW_MS + 1)
    sessions.change_run(connection, round_.run_id, locked, {"votes": {"red": 1}})
    for number in range(2, 12):
        sessions.add_run(connection, round_.id, RunState(number=number))
    again = loaded(connection, session.code)
    assert [each.run.number for each in again.rounds] == [11, 1]
    assert again.rounds[0].result is None
    assert [row.number for row in sessions.runs_of(connection, round_.id)] == list(range(1, 12))
    assert sessions.runs_of(connection, round_.id)[0].result == {"votes": {"red": 1}}


def test_result_once_given_is_kept_by_later_states(connection: Connection, make: Make) -> None:
    session = loaded(connection, make())
    run_id = session.rounds[0].run_id
    sessions.change_run(connection, run_id, RunState(phase=Phase.LOCKED), {"digest": "d"})
    sessions.change_run(connection, run_id, RunState(phase=Phase.REVEALED))
    assert loaded(connection, session.code).rounds[0].result == {"digest": "d"}


def test_second_run_of_one_number_is_refused_by_the_database(connection: Connection, make: Make) -> None:
    round_ = loaded(connection, make()).rounds[0]
    with pytest.raises(IntegrityError):
        sessions.add_run(connection, round_.id, RunState(number=1))


def test_contestants_are_replaced_whole_and_keep_their_order(connection: Connection, make: Make) -> None:
    session = loaded(connection, make())
    sessions.put_contestants(connection, session.id, [Contestant("blue", "甲"), Contestant("red", "乙", slogan="来")])
    again = loaded(connection, session.code)
    assert [(each.key, each.name, each.slogan) for each in again.contestants] == [
        ("blue", "甲", ""),
        ("red", "乙", "来"),
    ]
    assert [choice.name for choice in again.rounds[0].choices] == ["甲", "乙"]


def test_removed_round_leaves_nothing(connection: Connection, make: Make) -> None:
    session = loaded(connection, make({}, {}))
    sessions.remove_round(connection, session.rounds[1].id)
    assert [each.number for each in loaded(connection, session.code).rounds] == [1]
    sessions.add_round(connection, session.id, 2, RULES)
    assert [each.number for each in loaded(connection, session.code).rounds] == [1, 2]


@pytest.mark.parametrize("phase", list(Phase))
def test_sessions_on_air_are_those_whose_deadlines_go_on(connection: Connection, make: Make, phase: Phase) -> None:
    code = make({}, {})
    sessions.change_run(connection, loaded(connection, code).rounds[1].run_id, RunState(phase=phase))
    assert (code in sessions.codes_on_air(connection)) is (phase in (Phase.OPEN, Phase.PAUSED, Phase.CLOSING))


def test_code_is_given_to_one_session_only(connection: Connection, make: Make) -> None:
    make(code="SAME")
    with pytest.raises(IntegrityError):
        make(code="SAME")


def test_sessions_are_listed_newest_first_in_pages(connection: Connection, make: Make) -> None:
    codes = [make(code=f"PAGE{i}") for i in range(5)]
    assert codes
    first = sessions.list_sessions(connection, 2, None, None)
    assert [row.code for row in first] == ["PAGE4", "PAGE3"]
    second = sessions.list_sessions(connection, 2, first[-1].id, None)
    assert [row.code for row in second] == ["PAGE2", "PAGE1"]
    assert [row.code for row in sessions.list_sessions(connection, 9, None, second[0].id)] == ["PAGE2"]
    assert first[0].rounds == 1


def test_portrait_is_kept_once(connection: Connection) -> None:
    for _ in range(2):
        sessions.put_portrait(connection, "d" * 64, "image/png", b"\x89PNG")
    assert sessions.read_portrait(connection, "d" * 64) == ("image/png", b"\x89PNG")
    assert sessions.read_portrait(connection, "e" * 64) is None


def token(connection: Connection, digest: str, session_id: int | None = None) -> int:
    return crew.add_token(
        connection,
        digest=digest,
        role="producer",
        name="",
        session_id=session_id,
        created_at_ms=NOW_MS,
        expires_at_ms=None,
    )


def test_token_is_found_by_its_digest_with_its_sessions_code(connection: Connection, make: Make) -> None:
    session = loaded(connection, make())
    token(connection, "a", session.id)
    token(connection, "b")
    bound, free = crew.find_token(connection, "a"), crew.find_token(connection, "b")
    assert bound is not None
    assert free is not None
    assert (bound.code, free.code) == (session.code, None)
    assert crew.find_token(connection, "c") is None


def test_second_revocation_keeps_the_first_time(connection: Connection) -> None:
    token_id = token(connection, "a")
    assert crew.revoke_token(connection, token_id, NOW_MS)
    assert crew.revoke_token(connection, token_id, NOW_MS + 1)
    row = crew.find_token(connection, "a")
    assert row is not None
    assert row.revoked_at_ms == NOW_MS
    assert not crew.revoke_token(connection, token_id + 1_000, NOW_MS)


def test_audit_is_read_forward_from_an_entry_and_backward_from_the_newest(connection: Connection, make: Make) -> None:
    session_id = loaded(connection, make()).id
    for i in range(7):
        crew.add_audit(
            connection, session_id=session_id, at_ms=NOW_MS, actor="a", role="admin", action=f"a{i}", token_id=1
        )
    newest = crew.read_audit(connection, session_id, 0, 3)
    assert [row.action for row in newest] == ["a4", "a5", "a6"]
    after = crew.read_audit(connection, session_id, newest[0].id - 4, 2)
    assert [row.action for row in after] == ["a1", "a2"]
