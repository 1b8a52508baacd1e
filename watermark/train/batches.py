"""Batches of luminance, drawn anew in every step."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from forensics.datasets.packs import Squares

__all__ = ["batch_of", "lumas"]

_HELD_OUT = 20  # every so many squares are for measuring only


def lumas(squares: Squares, *, held_out: bool = False) -> npt.NDArray[np.uint8]:
    """Return the (N, S, S) luminance of squares to train on, or of those that are held out.

    Args:
        squares: (N, S, S, 3) uint8 RGB.
        held_out: One in 20, which no training sees.
    """
    import cv2

    kept = [s for i, s in enumerate(squares) if (i % _HELD_OUT == 0) == held_out] or list(squares)
    return np.stack([np.asarray(cv2.cvtColor(s, cv2.COLOR_RGB2GRAY), np.uint8) for s in kept])


def batch_of(pictures: npt.NDArray[np.uint8], count: int, side: int, rng: np.random.Generator) -> Tensor:
    """Return (count, 1, side, side) pictures in 0 to 255, mirrored at random, half of them enlarged.

    Enlarged, since large pictures are smoother than small ones.

    Args:
        pictures: (N, S, S), S at least `side`.
        count: How many.
        side: Of each.
        rng: Draws them.
    """
    import cv2

    out = np.empty((count, 1, side, side), np.float32)
    for i, index in enumerate(rng.integers(len(pictures), size=count)):
        whole = pictures[index].shape[0]
        cut = int(rng.integers(side // 2, side)) if rng.random() < 0.5 else side
        y, x = rng.integers(0, whole - cut + 1, 2)
        part = pictures[index, y : y + cut, x : x + cut].astype(np.float32)
        larger = cv2.resize(part, (side, side), interpolation=cv2.INTER_CUBIC) if cut < side else part
        flips = rng.integers(0, 2, 2)
        out[i, 0] = larger[:: 1 - 2 * flips[0], :: 1 - 2 * flips[1]]
    return torch.from_numpy(np.clip(out, 0, 255))
