"""The table of who may do what, written a second time by hand."""

import pytest

from app.domain.lifecycle import Command
from app.domain.roles import CAN, Role, Verb

WHO: dict[Verb, set[Role]] = {
    Verb.READ: {Role.PRODUCER, Role.DIRECTOR, Role.SCRUTINEER, Role.OVERLAY, Role.ADMIN},
    Verb.EDIT: {Role.PRODUCER, Role.ADMIN},
    Verb.OPEN: {Role.PRODUCER, Role.ADMIN},
    Verb.PAUSE: {Role.PRODUCER, Role.ADMIN},
    Verb.RESUME: {Role.PRODUCER, Role.ADMIN},
    Verb.LOCK: {Role.PRODUCER, Role.ADMIN},
    Verb.NEXT: {Role.PRODUCER, Role.ADMIN, Role.DIRECTOR},
    Verb.REVEAL: {Role.DIRECTOR, Role.ADMIN},
    Verb.OVERLAY: {Role.DIRECTOR, Role.ADMIN},
    Verb.PANIC: {Role.PRODUCER, Role.DIRECTOR, Role.ADMIN},
    Verb.CERTIFY: {Role.SCRUTINEER, Role.ADMIN},
    Verb.VOID: {Role.SCRUTINEER, Role.ADMIN},
    Verb.RERUN: {Role.SCRUTINEER, Role.ADMIN},
    Verb.CORRECT: {Role.PRODUCER, Role.SCRUTINEER, Role.ADMIN},
    Verb.AUDIT: {Role.PRODUCER, Role.DIRECTOR, Role.SCRUTINEER, Role.ADMIN},
    Verb.TOKENS: {Role.ADMIN},
    Verb.VISITS: {Role.PRODUCER, Role.DIRECTOR, Role.ADMIN},
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("verb", Verb)
def test_role_may_do_what_the_contract_says_and_nothing_else(role: Role, verb: Verb) -> None:
    assert (verb in CAN[role]) == (role in WHO[verb])


@pytest.mark.parametrize("role", Role)
def test_no_verb_stands_twice(role: Role) -> None:
    assert len(set(CAN[role])) == len(CAN[role])


def test_counting_and_showing_are_in_different_hands() -> None:
    counting = {Verb.CERTIFY, Verb.VOID, Verb.RERUN}
    showing = {Verb.REVEAL, Verb.OVERLAY}
    taking = {Verb.OPEN, Verb.PAUSE, Verb.RESUME, Verb.LOCK}
    for role in set(Role) - {Role.ADMIN}:
        assert sum(bool(set(CAN[role]) & duty) for duty in (counting, showing, taking)) <= 1


def test_every_command_on_a_round_has_its_verb() -> None:
    assert {str(command) for command in Command} <= {str(verb) for verb in Verb}


def test_words_are_those_of_the_wire() -> None:
    assert [str(role) for role in Role] == ["producer", "director", "scrutineer", "overlay", "admin"]
    words = "read edit open pause resume lock next reveal overlay panic certify void rerun correct audit tokens visits"
    assert " ".join(Verb) == words
