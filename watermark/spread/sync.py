"""Finding a keyed tile: which variant, and where it begins, given its Fourier bins."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.carriers import SIDE, VARIANTS, Plan

__all__ = ["HYPOTHESES", "ORIENTATIONS", "Sync", "oriented", "shifted", "strongest"]

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]

ORIENTATIONS = 8  # quarter turns, and these mirrored
_BANDS = (math.inf, 0.10 * SIDE)  # the whole band, and the part of it that survives scaling and blur
HYPOTHESES = VARIANTS * len(_BANDS) * SIDE * SIDE
_GRID = SIDE // 2  # the band ends below 1/4 cycle per pixel: every second offset tells where to look
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


def strongest(seen: Complex, plan: Plan) -> list[Sync]:
    """Return the best agreement of each candidate over all variants and offsets.

    Args:
        seen: (N, S) bins of the plan's `sync`, in units of the noise; zero where there is nothing to see.
        plan: The tile.
    """
    best: list[Sync] = [Sync(-math.inf, 0, 0, 0)] * len(seen)
    for limit in _BANDS:
        kept = np.flatnonzero(plan.radius[plan.sync] <= limit)
        for start in range(0, len(seen), _CHUNK):
            part = seen[start : start + _CHUNK, kept]
            maps = _correlations(part[:, None], plan.sync_phases[:, kept], plan.sync[kept], plan, _GRID)
            for i, place in enumerate(maps.reshape(len(part), -1).argmax(axis=1)):
                variant = int(place) // _GRID**2
                fine = _correlations(part[i], plan.sync_phases[variant, kept], plan.sync[kept], plan, SIDE)
                row, column = (int(v) for v in np.unravel_index(int(fine.argmax()), fine.shape))
                z = float(fine[row, column])
                if z > best[start + i].z:
                    best[start + i] = Sync(z, variant, row, column)
    return best


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
    return np.asarray(np.fft.irfft2(product, (grid, grid)) * (grid * grid / 2), np.float32)


def oriented(spectrum: Complex, orientation: int) -> Complex:
    """Return the spectrum of the tile turned back by quarter turns, and mirrored before that from 4 on.

    Args:
        spectrum: (64, 33).
        orientation: 0 to 7.
    """
    if not orientation:
        return spectrum
    tile = np.fft.irfft2(spectrum, (SIDE, SIDE))
    mirrored = tile[:, ::-1] if orientation >= ORIENTATIONS // 2 else tile
    return np.asarray(np.fft.rfft2(np.rot90(mirrored, orientation % 4)), np.complex64)


def shifted(spectrum: Complex, row: int, column: int) -> Complex:
    """Return the spectrum of the tile moved back by an offset, cyclically."""
    v = np.fft.fftfreq(SIDE)[:, None] * row
    u = np.fft.rfftfreq(SIDE)[None] * column
    return np.asarray(spectrum * np.exp(2j * np.pi * (u + v)), np.complex64)
