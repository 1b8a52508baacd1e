"""Scores of many pictures to the calibration of one finding, measured on what it was not fitted on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forensics.detectors.buckets import ALL, Quality, bucket_names, nearest
from forensics.detectors.calibrating.scales import Scale, ScaleKind, fit_scale
from forensics.detectors.calibrating.table import BucketScale
from forensics.detectors.evaluation.bootstrap import Figure
from forensics.detectors.evaluation.measures import measured
from forensics.detectors.evaluation.outcomes import Floats, Outcomes
from forensics.errors import UsageError

__all__ = ["FOLDS", "LEAST_ALL", "LEAST_BUCKET", "Observation", "fit_buckets", "folds_of", "held_out"]

LEAST_ALL = 10
"""Sources of each class without which nothing is fitted."""
LEAST_BUCKET = 30
"""Sources of each class from which a special bucket gets a scale of its own."""
FOLDS = 5


@dataclass(frozen=True)
class Observation:
    """What one picture gave.

    Attributes:
        score: Raw score of the finding.
        truth: Whether the picture has the property.
        source: What it was made from; pictures of one source are not independent.
        quality: Of the picture.
    """

    score: float
    truth: bool
    source: str
    quality: Quality


def fit_buckets(
    observations: Sequence[Observation],
    kind: ScaleKind = ScaleKind.LOGISTIC,
    *,
    least: int = LEAST_BUCKET,
    replicates: int = 500,
) -> tuple[BucketScale, ...]:
    """Fit a scale for all pictures and one for each bucket that has enough sources, with their cards.

    Args:
        observations: Scores of the finding.
        kind: How the scales are fitted.
        least: Sources of each class that a special bucket needs.
        replicates: Resamplings of each interval; 0 for no cards.

    Raises:
        UsageError: There are too few sources of a class.
    """
    scales = _scales(observations, kind, least)
    if not replicates:
        return tuple(BucketScale(bucket=name, scale=scale) for name, scale in scales.items())
    llrs = held_out(observations, kind, least=least)
    return tuple(
        BucketScale(bucket=name, scale=scale, figures=_card(observations, llrs, name, replicates))
        for name, scale in scales.items()
    )


def held_out(
    observations: Sequence[Observation], kind: ScaleKind = ScaleKind.LOGISTIC, *, least: int = LEAST_BUCKET
) -> Floats:
    """Return the ratio of each picture by scales that were fitted without its source: (N,).

    NaN where the others are too few to fit anything.

    Args:
        observations: Scores of the finding.
        kind: How the scales are fitted.
        least: Sources of each class that a special bucket needs.
    """
    folds = folds_of([o.source for o in observations])
    found = np.full(len(observations), np.nan)
    for fold in range(FOLDS):
        others = [o for o, f in zip(observations, folds, strict=True) if f != fold]
        if min(_sources(others)) < LEAST_ALL // 2:
            continue
        scales = _fitted(others, kind, least)
        for at in np.flatnonzero(folds == fold).tolist():
            seen = observations[at]
            found[at] = scales[nearest(seen.quality, scales) or ALL].llr(seen.score)
    return found


def folds_of(sources: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return the fold of each picture, 0 to `FOLDS` - 1: the same for all of a source, drawn once for all."""
    names, place = np.unique(np.asarray(sources), return_inverse=True)
    drawn = np.random.default_rng(0).permutation(names.size) % FOLDS
    return np.asarray(drawn[place], np.intp)


def _scales(observations: Sequence[Observation], kind: ScaleKind, least: int) -> dict[str, Scale]:
    negatives, positives = _sources(observations)
    if min(negatives, positives) < LEAST_ALL:
        raise UsageError(
            f"{negatives} real and {positives} fake sources gave a score: at least {LEAST_ALL} of each are "
            "needed to calibrate",
            expected=f">= {LEAST_ALL} each",
            actual=(negatives, positives),
        )
    return _fitted(observations, kind, least)


def _fitted(observations: Sequence[Observation], kind: ScaleKind, least: int) -> dict[str, Scale]:
    members: defaultdict[str, list[Observation]] = defaultdict(list)
    for seen in observations:
        for name in bucket_names(seen.quality):
            members[name].append(seen)
    chosen = {n: m for n, m in sorted(members.items()) if n == ALL or min(_sources(m)) >= least}
    return {name: fit_scale(_outcomes(found), kind) for name, found in chosen.items()}


def _sources(observations: Sequence[Observation]) -> tuple[int, int]:
    """Number of independent sources without and with the property."""
    sides = ({o.source for o in observations if o.truth is side} for side in (False, True))
    negatives, positives = (len(side) for side in sides)
    return negatives, positives


def _outcomes(observations: Sequence[Observation]) -> Outcomes:
    return Outcomes.of(
        [o.score for o in observations],
        [o.truth for o in observations],
        [o.source for o in observations],
    )


def _card(
    observations: Sequence[Observation], llrs: Floats, bucket: str, replicates: int
) -> tuple[Figure, ...]:
    inside = [
        (llr, o)
        for llr, o in zip(llrs.tolist(), observations, strict=True)
        if np.isfinite(llr) and bucket in bucket_names(o.quality)
    ]
    if len({o.truth for _, o in inside}) < 2:
        return ()
    outcomes = Outcomes.of(
        [llr for llr, _ in inside], [o.truth for _, o in inside], [o.source for _, o in inside]
    )
    return tuple(found.rounded() for found in measured(outcomes, replicates=replicates))
