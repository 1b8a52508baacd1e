"""Canonical crops: a face with its eyes where they belong, and each eye for itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.detectors.faces.geometry import Points, Similarity

__all__ = ["EYE_WIDTH", "aligned", "eye_crops", "steady", "warped"]

Pixels = npt.NDArray[np.uint8]

EYE_WIDTH = 0.7  # side of the crop of an eye over the distance of both
_STANDARD = np.array([[0.3, 0.4], [0.7, 0.4]])  # of the eyes in an aligned face, in its sides


def warped(pixels: Pixels, place: Similarity, side: int) -> Pixels:
    """Return what lies under a square, (side, side[, 3]), linear between pixels, mirrored at the border.

    Args:
        pixels: (H, W) or (H, W, 3).
        place: From the unit square to pixels.
        side: Rows and columns of the result.
    """
    import cv2

    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    pixels, place = _nearer(pixels, place, side)
    half = Similarity(complex(1 / side), complex(0.5, 0.5) / side)  # the middle of each pixel of the result
    to = Similarity(1 + 0j, -0.5 - 0.5j).after(place).after(half)
    found = cv2.warpAffine(pixels, to.matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(found, np.uint8)


def aligned(pixels: Pixels, eyes: Points, side: int) -> Pixels:
    """Return a face upright and at one size: the eyes on one row, at three and seven tenths of it.

    Args:
        pixels: (H, W) or (H, W, 3).
        eyes: (2, 2) x, y in pixels, the one further left first.
        side: Rows and columns of the result.
    """
    return warped(pixels, Similarity.between(*_STANDARD, *(eyes + 0.5)), side)


def eye_crops(pixels: Pixels, eyes: Points, side: int) -> Pixels:
    """Return both eyes upright, (2, side, side), each in the middle of its crop.

    Args:
        pixels: (H, W) luminance.
        eyes: (2, 2) x, y in pixels, the one further left first.
        side: Rows and columns of a crop.
    """
    across = eyes[1] - eyes[0]
    scale = EYE_WIDTH * complex(*across)
    places = [Similarity(scale, complex(*(eye + 0.5)) - scale * (0.5 + 0.5j)) for eye in eyes]
    return np.stack([warped(pixels, place, side) for place in places])


def steady(
    seconds: npt.NDArray[np.float64], seen: npt.NDArray[np.float64], reach: float = 1.0
) -> npt.NDArray[np.float64]:
    """Return where the eyes are in each frame: the median of where they were seen around it.

    Args:
        seconds: (T,) time of each frame.
        seen: (T, 2, 2), not a number in frames in which they were not looked for or not seen.
        reach: Seconds before and after a frame that count.

    Returns:
        (T, 2, 2), not a number where nothing was seen within reach.
    """
    known = np.flatnonzero(np.isfinite(seen).all(axis=(1, 2)))
    out = np.full_like(seen, np.nan)
    begin = np.searchsorted(seconds[known], seconds - reach)
    end = np.searchsorted(seconds[known], seconds + reach, side="right")
    for frame, (first, last) in enumerate(zip(begin, end, strict=True)):
        if last > first:
            out[frame] = np.median(seen[known[first:last]], axis=0)
    return out


def _nearer(pixels: Pixels, place: Similarity, side: int) -> tuple[Pixels, Similarity]:
    """Return a smaller picture where pixels would be left out: only what is needed, by the mean of pixels."""
    import cv2

    shrunk = int(place.scale / side)
    if shrunk < 2:
        return pixels, place
    corners = place(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    left, top = (max(0, int(v) - shrunk) for v in corners.min(axis=0))
    right, bottom = (int(v) + 2 * shrunk for v in corners.max(axis=0))
    part = pixels[top:bottom, left:right]
    rows, columns = part.shape[0] // shrunk, part.shape[1] // shrunk
    if min(rows, columns) < 2:
        return pixels, place
    whole = np.ascontiguousarray(part[: rows * shrunk, : columns * shrunk])
    small = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)
    moved = Similarity(place.m, place.t - complex(left, top)).scaled(1 / shrunk)
    return np.asarray(small, np.uint8), moved
