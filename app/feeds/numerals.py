"""Numbers as they are spoken on air, in Chinese and English. Whole numbers from 0; below 10^16 in Chinese."""

_DIGITS = "零一二三四五六七八九"
_PLACES = ("千", "百", "十", "")
_GROUPS = ("", "万", "亿", "万亿")

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ("", " thousand", " million", " billion", " trillion")


def chinese(number: int) -> str:
    """Write a number: 1234 is 一千二百三十四, 12 is 十二, 10001 is 一万零一."""
    if number == 0:
        return _DIGITS[0]
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    said, gap = "", False
    for i in reversed(range(len(groups))):
        if groups[i] == 0:
            gap = True
            continue
        said += ("零" if said and (gap or groups[i] < 1_000) else "") + _chinese_group(groups[i]) + _GROUPS[i]
        gap = False
    return said[1:] if said.startswith("一十") else said


def chinese_count(number: int) -> str:
    """Write a number that counts something: 2 is 两, 2000 is 两千; 200 stays 二百."""
    said = chinese(number)
    return f"两{said[1:]}" if said == "二" or said.startswith(("二千", "二万", "二亿")) else said


def chinese_decimal(text: str) -> str:
    """Write a decimal number: 53.20 is 五十三点二, 50.00 is 五十."""
    whole, _, rest = text.partition(".")
    said = "".join(_DIGITS[int(digit)] for digit in rest.rstrip("0"))
    return chinese(int(whole)) + (f"点{said}" if said else "")


def english_decimal(text: str) -> str:
    """Write a decimal number: 53.20 is fifty-three point two, 50.00 is fifty."""
    whole, _, rest = text.partition(".")
    said = " ".join(_SMALL[int(digit)] for digit in rest.rstrip("0"))
    return english(int(whole)) + (f" point {said}" if said else "")


def english(number: int) -> str:
    """Write a number: 1234 is one thousand two hundred and thirty-four."""
    if number < 1_000:
        return _english_group(number)
    groups = []
    while number:
        number, group = divmod(number, 1_000)
        groups.append(group)
    said = [_english_group(groups[i]) + _SCALES[i] for i in reversed(range(1, len(groups))) if groups[i]]
    if groups[0]:
        said.append(("and " if groups[0] < 100 else "") + _english_group(groups[0]))
    return " ".join(said)


def _chinese_group(group: int) -> str:
    said, gap = "", False
    for digit, place in zip(f"{group:04}", _PLACES, strict=True):
        if digit == "0":
            gap = bool(said)
            continue
        said += ("零" if gap else "") + _DIGITS[int(digit)] + place
        gap = False
    return said


def _english_group(group: int) -> str:
    hundreds, rest = divmod(group, 100)
    tens = f"{_TENS[rest // 10]}-{_SMALL[rest % 10]}" if rest % 10 else _TENS[rest // 10]
    small = _SMALL[rest] if rest < 20 else tens
    if hundreds == 0:
        return small
    return f"{_SMALL[hundreds]} hundred" + (f" and {small}" if rest else "")
