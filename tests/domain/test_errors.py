"""The tree of refusals: codes that programs can tell apart, statuses as in the contract."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain import errors
from app.domain.errors import ArenaError, Conflict, InvalidRequest, NotFound

CONTRACT = Path(__file__).parents[2] / "docs" / "api.md"

STATUSES = {
    "arena_error": 400,
    "malformed_json": 400,
    "token_missing": 401,
    "token_invalid": 401,
    "token_expired": 401,
    "wrong_role": 403,
    "wrong_session": 403,
    "same_person": 403,
    "not_found": 404,
    "session_not_found": 404,
    "rehearsal_not_found": 404,
    "round_not_found": 404,
    "receipt_not_found": 404,
    "proposal_not_found": 404,
    "token_not_found": 404,
    "show_not_found": 404,
    "season_not_found": 404,
    "person_not_found": 404,
    "visit_not_found": 404,
    "conflict": 409,
    "round_not_open": 409,
    "already_voted": 409,
    "no_votes_left": 409,
    "likes_shrank": 409,
    "command_not_allowed": 409,
    "rules_frozen": 409,
    "replay_only": 409,
    "panic_on": 409,
    "session_ended": 409,
    "another_round_open": 409,
    "not_locked": 409,
    "not_certified": 409,
    "not_visible": 409,
    "code_taken": 409,
    "tie_at_the_cut": 409,
    "visit_not_allowed": 409,
    "revision_stale": 412,
    "command_late": 412,
    "body_too_large": 413,
    "invalid_request": 422,
    "invalid_ballot": 422,
    "invalid_likes": 422,
    "invalid_session": 422,
    "invalid_correction": 422,
    "invalid_statement": 422,
    "invalid_import": 422,
    "too_many_requests": 429,
    "overloaded": 503,
    "not_stored": 503,
    "unconfirmed": 503,
    "ticket_required": 403,
    "wechat_required": 403,
    "ticket_not_found": 404,
    "ticket_used": 409,
    "ticket_void": 409,
    "work_required": 428,
    "automation_not_found": 404,
    "target_not_allowed": 422,
}


def tree(root: type[ArenaError] = ArenaError) -> Iterator[type[ArenaError]]:
    yield root
    for each in root.__subclasses__():
        if each.__module__ == errors.__name__:
            yield from tree(each)


REFUSALS = sorted(set(tree()), key=lambda each: each.__name__)


def test_every_refusal_stands_in_the_table_once() -> None:
    assert sorted(each.code for each in REFUSALS) == sorted(STATUSES)


@pytest.mark.parametrize("refusal", REFUSALS)
def test_refusal_has_its_status_and_a_title_of_its_own(refusal: type[ArenaError]) -> None:
    assert refusal.status == STATUSES[refusal.code]
    assert re.fullmatch(r"[a-z_]+", refusal.code)
    assert refusal.title.strip() == refusal.title != ""
    assert [each for each in REFUSALS if each.title == refusal.title] == [refusal]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_code_is_the_name_in_small_letters(refusal: type[ArenaError]) -> None:
    assert refusal.code == re.sub(r"(?<!^)(?=[A-Z])", "_", refusal.__name__).lower()


@pytest.mark.parametrize("refusal", REFUSALS)
def test_refusal_carries_its_sentence_and_what_else_it_knows(refusal: type[ArenaError]) -> None:
    error = refusal("The round is locked; wait for the next.", phase="locked", allowed=["rerun"])
    assert str(error) == error.detail == "The round is locked; wait for the next."
    assert error.extra == {"phase": "locked", "allowed": ["rerun"]}
    assert refusal("Alone.").extra == {}


@pytest.mark.parametrize("family", [NotFound, Conflict, InvalidRequest])
def test_family_shares_its_status(family: type[ArenaError]) -> None:
    assert {each.status for each in tree(family)} == {family.status}


def test_every_code_stands_in_the_written_contract_with_its_status() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.+) \|$", CONTRACT.read_text(encoding="utf-8"), re.MULTILINE)
    written = {code: int(status) for status, codes in rows for code in re.findall(r"`([a-z_]+)`", codes)}
    raised = {each.code: each.status for each in REFUSALS if each is not ArenaError}
    assert {code: written.get(code) for code in raised} == raised
