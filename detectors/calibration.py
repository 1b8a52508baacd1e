"""From scores to weights: logistic calibration of a detector, shared by all of them.

A score becomes a log10 likelihood ratio by logistic regression with the prior odds of the calibration set
removed (Brümmer & du Preez 2006, "Application-independent evaluation of speaker detection"). The ratio is
capped by the size of that set: separated classes would otherwise extrapolate to any certainty (van Houten
et al. 2011, "Using the normal distribution to model likelihood ratios").
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.errors import RegistryError, UsageError
from forensics.evidence import Calibration

__all__ = ["LogisticCalibration", "cllr", "empirical_p_value", "fit", "load"]

Scores = Sequence[float] | npt.NDArray[np.floating]

_NAME = re.compile(r"[a-z0-9_]+")
_LN10 = math.log(10.0)


@dataclass(frozen=True)
class LogisticCalibration:
    """A monotone map from a score to a log10 likelihood ratio.

    Attributes:
        name: Name of the calibration set; also the stem of its file.
        slope: log10 units per unit of score, at least 0.
        offset: log10 likelihood ratio at score 0.
        cap_for: Largest value given: log10(N + 1), N the number of negatives or of their source pictures.
        cap_against: Largest value given the other way (returned negative), likewise from the positives.
        negatives: Number of calibration scores without the property.
        positives: Number with it.
        note: What the set is and does not cover.
    """

    name: str
    slope: float
    offset: float
    cap_for: float
    cap_against: float
    negatives: int
    positives: int
    note: str = ""

    def llr(self, score: float) -> float:
        """Return the log10 likelihood ratio of a score, within the caps.

        Raises:
            UsageError: The score is not finite.
        """
        if not math.isfinite(score):
            raise UsageError(
                f"{self.name}: the score is not finite", expected="a finite number", actual=score
            )
        return min(max(self.slope * score + self.offset, -self.cap_against), self.cap_for)

    def to_calibration(self) -> Calibration:
        """Return the record that goes into the evidence."""
        return Calibration(name=self.name, negatives=self.negatives, positives=self.positives, note=self.note)

    def save(self, folder: Path) -> Path:
        """Write `folder`/`name`.json and return its path.

        Raises:
            UsageError: The name is not made of lower-case letters, digits and underscores.
        """
        path = folder / f"{_checked(self.name)}.json"
        path.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return path


@cache
def load(name: str) -> LogisticCalibration:
    """Return a calibration that ships with the package.

    Raises:
        RegistryError: There is no such calibration.
        UsageError: The name is malformed.
    """
    file = resources.files("forensics.detectors") / "tables" / f"{_checked(name)}.json"
    if not file.is_file():
        raise RegistryError(f"no calibration {name!r} in the package", actual=name)
    return LogisticCalibration(**json.loads(file.read_text(encoding="utf-8")))


def fit(
    negatives: Scores,
    positives: Scores,
    *,
    name: str,
    note: str = "",
    sources: int | None = None,
    ridge: float = 1.0,
) -> LogisticCalibration:
    """Fit a calibration by ridge-penalised logistic regression.

    Minimises sum(log(1 + exp(-y (a z + b)))) + ridge a^2 / 2 over the standardised scores z (the intercept
    is free) and removes log(positives / negatives), the prior odds of the set. A score that points the
    wrong way gets slope 0: it carries no weight.

    Args:
        negatives: Scores of pictures without the property, independent sources.
        positives: Scores of pictures with it.
        name: Name of the calibration set.
        note: What the set is and does not cover.
        sources: Number of independent source pictures where several scores come from each; the caps then
            rest on it and not on the number of scores.
        ridge: Strength of the penalty; 1 is scikit-learn's default, C = 1.

    Raises:
        UsageError: A class is empty or a score is not finite.
    """
    neg, pos = np.asarray(negatives, np.float64), np.asarray(positives, np.float64)
    if not neg.size or not pos.size or not (np.isfinite(neg).all() and np.isfinite(pos).all()):
        raise UsageError(
            f"{name}: calibration needs finite scores of both classes", actual=(neg.size, pos.size)
        )
    scores = np.concatenate([neg, pos])
    centre, scale = float(scores.mean()), float(scores.std()) or 1.0
    truth = np.concatenate([np.zeros(neg.size), np.ones(pos.size)])
    a, b = _newton((scores - centre) / scale, truth, ridge)
    b -= math.log(pos.size / neg.size)
    if a <= 0:
        a = b = 0.0
    slope = a / scale / _LN10
    most = math.inf if sources is None else sources
    return LogisticCalibration(
        name=name,
        slope=slope,
        offset=b / _LN10 - slope * centre,
        cap_for=math.log10(min(neg.size, most) + 1),
        cap_against=math.log10(min(pos.size, most) + 1),
        negatives=neg.size,
        positives=pos.size,
        note=note,
    )


def empirical_p_value(score: float, null_scores: Scores) -> float:
    """Return (1 + #{null >= score}) / (N + 1), the Monte Carlo p-value.

    It is never 0 and valid at any N (Davison & Hinkley 1997, eq. 4.11; Phipson & Smyth 2010).
    """
    null = np.asarray(null_scores, np.float64)
    return (1 + int((null >= score).sum())) / (null.size + 1)


def cllr(negative_llrs: Scores, positive_llrs: Scores) -> float:
    """Return the log-likelihood-ratio cost in bits: 0 is perfect, 1 is no information.

    Brümmer & du Preez 2006, eq. 16: the mean of log2(1 + 1/LR) over positives and log2(1 + LR) over
    negatives, halved.
    """
    neg = np.asarray(negative_llrs, np.float64) * _LN10
    pos = np.asarray(positive_llrs, np.float64) * _LN10
    cost = np.logaddexp(0.0, -pos).mean() + np.logaddexp(0.0, neg).mean()
    return float(cost / (2.0 * math.log(2.0)))


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(f"not a name of a calibration: {name!r}", expected=_NAME.pattern, actual=name)
    return name


def _newton(z: npt.NDArray[np.float64], truth: npt.NDArray[np.float64], ridge: float) -> tuple[float, float]:
    """Return slope and intercept: Newton steps on the penalised cost, halved while they overshoot."""
    design = np.stack([z, np.ones_like(z)], axis=1)
    penalty = np.array([ridge, 0.0])

    def cost(w: npt.NDArray[np.float64]) -> float:
        margin = (2 * truth - 1) * (design @ w)
        return float(np.logaddexp(0.0, -margin).sum() + 0.5 * (penalty * w * w).sum())

    w = np.zeros(2)
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-(design @ w)))
        gradient = design.T @ (p - truth) + penalty * w
        hessian = (design * (p * (1 - p))[:, None]).T @ design + np.diag(penalty + 1e-12)
        step = np.linalg.solve(hessian, gradient)
        rate = 1.0
        while cost(w - rate * step) > cost(w) and rate > 1e-6:
            rate /= 2
        w = w - rate * step
        if float(np.abs(rate * step).max()) < 1e-10:
            break
    return float(w[0]), float(w[1])
