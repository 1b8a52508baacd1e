"""The frame of a plot as SVG: where its points lie, its axes and their words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from forensics.report.safe import printable

__all__ = ["Chart", "Frame", "spread_of", "text_of"]

Range = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """Measures of a drawing, in its own pixels.

    Attributes:
        width: Of all.
        height: Of all.
        left: Margin.
        right: Margin.
        top: Margin, for the title.
        bottom: Margin, for the label of the axis.
        ticks: Parts that each axis is divided into.
    """

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    ticks: int


@dataclass(frozen=True)
class Chart:
    """A frame for numbers of some ranges.

    Attributes:
        frame: Measures.
        x_range: Least and largest; they differ.
        y_range: The same, upwards.
    """

    frame: Frame
    x_range: Range
    y_range: Range

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point is drawn: across, and down."""
        frame = self.frame
        across, up = ((v - r[0]) / (r[1] - r[0]) for v, r in ((x, self.x_range), (y, self.y_range)))
        return (
            frame.left + across * (frame.width - frame.left - frame.right),
            frame.height - frame.bottom - up * (frame.height - frame.top - frame.bottom),
        )

    def points(self, places: Iterable[tuple[float, float]]) -> str:
        """Return the points of a line or polygon."""
        return " ".join(f"{across:.1f},{down:.1f}" for across, down in (self.place(*xy) for xy in places))

    def axes(self, title: str, x_label: str, y_label: str) -> str:
        """Return the words and the lines of a grid."""
        frame = self.frame
        bottom, middle = frame.height - frame.bottom, (frame.left + frame.width - frame.right) / 2
        centred = 'text-anchor="middle"'
        parts = [
            f'<text x="{middle}" y="{frame.top - 14}" {centred} font-weight="600">{text_of(title)}</text>',
            f'<text x="{middle}" y="{frame.height - 7}" {centred}>{text_of(x_label)}</text>',
            f'<text transform="translate(13 {(frame.top + bottom) / 2}) rotate(-90)" {centred}>'
            f"{text_of(y_label)}</text>",
        ]
        for tick in range(frame.ticks + 1):
            x, y = (r[0] + (r[1] - r[0]) * tick / frame.ticks for r in (self.x_range, self.y_range))
            across, down = self.place(x, y)
            parts.append(f'<path d="M{frame.left} {down:.1f}H{frame.width - frame.right}" stroke="#8884"/>')
            parts.append(f'<text x="{frame.left - 5}" y="{down + 4:.1f}" text-anchor="end">{y:.3g}</text>')
            parts.append(f'<text x="{across:.1f}" y="{bottom + 15}" {centred}>{x:.3g}</text>')
        return "".join(parts)


def spread_of(values: Sequence[float]) -> Range:
    """Return the least and the largest, apart even if all are equal."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def text_of(text: str) -> str:
    """Return words as they may stand in a drawing, at most 120 characters."""
    return escape(printable(text, 120), quote=True)
