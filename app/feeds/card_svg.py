"""The profile card as a picture to share: one SVG of 720 by 960 that needs nothing from anywhere."""

from collections.abc import Mapping
from math import cos, pi, sin
from typing import Any
from xml.sax.saxutils import escape

from app.feeds.feed import Language
from app.feeds.table import one_line

WIDTH, HEIGHT = 720, 960
_FONTS = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, sans-serif"
_GROUND, _PANEL, _INK, _DIM, _GOLD, _DARK = "#0a0e1f", "#161c36", "#ffffff", "#aab4d4", "#ffc53d", "#39415f"
_STAR_RADIUS = 19
_SIZE_MIN = 12

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "title": "网红档案",
        "broadcasts": "播出期数",
        "likes": "点赞",
        "votes": "得票",
        "unique": "参与人次",
        "online": "同时在线峰值",
        "visits": "送课",
        "taught": "听课人数",
    },
    "en": {
        "title": "Profile card",
        "broadcasts": "broadcasts",
        "likes": "likes",
        "votes": "votes",
        "unique": "took part",
        "online": "on line at once",
        "visits": "visits",
        "taught": "people taught",
    },
}


def card_svg(card: Mapping[str, Any], language: Language) -> bytes:
    """Return a card document as a picture."""
    words = _WORDS[language]
    name = one_line(card["show"]["name"])
    season = f" · {card['season']}" if card["season"] else ""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="{_FONTS}" role="img" aria-label="{_safe(name)} {words["title"]}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{_GROUND}"/>',
        f'<rect width="{WIDTH}" height="8" fill="{_GOLD}"/>',
        _text(words["title"] + season, 48, 84, 26, _GOLD),
        _fitted(name, 48, 150, 52, WIDTH - 96),
    ]
    lines += _figures(card, words)
    lines += _stars(card["stars"], language)
    lines.append("</svg>")
    return "\n".join(lines).encode()


def _figures(card: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    english = words is _WORDS["en"]

    def shown(figure: int, text: str) -> str:
        return f"{figure:,}" if english else text

    views, visits = card["views"], card["visits"]
    cells = [
        (str(card["broadcasts"]), words["broadcasts"]),
        (shown(card["likes"], card["likes_text"]), words["likes"]),
        (shown(views["unique"], views["unique_text"]), words["unique"]),
        (str(views["online_peak"]), words["online"]),
        (str(visits["delivered"]), words["visits"]),
        (str(visits["taught"]), words["taught"]),
    ]
    lines = []
    for i, (figure, label) in enumerate(cells):
        x, y = 48 + i % 3 * 212, 196 + i // 3 * 150
        lines.append(f'<rect x="{x}" y="{y}" width="200" height="134" rx="12" fill="{_PANEL}"/>')
        lines.append(_text(figure, x + 100, y + 70, _size(figure, 44, 184), _INK, middle=True))
        lines.append(_text(label, x + 100, y + 108, 20, _DIM, middle=True))
    return lines


def _stars(stars: list[Mapping[str, Any]], language: Language) -> list[str]:
    lines = []
    # One index more makes each row lower; six are the most.
    step = min(136, 420 // max(1, len(stars)))
    for i, each in enumerate(stars):
        y = 530 + i * step
        name = each["name"] if language == "zh" else each["name_en"] or each["name"]
        text = each["text"] if language == "zh" else each["text_en"]
        lines.append(_fitted(one_line(name), 48, y + 26, 28, 300))
        for star in range(5):
            fill = _GOLD if star < each["stars"] else _DARK
            lines.append(f'<polygon points="{_points(400 + star * 60, y + 16)}" fill="{fill}"/>')
        if step >= 70:
            lines.append(_fitted(f"{each['figure']:,} · {one_line(text)}", 48, y + 60, 17, WIDTH - 96, _DIM))
    return lines


def _points(x: float, y: float) -> str:
    """Return the ten corners of a star around a middle."""
    corners = []
    for i in range(10):
        radius = _STAR_RADIUS if i % 2 == 0 else _STAR_RADIUS * 0.4
        angle = pi * i / 5 - pi / 2
        corners.append(f"{x + radius * cos(angle):.1f},{y + radius * sin(angle):.1f}")
    return " ".join(corners)


def _text(text: str, x: int, y: int, size: int, colour: str, *, middle: bool = False) -> str:
    anchor = ' text-anchor="middle"' if middle else ""
    weight = ' font-weight="700"' if size >= 28 else ""
    return f'<text x="{x}" y="{y}" font-size="{size}"{weight} fill="{colour}"{anchor}>{_safe(text)}</text>'


def _fitted(text: str, x: int, y: int, size: int, width: int, colour: str = _INK) -> str:
    """Write a text no wider than this: smaller, and in the end cut. A sign of Chinese is as wide as it is high."""
    fitted = max(_SIZE_MIN, _size(text, size, width))
    if _ems(text) * fitted > width:
        while _ems(text + "…") * fitted > width:
            text = text[:-1]
        text += "…"
    return _text(text, x, y, fitted, colour)


def _size(text: str, size: int, width: int) -> int:
    return min(size, int(width / max(_ems(text), 1)))


def _ems(text: str) -> float:
    return sum(1.0 if ord(sign) > 0x2000 else 0.56 for sign in text)


def _safe(text: str) -> str:
    return escape(one_line(text), {'"': "&quot;"})
