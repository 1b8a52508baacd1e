"""Bars of the summary as inline SVG; colours are classes of the style sheet, so they follow the theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from forensics.evidence import Verdict
from forensics.scan.page.counts import BINS, DAY, LOWEST, WIDTH
from forensics.scan.page.plain import plain

__all__ = ["Bar", "histogram", "over_time", "stacked", "verdict_class"]

LEFT, RIGHT, TOP, BOTTOM = 50, 10, 12, 32
WIDE, SMALL = (640, 230), (420, 190)  # pixels across and down
SPANS = (1, 7, 30.4375, 91.3125, 365.25)  # days of a bar
MOST_BARS = 60
UPWARDS = [f"v-{verdict.value}" for verdict in Verdict]

Size = tuple[int, int]


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


def stacked(title: str, bars: Sequence[Bar], label: str = "", size: Size = WIDE) -> str:
    """Draw bars as an SVG element.

    Args:
        title: What a screen reader says.
        bars: From left to right.
        label: Of the axis below.
        size: Across and down, in pixels of the drawing.
    """
    top = max((sum(bar.parts.values()) for bar in bars), default=0)
    if not top:
        return ""
    (across, down), high = size, _round_up(top)
    each = (across - LEFT - RIGHT) / len(bars)
    body = [_grid(high, size)]
    for number, bar in enumerate(bars):
        body.append(_drawn(bar, (LEFT + number * each, each), (down - BOTTOM - TOP) / high, down - BOTTOM))
    if label:
        middle = (LEFT + across - RIGHT) / 2
        body.append(f'<text x="{middle:g}" y="{down - 2}" text-anchor="middle">{_text(label)}</text>')
    return (
        f'<svg class="chart" viewBox="0 0 {across} {down}" role="img" aria-label="{_text(title)}">'
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
    first, last = max(0, min(used[0] - 1, 14)), min(BINS, max(used[-1] + 2, 34))
    bars = []
    for number in range(first, last):
        low = LOWEST + number * WIDTH
        name = "score strong" if threshold is not None and low >= threshold else "score"
        mark = f"{low:+g}" if low == int(low) and low % 2 == 0 else ""
        bars.append(Bar(f"{low:+.2f} to {low + WIDTH:+.2f}", {name: bins[number]}, mark))
    return stacked(title, bars, "log10 likelihood ratio", SMALL)


def over_time(title: str, days: Mapping[tuple[int, str], int]) -> str:
    """Draw rows by the time of their last change and by verdict."""
    if not days:
        return ""
    first, last = min(day for day, _ in days), max(day for day, _ in days)
    span = next((s for s in SPANS if (last - first) / s < MOST_BARS), (last - first + 1) / MOST_BARS)
    parts: list[dict[str, int]] = [{} for _ in range(int((last - first) / span) + 1)]
    for (day, verdict), count in days.items():
        bar, name = parts[int((day - first) / span)], verdict_class(verdict)
        bar[name] = bar.get(name, 0) + count
    every = -(-len(parts) // 6)
    bars = []
    for number, bar in enumerate(parts):
        date = datetime.fromtimestamp((first + number * span) * DAY, UTC).strftime("%Y-%m-%d")
        bars.append(Bar(f"from {date}", bar, "" if number % every else date))
    return stacked(title, bars)


def verdict_class(verdict: str) -> str:
    """Return the class of a verdict in the style sheet."""
    return f"v-{verdict}" if verdict.replace("_", "").isalpha() and verdict.isascii() else "v-none"


def _drawn(bar: Bar, place: tuple[float, float], scale: float, bottom: float) -> str:
    """Draw one bar; `place` is its left side and its width with the gap."""
    (left, each), floor = place, bottom
    parts = [f"<g><title>{_text(bar.name)}: {_words(bar.parts)}</title>"]
    for name in sorted(bar.parts, key=_order):
        tall = bar.parts[name] * scale
        floor -= tall
        box = f'x="{left + each * 0.08:.1f}" y="{floor:.1f}" width="{each * 0.84:.1f}" height="{tall:.1f}"'
        parts.append(f'<rect class="{_text(name)}" {box}/>')
    if bar.mark:
        middle = left + each / 2
        parts.append(
            f'<text x="{middle:.1f}" y="{bottom + 15:g}" text-anchor="middle">{_text(bar.mark)}</text>'
        )
    return "".join(parts) + "</g>"


def _order(name: str) -> int:
    """Return the place of a class from below: what matters most is on top."""
    return -UPWARDS.index(name) if name in UPWARDS else -len(UPWARDS)


def _words(parts: Mapping[str, int]) -> str:
    words = [f"{n} {k.removeprefix('v-').replace('_', ' ')}" for k, n in sorted(parts.items()) if n]
    return _text(", ".join(words) or "none")


def _grid(high: int, size: Size) -> str:
    lines = []
    for tick in range(5):
        y = size[1] - BOTTOM - tick * (size[1] - BOTTOM - TOP) / 4
        lines.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{size[0] - RIGHT}"/>')
        lines.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{high * tick // 4:,}</text>')
    return "".join(lines)


def _round_up(value: int) -> int:
    """Return the next number that divides well by four."""
    power: int = 10 ** max(0, len(str(value)) - 2)
    return power * next(n for n in (4, 8, 12, 16, 20, 40, 60, 80, 100) if n * power >= value)


def _text(text: str) -> str:
    return escape(plain(text, 120), quote=True)
