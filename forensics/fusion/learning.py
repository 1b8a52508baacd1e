"""Learning from calibration pictures how findings repeat each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.calibrating.fitting import FOLDS, folds_of
from forensics.detectors.evaluation.bootstrap import Figure
from forensics.detectors.evaluation.measures import CARD, measured
from forensics.detectors.evaluation.outcomes import Floats, Outcomes
from forensics.detectors.evaluation.ratios import cllr
from forensics.evidence import Question
from forensics.fusion.learned import BETWEEN, Branch, LearnedDependence, tree_sums

__all__ = ["Gathered", "dependence_of", "fused", "gains_of", "learn", "tree_of", "usual_tree"]

LEAST = (
    10  # sources on which two findings must both have run, in a class, for their dependence to be measured
)
_QUANTILE = 1.645  # one-sided 95 %
_SLACK = 1e-3  # bits
_SWEEPS, _STILL = 2000, 1e-6
_TRUSTS = np.linspace(0.0, 1.0, 21)


@dataclass(frozen=True, eq=False)
class Gathered:
    """What all findings on one question gave of many pictures.

    Attributes:
        codes: (C,) the findings.
        scores: (N, C) raw scores, NaN where a finding did not run.
        llrs: (N, C) log10 likelihood ratios from scales that were fitted without the picture's source.
        truth: (N,) whether each picture has the property.
        sources: (N,) what each was made from.
    """

    codes: tuple[str, ...]
    scores: Floats
    llrs: Floats
    truth: npt.NDArray[np.bool_]
    sources: tuple[str, ...]

    def taken(self, rows: npt.NDArray[np.bool_]) -> Gathered:
        """Return some of the pictures."""
        kept = tuple(s for s, keep in zip(self.sources, rows.tolist(), strict=True) if keep)
        return Gathered(self.codes, self.scores[rows], self.llrs[rows], self.truth[rows], kept)

    def outcomes(self, llrs: Floats) -> Outcomes:
        """Return fused ratios with the truth."""
        return Outcomes.of(llrs, self.truth.tolist(), self.sources)


def learn(
    gathered: Gathered, question: Question, name: str, *, replicates: int = 500
) -> LearnedDependence | None:
    """Learn a tree, and measure it on sources that it was not learned on.

    Args:
        gathered: Calibration pictures; at least two findings.
        question: What they answer.
        name: Of the calibration set.
        replicates: Resamplings of each interval.

    Returns:
        The tree with its figures; None where there are fewer than two findings or too few sources, or where
        the usual rule costs no more than the tree does.
    """
    if len(gathered.codes) < 2 or min(_counts(gathered)) < LEAST:
        return None
    held_out = np.full(len(gathered.truth), np.nan)
    folds = folds_of(gathered.sources)
    for fold in range(FOLDS):
        others = gathered.taken(folds != fold)
        if others.truth.any() and not others.truth.all():
            held_out[folds == fold] = fused(
                _learned(others, question, name), gathered.taken(folds == fold).llrs
            )
    if np.isnan(held_out).any():
        return None
    usual = tree_sums(gathered.llrs, gathered.codes, usual_tree(gathered.codes))
    costs = [float(cllr(gathered.outcomes(llrs))) for llrs in (held_out, usual)]
    if costs[0] >= costs[1]:
        return None
    figures = measured(gathered.outcomes(held_out), CARD, replicates=replicates)
    beside = Figure(name="Cllr by the usual rule", value=costs[1], low=costs[1], high=costs[1])
    kept = tuple(figure.rounded() for figure in (*figures, beside))
    return _learned(gathered, question, name).model_copy(update={"figures": kept})


def fused(learned: LearnedDependence, llrs: Floats) -> Floats:
    """Return the fused and capped ratio of many pictures: (N,).

    Args:
        learned: The tree.
        llrs: (N, C) ratio of each finding of the tree, in the order of its codes, NaN where it did not run.
    """
    strongest = np.nan_to_num(llrs) * np.array([learned.gains.get(code, 1.0) for code in learned.codes])
    for_yes = np.maximum(strongest.max(axis=1), math.log10(1 + learned.negative_sources))
    for_no = np.maximum(-strongest.min(axis=1), math.log10(1 + learned.positive_sources))
    yes = tree_sums(np.maximum(strongest, 0), learned.codes, learned.branches)
    no = tree_sums(np.minimum(strongest, 0), learned.codes, learned.branches)
    return np.asarray(np.minimum(yes, for_yes) + np.maximum(no, -for_no))


def usual_tree(codes: Sequence[str]) -> tuple[Branch, ...]:
    """Return the tree of the rule without anything learned."""
    leaves = (Branch(length=1 - BETWEEN, codes=(code,)) for code in codes)
    return (Branch(length=BETWEEN, codes=tuple(codes)), *leaves)


def dependence_of(gathered: Gathered) -> Floats:
    """Return how much each two findings repeat each other: (C, C) in [0, 1], 1 on the diagonal.

    Measured is the rank correlation of their scores within each class, and the larger one counts, at the
    upper end of its interval: what few pictures leave open is taken for dependence. Where it cannot be
    measured it is one half.
    """
    count = len(gathered.codes)
    found = np.full((count, count), BETWEEN)
    np.fill_diagonal(found, 1.0)
    for i in range(count):
        for j in range(i):
            both = np.isfinite(gathered.scores[:, [i, j]]).all(axis=1)
            sides = [_shared(gathered.taken(both & (gathered.truth == side)), i, j) for side in (False, True)]
            measured_sides = [side for side in sides if not math.isnan(side)]
            if measured_sides:
                found[i, j] = found[j, i] = max(measured_sides)
    return found


# Single linkage (Sibson 1973): two findings share at least what is measured of them: none counts double.
def tree_of(codes: Sequence[str], dependence: Floats, trust: float = 1.0) -> tuple[Branch, ...]:
    """Return the tree in which findings part where the dependence of the groups on either side ends.

    Args:
        codes: (C,) the findings.
        dependence: (C, C) in [0, 1].
        trust: Share of the tree that is used; the rest is a trunk that all have in common.
    """
    # Who, and at which depth the group's own branch ends.
    groups: list[tuple[tuple[str, ...], float]] = [((code,), 1.0) for code in codes]
    places: dict[tuple[str, ...], list[int]] = {(code,): [at] for at, code in enumerate(codes)}
    branches: list[tuple[tuple[str, ...], float]] = []
    while len(groups) > 1:
        pairs = [(i, j) for i in range(len(groups)) for j in range(i)]
        shared = [
            float(dependence[np.ix_(places[groups[i][0]], places[groups[j][0]])].max()) for i, j in pairs
        ]
        best = int(np.argmax(shared))
        depth = min(1.0, shared[best])
        merged = [groups[at] for at in pairs[best]]
        branches += [(members, end - depth) for members, end in merged]
        union = tuple(sorted(merged[0][0] + merged[1][0]))
        places[union] = places[merged[0][0]] + places[merged[1][0]]
        groups = [g for g in groups if g not in merged] + [(union, depth)]
    branches.append(groups[0])
    own = [Branch(length=trust * length, codes=who) for who, length in branches if trust * length > 1e-9]
    rest = 1 - trust
    return (Branch(length=rest, codes=tuple(sorted(codes))), *own) if rest > 1e-9 else tuple(own)


def gains_of(llrs: Floats, truth: npt.NDArray[np.bool_], sources: int) -> Floats:
    """Return the share of each finding in a sum that costs least: (C,) in [0, 1].

    Logistic regression through zero with both classes weighing the same, one gain after the other; each step
    goes down, for the cost bends nowhere more than is assumed (Boehning & Lindsay 1988). What few sources
    leave open lies near the mean of all findings.

    Args:
        llrs: (N, C) log10 likelihood ratios, NaN where a finding did not run.
        truth: (N,) whether each picture has the property.
        sources: Independent ones of the class that has fewer.
    """
    ratios = np.nan_to_num(llrs) * math.log(10) * np.where(truth, 1, -1)[:, None]
    each = np.where(truth, 0.5 / truth.sum(), 0.5 / (~truth).sum())
    mean = 1 / ratios.shape[1]
    gains = np.full(ratios.shape[1], mean)
    bends = each @ ratios**2 / 4 + 2 / sources
    margins = ratios @ gains
    for _ in range(_SWEEPS):
        before = gains.copy()
        for at, bend in enumerate(bends):
            slope = -(each / (1 + np.exp(margins))) @ ratios[:, at] + 2 * (gains[at] - mean) / sources
            changed = min(1.0, max(0.0, gains[at] - slope / bend))
            margins += (changed - gains[at]) * ratios[:, at]
            gains[at] = changed
        if np.abs(gains - before).max() < _STILL:
            break
    return np.asarray(np.round(gains, 3))


# A gain costs what it may fit by chance: half a nat over the sources (Akaike 1974), and some for caution.
def _learned(gathered: Gathered, question: Question, name: str) -> LearnedDependence:
    """Learn the tree with the least trust that costs hardly more than the best, or gains that cost less."""
    dependence = dependence_of(gathered)
    order = tuple(sorted(gathered.codes))
    places = [gathered.codes.index(code) for code in order]
    negatives, positives = _counts(gathered)
    matrix = dependence[np.ix_(places, places)]
    options = [
        LearnedDependence(
            question=question,
            name=name,
            branches=tree_of(order, matrix, float(trust)),
            negative_sources=negatives,
            positive_sources=positives,
            trust=round(float(trust), 2),
        )
        for trust in _TRUSTS
    ]
    llrs = gathered.llrs[:, places]
    gains = gains_of(llrs, gathered.truth, min(negatives, positives))
    apart = {"branches": tree_of(order, np.eye(len(order))), "trust": 1.0}
    weighed = options[-1].model_copy(update={**apart, "gains": dict(zip(order, gains.tolist(), strict=True))})
    costs = [float(cllr(gathered.outcomes(fused(option, llrs)))) for option in (*options, weighed)]
    best = min(costs[:-1])
    if costs[-1] < best - len(order) / min(negatives, positives):
        return weighed
    return options[next(at for at, cost in enumerate(costs) if cost <= best + _SLACK)]


# For two normal scores that say as much, with correlation r within the classes, the sum of their ratios is
# 2 / (1 + r) times one of them (Fisher's discriminant), where a tree gives 2 - d: so d = 2 r / (1 + r).
def _shared(gathered: Gathered, i: int, j: int) -> float:
    """Return the dependence of two findings in one class at the upper end of its interval; NaN if unknown."""
    count = len(set(gathered.sources))
    first, second = _ranks(gathered.scores[:, i]), _ranks(gathered.scores[:, j])
    if count < LEAST or not first.any() or not second.any():
        return math.nan
    correlation = float(first @ second / math.sqrt(float(first @ first) * float(second @ second)))
    if correlation > 1 - 1e-9:
        return 1.0
    upper = max(math.tanh(math.atanh(max(correlation, -1 + 1e-9)) + _QUANTILE / math.sqrt(count - 3)), 0.0)
    return 2 * upper / (1 + upper)


def _ranks(values: Floats) -> Floats:
    """Return the ranks less their mean; equal values share theirs."""
    place, counts = np.unique(values, return_inverse=True, return_counts=True)[1:]
    middle = np.cumsum(counts) - (counts + 1) / 2
    found = middle[place]
    return np.asarray(found - (found.mean() if found.size else 0.0))


def _counts(gathered: Gathered) -> tuple[int, int]:
    """Number of independent sources without and with the property."""
    sides = (
        {s for s, t in zip(gathered.sources, gathered.truth, strict=True) if t == side} for side in (0, 1)
    )
    negatives, positives = (len(side) for side in sides)
    return negatives, positives
