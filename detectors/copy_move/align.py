"""Bringing one region onto another: affine maps, aligned to the pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.media import Pixels

__all__ = ["Box", "Region", "is_exact", "partner", "refine"]

Matrix = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_ALIGN_SIDE = 256
_MARGIN = 24


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels, right and bottom excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top

    @staticmethod
    def around(points: Matrix, margin: float, shape: tuple[int, ...]) -> Box:
        """Return the rectangle around (N, 2) points x, y with a margin, cut to a picture of (H, W)."""
        height, width = shape
        low, high = np.floor(points.min(axis=0) - margin), np.ceil(points.max(axis=0) + margin) + 1
        left, top = int(np.clip(low[0], 0, width - 1)), int(np.clip(low[1], 0, height - 1))
        right, bottom = int(np.clip(high[0], left + 1, width)), int(np.clip(high[1], top + 1, height))
        return Box(left, top, right, bottom)

    def corners(self) -> Matrix:
        """Return (4, 2) x, y."""
        xs, ys = (self.left, self.right - 1), (self.top, self.bottom - 1)
        return np.array([[x, y] for y in ys for x in xs], np.float64)

    def cut(self, plane: Pixels) -> Pixels:
        """Return the pixels inside."""
        return plane[self.top : self.bottom, self.left : self.right]


@dataclass(frozen=True)
class Region:
    """Some of the pixels of a rectangle.

    Attributes:
        box: The rectangle.
        mask: (h, w) on a grid that may be coarser than the picture's.
    """

    box: Box
    mask: Bools

    @property
    def to_picture(self) -> Matrix:
        """(2, 3) map from the grid of the mask to the picture: (x + 1/2) s - 1/2 + left."""
        return _grid_of(self.box, (self.mask.shape[1], self.mask.shape[0]))

    def points(self, most: int = 5000) -> Matrix:
        """Return (N, 2) x, y in the picture of the mask's pixels; if many, of about `most` spread evenly."""
        step = max(1, int((self.mask.sum() / most) ** 0.5))
        rows, columns = np.nonzero(self.mask[::step, ::step])
        places = np.stack([columns, rows], axis=1).astype(np.float64) * step
        return moved(places, self.to_picture)

    def extent(self) -> Box:
        """Return the smallest rectangle around the mask's pixels."""
        rows, columns = np.flatnonzero(self.mask.any(axis=1)), np.flatnonzero(self.mask.any(axis=0))
        ends = np.array([[columns[0], rows[0]], [columns[-1] + 1, rows[-1] + 1]], np.float64) - 0.5
        low, high = np.round(moved(ends, self.to_picture) + 0.5).astype(int)
        return Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))


def moved(points: Matrix, matrix: Matrix) -> Matrix:
    """Return (N, 2) points under a (2, 3) affine map."""
    x, y = points.T  # spelled out: NumPy multiplies tall, narrow matrices slowly
    return np.stack([matrix[i, 0] * x + matrix[i, 1] * y + matrix[i, 2] for i in (0, 1)], axis=1)


def composed(outer: Matrix, inner: Matrix) -> Matrix:
    """Return the (2, 3) map that applies `inner` and then `outer`."""
    return np.column_stack([outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2] + outer[:, 2]])


