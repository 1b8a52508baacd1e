"""Our own code: signs of low DCT coefficients, of the whole picture and of nested windows in its middle.

Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, takes the signs of 64
low DCT coefficients against their median; here there are 256, for each of four windows. A picture whose
edges were cut off is then as near to a window of the original as a re-saved one is to the whole.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from forensics.media import Pixels

__all__ = ["BETWEEN", "CLEAR", "WINDOWS", "coefficients", "pack", "quality"]

SIDE = 256  # what the picture is reduced to; windows are cut from that
GRID = 64  # what a window is reduced to before its DCT
LOW = 16  # coefficients 1 to 16 each way
WINDOWS = (256, 230, 204, 180)  # even, so that they lie in the middle whichever way the picture is turned
BETWEEN = 243 / 256  # side of the part of a picture that is looked for where crops fall between windows
CLEAR = 2.0  # grey levels; compression and rounding move coefficients by less

Floats = npt.NDArray[np.float32]


def coefficients(pixels: Pixels) -> Floats:
    """Return the low DCT coefficients of each window, those of a flat direction left out.

    Args:
        pixels: (H, W, 3) uint8 RGB.

    Returns:
        (4, 16, 16) in grey levels, orthonormal: windows, down, across.
    """
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY).astype(np.float32)
    square = _resized(grey, SIDE)
    edges = [(SIDE - size) // 2 for size in WINDOWS]
    parts = [_resized(square[e : SIDE - e, e : SIDE - e], GRID) for e in edges]
    return np.stack([cv2.dct(part)[1 : LOW + 1, 1 : LOW + 1] for part in parts])


def pack(low: Floats) -> bytes:
    """Return the bits of coefficients: which of them lie above the median of their window."""
    middle = np.median(low, axis=(1, 2), keepdims=True)
    return np.packbits(low > middle).tobytes()


def quality(low: Floats) -> float:
    """Return the share of bits of the whole picture that small changes leave as they are, in [0, 1]."""
    whole = low[0]
    return float(np.mean(np.abs(whole - np.median(whole)) > CLEAR))


def _resized(plane: Floats, side: int) -> Floats:
    """Resize to a square: averaged where it shrinks, so that fine detail does not fold into the code."""
    shrinks = min(plane.shape) >= side
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, (side, side), interpolation=method), np.float32)
