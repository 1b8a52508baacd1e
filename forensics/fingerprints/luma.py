"""Luma on few pixels, which all kinds of fingerprints are made from: that costs less than decoding a picture.

A code is linear in luma up to its median. So halving the picture first changes nothing but the rounding, as
long as the weights of what follows are summed over the pixels that became one: `Axis.edges` says which.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from forensics.media import Pixels

__all__ = ["Axis", "Luma", "luma"]

LEAST = 256  # pixels that a side keeps, if it had them

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Axis:
    """One direction of a plane.

    Attributes:
        size: Pixels of the picture.
        step: How many of them became one.
    """

    size: int
    step: int

    @property
    def edges(self) -> npt.NDArray[np.int64]:
        """(n + 1,) where each pixel of the plane begins in the picture; the last one takes what is left."""
        count = self.size // self.step
        return np.append(np.arange(count) * self.step, self.size)


@dataclass(frozen=True)
class Luma:
    """A plane of grey levels.

    Attributes:
        plane: (h, w) float32 in 0-255; of at most 511 pixels a side.
        down: Its rows.
        across: Its columns.
    """

    plane: Floats
    down: Axis
    across: Axis


def luma(pixels: Pixels) -> Luma:
    """Return the luma of a picture, halved until both sides are below 512.

    Args:
        pixels: (H, W, 3) uint8 RGB.
    """
    plane: Pixels = np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), np.uint8)
    height, width = plane.shape
    down = across = 1
    while max(plane.shape) >= 2 * LEAST:
        rows, columns = (1 + (side >= 2 * LEAST) for side in plane.shape)
        plane = _averaged(plane, rows, columns)
        down, across = down * rows, across * columns
    return Luma(plane.astype(np.float32), Axis(height, down), Axis(width, across))


def _averaged(plane: Pixels, rows: int, columns: int) -> Pixels:
    """Average blocks of pixels, without the last row or column where it is half a block.

    Halves are rounded to even numbers, as OpenCV does it, which is slow in one direction alone.
    """
    height, width = plane.shape[0] // rows, plane.shape[1] // columns
    whole = plane[: height * rows, : width * columns]
    if columns == 1:
        return np.asarray(cv2.addWeighted(whole[::2], 0.5, whole[1::2], 0.5, 0), np.uint8)
    if rows == 1:
        return _averaged_pairs(whole)
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _averaged_pairs(plane: Pixels) -> Pixels:
    """Average each two pixels beside each other, both read as one number."""
    both = np.ascontiguousarray(plane).view(np.uint16)
    total = both & np.uint16(255)
    total += both >> np.uint16(8)
    total += (total >> np.uint16(1)) & np.uint16(1)
    total >>= np.uint16(1)
    return total.astype(np.uint8)