def inverse(matrix: Matrix) -> Matrix:
    """Return the (2, 3) map back."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def is_exact(matrix: Matrix) -> bool:
    """Return whether a map carries pixels onto pixels: whole shifts, quarter turns, mirrorings."""
    linear = matrix[:, :2]
    whole = np.array_equal(matrix, np.round(matrix))
    return whole and np.array_equal(linear @ linear.T, np.eye(2))


def partner(plane: Pixels, matrix: Matrix, box: Box) -> tuple[Pixels, Bools]:
    """Return the second region on the grid of the first, and where it lies inside the picture.

    Args:
        plane: (H, W) uint8.
        matrix: (2, 3) map from the first region to the second.
        box: Rectangle around the first region.
    """
    import cv2

    # Only the part that is needed is handed over: OpenCV remaps no more than 32,767 pixels a side.
    source = Box.around(moved(box.corners(), matrix), 2, plane.shape)
    local = matrix.copy()
    local[:, 2] += matrix[:, :2] @ [box.left, box.top] - [source.left, source.top]
    part = source.cut(plane)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    second = cv2.warpAffine(part, local, box.size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.ones_like(part), local, box.size, flags=flags)
    return np.asarray(second, np.uint8), np.asarray(inside) > 0


def refine(plane: Pixels, matrix: Matrix, points: Matrix, region: Region | None = None) -> Matrix | None:
    """Return an affine map aligned to the pixels; None where it does not converge.

    It is refined by the enhanced correlation coefficient (Evangelidis & Psarakis 2008, IEEE TPAMI 30(10))
    and, where it turns out to be a shift, a quarter turn or a mirroring, made exact.

    Args:
        plane: (H, W) uint8.
        matrix: (2, 3) map to start from.
        points: (N, 2) x, y of places in the first region.
        region: The first region where it is known; only its pixels then count.
    """
    import cv2

    box = Box.around(points, 8, plane.shape)
    scale = max(1.0, max(box.size) / _ALIGN_SIDE)
    size = (int(box.size[0] / scale), int(box.size[1] / scale))
    if min(size) < 16:
        return None
    to_first = _grid_of(box, size)
    template = cv2.resize(box.cut(plane), size, interpolation=cv2.INTER_AREA)
    source = Box.around(moved(box.corners(), matrix), _MARGIN, plane.shape)
    second = source.cut(plane)
    if scale > 1.2:  # smoothed as much as the mean over a pixel of the grid smooths the first
        second = np.asarray(cv2.GaussianBlur(second, (0, 0), ((scale * scale - 1) / 12) ** 0.5), np.uint8)
    weights = np.ones_like(second) if region is None else _shown(region, matrix, source)
    start = composed(matrix, to_first).astype(np.float32)
    start[:, 2] -= [source.left, source.top]
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
    try:
        _, warp = cv2.findTransformECC(template, second, start, cv2.MOTION_AFFINE, criteria, weights, 5)
    except cv2.error:  # how it says that it does not converge
        return None
    found = warp.astype(np.float64)
    found[:, 2] += [source.left, source.top]
    return _snapped(composed(found, inverse(to_first)), points)


def _grid_of(box: Box, size: tuple[int, int]) -> Matrix:
    """Return the map from a grid of `size` over a box to the picture; pixels are squares, not points."""
    ratio = np.array(box.size) / np.array(size)
    return np.column_stack([np.diag(ratio), (ratio - 1) / 2 + [box.left, box.top]])


def _shown(region: Region, matrix: Matrix, source: Box) -> Pixels:
    """Return the second region as 0 and 1 on the grid of a box."""
    import cv2

    onto = composed(matrix, region.to_picture)
    onto[:, 2] -= [source.left, source.top]
    mask = cv2.erode(region.mask.astype(np.uint8), np.ones((5, 5), np.uint8))
    return np.asarray(cv2.warpAffine(mask, onto, source.size, flags=cv2.INTER_NEAREST))


def _snapped(matrix: Matrix, points: Matrix) -> Matrix:
    """Return the exact map instead of one that hardly differs: whole shifts, quarter turns and mirrorings.

    They leave the pixels as they are, so that nothing needs to be interpolated. The exact map is taken if it
    moves no point by 3/4 pixel more or less.
    """
    linear = np.round(matrix[:, :2])
    if not np.array_equal(linear @ linear.T, np.eye(2)):
        return matrix
    there = moved(points, matrix)
    shift = np.round((there - points @ linear.T).mean(axis=0))
    exact = np.column_stack([linear, shift])
    return exact if float(np.abs(moved(points, exact) - there).max()) < 0.75 else matrix
