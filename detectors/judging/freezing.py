"""Thresholds that are fixed before the test, on photos that are not in it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from forensics.detectors.calibrating.table import read_model
from forensics.detectors.evaluation.outcomes import Floats
from forensics.detectors.judging.results import Frozen, Thresholds
from forensics.detectors.judging.table import CONTROL, Table
from forensics.errors import UsageError
from forensics.files import atomic_write

__all__ = ["FALSE_ALARMS", "freeze", "load_thresholds", "save_thresholds", "threshold_at"]

FALSE_ALARMS = 0.01
"""Share of the photos of the validation that may lie at or above a threshold."""


def threshold_at(scores: Floats, false_alarms: float = FALSE_ALARMS) -> float:
    """Return the lowest threshold at or above which at most a share of scores lies.

    Args:
        scores: (N,) of photos, at least one.
        false_alarms: The share, in [0, 1).

    Example:
        >>> round(threshold_at(np.arange(100.0)), 6)
        98.0
    """
    falling = np.sort(scores)[::-1]
    return float(np.nextafter(falling[math.floor(false_alarms * falling.size + 1e-9)], np.inf))


def freeze(photos: Table, log10_odds: float, corpus: str) -> Thresholds:
    """Fix the thresholds of all rows.

    The share is one of the photos that a finding speaks of, in all deliveries together: nobody knows how a
    picture was delivered.

    Args:
        photos: What was said of the photos of the validation.
        log10_odds: The threshold of an audit.
        corpus: Name of the validation.
    """
    lines = photos.taken(~photos.truth)
    found = []
    for number, row in enumerate(lines.rows):
        scores = lines.scores[:, number]
        there = lines.spoken(row)
        if row != CONTROL and there.any():
            sources = len(set(lines.sources[there].tolist()))
            limit = threshold_at(scores[there])
            found.append(Frozen(row=row, score=limit, photos=int(there.sum()), sources=sources))
    return Thresholds(log10_odds=log10_odds, corpus=corpus, rows=tuple(found))


def save_thresholds(thresholds: Thresholds, path: Path) -> None:
    """Write thresholds as JSON.

    Raises:
        UsageError: The file cannot be written.
    """
    try:
        atomic_write(path, (thresholds.model_dump_json(indent=1) + "\n").encode())
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None


def load_thresholds(path: Path) -> Thresholds:
    """Read thresholds that an evaluation fixed.

    Raises:
        UsageError: The file cannot be read, or holds something else.
    """
    return read_model(Thresholds, path, "file of thresholds")
