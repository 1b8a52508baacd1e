"""Undoing what bends single values, without PyTorch: a scale and a shift, or a mixture of logistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["UNDONE", "Undo", "unmixed", "unscaled"]

Floats: TypeAlias = npt.NDArray[np.float32]
Undo: TypeAlias = Callable[[Floats, Floats], Floats]
_HALVINGS = 40


def unscaled(y: Floats, by: Floats) -> Floats:
    """Return (B, values) for the same of noise.

    Args:
        y: Noise.
        by: (B, 2 values): shifts, then the logarithms of scales.
    """
    shift, log_scale = np.split(by, 2, axis=-1)
    return np.asarray(y * np.exp(log_scale) + shift, np.float32)


# Ho et al. 2019 (Flow++), arXiv:1902.00275, section 3.2, whose inverse is found by halving.
def unmixed(y: Floats, by: Floats) -> Floats:
    """Return (B, 1) values for the same of noise.

    Args:
        y: What logit(F(x)) exp(a) + b is, F the distribution function of a mixture of logistics.
        by: (B, 2 + 3 parts): a and b; logarithms of weights; means; logarithms of scales.
    """
    numbers = np.asarray(by, np.float64)
    log_weights, means, log_scales = np.split(numbers[:, 2:], 3, axis=1)
    weights = np.exp(log_weights - log_weights.max(1, keepdims=True))
    weights /= weights.sum(1, keepdims=True)
    wanted = (y - numbers[:, 1:2]) * np.exp(-numbers[:, :1])
    ends = wanted * np.exp(log_scales) + means
    low, high = ends.min(1), ends.max(1)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        place = (middle[:, None] - means) * np.exp(-log_scales)
        below, above = ((weights / (1.0 + np.exp(np.clip(p, -80, 80)))).sum(1) for p in (-place, place))
        less = np.log(below) - np.log(above) < wanted[:, 0]
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    return np.asarray((low + high)[:, None] / 2, np.float32)


UNDONE: dict[str, Undo] = {"affine": unscaled, "mixture": unmixed}
