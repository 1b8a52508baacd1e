"""Finding a keyed tile: which variant, how turned and mirrored, and where it begins."""

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
HYPOTHESES = VARIANTS * ORIENTATIONS * len(_BANDS) * SIDE * SIDE


@dataclass(frozen=True)
class Sync:
    """The best agreement of a picture with the tile of a key.

    Attributes:
        z: Correlation in units of its deviation under random signs.
        variant: Which of the tile's variants.
        orientation: How the picture's tile is turned and mirrored, see `oriented`.
        row: Rows from the picture's to the tile's origin, after orientation.
        column: Columns.
    """

    z: float
    variant: int
    orientation: int
    row: int
    column: int


def strongest(spectrum: Complex, plan: Plan, orientations: int = ORIENTATIONS) -> Sync:
    """Return the best agreement over all variants, orientations and offsets.

    Args:
        spectrum: (64, 33) from `tile_spectrum`.
        plan: The tile.
        orientations: How many of `oriented` are tried, from the first.
    """
    best = Sync(-math.inf, 0, 0, 0, 0)
    for orientation in range(orientations):
        turned = oriented(spectrum, orientation)
        for limit in _BANDS:
            kept = plan.radius[plan.sync] <= limit
            maps = _correlations(turned, plan, kept)
            place = int(maps.argmax())
            z = float(maps.ravel()[place])
            if z > best.z:
                variant, row, column = (int(v) for v in np.unravel_index(place, maps.shape))
                best = Sync(z, variant, orientation, row, column)
    return best


# Correlation theorem. Random signs make every value a sum of independent terms of variance |X|^2 / 2.
def _correlations(spectrum: Complex, plan: Plan, kept: npt.NDArray[np.bool_]) -> Floats:
    """Return (V, 64, 64) correlations for all offsets, in units of their deviation."""
    bins = plan.sync[kept]
    rows, columns = plan.rows[bins], plan.columns[bins]
    seen = spectrum[rows, columns]
    product = np.zeros((VARIANTS, SIDE, SIDE // 2 + 1), np.complex64)
    product[:, rows, columns] = np.conj(plan.sync_phases[:, kept]) * seen
    scale = SIDE * SIDE / 2 / math.sqrt(max(float((np.abs(seen) ** 2).sum()) / 2, 1e-12))
    return np.asarray(np.fft.irfft2(product, (SIDE, SIDE)) * scale, np.float32)


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
