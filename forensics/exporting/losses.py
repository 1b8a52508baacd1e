"""How far what was exported is from what it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from forensics.detectors.learned.model import CLASSIFIER
from forensics.errors import ModelError
from forensics.evidence import Model
from forensics.generators.pipelines.opening import DECODER, GENERATOR
from forensics.runtime.batches import in_batches
from forensics.runtime.sessions import Session
from forensics.watermark.decoders import SIGNED_DECODER
from forensics.watermark.learned.frontend import EXTRACTOR

__all__ = ["Loss", "answers", "loss_of", "roc_area"]

Array = npt.NDArray[Any]

_BATCH = 4
_PICTURES = (DECODER, GENERATOR, SIGNED_DECODER)  # give pictures: what is decided are levels of 8 bits


class Loss(Model):
    """What one network lost.

    Attributes:
        file: Its name.
        inputs: Number of inputs that both were given.
        largest: Largest difference of their outputs.
        relative: That, by the largest value.
        typical: Root of the mean square of the differences, by that of the values.
        decisions: What is decided by the outputs: "signs", "levels" of 8 bits, or "" for nothing.
        changed: Share of decisions that differ.
        auc: Area under the ROC curve before, of a detector on pictures whose truth is known.
        auc_after: The same afterwards.
    """

    file: str
    inputs: int = Field(ge=1)
    largest: float
    relative: float
    typical: float
    decisions: str = ""
    changed: float | None = None
    auc: float | None = None
    auc_after: float | None = None


def answers(session: Session, inputs: Sequence[Array]) -> Array:
    """Return the last output of a network, which of a classifier is the scores, for some inputs."""
    return in_batches(session, inputs, _BATCH)[-1]


def loss_of(name: str, before: Array, after: Array, truth: npt.NDArray[np.bool_] | None = None) -> Loss:
    """Compare what a network said before and says now.

    Args:
        name: Of its file.
        before: (N, ...) outputs.
        after: The same now.
        truth: (N,) whether the inputs are of generated pictures; None if that is not known.

    Raises:
        ModelError: What was exported says something that is no number, or of another shape.
    """
    if before.shape != after.shape or not np.isfinite(after).all():
        raise ModelError(f"{name} gives no numbers any more: take another precision", actual=after.shape)
    one, two = before.astype(np.float64), after.astype(np.float64)
    gap, scale = np.abs(two - one), max(1.0, float(np.abs(one).max()))
    kind, decided = _decided(name, one), _decided(name, two)
    known = truth is not None and name == CLASSIFIER and truth.any() and not truth.all()
    return Loss(
        file=name,
        inputs=len(before),
        largest=float(gap.max()),
        relative=float(gap.max()) / scale,
        typical=float(np.sqrt((gap**2).mean() / max(1e-12, float((one**2).mean())))),
        decisions=kind[0],
        changed=float((kind[1] != decided[1]).mean()) if kind[0] else None,
        auc=roc_area(_scores(one), truth) if known and truth is not None else None,
        auc_after=roc_area(_scores(two), truth) if known and truth is not None else None,
    )


# Mann & Whitney 1947: the share of pairs that are in order, half of those that are equal.
def roc_area(scores: Array, truth: npt.NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve of (N,) scores."""
    order = np.sort(scores[~truth])
    made = scores[truth]
    below = np.searchsorted(order, made, "left") + np.searchsorted(order, made, "right")
    return float(below.mean() / 2 / len(order))


def _scores(outputs: Array) -> Array:
    return np.asarray(outputs.reshape(len(outputs), -1)[:, -1])


def _decided(name: str, outputs: Array) -> tuple[str, Array]:
    if name == CLASSIFIER:
        return "signs", _scores(outputs) > 0
    if name == EXTRACTOR:
        return "signs", outputs > 0
    if name in _PICTURES:
        low = -1.0 if name == GENERATOR else 0.0
        return "levels", np.rint(np.clip((outputs - low) / (1.0 - low), 0.0, 1.0) * 255)
    return "", outputs
