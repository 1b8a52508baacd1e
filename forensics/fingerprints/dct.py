"""Our own code: signs of low DCT coefficients, of the whole picture and of nested windows in its middle.

Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, takes the signs of 64
low DCT coefficients against their median; here there are 256, for each of four windows. A picture whose
edges were cut off is then as near to a window of the original as a re-saved one is to the whole.
"""

from __future__ import annotations

from functools import cache, lru_cache

import cv2
import numpy as np

from forensics.fingerprints.luma import Axis, Floats, Luma

__all__ = ["BETWEEN", "CLEAR", "WINDOWS", "coefficients", "medians", "pack", "quality", "transform"]

SIDE = 256  # what the picture is reduced to; windows are cut from that
GRID = 64  # what a window is reduced to before its DCT
LOW = 16  # coefficients 1 to 16 each way
WINDOWS = (256, 230, 204, 180)  # even, so that they lie in the middle whichever way the picture is turned
BETWEEN = 243 / 256  # side of the part of a picture that is looked for where crops fall between windows
CLEAR = 2.0  # grey levels; compression and rounding move coefficients by less


def coefficients(luma: Luma) -> Floats:
    """Return the low DCT coefficients of each window, those of a flat direction left out.

    Pixels are averaged where the picture shrinks, so that fine detail does not fold into the code, and
    interpolated in one that is smaller than the windows are cut from.

    Returns:
        (4, 16, 16) in grey levels, orthonormal: windows, down, across.
    """
    if min(luma.plane.shape) < SIDE:
        square = cv2.resize(luma.plane, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        down = across = transform().reshape(-1, SIDE)
    else:
        square, down, across = luma.plane, _averages(luma.down), _averages(luma.across)
    upright = (down @ square).reshape(len(WINDOWS), LOW, -1)
    return np.asarray(upright @ across.reshape(len(WINDOWS), LOW, -1).transpose(0, 2, 1), np.float32)


def pack(low: Floats) -> bytes:
    """Return the bits of coefficients: which of them lie above the median of their window."""
    return np.packbits(low > medians(low)[:, None, None]).tobytes()


def quality(low: Floats) -> float:
    """Return the share of bits of the whole picture that small changes leave as they are, in [0, 1]."""
    whole = low[0]
    return float(np.count_nonzero(np.abs(whole - medians(low[:1])[0]) > CLEAR) / whole.size)


def medians(low: Floats) -> Floats:
    """Return the median of each window, (N,): the mean of the middle two of its 256 coefficients."""
    middle = np.partition(low.reshape(len(low), -1), (LOW * LOW // 2 - 1, LOW * LOW // 2), axis=1)
    return (middle[:, LOW * LOW // 2 - 1] + middle[:, LOW * LOW // 2]) / np.float32(2)


@cache
def transform() -> Floats:
    """Return (4, 16, 256): what makes the coefficients of each window of a picture of 256 pixels, one way."""
    wave = np.arange(1, LOW + 1)[:, None] * (2 * np.arange(GRID) + 1)[None, :]
    cosines = np.sqrt(2 / GRID) * np.cos(np.pi * wave / (2 * GRID))
    matrices = []
    for size in WINDOWS:
        edge = (SIDE - size) // 2
        window = np.eye(SIDE, dtype=np.float32)[edge : SIDE - edge]
        matrices.append(cosines @ cv2.resize(window, (SIDE, GRID), interpolation=cv2.INTER_AREA))
    return np.asarray(np.stack(matrices), np.float32)


@lru_cache(maxsize=128)
def _averages(axis: Axis) -> Floats:
    """Return (64, n): the transform of each window, for a plane whose pixels are averaged to 256."""
    steps = transform().reshape(-1, SIDE).astype(np.float64)
    summed = np.pad(np.cumsum(steps, axis=1), ((0, 0), (1, 0)))
    places = axis.edges * (SIDE / axis.size)
    before = np.minimum(places.astype(int), SIDE - 1)
    whole = summed[:, before] + steps[:, before] * (places - before)
    return np.asarray(np.diff(whole, axis=1), np.float32)
