"""Real pictures that were taken for made ones: the worst fault, counted by itself."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.detectors.judging.cells import ODDS, PERCENT, decisions
from forensics.detectors.judging.results import Alarms, Thresholds
from forensics.detectors.judging.table import CONTROL, Table
from forensics.watermark.statistics import wilson

__all__ = ["alarms_of"]


def alarms_of(table: Table, corpus: str, thresholds: Thresholds) -> tuple[Alarms, ...]:
    """Count the real pictures at or above the thresholds that were fixed before.

    Args:
        table: What was said of real pictures.
        corpus: What they are called.
        thresholds: Fixed before.
    """
    deliveries = dict.fromkeys(table.deliveries.tolist())
    return tuple(
        alarms
        for delivery in deliveries
        for row in table.rows
        if row != CONTROL
        for alarms in _counted(table.taken(table.deliveries == delivery), row, (corpus, delivery), thresholds)
    )


def _counted(lines: Table, row: str, place: tuple[str, str], thresholds: Thresholds) -> Iterator[Alarms]:
    number = lines.rows.index(row)
    scores, llrs = lines.scores[:, number], lines.llrs[:, number]
    limits = {ODDS: (llrs, thresholds.log10_odds), PERCENT: (scores, thresholds.of(row))}
    for at, (values, threshold) in limits.items():
        if threshold is None:
            continue
        accused = int((decisions(values) >= threshold).sum())
        interval = wilson(accused, values.size)
        yield Alarms(
            corpus=place[0],
            row=row,
            delivery=place[1],
            at=at,
            pictures=values.size,
            answered=int(lines.spoken(row).sum()),
            accused=accused,
            low=interval.low,
            high=interval.high,
        )
