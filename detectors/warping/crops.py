"""What networks of faces look at: a face with some of what is around it, cut ten times, of one size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.faces.geometry import Box

__all__ = ["CROPS", "Region", "cut", "regions_of", "ten_crops"]

Pixels = npt.NDArray[np.uint8]

CROPS = 10
_ROWS, _COLUMNS = 1 / 5, 1 / 8  # of the face, at most added on each side


@dataclass(frozen=True)
class Region:
    """A part of a picture, in whole pixels.

    Attributes:
        top: First row.
        left: First column.
        bottom: Row behind the last one.
        right: Column behind the last one.
    """

    top: int
    left: int
    bottom: int
    right: int


# Li & Lyu 2018 (arXiv:1811.00656), section 3.2: the rectangle of the face, enlarged on each side by a random
# length of up to a fifth of its height, or an eighth of its width.
def regions_of(
    face: Box, shape: tuple[int, ...], rng: np.random.Generator, count: int = CROPS
) -> tuple[Region, ...]:
    """Return regions around a face, drawn by lot, inside the picture.

    Args:
        face: The rectangle of the face.
        shape: Rows and columns of the picture.
        rng: Draws them.
        count: How many.
    """
    high, wide = _ROWS * face.height, _COLUMNS * face.width
    found = []
    for up, left, down, right in rng.random((count, 4)):
        top = max(0, int(face.top - up * high))
        first = max(0, int(face.left - left * wide))
        bottom = min(shape[0], int(face.top + face.height + down * high) + 1)
        last = min(shape[1], int(face.left + face.width + right * wide) + 1)
        found.append(Region(top, first, max(bottom, top + 1), max(last, first + 1)))
    return tuple(found)


def cut(pixels: Pixels, region: Region, side: int) -> Pixels:
    """Return a region scaled to a square, (side, side, 3): by area where it is larger, else linear.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        region: Which part.
        side: Rows and columns of the result.
    """
    import cv2

    part = np.ascontiguousarray(pixels[region.top : region.bottom, region.left : region.right])
    how = cv2.INTER_AREA if min(part.shape[:2]) > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (side, side), interpolation=how), np.uint8)


def ten_crops(pixels: Pixels, face: Box, side: int, count: int = CROPS) -> Pixels:
    """Return a face cut several times, (count, side, side, 3); the same face gives the same crops.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        face: The rectangle of the face.
        side: Rows and columns of a crop.
        count: How many.
    """
    regions = regions_of(face, pixels.shape, np.random.default_rng(0), count)
    return np.stack([cut(pixels, region, side) for region in regions])
