"""What NumPy arrays, PyTorch tensors and floats have in common."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

__all__ = ["Array", "Time", "apply", "at_least"]

Array: TypeAlias = Any  # numpy.ndarray or torch.Tensor
Time: TypeAlias = Any  # a float, or an array of them

_OF_NUMPY = {"acos": "arccos", "asinh": "arcsinh", "atan": "arctan"}


def apply(name: str, value: Any) -> Any:
    """Apply a function by its name in `math`: to a float, an array or a tensor."""
    if isinstance(value, (int, float)):
        return getattr(math, name)(value)
    method = getattr(value, name, None)
    if method is not None:
        return method()
    import numpy as np

    return getattr(np, _OF_NUMPY.get(name, name))(value)


def at_least(value: Any, least: float) -> Any:
    """Return a float, array or tensor with what is less raised to a bound."""
    return max(value, least) if isinstance(value, (int, float)) else value.clip(least)
