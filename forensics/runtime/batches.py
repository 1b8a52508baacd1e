"""Many inputs through a model, some at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.errors import ModelError, UsageError
from forensics.runtime.sessions import Session

__all__ = ["batch_of", "in_batches"]

Values = npt.NDArray[Any]


def batch_of(session: Session, wanted: int) -> int:
    """Return how many inputs go through a model at a time.

    Args:
        session: The model.
        wanted: How many there may be, where the model leaves that open.
    """
    fixed = session.shapes[0][0] if session.shapes and session.shapes[0] else None
    return fixed or max(1, wanted)


def in_batches(session: Session, inputs: Sequence[Values], size: int = 8) -> list[Values]:
    """Return the outputs of a model for many inputs.

    A model for so many inputs and no other number gets its last batch filled up with the last input, and
    what it says of those is left out.

    Args:
        session: The model; the first axis of each of its inputs and outputs counts pictures.
        inputs: (N, ...) each.
        size: How many at a time, where the model leaves that open.

    Returns:
        (N, ...) each; for N = 0 an empty list.

    Raises:
        ModelError: The inputs do not fit, or an output does not count pictures.
        UsageError: The inputs differ in number.
    """
    counts = {len(values) for values in inputs}
    if len(counts) != 1:
        raise UsageError("inputs of a model must be as many each", actual=sorted(counts))
    (count,), step = counts, batch_of(session, size)
    found = [
        _some(session, [v[start : start + step] for v in inputs], step) for start in range(0, count, step)
    ]
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]


def _some(session: Session, inputs: Sequence[Values], step: int) -> list[Values]:
    count = len(inputs[0])
    fixed = session.shapes[0][0] is not None
    filled = [_filled(values, step) for values in inputs] if fixed else inputs
    outputs = session(*filled)
    if any(not value.ndim or len(value) != len(filled[0]) for value in outputs):
        shapes = [value.shape for value in outputs]
        raise ModelError("an output of the model does not count pictures", expected=count, actual=shapes)
    return [value[:count] for value in outputs]


def _filled(values: Values, size: int) -> Values:
    missing = size - len(values)
    return np.concatenate([values, np.repeat(values[-1:], missing, axis=0)]) if missing else values
