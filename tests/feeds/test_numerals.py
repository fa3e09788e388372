"""Numbers as they are spoken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.feeds.numerals import chinese, chinese_count, chinese_decimal, english, english_decimal

CHINESE = {
    0: "零", 7: "七", 10: "十", 12: "十二", 20: "二十", 100: "一百", 101: "一百零一", 110: "一百一十", 1_000: "一千",
    1_001: "一千零一", 1_010: "一千零一十", 1_234: "一千二百三十四", 10_000: "一万", 10_001: "一万零一",
    10_100: "一万零一百", 11_000: "一万一千", 100_000: "十万", 120_034: "十二万零三十四", 1_010_000: "一百零一万",
    20_001_000: "二千万一千", 100_000_001: "一亿零一", 100_010_000: "一亿零一万", 1_000_000_000: "十亿",
}  # fmt: skip
COUNTS = {
    2: "两",
    12: "十二",
    20: "二十",
    22: "二十二",
    200: "二百",
    2_222: "两千二百二十二",
    20_000: "两万",
    22_000: "两万二千",
}
ENGLISH = {
    0: "zero", 13: "thirteen", 20: "twenty", 45: "forty-five", 100: "one hundred", 101: "one hundred and one",
    1_000: "one thousand", 1_001: "one thousand and one", 1_100: "one thousand one hundred",
    1_234: "one thousand two hundred and thirty-four", 1_000_000: "one million",
    300_012_000: "three hundred million twelve thousand",
}  # fmt: skip
DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True))


@pytest.mark.parametrize("number", CHINESE)
def test_chinese_numbers(number: int) -> None:
    assert chinese(number) == CHINESE[number]


@pytest.mark.parametrize("number", COUNTS)
def test_two_of_something_is_liang(number: int) -> None:
    assert chinese_count(number) == COUNTS[number]


@pytest.mark.parametrize("number", ENGLISH)
def test_english_numbers(number: int) -> None:
    assert english(number) == ENGLISH[number]


def understood(said: str) -> int:
    """Read a Chinese number as a listener does: by its units."""
    if "亿" in said:
        high, low = said.split("亿")
        return understood(high) * 100_000_000 + understood(low)
    if "万" in said:
        high, low = said.split("万")
        return understood(high) * 10_000 + understood(low)
    total, digit = 0, None
    for sign in said:
        if sign in DIGITS:
            digit = DIGITS[sign]
        else:
            total += (1 if digit is None else digit) * {"千": 1_000, "百": 100, "十": 10}[sign]
            digit = 0
    return total + (digit or 0)


@given(st.integers(0, 10**12 - 1))
def test_a_listener_understands_the_number_that_was_meant(number: int) -> None:
    assert understood(chinese(number)) == number
    assert understood(chinese_count(number).replace("两", "二")) == number
    assert not chinese(number).endswith("零") or number == 0


@given(st.integers(0, 10**15 - 1), st.integers(0, 10**15 - 1))
def test_english_tells_any_two_numbers_apart(one: int, other: int) -> None:
    assert (english(one) == english(other)) == (one == other)


def test_decimals_are_said_digit_by_digit_without_zeros_at_the_end() -> None:
    texts = ("53.20", "50.00", "0.05", "100.00", "46.81")
    assert [chinese_decimal(text) for text in texts] == ["五十三点二", "五十", "零点零五", "一百", "四十六点八一"]
    assert [english_decimal(text) for text in texts[:3]] == ["fifty-three point two", "fifty", "zero point zero five"]
