"""The summary: everything that is in the page itself, and can be read and printed without its script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from forensics import __version__
from forensics.evidence import Verdict
from forensics.fusion.opinions import THRESHOLD
from forensics.scan.page.charts import Bar, histogram, over_time, stacked, verdict_class
from forensics.scan.page.counts import COUNTED, OTHERS, Tally
from forensics.scan.page.plain import plain

__all__ = ["VERDICTS", "link", "render"]

VERDICTS = tuple(verdict.value for verdict in Verdict)
MOST_LINES = 12
TITLES = {
    "verdict": "Verdicts",
    "state": "States",
    "reason": "Reasons why a file was not audited",
    "source": "Sources",
    "format": "Formats",
    "credentials": "Content Credentials",
    "watermark": "Watermarks",
    "contradictions": "Contradictions",
    "lists": "Matches on lists of hashes",
    "problems": "Problems on the way",
}


@dataclass(frozen=True)
class Line:
    """One line of a table of counts.

    Attributes:
        name: What is counted.
        count: How many rows.
        share: Part of all rows, from 0 to 1.
        link: Shows them.
        verdict: Class of a verdict, else "".
    """

    name: str
    count: int
    share: float
    link: str
    verdict: str = ""


@dataclass(frozen=True)
class Table:
    """Counts of one column.

    Attributes:
        key: The column.
        title: In words.
        lines: The most frequent names.
        others: Rows with other names.
    """

    key: str
    title: str
    lines: tuple[Line, ...]
    others: int


@dataclass(frozen=True)
class Figure:
    """A drawing with its caption."""

    caption: str
    drawing: Markup


def render(title: str, facts: Sequence[tuple[str, str]], tally: Tally, head: dict[str, Any]) -> str:
    """Return the page.

    Args:
        title: Name of the scan.
        facts: Labels and values about the run.
        tally: What was counted.
        head: What the script needs at once: `nonce`, `styles` and `scripts`.
    """
    made = Environment(
        loader=PackageLoader("forensics.scan.page"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["commas"] = lambda number: f"{number:,}"
    return made.get_template("index.html.j2").render(
        title=plain(title),
        facts=[(plain(label), plain(value)) for label, value in facts],
        tally=tally,
        tables=[table for key in COUNTED if (table := _table(key, tally)).lines],
        figures=_figures(tally),
        scores=_scores(tally),
        legend=[(v.replace("_", " "), verdict_class(v)) for v in _seen(tally)],
        steps=sorted(tally.steps.items(), key=lambda item: -item[1][0])[:MOST_LINES],
        version=__version__,
        **head,
    )


def link(key: str, name: str) -> str:
    """Return the address inside the page that shows the rows with a name in a column.

    Example:
        >>> link("source", "a b,c")
        '#view=table&source=a%20b%2Cc'
    """
    return f"#view=table&{key}={quote(name, safe='').replace('~', '%7E') or '~'}"


def _seen(tally: Tally) -> list[str]:
    """Return the verdicts there are, in the order of the audit, then what is none."""
    counted = tally.counts["verdict"]
    return [v for v in VERDICTS if v in counted] + sorted(v for v in counted if v not in VERDICTS)


def _table(key: str, tally: Tally) -> Table:
    counts = tally.counts[key]
    order = [(v, counts[v]) for v in _seen(tally)] if key == "verdict" else counts.most_common()
    lines = [
        Line(
            name=name.replace("_", " ") if key == "verdict" else name,
            count=count,
            share=count / max(1, tally.rows),
            link=link(key, name) if name != OTHERS else "",
            verdict=verdict_class(name) if key == "verdict" else "",
        )
        for name, count in order[:MOST_LINES]
    ]
    return Table(key, TITLES[key], tuple(lines), sum(count for _, count in order[MOST_LINES:]))


def _figures(tally: Tally) -> list[Figure]:
    drawn = [("Verdicts by the last change of the file", over_time("Verdicts over time", tally.days))]
    if len(tally.counts["source"]) > 1:
        drawn.append(("Verdicts by source, the largest first", stacked("By source", _by_source(tally))))
    return [_figure(caption, svg) for caption, svg in drawn if svg]


def _scores(tally: Tally) -> list[Figure]:
    """Return the two fused scores, then those of the detectors."""
    order = sorted(tally.scores, key=lambda name: (name != "synthetic", name != "altered", name))
    drawn = []
    for name in order[: 2 + 2 * MOST_LINES]:
        fused = name in ("synthetic", "altered")
        caption = f"All detectors together: {name}" if fused else name
        svg = histogram(caption, tally.scores[name], THRESHOLD if fused else None)
        drawn.append((f"{caption} ({sum(tally.scores[name]):,} files)", svg))
    return [_figure(caption, svg) for caption, svg in drawn if svg]


def _by_source(tally: Tally) -> list[Bar]:
    parts: dict[str, Counter[str]] = {}
    for (source, verdict), count in tally.sources.items():
        parts.setdefault(source, Counter())[verdict_class(verdict)] += count
    names = [name for name, _ in tally.counts["source"].most_common(MOST_LINES) if name in parts]
    return [Bar(name, parts[name], _end(name, 96 // max(1, len(names)))) for name in names]


def _end(text: str, most: int) -> str:
    return text if len(text) <= most else "…" + text[-most + 1 :]


def _figure(caption: str, svg: str) -> Figure:
    return Figure(caption, Markup(svg))  # noqa: S704 - every text in it is escaped
