"""Two curves, and the band that one of them moves in by chance, as an SVG file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from forensics.report.safe import printable

__all__ = ["Banded", "svg_band"]

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 66, 20, 40, 52
MADE, REAL = "#d0562f", "#2f6fd0"
TICKS = 5


@dataclass(frozen=True)
class Banded:
    """What is drawn.

    Attributes:
        title: Above the drawing.
        x_label: Below it.
        y_label: Beside it.
        x: (N,) places, rising; N at least 2.
        made: (N,) the curve that is judged.
        real: (N,) the curve that it is judged by.
        low: (N,) least that chance makes of the second.
        high: (N,) most of it.
    """

    title: str
    x_label: str
    y_label: str
    x: Sequence[float]
    made: Sequence[float]
    real: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def svg_band(plot: Banded) -> str:
    """Draw two curves and a band.

    Args:
        plot: Finite numbers.
    """
    y_range = _range([*plot.made, *plot.real, *plot.low, *plot.high])
    x_range = (plot.x[0], plot.x[-1])

    def points(values: Sequence[float], order: int = 1) -> str:
        places = list(zip(plot.x, values, strict=True))[::order]
        return " ".join(f"{_across(x, x_range):.1f},{_down(y, y_range):.1f}" for x, y in places)

    title = _text(plot.title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{title}" font-family="sans-serif" font-size="12">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f"{_axes(plot, x_range, y_range)}"
        f'<polygon fill="{REAL}" fill-opacity="0.25" points="{points(plot.low)} {points(plot.high, -1)}"/>'
        f'<polyline fill="none" stroke="{REAL}" stroke-width="1.6" points="{points(plot.real)}"/>'
        f'<polyline fill="none" stroke="{MADE}" stroke-width="1.6" points="{points(plot.made)}"/>'
        f"{_key()}</svg>\n"
    )


def _axes(plot: Banded, x_range: tuple[float, float], y_range: tuple[float, float]) -> str:
    bottom, middle = HEIGHT - BOTTOM, (LEFT + WIDTH - RIGHT) / 2
    parts = [
        f'<text x="{middle}" y="22" text-anchor="middle" font-weight="600">{_text(plot.title)}</text>',
        f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">{_text(plot.x_label)}</text>',
        f'<text transform="translate(16 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">'
        f"{_text(plot.y_label)}</text>",
    ]
    for tick in range(TICKS + 1):
        x, y = (r[0] + (r[1] - r[0]) * tick / TICKS for r in (x_range, y_range))
        across, down = _across(x, x_range), _down(y, y_range)
        parts.append(f'<path d="M{LEFT} {down:.1f}H{WIDTH - RIGHT}" stroke="#8884"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{down + 4:.1f}" text-anchor="end">{y:.3g}</text>')
        parts.append(f'<text x="{across:.1f}" y="{bottom + 17}" text-anchor="middle">{x:.3g}</text>')
    return "".join(parts)


def _key() -> str:
    names = ((MADE, "made"), (REAL, "real, and the band of its parts"))
    return "".join(
        f'<text x="{WIDTH - RIGHT - 8}" y="{TOP + 18 + 16 * number}" text-anchor="end" fill="{colour}">'
        f"{name}</text>"
        for number, (colour, name) in enumerate(names)
    )


def _across(x: float, bounds: tuple[float, float]) -> float:
    return LEFT + (x - bounds[0]) / (bounds[1] - bounds[0]) * (WIDTH - LEFT - RIGHT)


def _down(y: float, bounds: tuple[float, float]) -> float:
    return HEIGHT - BOTTOM - (y - bounds[0]) / (bounds[1] - bounds[0]) * (HEIGHT - TOP - BOTTOM)


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _text(text: str) -> str:
    return escape(printable(text, 120), quote=True)
