"""Pieces of a picture on its own grid, in colour: what trained detectors look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["SIDE", "ColourTiles", "cut_colour"]

Pixels = npt.NDArray[np.uint8]

SIDE = 64  # pixels each way, a multiple of the blocks of codecs
_FLAT = 2.0  # grey levels of deviation below which a tile holds hardly anything
_CLIPPED = 0.25  # share of black or white values from which it says nothing


@dataclass(frozen=True)
class ColourTiles:
    """Squares of a picture that are neither flat nor clipped, spread evenly over it.

    Attributes:
        pixels: (N, side, side, 3) uint8 RGB.
        corners: (N, 2) row and column of the upper left corner of each.
        seen: How many were looked at to find them.
    """

    pixels: Pixels
    corners: npt.NDArray[np.int64]
    seen: int


def cut_colour(picture: Pixels, side: int = SIDE, most: int = 32) -> ColourTiles:
    """Cut a picture into squares, and take some that hold something.

    Squares do not overlap and start at multiples of 8, so that blocks of a codec have one phase in all.

    Args:
        picture: (H, W, 3) uint8 RGB on its own grid; nothing is scaled.
        side: Of a square, a multiple of 8.
        most: How many to take.
    """
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    if not rows or not columns:
        return ColourTiles(np.empty((0, side, side, 3), np.uint8), np.empty((0, 2), np.int64), 0)
    order = _spread(rows * columns)
    found: list[tuple[int, int]] = []
    seen = 0
    for number in order:
        y, x = (number // columns) * side, (number % columns) * side
        seen += 1
        if _holds_something(picture[y : y + side, x : x + side]):
            found.append((y, x))
        if len(found) == most:
            break
    found.sort()
    pixels = [picture[y : y + side, x : x + side] for y, x in found]
    empty = np.empty((0, side, side, 3), np.uint8)
    return ColourTiles(np.stack(pixels) if pixels else empty, np.array(found, np.int64).reshape(-1, 2), seen)


def _spread(count: int) -> list[int]:
    """Return 0 to count - 1 so that every beginning of the list is spread evenly (golden ratio)."""
    places = (np.arange(count) * 0.6180339887498949) % 1.0
    return [int(i) for i in np.argsort(places, kind="stable").argsort(kind="stable")]


def _holds_something(tile: Pixels) -> bool:
    green = tile[..., 1]
    clipped = float(((green <= 1) | (green >= 254)).mean())
    return clipped < _CLIPPED and float(green.std()) > _FLAT
