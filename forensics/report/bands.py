"""Two curves, and the band that one of them moves in by chance, as an SVG file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forensics.report.chart import Chart, Frame, spread_of, text_of

__all__ = ["Banded", "svg_band"]

FRAME = Frame(width=720, height=420, left=66, right=20, top=40, bottom=52, ticks=5)
MADE, REAL = "#d0562f", "#2f6fd0"


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
    heights = spread_of([*plot.made, *plot.real, *plot.low, *plot.high])
    chart = Chart(FRAME, (plot.x[0], plot.x[-1]), heights)
    made, real, low, high = (
        list(zip(plot.x, line, strict=True)) for line in (plot.made, plot.real, plot.low, plot.high)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {FRAME.width} {FRAME.height}" role="img" '
        f'aria-label="{text_of(plot.title)}" font-family="sans-serif" font-size="12">'
        f'<rect width="{FRAME.width}" height="{FRAME.height}" fill="#fff"/>'
        f"{chart.axes(plot.title, plot.x_label, plot.y_label)}"
        f'<polygon fill="{REAL}" fill-opacity="0.25" points="{chart.points([*low, *reversed(high)])}"/>'
        f'<polyline fill="none" stroke="{REAL}" stroke-width="1.6" points="{chart.points(real)}"/>'
        f'<polyline fill="none" stroke="{MADE}" stroke-width="1.6" points="{chart.points(made)}"/>'
        f"{_key()}</svg>\n"
    )


def _key() -> str:
    names = ((MADE, "made"), (REAL, "real, and the band of its parts"))
    return "".join(
        f'<text x="{FRAME.width - FRAME.right - 8}" y="{FRAME.top + 18 + 16 * number}" text-anchor="end" '
        f'fill="{colour}">{name}</text>'
        for number, (colour, name) in enumerate(names)
    )
