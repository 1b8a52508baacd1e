"""What the summary counts while the rows go by: small tables, however many rows there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from forensics.scan.page.plain import plain
from forensics.scan.row import ScanRow

__all__ = ["BINS", "COUNTED", "LOWEST", "OTHERS", "WIDTH", "Tally"]

MOST_NAMES = 5000
OTHERS = "(others)"
DAY = 86_400
FIRST_DAY, LAST_DAY = 3_652, 54_786  # 1980 to 2119; what lies outside is no date of a file

LOWEST, WIDTH, BINS = -6.0, 0.25, 48
"""Bins of log10 likelihood ratios; what lies outside is in the first or last."""

COUNTED: dict[str, Callable[[ScanRow], Iterable[str]]] = {
    "verdict": lambda row: (row.verdict,),
    "state": lambda row: (row.state,),
    "reason": lambda row: (row.reason,) if row.reason else (),
    "source": lambda row: (row.source,),
    "format": lambda row: (row.format,),
    "credentials": lambda row: (row.credential_state,) if row.credential_state else (),
    "watermark": lambda row: (row.watermark,) if row.watermark else (),
    "contradictions": lambda row: set(row.contradictions),
    "lists": lambda row: {match.list for match in row.matches},
    "problems": lambda row: set(row.problems),
}


@dataclass
class Tally:
    """Counts over rows.

    Attributes:
        rows: How many there were.
        counts: Rows by column and name.
        days: Rows by day since 1970 and verdict.
        sources: Rows by source and verdict.
        scores: Rows by bin of a log10 likelihood ratio, by whose it is.
        steps: Seconds by step, with the number of times.
        clusters: Rows that have near-duplicates.
        duplicates: Rows with the same bytes as an earlier one.
        bytes: Of all files.
        refused: Previews that are no small JPEG.
    """

    rows: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=lambda: {key: Counter() for key in COUNTED})
    days: Counter[tuple[int, str]] = field(default_factory=Counter)
    sources: Counter[tuple[str, str]] = field(default_factory=Counter)
    scores: dict[str, list[int]] = field(default_factory=dict)
    steps: dict[str, tuple[float, int]] = field(default_factory=dict)
    clusters: int = 0
    duplicates: int = 0
    bytes: int = 0
    refused: int = 0

    def add(self, row: ScanRow) -> None:
        """Count one row."""
        self.rows += 1
        self.bytes += row.bytes
        self.clusters += bool(row.cluster)
        self.duplicates += bool(row.duplicate_of)
        for key, names in COUNTED.items():
            for name in names(row):
                self.counts[key][_bounded(self.counts[key], plain(name))] += 1
        verdict = plain(row.verdict)
        self.sources[_bounded(self.counts["source"], plain(row.source)), verdict] += 1
        day = int(row.modified // DAY)
        if FIRST_DAY <= day <= LAST_DAY:
            self.days[day, verdict] += 1
        self._weigh(row)
        for step in row.timings:
            name = _bounded(self.steps, plain(step.step))
            seconds, times = self.steps.get(name, (0.0, 0))
            self.steps[name] = seconds + step.seconds, times + 1

    def _weigh(self, row: ScanRow) -> None:
        if row.verdict:
            self._score("synthetic", row.llr_synthetic)
            self._score("altered", row.llr_altered)
        for said in row.detectors:
            if said.llr is not None:
                self._score(f"{plain(said.detector)}: {plain(said.question)}", said.llr)

    def _score(self, name: str, llr: float) -> None:
        bins = self.scores.setdefault(_bounded(self.scores, name), [0] * BINS)
        bins[max(0, min(BINS - 1, int((llr - LOWEST) // WIDTH)))] += 1


def _bounded(known: Collection[str], name: str) -> str:
    """Return a name, or that of the others where it is new and there are too many."""
    return name if name in known or len(known) < MOST_NAMES else OTHERS
