"""Undoing what was done to a picture: from its pixels to the grid that the tiles were laid on."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.carriers import SIDE

__all__ = ["Warp", "of_basis", "shortest", "straightened", "upright"]

Floats = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

_MOST_PIXELS, _MOST_SIDE = 16_000_000, 32_000  # of the grid: a long picture lying slanting needs much


@dataclass(frozen=True)
class Warp:
    """A map from the grid of the tiles to the picture.

    Attributes:
        matrix: (3, 3) homography: (x, y) of the grid to (x, y) of the reduced picture.
        size: Width and height of the part of the grid that the picture covers.
    """

    matrix: Matrix
    size: tuple[int, int]


def of_basis(basis: Matrix, height: int, width: int) -> Warp:
    """Return the map that lays tiles of 64 pixels along two periods, and covers a picture or its middle.

    Args:
        basis: (2, 2); its columns are the periods as (x, y), in the order of the tile's columns and rows.
        height: Height of the picture.
        width: Its width.
    """
    linear = basis / SIDE
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64)
    there = corners @ np.linalg.inv(linear).T
    low, high = _bounded(np.floor(there.min(axis=0)), np.ceil(there.max(axis=0)))
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = linear @ low
    columns, rows = (int(v) for v in high - low)
    return Warp(matrix, (columns, rows))


def straightened(luma: Floats, warp: Warp) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the picture on the grid of the tiles, and where there is any.

    Args:
        luma: (H, W).
        warp: The map.

    Returns:
        (h, w) luma, and (h, w) whether a pixel lies well inside the picture.
    """
    import cv2

    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    seen = cv2.warpPerspective(luma, warp.matrix, warp.size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    full = np.full(luma.shape, 255, np.uint8)
    full[[0, -1]] = full[:, [0, -1]] = 0
    inside = cv2.warpPerspective(full, warp.matrix, warp.size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    return np.asarray(seen, np.float32), cv2.erode(inside, np.ones((5, 5), np.uint8)) > 0


def _bounded(low: Matrix, high: Matrix) -> tuple[Matrix, Matrix]:
    """Return the corners of the middle of a box, if the whole is too large."""
    size = high - low
    share = min(1.0, float(np.sqrt(_MOST_PIXELS / size.prod())))
    cut = np.floor((size - np.minimum(np.floor(size * share), _MOST_SIDE)) / 2)
    return low + cut, high - cut


# Lagrange and Gauss: subtract the shorter period from the longer while that makes it shorter.
def shortest(basis: Matrix) -> Matrix:
    """Return the same lattice by its two shortest periods."""
    first, second = basis[:, 0], basis[:, 1]
    for _ in range(32):
        if first @ first > second @ second:
            first, second = second, first
        steps = np.rint((first @ second) / max(float(first @ first), 1e-9))
        if not steps:
            break
        second = second - steps * first
    return np.stack([first, second], axis=1)


def upright(basis: Matrix) -> Matrix:
    """Return the same periods, the first rather along x and the second rather along y."""
    choices = [
        basis[:, order] * signs
        for order in ([0, 1], [1, 0])
        for signs in itertools.product((1.0, -1.0), repeat=2)
    ]
    return max(choices, key=lambda b: float(b[0, 0] + b[1, 1]))
