"""The curves behind the measures, as data that a report draws."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from forensics.detectors.evaluation.deciding import abstention
from forensics.detectors.evaluation.outcomes import Floats, Outcomes
from forensics.detectors.evaluation.ratios import BINS, posteriors
from forensics.evidence import Plot, Series

__all__ = ["abstention_plot", "det_plot", "rates_plot", "reliability_plot", "roc_plot", "tippett_plot"]

_POINTS = 240
_NORMAL = NormalDist()


def roc_plot(outcomes: Outcomes, title: str = "ROC") -> Plot:
    """Return the positives found against the negatives accused, as the threshold falls."""
    counts = outcomes.counts()
    chance = Series(name="chance", x=(0.0, 1.0), y=(0.0, 1.0))
    line = _series("measured", counts.false_alarms, counts.found)
    return Plot(title=title, x_label="false alarms", y_label="found", series=(line, chance))


# Martin et al. 1997, "The DET curve in assessment of detection task performance".
def det_plot(outcomes: Outcomes, title: str = "DET") -> Plot:
    """Return misses against false alarms in standard deviations of a normal distribution (probits).

    -2.33 is 1 %, -3.09 is 0.1 %, 0 is one half. Rates of 0 and 1 have no place there and are left out.
    """
    counts = outcomes.counts()
    alarms, misses = counts.false_alarms, 1 - counts.found
    inside = (alarms > 0) & (alarms < 1) & (misses > 1e-12) & (misses < 1)
    line = _series("measured", _probits(alarms[inside]), _probits(misses[inside]))
    return Plot(title=title, x_label="false alarms (probit)", y_label="misses (probit)", series=(line,))


def rates_plot(outcomes: Outcomes, title: str = "False alarms and misses") -> Plot:
    """Return the share of false alarms (FAR) and of misses (FRR) against the threshold."""
    counts, at = outcomes.counts(), outcomes.thresholds[1:]
    alarms = _series("false alarms", at, counts.false_alarms[1:])
    misses = _series("misses", at, 1 - counts.found[1:])
    return Plot(title=title, x_label="threshold", y_label="share", series=(alarms, misses))


# Meuwly 2001; Evett & Buckleton 1996, "Statistical analysis of STR data": both cumulative distributions.
def tippett_plot(outcomes: Outcomes, title: str = "Tippett") -> Plot:
    """Return the share of pictures of each class whose log10 likelihood ratio is at least so large."""
    counts, at = outcomes.counts(), outcomes.thresholds[1:]
    lines = (
        _series("yes is true", at, counts.found[1:]),
        _series("no is true", at, counts.false_alarms[1:]),
        Series(name="even", x=(0.0, 0.0), y=(0.0, 1.0)),
    )
    return Plot(title=title, x_label="log10 likelihood ratio", y_label="share at least", series=lines)


def reliability_plot(outcomes: Outcomes, title: str = "Reliability") -> Plot:
    """Return how often yes is true against how probable it was called, in ten bins, at an even prior."""
    said, weights = posteriors(outcomes), outcomes.balanced(None)
    member = np.minimum((said * BINS).astype(np.intp), BINS - 1)
    total = np.bincount(member, weights, BINS)
    used = total > 0
    x = np.bincount(member, weights * said, BINS)[used] / total[used]
    y = np.bincount(member, weights * outcomes.truth, BINS)[used] / total[used]
    right = Series(name="as said", x=(0.0, 1.0), y=(0.0, 1.0))
    lines = (_series("measured", x, y), right)
    return Plot(title=title, x_label="said probability of yes", y_label="share of yes", series=lines)


def abstention_plot(outcomes: Outcomes, title: str = "Abstention", *, threshold: float = 0.0) -> Plot:
    """Return the share of wrong answers against the share of pictures answered, the surest first."""
    curve = abstention(outcomes, threshold=threshold)
    line = _series("measured", curve.coverage, curve.risk)
    return Plot(title=title, x_label="answered", y_label="wrong among them", series=(line,))


def _probits(shares: Floats) -> Floats:
    return np.asarray([_NORMAL.inv_cdf(float(share)) for share in shares], np.float64)


def _series(name: str, x: Floats, y: Floats) -> Series:
    """Return a line of at most `_POINTS` points, evenly spread along its length, with both ends."""
    if x.size > _POINTS:
        steps = np.hypot(np.diff(x) / (np.ptp(x) or 1.0), np.diff(y) / (np.ptp(y) or 1.0))
        way = np.append(0.0, np.cumsum(steps))
        chosen = np.unique(np.searchsorted(way, np.linspace(0.0, way[-1], _POINTS)).clip(0, x.size - 1))
        x, y = x[chosen], y[chosen]
    return Series(name=name, x=tuple(np.round(x, 5).tolist()), y=tuple(np.round(y, 5).tolist()))
