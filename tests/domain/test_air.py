"""What is on air and what is next, command by command."""

from dataclasses import replace

import pytest

from app.domain.air import Air, AirCommand, apply, cut, prepare
from app.domain.errors import PanicOn
from app.domain.session import SCENES

AIR = Air("board", "result")
HELD = Air("blank", "result", 5)


def test_a_take_puts_on_air_what_is_next_and_a_repeat_changes_nothing() -> None:
    taken = apply(AIR, AirCommand.TAKE, 9)
    assert taken == Air("result", "result")
    assert apply(taken, AirCommand.TAKE, 10) == taken


def test_a_preview_touches_nothing_on_air() -> None:
    assert prepare(AIR, "qr") == Air("board", "qr")


def test_clear_takes_the_graphics_off_and_keeps_what_is_next() -> None:
    assert apply(AIR, AirCommand.CLEAR, 9) == Air("blank", "result")


def test_panic_blanks_and_holds_and_a_second_one_keeps_the_first_ones_time() -> None:
    held = apply(AIR, AirCommand.PANIC, 5)
    assert held == HELD
    assert apply(held, AirCommand.PANIC, 99) is held


@pytest.mark.parametrize("scene", [each for each in SCENES if each != "blank"])
def test_in_panic_no_scene_goes_on_air(scene: str) -> None:
    with pytest.raises(PanicOn) as refused:
        cut(HELD, scene)  # type: ignore[arg-type]
    assert refused.value.extra == {"panicked_at_ms": 5}
    with pytest.raises(PanicOn):
        apply(replace(HELD, preview=scene), AirCommand.TAKE, 9)  # type: ignore[arg-type]


def test_in_panic_what_is_true_already_may_be_asked_for_and_the_next_be_prepared() -> None:
    assert cut(HELD, "blank") == HELD
    assert apply(HELD, AirCommand.CLEAR, 9) == HELD
    assert prepare(HELD, "qr") == Air("blank", "qr", 5)


def test_a_release_puts_nothing_on_air_by_itself() -> None:
    freed = apply(HELD, AirCommand.RELEASE, 9)
    assert freed == Air("blank", "result")
    assert apply(freed, AirCommand.RELEASE, 10) == freed
    assert apply(freed, AirCommand.TAKE, 11).scene == "result"
