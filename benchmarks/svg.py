"""Draws plots as SVG: horizontal bars on a logarithmic scale, and lines. Pure; no library, no colours but a few."""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10

WIDTH = 820
COLOURS = ("#c8102e", "#1f5fa8", "#5c6670", "#2f855a", "#b7791f", "#6b46c1")
_TEXT = 'font-family="system-ui, sans-serif" fill="#222"'


def document(height: float, parts: Sequence[str], title: str) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}" role="img">\n<title>{escape(title)}</title>\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def text(x: float, y: float, words: str, size: float = 12, anchor: str = "start", weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" {_TEXT} font-size="{size}" text-anchor="{anchor}" font-weight="{weight}">'
        f"{escape(words)}</text>"
    )


def _rule(x1: float, y1: float, x2: float, y2: float, colour: str = "#ddd") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def short(value: float) -> str:
    """Write a number of an axis or a bar."""
    if value >= 1_000_000:
        return f"{value / 1_000_000:.3g}M"
    if value >= 10_000:
        return f"{value / 1_000:.3g}k"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def bars(title: str, unit: str, groups: Sequence[tuple[str, Sequence[tuple[str, float, bool]]]]) -> str:
    """Draw groups of bars on a logarithmic scale. A bar is a label, a value, and whether it is ours."""
    values = [value for _, rows in groups for _, value, _ in rows if value > 0]
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    high = max(high, low + 1)
    left, right, row_height = 270.0, WIDTH - 70.0, 20.0

    def place(value: float) -> float:
        return left + (log10(max(value, 10**low)) - low) / (high - low) * (right - left)

    parts, y = [text(16, 26, title, 16, weight="bold"), text(16, 44, f"{unit}; logarithmic scale")], 62.0
    top = y
    for name, rows in groups:
        parts.append(text(16, y + 13, name, 13, weight="bold"))
        y += 22
        for label, value, own in rows:
            width = max(1.0, place(value) - left)
            colour = COLOURS[0] if own else COLOURS[2]
            parts.append(text(left - 8, y + 14, label, anchor="end"))
            parts.append(f'<rect x="{left}" y="{y + 3}" width="{width:.1f}" height="14" fill="{colour}"/>')
            parts.append(text(left + width + 6, y + 14, short(value)))
            y += row_height
        y += 8
    grid = [_rule(place(10**power), top, place(10**power), y) for power in range(low, high + 1)]
    marks = [text(place(10**power), y + 14, short(10.0**power), 11, "middle") for power in range(low, high + 1)]
    return document(y + 30, [*grid, *parts, *marks], title)


def _ticks(high: float) -> list[float]:
    step = 10 ** floor(log10(high)) if high > 0 else 1.0
    step = next(s for s in (step / 5, step / 2, step, step * 2) if high / s <= 6)
    return [i * step for i in range(int(high / step) + 1)]


def panel(
    box: tuple[float, float, float, float],
    title: str,
    x_title: str,
    series: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    dots: bool = True,
    x_high: float = 0.0,
) -> list[str]:
    """Draw lines into a box (left, top, width, height), from zero up on both axes."""
    left, top, width, height = box
    points = [point for _, row in series for point in row]
    x_high = x_high or max((x for x, _ in points), default=1.0) or 1.0
    y_high = 1.1 * max((y for _, y in points), default=1.0) or 1.0

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x / x_high * width, top + height - y / y_high * height

    parts = [text(left - 34, top - 12, title, 13, weight="bold")]
    for tick in _ticks(y_high):
        _, y = at(0, tick)
        parts += [_rule(left, y, left + width, y), text(left - 6, y + 4, short(tick), 11, "end")]
    for tick in _ticks(x_high):
        x, _ = at(tick, 0)
        parts += [_rule(x, top + height, x, top + height + 4, "#888"),
                  text(x, top + height + 17, short(tick), 11, "middle")]  # fmt: skip
    parts.append(text(left + width, top + height + 32, x_title, 11, "end"))
    for i, (name, row) in enumerate(series):
        colour = COLOURS[i % len(COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in row))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        if dots:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in (at(*p) for p in row)]
        if len(series) > 1:
            parts.append(f'<rect x="{left + 10 + i * 190}" y="{top + 4}" width="10" height="10" fill="{colour}"/>')
            parts.append(text(left + 25 + i * 190, top + 13, name, 11))
    return parts
