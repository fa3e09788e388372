"""Which texts may come in."""

import pytest

from app.domain.text import is_plain


@pytest.mark.parametrize("text", ["", "先锋\t擂台\r\n第二行", "\x80\u2028\ufeff😀"])
def test_lines_tabs_and_every_script_are_plain(text: str) -> None:
    assert is_plain(text)


@pytest.mark.parametrize("sign", ["\0", "\x08", "\x0b", "\x0c", "\x1f", "\x7f", "\ud800"])
def test_control_character_is_not_plain(sign: str) -> None:
    assert not is_plain(f"a{sign}b")
