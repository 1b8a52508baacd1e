"""What comes of a threshold that was fixed before the test, and of not answering where it is close."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forensics.detectors.evaluation.outcomes import Floats, Outcomes, divided

__all__ = [
    "Abstention",
    "abstention",
    "accuracy",
    "balanced_accuracy",
    "false_alarm_rate",
    "miss_rate",
    "risk",
]


@dataclass(frozen=True, eq=False)
class Abstention:
    """What is wrong among the answers, if only the surest are given.

    Attributes:
        coverage: (K,) share of the pictures that get an answer, rising to 1.
        risk: (K,) share of wrong answers among them.
    """

    coverage: Floats
    risk: Floats


def false_alarm_rate(outcomes: Outcomes, weights: Floats | None = None, *, threshold: float = 0.0) -> Floats:
    """Return the share of negatives at or above a threshold, in [0, 1].

    Args:
        outcomes: What was measured.
        weights: (..., N) weights of the pictures; ones if None.
        threshold: From which the answer is yes.
    """
    wrong = ~outcomes.truth & (outcomes.scores >= threshold)
    given = outcomes.weighted(weights)
    return divided((given * wrong).sum(-1), (given * ~outcomes.truth).sum(-1))


def miss_rate(outcomes: Outcomes, weights: Floats | None = None, *, threshold: float = 0.0) -> Floats:
    """Return the share of positives below a threshold, in [0, 1].

    Args:
        outcomes: What was measured.
        weights: (..., N) weights of the pictures; ones if None.
        threshold: From which the answer is yes.
    """
    wrong = outcomes.truth & (outcomes.scores < threshold)
    given = outcomes.weighted(weights)
    return divided((given * wrong).sum(-1), (given * outcomes.truth).sum(-1))


def accuracy(outcomes: Outcomes, weights: Floats | None = None, *, threshold: float = 0.0) -> Floats:
    """Return the share of right answers, in [0, 1]; it depends on the share of positives.

    Args:
        outcomes: What was measured.
        weights: (..., N) weights of the pictures; ones if None.
        threshold: From which the answer is yes.
    """
    right = (outcomes.scores >= threshold) == outcomes.truth
    given = outcomes.weighted(weights)
    return divided((given * right).sum(-1), given.sum(-1))


def balanced_accuracy(outcomes: Outcomes, weights: Floats | None = None, *, threshold: float = 0.0) -> Floats:
    """Return the mean share of right answers of the two classes, in [0, 1]: 0.5 is chance.

    Args:
        outcomes: What was measured.
        weights: (..., N) weights of the pictures; ones if None.
        threshold: From which the answer is yes.
    """
    alarms = false_alarm_rate(outcomes, weights, threshold=threshold)
    return np.asarray(1 - (alarms + miss_rate(outcomes, weights, threshold=threshold)) / 2)


# El-Yaniv & Wiener 2010, "On the foundations of noise-free selective classification", JMLR 11: the curve of
# risk against coverage.
def abstention(outcomes: Outcomes, *, threshold: float = 0.0) -> Abstention:
    """Return the share of wrong answers if only those farthest from the threshold are given.

    The classes weigh a half each. Pictures that are as far from the threshold come in together.

    Args:
        outcomes: What was measured.
        threshold: From which the answer is yes.
    """
    weights = outcomes.balanced(None)
    distance = np.abs(outcomes.scores - threshold)
    order = np.argsort(-distance, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(distance[order])), order.size - 1)
    wrong = (outcomes.scores >= threshold) != outcomes.truth
    told = np.cumsum(weights[order])[ends]
    return Abstention(told, np.cumsum((weights * wrong)[order])[ends] / told)


# Geifman & El-Yaniv 2017, arXiv:1705.08500: the area under that curve.
def risk(outcomes: Outcomes, weights: Floats | None = None, *, threshold: float = 0.0) -> Floats:
    """Return the mean share of wrong answers over all coverages, in [0, 1].

    Args:
        outcomes: What was measured.
        weights: (..., N) weights of the pictures; ones if None.
        threshold: From which the answer is yes.
    """
    distance = np.abs(outcomes.scores - threshold)
    order = np.argsort(-distance, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(distance[order])), order.size - 1)
    given = outcomes.balanced(weights)[..., order]
    wrong = ((outcomes.scores >= threshold) != outcomes.truth)[order]
    told = np.cumsum(given, axis=-1)[..., ends]
    mistaken = np.cumsum(given * wrong, axis=-1)[..., ends]
    steps = np.diff(told, axis=-1, prepend=0.0)
    shares = np.where(told > 0, divided(mistaken, told), 0.0)
    return np.asarray((steps * shares).sum(-1))
