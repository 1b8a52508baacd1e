"""PDQ, the code that trust-and-safety teams exchange (Davis and Rosen, "PDQ & TMK + PDQF", 2019).

Luma is averaged twice by a box of a 128th of the picture each way, read at 64 by 64 places, and the signs of
16 by 16 low DCT coefficients are taken against their median. All but the median is linear, so each direction
is one matrix, and nothing is computed between the places that are read.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from forensics.fingerprints import dct
from forensics.fingerprints.luma import Axis, Floats, Luma

__all__ = ["coefficients", "grid", "pack", "quality"]

GRID = 64
LOW = 16  # coefficients 1 to 16 each way
BAND = 8  # averages that are made at a time
BOXES = 128  # the box is a so-manieth of the side


def grid(luma: Luma) -> Floats:
    """Return the 64 by 64 averages of a picture, in grey levels."""
    return _averaged(_averaged(luma.plane, luma.down).T, luma.across).T


def coefficients(grid: Floats) -> Floats:
    """Return the low DCT coefficients of a grid, those of a flat direction left out: (1, 16, 16)."""
    return np.asarray(_cosines() @ grid @ _cosines().T, np.float32)[None]


def pack(low: Floats) -> bytes:
    """Return the bits of coefficients, which other programs write with the first one last."""
    return dct.pack(low[..., ::-1, ::-1])


def quality(grid: Floats) -> float:
    """Return how much gradient there is in a grid, in [0, 1]: the hundredths of PDQ."""
    steps = [np.trunc(np.diff(grid, axis=axis) * (100 / 255)) for axis in (0, 1)]
    total = sum(int(np.abs(step).sum()) for step in steps)
    return min(total // 90, 100) / 100


def _averaged(plane: Floats, axis: Axis) -> Floats:
    """Return (64, w) averages of a plane (h, w) along its first direction."""
    grid = np.empty((GRID, plane.shape[1]), np.float32)
    for averages, pixels, weights in _bands(axis):
        np.matmul(weights, plane[pixels], out=grid[averages])
    return grid


@lru_cache(maxsize=128)
def _bands(axis: Axis) -> tuple[tuple[slice, slice, Floats], ...]:
    """Return weights of a few averages at a time, with the pixels that they are of: others weigh nothing."""
    weights, bands = _averages(axis), []
    for first in range(0, GRID, BAND):
        averages = slice(first, first + BAND)
        used = np.flatnonzero(weights[averages].any(axis=0))
        pixels = slice(int(used[0]), int(used[-1]) + 1)
        bands.append((averages, pixels, np.ascontiguousarray(weights[averages, pixels])))
    return tuple(bands)


def _averages(axis: Axis) -> Floats:
    """Return (64, n): the weight of each pixel of a plane in each average along one direction."""
    places = ((np.arange(GRID) + 0.5) * axis.size / GRID).astype(int)
    starts, ends = _box(places, axis.size)
    shares = np.zeros((GRID, len(axis.edges)))  # of each average, the weight that lies before each edge
    for inner in range(int((ends - starts).max())):
        first, last = _box(np.minimum(starts + inner, ends - 1), axis.size)
        before = np.clip((axis.edges - first[:, None]) / (last - first)[:, None], 0, 1)
        shares += before * ((starts + inner < ends) / (ends - starts))[:, None]
    return np.diff(shares, axis=1).astype(np.float32)


def _box(places: npt.NDArray[np.int64], size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where the boxes around some places begin and end, cut off at the edges of the picture."""
    width = -(-size // BOXES)
    after = (width + 2) // 2
    return np.maximum(places + after - width, 0), np.minimum(places + after, size)


@lru_cache(maxsize=1)
def _cosines() -> Floats:
    wave = np.arange(1, LOW + 1)[:, None] * (2 * np.arange(GRID) + 1)[None, :]
    return np.asarray(np.sqrt(2 / GRID) * np.cos(np.pi * wave / (2 * GRID)), np.float32)
