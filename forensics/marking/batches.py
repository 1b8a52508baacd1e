"""Batches of tensors as pictures, whatever library they are of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from forensics.errors import UsageError
from forensics.media import Pixels

__all__ = ["pictures_of"]


def pictures_of(batch: Any) -> Iterator[Pixels]:
    """Yield the pictures of a batch as (H, W, 3) uint8.

    Args:
        batch: (B, 3, H, W) floats in [0, 1]: an array, or what has `detach`, `cpu` and `numpy` as tensors of
            PyTorch do. What is beyond is cut, and rounded to 256 levels.

    Raises:
        UsageError: That is no such batch, or it holds what is no number.
    """
    for method in ("detach", "float", "cpu", "numpy"):  # float: NumPy has no bfloat16
        batch = getattr(batch, method)() if hasattr(batch, method) else batch
    array = np.asarray(batch)
    if array.ndim != 4 or array.shape[1] != 3 or array.dtype.kind != "f":
        actual = f"{array.dtype} {array.shape}"
        raise UsageError(f"a batch is (B, 3, H, W) floats in [0, 1], not {actual}", actual=actual)
    if not np.isfinite(array).all():
        raise UsageError("the batch holds what is no number")
    for picture in np.moveaxis(np.clip(array, 0.0, 1.0), 1, -1):
        yield np.ascontiguousarray(np.rint(picture * 255.0), dtype=np.uint8)
