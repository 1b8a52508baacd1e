"""How well scores tell two classes apart, whatever the threshold."""

from __future__ import annotations

import numpy as np

from forensics.detectors.evaluation.outcomes import Floats, Outcomes, divided

__all__ = ["auc", "average_precision", "eer", "found_at"]

_EPS = 1e-12  # shares are quotients of sums


# Fawcett 2006, "An introduction to ROC analysis", algorithm 2: the area by trapezia, so that ties count half.
def auc(outcomes: Outcomes, weights: Floats | None = None) -> Floats:
    """Return the area under the ROC curve, in [0, 1]: 0.5 is chance.

    Args:
        outcomes: What was measured.
        weights: (..., N) weights of the pictures; ones if None.

    Returns:
        An array of shape (...); NaN where a class has no weight.
    """
    counts = outcomes.counts(weights)
    across, up = counts.false_alarms, counts.found
    return np.asarray((np.diff(across) * (up[..., 1:] + up[..., :-1])).sum(-1) / 2)


# Manning, Raghavan & Schuetze 2008, section 8.4: the mean of the precision over the steps of recall.
def average_precision(outcomes: Outcomes, weights: Floats | None = None) -> Floats:
    """Return the average precision, in [0, 1]; it depends on the share of positives.

    Args:
        outcomes: What was measured.
        weights: (..., N) weights of the pictures; ones if None.
    """
    counts = outcomes.counts(weights)
    told = counts.positives + counts.negatives
    precision = np.where(told > 0, divided(counts.positives, told), 1.0)
    return np.asarray((np.diff(counts.found) * precision[..., 1:]).sum(-1))


def eer(outcomes: Outcomes, weights: Floats | None = None) -> Floats:
    """Return the equal error rate, in [0, 1]: where as many positives are missed as negatives accused.

    Between two scores the rates are joined by a straight line.

    Args:
        outcomes: What was measured.
        weights: (..., N) weights of the pictures; ones if None.
    """
    counts = outcomes.counts(weights)
    alarms, gap = counts.false_alarms, counts.false_alarms + counts.found - 1
    after = np.argmax(gap >= 0, axis=-1)[..., None]
    before = np.maximum(after - 1, 0)

    def at(values: Floats, place: object) -> Floats:
        return np.asarray(np.take_along_axis(values, place, axis=-1)[..., 0])  # type: ignore[arg-type]

    low, high = at(gap, before), at(gap, after)
    share = np.where(high > low, -low / np.where(high > low, high - low, 1.0), 0.0)
    return np.asarray(at(alarms, before) + share * (at(alarms, after) - at(alarms, before)))


def found_at(outcomes: Outcomes, weights: Floats | None = None, *, false_alarms: float) -> Floats:
    """Return the share of positives that are found where at most so many negatives are accused.

    With fewer than 1 / `false_alarms` negatives this is what is found above all of them.

    Args:
        outcomes: What was measured.
        weights: (..., N) weights of the pictures; ones if None.
        false_alarms: Largest share of accused negatives, in [0, 1].
    """
    counts = outcomes.counts(weights)
    alarms = counts.false_alarms
    last = (alarms <= false_alarms + _EPS).sum(-1)[..., None] - 1
    found = np.take_along_axis(counts.found, np.maximum(last, 0), axis=-1)[..., 0]
    return np.asarray(np.where(np.isnan(alarms[..., -1]), np.nan, found))
