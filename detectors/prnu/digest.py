"""One bit for each pixel of the middle: which of many cameras to look at first.

Bayram, Sencar and Memon, "Efficient sensor fingerprint matching through fingerprint binarization" (IEEE TIFS
7(4), 2012). The sign of a value keeps 2 / pi of its power, in a 32nd of its bytes.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["BYTES", "SIDE", "agreement", "signs_of"]

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

SIDE = 512
BITS = SIDE * SIDE
BYTES = BITS // 8


def signs_of(plane: Floats) -> Bytes | None:
    """Return the signs of the middle of a fingerprint, or of the signal of a picture.

    Args:
        plane: (H, W).

    Returns:
        (32768,) uint8; None if a side is shorter than 512.
    """
    height, width = plane.shape
    if min(height, width) < SIDE:
        return None
    top, left = (height - SIDE) // 2, (width - SIDE) // 2
    return np.packbits(plane[top : top + SIDE, left : left + SIDE] > 0)


def agreement(rows: Bytes, signs: Bytes) -> npt.NDArray[np.float64]:
    """Return by how much signs agree more often than chance has it.

    Args:
        rows: (N, 32768) uint8.
        signs: (32768,) uint8.

    Returns:
        (N,), in standard deviations: (bits that agree - bits that do not) / sqrt(bits).
    """
    import cv2

    if not len(rows):
        return np.zeros(0)
    # XOR and a count of bits, vectorised; the best of one is all there is.
    distances = cv2.batchDistance(rows, signs[None, :], cv2.CV_32S, normType=cv2.NORM_HAMMING, K=1)[0]
    return np.asarray((BITS - 2.0 * distances[:, 0]) / math.sqrt(BITS), np.float64)
