"""The device part of a token: the same for the same person in a session, and telling nothing without the key."""

import pytest

from app.domain.identity import identity_of, ticket_device, wechat_device

KEY = "5" * 64


def test_same_person_is_the_same_voter_and_others_are_not() -> None:
    assert ticket_device(KEY, "A7") == ticket_device(KEY, "A7") != ticket_device(KEY, "A8")
    assert wechat_device(KEY, "oABC") == wechat_device(KEY, "oABC") != wechat_device(KEY, "oABD")
    assert ticket_device("6" * 64, "A7") != ticket_device(KEY, "A7")
    # A ticket is no openid, whatever an openid looks like.
    assert ticket_device(KEY, "A7")[2:] != wechat_device(KEY, "A7")[2:]


def test_device_part_says_its_class_and_nothing_of_the_person() -> None:
    assert identity_of(ticket_device(KEY, "A7")) == "ticket"
    assert identity_of(wechat_device(KEY, "oABC")) == "wechat"
    assert identity_of("x5nUFyh0KvT3pQ2d") == "device"
    assert identity_of("t") == identity_of("") == "device"
    assert "oABC" not in wechat_device(KEY, "oABC")


@pytest.mark.parametrize("device", [ticket_device(KEY, "A1"), wechat_device(KEY, "o")])
def test_device_part_fits_into_a_token(device: str) -> None:
    assert "~" not in device
    assert len(device) == 34


def test_purged_session_derives_nothing() -> None:
    with pytest.raises(AssertionError):
        ticket_device("", "A1")
