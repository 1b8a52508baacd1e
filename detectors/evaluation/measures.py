"""The measures by name, and all of them at once with their intervals: what a card says."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from forensics.detectors.evaluation.bootstrap import Figure, Measure, figure
from forensics.detectors.evaluation.deciding import balanced_accuracy, false_alarm_rate, miss_rate, risk
from forensics.detectors.evaluation.outcomes import Outcomes
from forensics.detectors.evaluation.ranking import auc, average_precision, eer, found_at
from forensics.detectors.evaluation.ratios import (
    brier,
    calibration_error,
    cllr,
    cllr_min,
    misleading_against,
    misleading_for,
)
from forensics.errors import RegistryError

__all__ = ["CARD", "MEASURES", "measured"]

_SLOW_REPLICATES = 200  # of what has to be pooled anew for every resampling

MEASURES: dict[str, Measure] = {
    "AUC": auc,
    "AP": average_precision,
    "EER": eer,
    "TPR at FPR 1 %": partial(found_at, false_alarms=0.01),
    "TPR at FPR 0.1 %": partial(found_at, false_alarms=0.001),
    "Cllr": cllr,
    "Cllr_min": cllr_min,
    "ECE": calibration_error,
    "Brier": brier,
    "misleading for": misleading_for,
    "misleading against": misleading_against,
    "balanced accuracy at 0": balanced_accuracy,
    "false alarms at 0": false_alarm_rate,
    "misses at 0": miss_rate,
    "risk over coverage": risk,
}
"""All of them, by the name that tables and cards use; those that read ratios take log10 likelihood ratios."""

CARD = (
    "AUC",
    "AP",
    "EER",
    "TPR at FPR 1 %",
    "TPR at FPR 0.1 %",
    "Cllr",
    "Cllr_min",
    "ECE",
    "Brier",
    "misleading for",
    "misleading against",
)
"""What the card of a calibration says."""


def measured(
    outcomes: Outcomes,
    names: Iterable[str] = CARD,
    *,
    replicates: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[Figure, ...]:
    """Return measures with their intervals.

    Args:
        outcomes: What was measured: log10 likelihood ratios.
        names: Of measures in `MEASURES`.
        replicates: Resamplings of each; at most 200 of `Cllr_min`.
        level: Share of the resamplings inside the interval.
        seed: Of the draws.

    Raises:
        RegistryError: There is no such measure.
    """
    found = []
    for name in names:
        if name not in MEASURES:
            raise RegistryError(f"no measure {name!r}; there are: {', '.join(MEASURES)}", actual=name)
        most = min(replicates, _SLOW_REPLICATES) if name == "Cllr_min" else replicates
        found.append(figure(name, MEASURES[name], outcomes, replicates=most, level=level, seed=seed))
    return tuple(found)
