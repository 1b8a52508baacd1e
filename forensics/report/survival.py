"""What marks survive, drawn: a row for each attack, a dot for each picture, and the line that decides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from forensics.report.chart import text_of

__all__ = ["Strip", "svg_strips"]

WIDTH, ROW = 860, 18
LEFT, RIGHT, TOP, BOTTOM = 280, 90, 40, 44
FOUND, UNREAD, MISSED = "#2f6fd0", "#b08a1e", "#d0562f"
TICKS = 6


@dataclass(frozen=True)
class Strip:
    """One row.

    Attributes:
        label: What was done to the pictures.
        log10_p: (N,) log10 p-value of each picture.
        exact: (N,) whether its payload was read exactly.
    """

    label: str
    log10_p: Sequence[float]
    exact: Sequence[bool]


def svg_strips(title: str, strips: Sequence[Strip], rate: float) -> str:
    """Draw strips as an SVG file: farther right is surer, and left of the line a mark is not found.

    Args:
        title: Above the drawing.
        strips: At least one, from the top down.
        rate: False-alarm rate that decides.
    """
    height = TOP + ROW * len(strips) + BOTTOM
    reach = max([10.0, -math.log10(rate), *(-p for strip in strips for p in strip.log10_p)])
    parts = [
        f'<text x="{LEFT}" y="22" font-weight="600">{text_of(title)}</text>',
        *_axis(height - BOTTOM, reach),
        *(part for number, strip in enumerate(strips) for part in _row(number, strip, reach, rate)),
        *_threshold(height - BOTTOM, reach, rate),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{text_of(title)}" font-family="sans-serif" font-size="11">'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _axis(bottom: int, reach: float) -> list[str]:
    parts = [
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{bottom + 34}" text-anchor="middle">'
        "p-value, a dot for each picture; blue: read, yellow: found, red: not found</text>"
    ]
    step = math.ceil(reach / TICKS)
    for power in range(0, math.floor(reach) + 1, step):
        x = _place(power, reach)
        parts.append(f'<path d="M{x:.1f} {TOP}V{bottom}" stroke="#8884"/>')
        said = f"10^-{power}" if power else "1"
        parts.append(f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{said}</text>')
    return parts


def _row(number: int, strip: Strip, reach: float, rate: float) -> list[str]:
    y = TOP + ROW * number + ROW / 2
    found = sum(p <= math.log10(rate) for p in strip.log10_p)
    dots = [
        f'<circle cx="{_place(-p, reach):.1f}" cy="{y:.1f}" r="3" fill="{_colour(p, exact, rate)}" '
        'fill-opacity="0.55"/>'
        for p, exact in zip(strip.log10_p, strip.exact, strict=True)
    ]
    return [
        f'<text x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{text_of(strip.label)}</text>',
        *dots,
        f'<text x="{WIDTH - RIGHT + 10}" y="{y + 4:.1f}">{found} of {len(strip.log10_p)}</text>',
    ]


def _threshold(bottom: int, reach: float, rate: float) -> list[str]:
    x = _place(-math.log10(rate), reach)
    return [
        f'<path d="M{x:.1f} {TOP - 4}V{bottom}" stroke="#333" stroke-dasharray="4 3"/>',
        f'<text x="{x + 4:.1f}" y="{TOP - 6}">{rate:g}</text>',
    ]


def _colour(log10_p: float, exact: bool, rate: float) -> str:
    if log10_p > math.log10(rate):
        return MISSED
    return FOUND if exact else UNREAD


def _place(power: float, reach: float) -> float:
    return LEFT + min(max(power, 0.0), reach) / reach * (WIDTH - LEFT - RIGHT)
