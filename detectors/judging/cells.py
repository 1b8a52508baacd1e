"""How good each row is in each column: makers by deliveries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from forensics.detectors.evaluation.bootstrap import Figure, Measure, figure
from forensics.detectors.evaluation.deciding import false_alarm_rate, miss_rate
from forensics.detectors.evaluation.measures import measured
from forensics.detectors.evaluation.outcomes import Floats, Outcomes
from forensics.detectors.judging.results import Cell, Thresholds
from forensics.detectors.judging.table import CONTROL, Bools, Table
from forensics.watermark.statistics import wilson

__all__ = ["ALL", "AT", "ODDS", "PERCENT", "SEEN", "UNSEEN", "cells_of", "decisions"]

ALL, SEEN, UNSEEN = "all", "seen", "unseen"
ODDS, PERCENT = "odds", "frozen 1 %"
AT = (ODDS, PERCENT)
"""The thresholds: that of an audit, and that at which 1 % of the photos of the validation are accused."""
_RANKING = ("AUC", "AP", "EER", "TPR at FPR 1 %", "TPR at FPR 0.1 %")
_RATIOS = ("Cllr", "Cllr_min", "ECE", "Brier", "misleading for", "misleading against", "risk over coverage")
_SHORT = ("AUC", "TPR at FPR 1 %")
_SILENT = -1e300


def cells_of(
    table: Table,
    thresholds: Thresholds,
    seen: Mapping[str, frozenset[str]],
    *,
    replicates: int = 500,
    advance: Callable[[], object] = lambda: None,
) -> tuple[Cell, ...]:
    """Measure every row in every column.

    Columns are each maker and all together, and those that a row has and has not met before, in each
    delivery; and all makers in all deliveries together. Columns of one maker have few measures.

    Args:
        table: What was said of the test.
        thresholds: Fixed before.
        seen: Makers that each row has met.
        replicates: Resamplings of each interval, by source.
        advance: Called after each column.
    """
    deliveries = tuple(dict.fromkeys(table.deliveries.tolist()))
    makers = table.named
    found: list[Cell] = []
    for delivery in (*deliveries, ALL):
        names = {ALL: makers} | ({m: (m,) for m in makers} if delivery != ALL and len(makers) > 1 else {})
        for name, group in names.items():
            lines = table.column(group, "" if delivery == ALL else delivery)
            for row in table.rows:
                met = seen.get(row, frozenset())
                found.append(_cell(lines, row, (name, delivery), thresholds, replicates, name in met))
                if name == ALL and met and delivery != ALL:
                    found += _apart(table, row, delivery, thresholds, replicates, met)
            advance()
    return tuple(found)


def decisions(values: Floats) -> Floats:
    """Return what is compared with a threshold: where nothing is said it is below every one."""
    return np.where(np.isfinite(values), values, _SILENT)


def _apart(
    table: Table,
    row: str,
    delivery: str,
    thresholds: Thresholds,
    replicates: int,
    met: frozenset[str],
) -> list[Cell]:
    """Return the cells of the makers that a row has met, and of the others."""
    sides = {SEEN: [m for m in table.named if m in met], UNSEEN: [m for m in table.named if m not in met]}
    return [
        _cell(table.column(group, delivery), row, (name, delivery), thresholds, replicates, name == SEEN)
        for name, group in sides.items()
        if group
    ]


def _cell(
    lines: Table,
    row: str,
    place: tuple[str, str],
    thresholds: Thresholds,
    replicates: int,
    seen: bool,
) -> Cell:
    maker, delivery = place
    there = lines.spoken(row)
    real, fake = ~lines.truth, lines.truth
    return Cell(
        row=row,
        maker=maker,
        delivery=delivery,
        real=int((there & real).sum()),
        fake=int((there & fake).sum()),
        real_answered=_share(there, real),
        fake_answered=_share(there, fake),
        seen=seen,
        figures=_figures(lines, row, thresholds, replicates, whole=maker in (ALL, SEEN, UNSEEN)),
    )


def _figures(
    lines: Table, row: str, thresholds: Thresholds, replicates: int, *, whole: bool
) -> tuple[Figure, ...]:
    scores, llrs = lines.scores[:, lines.rows.index(row)], lines.llrs[:, lines.rows.index(row)]
    found: list[Figure] = []
    if ranked := lines.outcomes(scores):
        names = ("AUC",) if row == CONTROL else _RANKING if whole else _SHORT
        found += measured(ranked, names, replicates=replicates)
    if row == CONTROL:
        return _finite(found)
    if whole and (weighed := lines.outcomes(llrs)):
        found += measured(weighed, _RATIOS, replicates=replicates)
    limits = {ODDS: (llrs, thresholds.log10_odds), PERCENT: (scores, thresholds.of(row))}
    for at, (values, threshold) in limits.items():
        decided = None if threshold is None else lines.outcomes(decisions(values))
        if decided is not None and threshold is not None and np.isfinite(values).any():
            found += _rates(decided, threshold, at, replicates)
    return _finite(found)


def _rates(outcomes: Outcomes, threshold: float, at: str, replicates: int) -> list[Figure]:
    measures: dict[str, tuple[Measure, bool]] = {
        f"false alarms at {at}": (partial(false_alarm_rate, threshold=threshold), False),
        f"found at {at}": (lambda o, w: 1 - miss_rate(o, w, threshold=threshold), True),
    }
    return [
        _widened(figure(name, measure, outcomes, replicates=replicates), outcomes, truth)
        for name, (measure, truth) in measures.items()
    ]


def _widened(found: Figure, outcomes: Outcomes, truth: bool) -> Figure:
    """Return a share with an interval; that of Wilson, by source, where resampling shows no spread."""
    if found.high > found.low:
        return found
    sources = len(set(outcomes.sources[outcomes.truth == truth].tolist()))
    interval = wilson(round(found.value * sources), sources)
    low, high = min(interval.low, found.value), max(interval.high, found.value)
    return found.model_copy(update={"low": low, "high": high})


def _share(there: Bools, side: Bools) -> float:
    count = int(side.sum())
    return round(int((there & side).sum()) / count, 4) if count else 0.0


def _finite(figures: Sequence[Figure]) -> tuple[Figure, ...]:
    return tuple(f for f in figures if all(map(np.isfinite, (f.value, f.low, f.high))))
