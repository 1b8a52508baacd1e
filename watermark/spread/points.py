"""A lattice by its points: which multiples of its periods are looked at, and how strong it is there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.autocorrelation import Autocorrelation

__all__ = ["REACH", "Lattice", "most_multiples", "multiples_of", "signs_of", "strengths"]

Basis = npt.NDArray[np.float64]

REACH = 200.0  # pixels in which lattices are scanned for; farther multiples are used to refine
_MOST = 6


@dataclass(frozen=True)
class Lattice:
    """Two periods of a tile.

    Attributes:
        basis: (2, 2); its columns are the periods as (x, y) in pixels.
        strength: Sum of the autocorrelation at the lattice's points over the root of their number.
    """

    basis: Basis
    strength: float


def most_multiples(sizes: Basis | np.float64 | float, reach: float = REACH) -> npt.NDArray[np.int64]:
    """Return how many multiples of periods of some sizes are looked at."""
    return np.asarray(np.clip(reach / np.asarray(sizes), 2, _MOST), np.int64)


def strengths(found: Autocorrelation, bases: Basis, most: int, alternating: bool) -> npt.NDArray[np.float64]:
    """Return (...,) strengths of lattices.

    Args:
        found: Where to look.
        bases: (..., 2, 2), as in `Lattice`.
        most: How many multiples of their periods to look at.
        alternating: They are of tiles that alternate.
    """
    points = np.rint(bases @ multiples_of(most).T)
    x, y = (np.asarray(points[..., k, :] + found.centre[k], np.int64) for k in (0, 1))
    height, width = found.values.shape
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    x, y = x.clip(0, width - 1), y.clip(0, height - 1)
    seen = np.where(inside, found.peaks[y, x], np.float32(0))
    if alternating:
        odd = signs_of(multiples_of(most)) < 0
        seen[..., odd] = np.where(inside[..., odd], found.dips[y[..., odd], x[..., odd]], np.float32(0))
    count = np.maximum(inside.sum(axis=-1), 1)
    return np.asarray(seen.sum(axis=-1, dtype=np.float64) / np.sqrt(count), np.float64)


@cache
def multiples_of(most: int) -> Basis:
    """Return (N, 2) multiples of the two periods, those of a half plane within a circle."""
    i, j = (a.ravel() for a in np.meshgrid(np.arange(-most, most + 1), np.arange(most + 1)))
    kept = ((j > 0) | (i > 0)) & (np.hypot(i, j) <= most + 0.01)
    return np.stack([i[kept], j[kept]], axis=1).astype(np.float64)


def signs_of(multiples: Basis) -> Basis:
    """Return (N,) signs that a tile that alternates has after so many steps."""
    return np.asarray(1 - 2 * (multiples.sum(axis=1) % 2), np.float64)
