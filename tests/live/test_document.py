"""The tally document as a pure rendering."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.lifecycle import Phase
from app.domain.session import Session, View
from app.domain.tally import Counts
from app.live.document import tally_document
from app.schemas.tally import TallyDocument
from tests.live.values import a_round, a_session


def rendered(session: Session, view: View = "public", **counts: Counts) -> dict[str, Any]:
    by_run = {int(key.removeprefix("run_")): value for key, value in counts.items()}
    document = tally_document(session, by_run, view, epoch=5, version=3, now_ms=9, online=2, unique=4)
    TallyDocument.model_validate(document)
    return document


def test_a_session_without_rounds_has_neither_round_nor_tally() -> None:
    document = rendered(a_session())
    assert (document["round"], document["tally"], document["rounds"]) == (None, None, [])
    assert document["totals"] == {"likes": 0, "votes": 0}
    assert (document["epoch"], document["version"], document["server_time_ms"]) == (5, 3, 9)
    assert document["audience"] == {"online": 2, "unique": 4}


def test_a_round_without_a_vote_shows_zeros() -> None:
    tally = rendered(a_session(a_round()))["tally"]
    assert [(each["votes"], each["pct"], each["likes"]) for each in tally["choices"]] == [(0, 0, 0), (0, 0, 0)]
    assert (tally["leader"], tally["tie"], tally["turnout"]) == (None, False, 0)


def test_figures_follow_the_order_of_the_choices() -> None:
    counts = Counts({"blue": 45, "red": 55}, {"blue": 340_000, "red": 9_999}, 100)
    tally = rendered(a_session(a_round()), run_7=counts)["tally"]
    assert [(each["key"], each["votes"], each["pct_text"], each["likes_text"]) for each in tally["choices"]] == [
        ("red", 55, "55%", "9999"),
        ("blue", 45, "45%", "34万"),
    ]
    assert (tally["votes"], tally["likes"], tally["leader"], tally["tie"]) == (100, 349_999, "red", False)


@pytest.mark.parametrize("view", ["public", "voter"])
def test_hidden_figures_are_not_in_the_document_but_the_turnout_is(view: View) -> None:
    hidden = a_session(a_round("on_reveal"))
    document = rendered(hidden, view, run_7=Counts({"red": 137, "blue": 91}, {"red": 1_234}, 228))
    assert document["tally"] is None
    assert document["round"]["turnout"] == 228
    for figure in (137, 91, "137", "91"):
        assert repr(figure) not in repr(document)
    assert rendered(hidden, "staff", run_7=Counts({"red": 137}, {}, 137))["tally"]["leader"] == "red"


def test_totals_leave_out_void_rounds() -> None:
    first, second = a_round(run_id=7), replace(a_round(run_id=8, phase=Phase.VOID), id=2, number=2)
    counts = {"run_7": Counts({"red": 2}, {"red": 5}, 2), "run_8": Counts({"red": 100}, {"red": 100}, 100)}
    assert rendered(a_session(first, second), **counts)["totals"] == {"likes": 5, "votes": 2}


def test_the_document_tells_no_secret_of_the_session() -> None:
    session = a_session(a_round(), voter_key="the session's secret")
    assert "secret" not in repr(rendered(session, "staff"))
