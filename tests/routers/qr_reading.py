"""Reads a QR code out of an SVG picture, as a phone does, by the standard alone: versions 1 to 6, bytes, no damage."""

import re
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
QUIET = 4
_MASKS = [
    lambda r, c: (r + c) % 2 == 0,
    lambda r, c: r % 2 == 0,
    lambda r, c: c % 3 == 0,
    lambda r, c: (r + c) % 3 == 0,
    lambda r, c: (r // 2 + c // 3) % 2 == 0,
    lambda r, c: r * c % 2 + r * c % 3 == 0,
    lambda r, c: (r * c % 2 + r * c % 3) % 2 == 0,
    lambda r, c: ((r + c) % 2 + r * c % 3) % 2 == 0,
]
# Medium correction: codewords of data in all, and into how many equal blocks they are dealt.
_MEDIUM = {1: (16, 1), 2: (28, 1), 3: (44, 1), 4: (64, 2), 5: (86, 2), 6: (108, 4)}
_LEVELS = {0b00: "M", 0b01: "L", 0b10: "H", 0b11: "Q"}


def modules_of(picture: bytes) -> list[list[bool]]:
    """Return the dark modules, the quiet zone left out. Fails where the quiet zone is not four modules of light."""
    root = ElementTree.fromstring(picture)
    assert root.tag == f"{SVG}svg"
    dark = next(each for each in root.iter(f"{SVG}path") if each.get("stroke"))
    numbers = re.findall(r"([Mmhv])\s*(-?[\d.]+)(?:[\s,]+(-?[\d.]+))?", dark.get("d") or "")
    x = y = 0.0
    runs: list[tuple[int, int, int]] = []
    for command, first, second in numbers:
        if command in "Mm":
            x, y = (float(first), float(second)) if command == "M" else (x + float(first), y + float(second))
        elif command == "h":
            runs.append((int(y - 0.5), int(x), int(float(first))))
            x += float(first)
    size = max(column + length for _, column, length in runs) - QUIET
    rows = [[False] * size for _ in range(size)]
    for row, column, length in runs:
        assert row >= QUIET, "the quiet zone is broken"
        assert column >= QUIET, "the quiet zone is broken"
        for i in range(length):
            rows[row - QUIET][column - QUIET + i] = True
    return rows


def width_of(picture: bytes) -> int:
    """Return the picture's declared width; it is square."""
    root = ElementTree.fromstring(picture)
    assert root.get("width") == root.get("height")
    return int(root.get("width") or 0)


def read_qr(rows: list[list[bool]]) -> tuple[str, str]:
    """Return the correction level and the text."""
    size = len(rows)
    version = (size - 17) // 4
    head = [rows[8][c] for c in (0, 1, 2, 3, 4, 5, 7, 8)] + [rows[r][8] for r in (7, 5, 4, 3, 2, 1, 0)]
    form = int("".join("1" if bit else "0" for bit in head), 2) ^ 0b101010000010010
    level, mask = _LEVELS[form >> 13], _MASKS[(form >> 10) & 7]
    assert level == "M", f"correction level {level}"
    bits = ""
    upward = True
    for right in (c if c > 6 else c - 1 for c in range(size - 1, 0, -2)):
        for row in range(size - 1, -1, -1) if upward else range(size):
            for column in (right, right - 1):
                if not _is_function(row, column, size, version):
                    bits += "1" if rows[row][column] ^ mask(row, column) else "0"
        upward = not upward
    words = [int(bits[i : i + 8], 2) for i in range(0, len(bits) - 7, 8)]
    total, blocks = _MEDIUM[version]
    data = [words[i] for block in range(blocks) for i in range(block, total, blocks)]
    stream = "".join(f"{word:08b}" for word in data)
    assert stream[:4] == "0100", "not a text of bytes"
    length = int(stream[4:12], 2)
    return level, bytes(int(stream[12 + 8 * i : 20 + 8 * i], 2) for i in range(length)).decode()


def _is_function(row: int, column: int, size: int, version: int) -> bool:
    corner = (row < 9 and column < 9) or (row < 9 and column >= size - 8) or (row >= size - 8 and column < 9)
    centre = size - 7
    alignment = version > 1 and abs(row - centre) <= 2 and abs(column - centre) <= 2
    return corner or alignment or row == 6 or column == 6
