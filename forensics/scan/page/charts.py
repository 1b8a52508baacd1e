"""Bars of the summary as inline SVG; colours are classes of the style sheet, so that they follow the theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from forensics.scan.page.counts import BINS, DAY, LOWEST, WIDTH
from forensics.scan.page.plain import plain

__all__ = ["Bar", "histogram", "over_time", "stacked", "verdict_class"]

ACROSS, DOWN = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 50, 10, 12, 30
SPANS = (1, 7, 30.4375, 91.3125, 365.25)  # days of a bar
MOST_BARS = 60


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        name: What it stands for.
        parts: Heights by class of the style sheet, from below.
        mark: What is written under it; "" for nothing.
    """

    name: str
    parts: Mapping[str, int]
    mark: str = ""


def stacked(title: str, bars: Sequence[Bar], label: str = "") -> str:
    """Draw bars as an SVG element.

    Args:
        title: What a screen reader says.
        bars: From left to right.
        label: Of the axis below.
    """
    top = max((sum(bar.parts.values()) for bar in bars), default=0)
    if not top:
        return ""
    high = _round_up(top)
    each = (ACROSS - LEFT - RIGHT) / len(bars)
    body = [_grid(high)]
    for number, bar in enumerate(bars):
        body.append(_drawn(bar, LEFT + number * each, each, high))
    if label:
        middle = (LEFT + ACROSS - RIGHT) / 2
        body.append(f'<text x="{middle:g}" y="{DOWN - 1}" text-anchor="middle">{_text(label)}</text>')
    return (
        f'<svg class="chart" viewBox="0 0 {ACROSS} {DOWN}" role="img" aria-label="{_text(title)}">'
        + "".join(body)
        + "</svg>"
    )


def histogram(title: str, bins: Sequence[int], threshold: float | None = None) -> str:
    """Draw how often log10 likelihood ratios were seen.

    Args:
        title: What a screen reader says.
        bins: Rows by bin.
        threshold: From where bars stand out; None for nowhere.
    """
    used = [n for n, count in enumerate(bins) if count]
    if not used:
        return ""
    first, last = max(0, min(used[0] - 1, 19)), min(BINS, max(used[-1] + 2, 29))
    bars = []
    for number in range(first, last):
        low = LOWEST + number * WIDTH
        name = "score strong" if threshold is not None and low >= threshold else "score"
        mark = f"{low:+g}" if low == int(low) and low % 2 == 0 else ""
        bars.append(Bar(f"{low:+.2f} to {low + WIDTH:+.2f}", {name: bins[number]}, mark))
    return stacked(title, bars, "log10 likelihood ratio")


def over_time(title: str, days: Mapping[tuple[int, str], int]) -> str:
    """Draw rows by the time of their last change and by verdict."""
    if not days:
        return ""
    first, last = min(day for day, _ in days), max(day for day, _ in days)
    span = next((s for s in SPANS if (last - first) / s < MOST_BARS), (last - first + 1) / MOST_BARS)
    parts: list[dict[str, int]] = [{} for _ in range(int((last - first) / span) + 1)]
    for (day, verdict), count in days.items():
        bar = parts[int((day - first) / span)]
        bar[verdict_class(verdict)] = bar.get(verdict_class(verdict), 0) + count
    every = max(1, len(parts) // 6)
    bars = []
    for number, bar in enumerate(parts):
        date = datetime.fromtimestamp((first + number * span) * DAY, UTC).strftime("%Y-%m-%d")
        bars.append(Bar(f"from {date}", bar, date if number % every == 0 else ""))
    return stacked(title, bars, "last change of the file")


def verdict_class(verdict: str) -> str:
    """Return the class of a verdict in the style sheet."""
    return f"v-{verdict}" if verdict.replace("_", "").isalpha() and verdict.isascii() else "v-none"


def _drawn(bar: Bar, left: float, each: float, high: int) -> str:
    bottom = floor = float(DOWN - BOTTOM)
    scale = (bottom - TOP) / high
    parts = [f"<g><title>{_text(bar.name)}: {_parts(bar.parts)}</title>"]
    for name, count in sorted(bar.parts.items()):
        tall = count * scale
        floor -= tall
        place = f'x="{left + each * 0.08:.1f}" y="{floor:.1f}" width="{each * 0.84:.1f}" height="{tall:.1f}"'
        parts.append(f'<rect class="{_text(name)}" {place}/>')
    if bar.mark:
        middle = left + each / 2
        parts.append(
            f'<text x="{middle:.1f}" y="{bottom + 13:g}" text-anchor="middle">{_text(bar.mark)}</text>'
        )
    return "".join(parts) + "</g>"


def _parts(parts: Mapping[str, int]) -> str:
    words = [f"{n} {k.removeprefix('v-').replace('_', ' ')}" for k, n in sorted(parts.items()) if n]
    return _text(", ".join(words) or "none")


def _grid(high: int) -> str:
    lines = []
    for tick in range(5):
        y = DOWN - BOTTOM - tick * (DOWN - BOTTOM - TOP) / 4
        lines.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{ACROSS - RIGHT}"/>')
        lines.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{high * tick // 4:,}</text>')
    return "".join(lines)


def _round_up(value: int) -> int:
    """Return the next number that divides well by four."""
    power = 10 ** max(0, len(str(value)) - 2)
    return next(n * power for n in (4, 8, 12, 16, 20, 40, 60, 80, 100) if n * power >= value)


def _text(text: str) -> str:
    return escape(plain(text, 120), quote=True)
