"""Whether pixels were stored as JPEG before, at the grid that they have now: combs in histograms of the DCT.

Fan and de Queiroz 2003, "Identification of bitmap compression history", IEEE TIP 12(2): coefficients of a
picture that was stored with a step lie near multiples of it. How near is measured by their characteristic
function at the step, E[cos(2 pi c / step)]: 1 for multiples, about 0 for smooth histograms.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from forensics.media.quant import STANDARD_LUMA, ZIGZAG, ijg_table

__all__ = ["QUALITIES", "block_dct", "combs", "earlier_jpeg"]

QUALITIES = (40, 50, 60, 65, 70, 75, 80, 85, 88, 90, 92, 95, 97)
_PLACES = list(ZIGZAG[1:16])  # the lowest frequencies but the mean
_LEAST_STEP = 2
_LEAST = 8  # coefficients
_SURE = 0.3  # comb of what was stored so; of other pictures it is below
_AS_GOOD = 0.9  # of the best: what is a multiple of a step is one of its divisors, too

Floats = npt.NDArray[np.float32]


@cache
def _basis() -> Floats:
    """Return the orthonormal DCT-II of 8 samples, (8, 8)."""
    k, n = np.mgrid[0:8, 0:8]
    rows = np.cos((2 * n + 1) * k * np.pi / 16) * np.where(k == 0, np.sqrt(1 / 8), 0.5)
    return np.asarray(rows, np.float32)


@cache
def _steps() -> Floats:
    """Return the steps of the places that count, (qualities, places)."""
    tables = [ijg_table(STANDARD_LUMA, quality) for quality in QUALITIES]
    return np.asarray(tables, np.float32)[:, _PLACES]


def block_dct(luma: npt.NDArray[np.uint8]) -> Floats:
    """Return the DCT of all whole 8x8 blocks, (blocks, 64), of a plane of grey levels."""
    rows, columns = (n // 8 for n in luma.shape)
    whole = luma[: 8 * rows, : 8 * columns].astype(np.float32) - np.float32(128)
    blocks = whole.reshape(rows, 8, columns, 8).transpose(0, 2, 1, 3).reshape(-1, 8, 8)
    basis = _basis()
    return np.ascontiguousarray((basis @ blocks @ basis.T).reshape(-1, 64))


def combs(luma: npt.NDArray[np.uint8]) -> Floats:
    """Return how well the steps of some qualities of libjpeg fit a plane, (qualities,), -1 to 1.

    Only coefficients beyond half a step count; where there are too few, a quality has 0.

    Args:
        luma: (H, W), on the grid of the file.
    """
    coefficients = block_dct(luma)[:, _PLACES]
    found = np.zeros(len(QUALITIES), np.float32)
    for i, steps in enumerate(_steps()):
        far = (np.abs(coefficients) > steps / 2) & (steps >= _LEAST_STEP)
        place = np.nonzero(far)
        if place[0].size >= _LEAST:
            found[i] = np.cos(2 * np.pi * coefficients[place] / steps[place[1]]).mean()
    return found


def earlier_jpeg(luma: npt.NDArray[np.uint8]) -> int:
    """Return the quality of libjpeg that a plane was stored with at its grid, nearly; 0 for none.

    It is one of `QUALITIES`. What was stored with other tables, or cut or scaled afterwards, is not found.

    Args:
        luma: (H, W), on the grid of the file.
    """
    found = combs(luma)
    best = float(found.max())
    return (
        0 if best < _SURE else next(q for q, s in zip(QUALITIES, found, strict=True) if s >= _AS_GOOD * best)
    )
