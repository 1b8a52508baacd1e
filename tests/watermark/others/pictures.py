"""Pictures by formula, and the published rule of dwtDct and dwtDctSvd, written for clearness."""

from __future__ import annotations

import cv2
import numpy as np

from forensics.media.types import Pixels
from forensics.watermark.others.base import Bits

__all__ = ["blocky", "embedded", "formula"]

_STEP = 36


def formula(height: int, width: int) -> Pixels:
    """A picture of integers: stripes, noise and flat fields, the same on every machine."""
    y, x = np.indices((height, width))
    planes = [
        (3 * x + 2 * y + x * y % 97) % 256,
        (x * x // 5 + 7 * y) % 256,
        (x // 8 * 31 + y // 8 * 17) % 256,
    ]
    return np.stack(planes, axis=-1).astype(np.uint8)


def blocky(height: int, width: int) -> Pixels:
    """Flat fields of 8 x 8, many of which lie exactly on a threshold of the wavelet schemes."""
    y, x = (index // 8 for index in np.indices((height, width)))
    planes = [(y * 37 + x * 11) % 256, (y * 5 + x * 83) % 256, (y * 71 + x * 29 + x * y) % 256]
    return np.stack(planes, axis=-1).astype(np.uint8)


def embedded(pixels: Pixels, bits: Bits, method: str) -> Pixels:
    """Mark a picture whose sides are multiples of eight: each block of the U plane says one bit."""
    yuv = cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV).astype(np.float64)
    plane = yuv[..., 1]
    means = plane.reshape(plane.shape[0] // 2, 2, plane.shape[1] // 2, 2).mean(axis=(1, 3))
    approximation = 2 * means
    changed, count = approximation.copy(), 0
    for top in range(0, approximation.shape[0] - 3, 4):
        for left in range(0, approximation.shape[1] - 3, 4):
            block = changed[top : top + 4, left : left + 4]
            _quantise(block, int(bits[count % len(bits)]), method)
            count += 1
    yuv[..., 1] += np.kron((changed - approximation) / 2, np.ones((2, 2)))
    whole = np.clip(np.rint(yuv), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(whole, cv2.COLOR_YUV2RGB), np.uint8)


def _quantise(block: np.ndarray, bit: int, method: str) -> None:
    if method == "dwtDctSvd":
        left, values, right = np.linalg.svd(block)
        values[0] = (values[0] // _STEP + 0.25 + 0.5 * bit) * _STEP
        block[:] = left @ np.diag(values) @ right
        return
    place = int(np.argmax(np.abs(block.ravel()[1:]))) + 1
    value = block.flat[place]
    block.flat[place] = np.copysign((abs(value) // _STEP + 0.25 + 0.5 * bit) * _STEP, value)
