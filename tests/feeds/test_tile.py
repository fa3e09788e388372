"""The tile: a PNG that any reader takes, another for each phase, and nothing on it of a hidden tally."""

import struct
import zlib
from collections import Counter
from typing import Any

import pytest
from hypothesis import given

from app.domain.lifecycle import Phase
from app.feeds.tile_png import GRID, draw, figure, text_width
from tests.feeds.documents import documents

WORST = 4.5


def read_png(content: bytes) -> tuple[int, int, list[tuple[int, ...]]]:
    """Read a PNG by palette, checking every sum; return width, height and each dot's colour."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        assert struct.unpack(">I", content[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + length
    width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, colour) == (8, 3)
    palette = [tuple(chunks[b"PLTE"][i : i + 3]) for i in range(0, len(chunks[b"PLTE"]), 3)]
    lines = zlib.decompress(chunks[b"IDAT"])
    assert len(lines) == height * (width + 1)
    assert list(chunks) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    return width, height, [palette[each] for y in range(height) for each in lines[y * (width + 1) + 1 :][:width]]


def tile(phase: str | None, *shares: int, number: int = 1, keys: str = "red blue") -> dict[str, Any]:
    choices = [{"key": key, "pct": pct} for key, pct in zip(keys.split(), shares, strict=False)]
    tally = {"choices": choices, "tie": False, "by": "votes"} if shares else None
    round_ = {"phase": phase, "number": number, "sealed": False, "certified_at_ms": None} if phase else None
    return {"round": round_, "tally": tally, "session": {"rehearsal": False}}


def luminance(colour: tuple[int, ...]) -> float:
    linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("size", [72, 144])
def test_every_phase_has_its_own_picture_in_white_on_a_dark_colour(size: int) -> None:
    grounds, seen = set(), set()
    for phase in (None, *Phase):
        width, height, dots = read_png(draw(tile(phase), size))
        assert (width, height) == (size, size)
        (ground, most), (ink, _) = Counter(dots).most_common(2)
        assert most > size * size / 2
        assert 1.05 / (luminance(ground) + 0.05) >= WORST, phase
        assert ink == (255, 255, 255)
        grounds.add(ground)
        # Told apart without colour too: by the shape alone.
        seen.add(tuple(dot == ink for y in range(size // 3) for dot in dots[y * size : y * size + size // 3]))
    assert len(grounds) == len(Phase) + 1
    assert len(seen) == len(Phase), "every phase its own shape; no round has the ring of a draft"


def test_figures_are_drawn_where_they_may_be_seen() -> None:
    assert figure(tile("open", 55, 45)) == "55:45"
    assert figure(tile("open", 20, 44, 36, keys="a b c")) == "44%"
    assert figure(tile("open")) == "--"
    assert draw(tile("open", 55, 45), 72) != draw(tile("open", 54, 46), 72) != draw(tile("open"), 72)


def test_where_channels_have_weights_the_shares_are_the_scores() -> None:
    for scores, words in (((4680, 5320), "47:53"), ((0, 0), "0:0"), ((3333, 3333, 3334), "33%")):
        document = tile("open", *(90 for _ in scores), keys="red blue third")
        document["tally"]["by"] = "score"
        for choice, score in zip(document["tally"]["choices"], scores, strict=True):
            choice["score"] = score
        assert figure(document) == words
        draw(document, 72)


def test_before_its_certificate_a_sealed_count_shows_its_seal() -> None:
    document = tile("locked")
    document["round"]["sealed"] = True
    assert figure(document) == "SEAL"
    draw(document, 72)
    document["round"]["certified_at_ms"] = 5
    assert figure(document) == "--"


def test_the_bar_shows_each_sides_share_in_its_colour() -> None:
    for keys, colours in (("red blue", [1, 2]), ("blue red", [2, 1])):
        _, _, dots = read_png(draw(tile("open", 75, 25, keys=keys), 72))
        bar = dots[-GRID:]
        red, blue = bar.count((226, 59, 59)), bar.count((70, 130, 255))
        assert (red, blue) == ((53, 17) if colours[0] == 1 else (17, 53))


def test_what_is_written_fits() -> None:
    for phase in Phase:
        draw(tile(phase, 100, 0, number=1000), 72)
    assert text_width("100:0", 2) <= GRID - 8
    assert text_width("R999", 2) + 4 + 22 <= GRID


@given(documents())
def test_any_document_has_a_tile(document: dict[str, Any]) -> None:
    assert read_png(draw(document, 72))[:2] == (72, 72)
