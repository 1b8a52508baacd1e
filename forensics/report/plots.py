"""Small line plots as inline SVG: no script, no font, no library in the report."""

from __future__ import annotations

import math

from forensics.evidence import Plot
from forensics.report.chart import Chart, Frame, spread_of, text_of

__all__ = ["svg_file", "svg_plot"]

FRAME = Frame(width=460, height=220, left=52, right=12, top=28, bottom=38, ticks=4)
COLOURS = ("#2f6fd0", "#d0562f", "#2f9e5b", "#8a4fc0", "#b08a1e")


def svg_file(plot: Plot) -> bytes:
    """Return a plot as an SVG file of its own.

    Args:
        plot: The data, of at least one point that is finite.
    """
    return svg_plot(plot).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).encode()


def svg_plot(plot: Plot) -> str:
    """Draw a plot as an SVG element.

    Args:
        plot: The data; points that are not finite are left out.
    """
    lines = [
        [xy for xy in zip(series.x, series.y, strict=True) if all(map(math.isfinite, xy))]
        for series in plot.series
    ]
    places = [xy for line in lines for xy in line]
    if not places:
        return ""
    chart = Chart(FRAME, spread_of([x for x, _ in places]), spread_of([y for _, y in places]))
    body = [chart.axes(plot.title, plot.x_label, plot.y_label)]
    for number, (series, line) in enumerate(zip(plot.series, lines, strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        body.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="1.4" points="{chart.points(line)}"/>'
        )
        if len(plot.series) > 1:
            place = f'x="{FRAME.width - FRAME.right - 4}" y="{FRAME.top + 12 + 13 * number}"'
            body.append(f'<text {place} text-anchor="end" fill="{colour}">{text_of(series.name)}</text>')
    box = f"0 0 {FRAME.width} {FRAME.height}"
    return (
        f'<svg class="plot" viewBox="{box}" role="img" aria-label="{text_of(plot.title)}">'
        + "".join(body)
        + "</svg>"
    )
