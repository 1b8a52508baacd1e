"""Finding a keyed tile: which variant, and where it begins, given its Fourier bins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.carriers import SIDE, VARIANTS, Plan

__all__ = ["COARSE", "Sync", "hypotheses", "strongest", "surface"]

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]

_BANDS = (math.inf, 0.10 * SIDE)  # the whole band, and the part of it that survives scaling and blur
COARSE = 48  # offsets each way that tell where to look: the band ends below 1/4 cycle per pixel
_CHUNK = 32


@dataclass(frozen=True)
class Sync:
    """The best agreement of some bins with the tile of a key.

    Attributes:
        z: Correlation in units of its deviation under random signs.
        variant: Which of the tile's variants.
        row: Rows from the origin of the bins to that of the tile.
        column: Columns.
    """

    z: float
    variant: int
    row: int
    column: int


def strongest(seen: Complex, plan: Plan, most: int = 1, grid: int = SIDE) -> list[tuple[int, Sync]]:
    """Return the candidates that agree best over all variants and offsets, best first, with their numbers.

    Args:
        seen: (N, S) bins of the plan's `sync`, in units of the noise; zero where there is nothing to see.
        plan: The tile.
        most: How many to return.
        grid: Offsets tried each way before the best are looked at exactly, 32 to 64; half as many in the
            lower band, which is as finely sampled by them.
    """
    coarse: list[tuple[float, int, int, int]] = []
    for band, limit in enumerate(_BANDS):
        kept = np.flatnonzero(plan.bins.radius[plan.sync] <= limit)
        for start in range(0, len(seen), _CHUNK):
            part = seen[start : start + _CHUNK, None, kept]
            maps = _correlations(part, plan.sync_phases[:VARIANTS, kept], plan.sync[kept], plan, grid >> band)
            maps = maps.reshape(*maps.shape[:2], -1)
            best = maps.max(axis=2)
            if plan.alternating:
                best = np.concatenate([best, -maps.min(axis=2)], axis=1)
            variants = best.argmax(axis=1)
            coarse += [(float(best[i, v]), start + i, band, int(v)) for i, v in enumerate(variants)]
    coarse.sort(reverse=True)
    fine = [(number, _finest(seen[number], plan, band, v)) for _, number, band, v in coarse[: most + 3]]
    fine.sort(key=lambda pair: -pair[1].z)
    return fine[:most]


def hypotheses(plan: Plan) -> int:
    """Return how many there are: variants, bands and offsets."""
    return len(plan.sync_phases) * len(_BANDS) * SIDE * SIDE


def _finest(seen: Complex, plan: Plan, band: int, variant: int) -> Sync:
    """Return the best agreement of one candidate with one variant, over all offsets."""
    kept = np.flatnonzero(plan.bins.radius[plan.sync] <= _BANDS[band])
    fine = _correlations(seen[kept], plan.sync_phases[variant, kept], plan.sync[kept], plan, SIDE)
    row, column = (int(v) for v in np.unravel_index(int(fine.argmax()), fine.shape))
    return Sync(float(fine[row, column]), variant, row, column)


# Random signs make every value a sum of independent terms of variance |X|^2 / 2 in all.
def _correlations(
    seen: Complex, phases: Complex, bins: npt.NDArray[np.int64], plan: Plan, grid: int
) -> Floats:
    """Return (..., grid, grid) correlations for all offsets, in units of their deviation."""
    power = np.sqrt(np.maximum((np.abs(seen) ** 2).sum(axis=-1, keepdims=True) / 2, 1e-12))
    return surface(np.conj(phases) * (seen / power), bins, plan, grid)


def surface(values: Complex, used: npt.NDArray[np.int64], plan: Plan, grid: int = SIDE) -> Floats:
    """Return (..., grid, grid) real parts of the sum of some bins moved back by all offsets.

    Args:
        values: (..., N) of the bins.
        used: (N,) which they are.
        plan: The tile.
        grid: Offsets each way, up to 64 pixels.
    """
    frequency = plan.bins.frequency[used]
    first = frequency.min(axis=0)
    across, down = (frequency - first).astype(np.int64).T
    columns, rows = int(across.max()) + 1, int(down.max()) + 1
    product = np.zeros((*values.shape[:-1], rows, columns), np.complex64)
    product[..., down, across] = values
    part = _turns(grid, first[1], rows) @ product
    turns = _turns(grid, first[0], columns).T
    real = np.stack([turns.real, -turns.imag], axis=1).reshape(-1, grid)
    found: Floats = part.view(np.float32) @ real
    return found


# Two products of matrices are several times as fast as fast Fourier transforms of so few bins. One pair for
# each candidate: a large product would be shared out to threads, which on a busy machine wait for each other.
@lru_cache(maxsize=32)
def _turns(grid: int, first: float, count: int) -> Complex:
    """Return (grid, count): what moving back by each offset does to some consecutive frequencies."""
    angle = np.outer(np.arange(grid), first + np.arange(count))
    return np.asarray(np.exp(2j * np.pi / grid * angle), np.complex64)
