"""`tile.png`: a button's picture for a Stream Deck: the phase by colour, shape and word, then how the sides stand.

Drawn on a grid of 72 by 72, at 144 with twice the detail. No font file and no picture library: a few letters of five by
seven dots, shapes as tests of a point, PNG by the standard library.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from math import atan2, cos, hypot, pi

from app.feeds.feed import Document, Feed, Options
from app.feeds.table import is_sealed

GRID = 72
LETTER_WIDTH, LETTER_HEIGHT = 5, 7

Inside = Callable[[float, float], bool]
"""Whether a point is in a shape that is drawn from -1 to 1 around its middle."""

_BACKGROUND, _INK, _RED, _BLUE, _BLACK = range(5)
_COLOURS = ((255, 255, 255), (226, 59, 59), (70, 130, 255), (0, 0, 0))
"""What follows the background in the palette."""

# Rows of five dots, from the top, as numbers of five bits in base 32.
_LETTERS = {
    "0": "ehjlphe", "1": "4c4444e", "2": "eh1248v", "3": "v2421he", "4": "26aiv22", "5": "vgu11he", "6": "68guhhe",
    "7": "v124888", "8": "ehhehhe", "9": "ehhf12c", ":": "0cc0cc0", "%": "op248j3", "-": "000v000", " ": "0000000",
    "A": "ehhvhhh", "C": "ehggghe", "D": "sihhhis", "E": "vgguggv", "G": "ehgnhhf", "H": "hhhvhhh", "I": "e44444e",
    "K": "hikokih", "L": "ggggggv", "N": "hhpljhh", "O": "ehhhhhe", "P": "uhhuggg", "R": "uhhukih", "S": "fgge11u",
    "T": "v444444", "U": "hhhhhhe", "V": "hhhhha4", "W": "hhhllla", "Y": "hhha444",
}  # fmt: skip


def _circle(x: float, y: float) -> bool:
    return hypot(x, y) <= 1


def _ring(x: float, y: float) -> bool:
    return 0.6 <= hypot(x, y) <= 1


def _bars(x: float, y: float) -> bool:
    return 0.25 <= abs(x) <= 0.8 and abs(y) <= 0.95


def _dots(x: float, y: float) -> bool:
    return any(hypot(x - middle, y) <= 0.3 for middle in (-0.7, 0, 0.7))


def _square(x: float, y: float) -> bool:
    return max(abs(x), abs(y)) <= 0.85


def _star(x: float, y: float) -> bool:
    """Five points: in the frame of the nearest point, on the inner side of the edge from there to the inner corner."""
    turn = 2 * pi / 5
    angle = abs((atan2(x, -y) + turn / 2) % turn - turn / 2)
    inner_x, inner_y = 0.45 * cos(pi / 5), 0.45 * cos(pi / 2 - pi / 5)
    along, across = hypot(x, y) * cos(angle), hypot(x, y) * cos(pi / 2 - angle)
    return (1 - along) * inner_y >= across * (1 - inner_x)


def _cross(x: float, y: float) -> bool:
    return abs(abs(x) - abs(y)) <= 0.38 and max(abs(x), abs(y)) <= 0.9


@dataclass(frozen=True, slots=True)
class _Look:
    word: str
    background: tuple[int, int, int]
    inside: Inside


# White reads on every background: a contrast of 4.5 and more.
_LOOKS = {
    "": _Look("NONE", (0, 0, 0), _ring),
    "draft": _Look("READY", (62, 72, 84), _ring),
    "open": _Look("OPEN", (10, 110, 48), _circle),
    "paused": _Look("PAUSE", (138, 90, 0), _bars),
    "closing": _Look("CLOSE", (168, 66, 0), _dots),
    "locked": _Look("LOCK", (36, 62, 140), _square),
    "revealed": _Look("SHOW", (112, 40, 156), _star),
    "void": _Look("VOID", (84, 84, 84), _cross),
}
_PANIC = _Look("PANIC", (190, 18, 30), _cross)
"""Over whatever the phase is: everything is held blank."""


class _Canvas:
    """Dots of palette numbers; coordinates are of the grid of 72."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._scale = size // GRID
        self.dots = [bytearray(size) for _ in range(size)]

    def box(self, x: int, y: int, width: int, height: int, colour: int) -> None:
        scale = self._scale
        for row in self.dots[y * scale : (y + height) * scale]:
            row[x * scale : (x + width) * scale] = bytes([colour]) * (width * scale)

    def shape(self, inside: Inside, x: int, y: int, width: int) -> None:
        """Draw a shape as wide as high, in ink."""
        scale, half = self._scale, width * self._scale / 2
        for row in range(width * scale):
            for column in range(width * scale):
                if inside((column + 0.5) / half - 1, (row + 0.5) / half - 1):
                    self.dots[y * scale + row][x * scale + column] = _INK

    def text(self, text: str, x: int, y: int, dot: int) -> None:
        """Write letters whose dots are `dot` wide, from the upper left corner on."""
        for i, letter in enumerate(text):
            for row, bits in enumerate(_LETTERS[letter]):
                for column in range(LETTER_WIDTH):
                    if int(bits, 32) >> (LETTER_WIDTH - 1 - column) & 1:
                        left = x + (i * (LETTER_WIDTH + 1) + column) * dot
                        self.box(left, y + row * dot, dot, dot, _INK)

    def middle(self, text: str, y: int, dot: int) -> None:
        self.text(text, (GRID - text_width(text, dot)) // 2, y, dot)


def text_width(text: str, dot: int) -> int:
    return (len(text) * (LETTER_WIDTH + 1) - 1) * dot


def figure(document: Document) -> str:
    """Return the tile's short figure: `55:45` for two, the leader's share for more, `--` where it may not be seen,
    `SEAL` before a sealed count's certificate.
    """
    tally, round_ = document["tally"], document["round"]
    if tally is None:
        return "SEAL" if round_ is not None and is_sealed(round_) else "--"
    shares = _shares(tally)
    if len(shares) == 2:
        return f"{shares[0]}:{shares[1]}"
    return "TIE" if tally["tie"] else f"{max(shares)}%"


def _shares(tally: Document) -> list[int]:
    """Return each choice's whole percent of what the lead goes by; two sum to 100."""
    if tally["by"] != "score":
        return [int(choice["pct"]) for choice in tally["choices"]]
    found = [(int(choice["score"]) + 50) // 100 for choice in tally["choices"]]
    return [found[0], 100 - found[0]] if len(found) == 2 and any(found) else found


def draw(document: Document, size: int) -> bytes:
    """Return the tile as PNG."""
    round_, tally = document["round"], document["tally"]
    look = _PANIC if document.get("overlay", {}).get("panic") else _LOOKS[round_["phase"] if round_ else ""]
    canvas = _Canvas(size)
    canvas.shape(look.inside, 5, 4, 17)
    number = f"R{round_['number']}" if round_ else ""
    canvas.text(number, GRID - 4 - text_width(number, 2), 6, 2)
    canvas.middle(look.word, 26, 2)
    canvas.middle(figure(document), 46, 2)
    shares = _shares(tally) if tally else []
    if document["session"]["rehearsal"]:
        # In the bar's place: a word that no real tile has, whatever its colours.
        canvas.middle("REHEARSAL", GRID - LETTER_HEIGHT, 1)
    elif len(shares) == 2 and any(shares):
        first = round(GRID * shares[0] / 100)
        colours = (_BLUE, _RED) if tally["choices"][0]["key"] == "blue" else (_RED, _BLUE)
        canvas.box(0, 65, first, 7, colours[0])
        canvas.box(first, 65, GRID - first, 7, colours[1])
        canvas.box(min(max(0, first - 1), GRID - 2), 65, 2, 7, _BLACK)
    return _png(canvas, look.background)


def _png(canvas: _Canvas, background: tuple[int, int, int]) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", canvas.size, canvas.size, 8, 3, 0, 0, 0)  # 8 bits a dot, by palette
    palette = b"".join(bytes(colour) for colour in (background, *_COLOURS))
    lines = b"".join(b"\0" + row for row in canvas.dots)
    content = [chunk(b"IHDR", header), chunk(b"PLTE", palette), chunk(b"IDAT", zlib.compress(lines, 9))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(content) + chunk(b"IEND", b"")


def render(document: Document, options: Options) -> bytes:
    return draw(document, options.size)


FEED = Feed("tile.png", "image/png", "A button's picture, 72 or 144 dots wide", render, "size")
