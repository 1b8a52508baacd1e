"""Finding a keyed tile: which variant, and where it begins, given its Fourier bins."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.carriers import SIDE, VARIANTS, Plan

__all__ = ["COARSE", "HYPOTHESES", "Sync", "shifted", "strongest"]

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]

_BANDS = (math.inf, 0.10 * SIDE)  # the whole band, and the part of it that survives scaling and blur
HYPOTHESES = VARIANTS * len(_BANDS) * SIDE * SIDE
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
        kept = np.flatnonzero(plan.radius[plan.sync] <= limit)
        for start in range(0, len(seen), _CHUNK):
            part = seen[start : start + _CHUNK, None, kept]
            maps = _correlations(part, plan.sync_phases[:, kept], plan.sync[kept], plan, grid >> band)
            best = maps.max(axis=(2, 3))
            variants = best.argmax(axis=1)
            coarse += [(float(best[i, v]), start + i, band, int(v)) for i, v in enumerate(variants)]
    coarse.sort(reverse=True)
    fine = [(number, _finest(seen[number], plan, band, v)) for _, number, band, v in coarse[: most + 3]]
    fine.sort(key=lambda pair: -pair[1].z)
    return fine[:most]


def _finest(seen: Complex, plan: Plan, band: int, variant: int) -> Sync:
    """Return the best agreement of one candidate with one variant, over all offsets."""
    kept = np.flatnonzero(plan.radius[plan.sync] <= _BANDS[band])
    fine = _correlations(seen[kept], plan.sync_phases[variant, kept], plan.sync[kept], plan, SIDE)
    row, column = (int(v) for v in np.unravel_index(int(fine.argmax()), fine.shape))
    return Sync(float(fine[row, column]), variant, row, column)


# Correlation theorem. Random signs make every value a sum of independent terms of variance |X|^2 / 2 in all.
def _correlations(
    seen: Complex, phases: Complex, bins: npt.NDArray[np.int64], plan: Plan, grid: int
) -> Floats:
    """Return (..., grid, grid) correlations for all offsets, in units of their deviation."""
    rows = np.where(plan.rows[bins] > SIDE // 2, plan.rows[bins] - SIDE, plan.rows[bins]) % grid
    shape = np.broadcast_shapes(seen.shape, phases.shape)[:-1]
    product = np.zeros((*shape, grid, grid // 2 + 1), np.complex64)
    power = np.sqrt(np.maximum((np.abs(seen) ** 2).sum(axis=-1, keepdims=True) / 2, 1e-12))
    product[..., rows, plan.columns[bins]] = np.conj(phases) * (seen / power)
    band = product[..., : int(plan.columns[bins].max()) + 1]  # the other columns are zero
    np.fft.ifft(band, axis=-2, out=band)
    found = np.fft.irfft(product, grid, axis=-1)
    return np.asarray(found * np.float32(grid * grid / 2), np.float32)


def shifted(spectrum: Complex, row: int, column: int) -> Complex:
    """Return the spectrum of the tile moved back by an offset, cyclically."""
    v = np.fft.fftfreq(SIDE)[:, None] * row
    u = np.fft.rfftfreq(SIDE)[None] * column
    return np.asarray(spectrum * np.exp(2j * np.pi * (u + v)), np.complex64)
