"""Small line plots as inline SVG: no script, no font, no library in the report."""

from __future__ import annotations

from html import escape

from forensics.evidence import Plot
from forensics.report.safe import printable

__all__ = ["svg_plot"]

WIDTH, HEIGHT = 460, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 26, 38
COLOURS = ("#2f6fd0", "#d0562f", "#2f9e5b", "#8a4fc0", "#b08a1e")
TICKS = 4


def svg_plot(plot: Plot) -> str:
    """Draw a plot as an SVG element.

    Args:
        plot: The data; points that are not finite are left out.
    """
    points = [(x, y) for s in plot.series for x, y in zip(s.x, s.y, strict=True) if _finite(x, y)]
    if not points:
        return ""
    x_range = _range([x for x, _ in points])
    y_range = _range([y for _, y in points])
    body = [_axes(plot, x_range, y_range)]
    for number, series in enumerate(plot.series):
        colour = COLOURS[number % len(COLOURS)]
        line = " ".join(
            f"{_place_x(x, x_range):.1f},{_place_y(y, y_range):.1f}"
            for x, y in zip(series.x, series.y, strict=True)
            if _finite(x, y)
        )
        body.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.4" points="{line}"/>')
        if len(plot.series) > 1:
            place = f'x="{WIDTH - RIGHT - 4}" y="{TOP + 12 + 13 * number}"'
            body.append(f'<text {place} text-anchor="end" fill="{colour}">{_text(series.name)}</text>')
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{_text(plot.title)}">'
        + "".join(body)
        + "</svg>"
    )


def _axes(plot: Plot, x_range: tuple[float, float], y_range: tuple[float, float]) -> str:
    bottom, middle = HEIGHT - BOTTOM, (LEFT + WIDTH - RIGHT) / 2
    parts = [
        f'<text x="{middle}" y="15" text-anchor="middle" font-weight="600">{_text(plot.title)}</text>',
        f'<text x="{middle}" y="{HEIGHT - 5}" text-anchor="middle">{_text(plot.x_label)}</text>',
        f'<text transform="translate(11 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">'
        f"{_text(plot.y_label)}</text>",
    ]
    for tick in range(TICKS + 1):
        x = x_range[0] + (x_range[1] - x_range[0]) * tick / TICKS
        y = y_range[0] + (y_range[1] - y_range[0]) * tick / TICKS
        px, py = _place_x(x, x_range), _place_y(y, y_range)
        parts.append(f'<path d="M{LEFT} {py:.1f}H{WIDTH - RIGHT}" stroke="#8884" />')
        parts.append(f'<text x="{LEFT - 4}" y="{py + 4:.1f}" text-anchor="end">{y:.3g}</text>')
        parts.append(f'<text x="{px:.1f}" y="{bottom + 14}" text-anchor="middle">{x:.3g}</text>')
    return "".join(parts)


def _place_x(x: float, bounds: tuple[float, float]) -> float:
    return LEFT + (x - bounds[0]) / (bounds[1] - bounds[0]) * (WIDTH - LEFT - RIGHT)


def _place_y(y: float, bounds: tuple[float, float]) -> float:
    return HEIGHT - BOTTOM - (y - bounds[0]) / (bounds[1] - bounds[0]) * (HEIGHT - TOP - BOTTOM)


def _range(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _finite(x: float, y: float) -> bool:
    return abs(x) < float("inf") and abs(y) < float("inf")  # False for NaN too


def _text(text: str) -> str:
    return escape(printable(text, 80), quote=True)
