"""Outlines of simple things, and how much of every pixel they cover."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = ["REACH", "coverage", "outline"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Contours = tuple[Doubles, ...]

REACH = 1.22  # farthest point of any outline, for a radius of 1
_FINE, _FINEST = 8, 1024  # times as fine a grid, on which outlines are filled, and its most pixels a side
_SHIFT = 4  # binary places of OpenCV's coordinates
_STEPS = 64  # corners of what is round


def coverage(kind: str, centre: tuple[float, float], radius: float, angle: float, side: int) -> Floats:
    """Return how much of every pixel a thing covers.

    Args:
        kind: One of `words.KINDS`.
        centre: (x, y) in [0, 1] from the left upper corner; a thing may reach out of the picture.
        radius: As a share of the side.
        angle: Radians, clockwise.
        side: Of the picture in pixels.

    Returns:
        (side, side) float32 in [0, 1].
    """
    import cv2

    cos, sin = np.cos(angle), np.sin(angle)
    turn = radius * np.array([[cos, sin], [-sin, cos]])
    fine = side * min(_FINE, max(2, _FINEST // side))
    scale = fine * 2**_SHIFT
    corners = [(contour @ turn + centre) * scale - 2 ** (_SHIFT - 1) for contour in outline(kind)]
    mask = np.zeros((fine, fine), np.uint8)
    cv2.fillPoly(mask, [np.rint(c).astype(np.int32) for c in corners], 255, shift=_SHIFT)
    small = cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255)


@cache
def outline(kind: str) -> Contours:
    """Return the closed contours of a thing of radius 1 around the origin, y downwards.

    What lies inside of an odd number of them belongs to it.

    Args:
        kind: One of `words.KINDS`.

    Returns:
        (corners, 2) float64 each.
    """
    return _OUTLINES[kind]()


def _round(radius: float = 1.0, start: float = 0.0, end: float = 2 * np.pi) -> Doubles:
    t = np.linspace(start, end, _STEPS, endpoint=end - start < 2 * np.pi)
    return radius * np.stack([np.cos(t), np.sin(t)], axis=1)


def _regular(corners: int, radius: float) -> Doubles:
    """A polygon with one corner at the top."""
    t = -np.pi / 2 + 2 * np.pi * np.arange(corners) / corners
    return radius * np.stack([np.cos(t), np.sin(t)], axis=1)


def _disc() -> Contours:
    return (_round(),)


def _ring() -> Contours:
    return _round(), _round(0.55)


def _square() -> Contours:
    return (0.86 * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]),)


def _triangle() -> Contours:
    return (_regular(3, 1.15) + np.array([0.0, 0.1]),)


def _star() -> Contours:
    corners = np.empty((10, 2))
    corners[::2], corners[1::2] = _regular(5, 1.15), -0.5 * _regular(5, 1.0)[[3, 4, 0, 1, 2]]
    return (corners,)


def _cross() -> Contours:
    a, b = 0.34, 1.0
    x = [-a, a, a, b, b, a, a, -a, -a, -b, -b, -a]
    y = [-b, -b, -a, -a, a, a, b, b, a, a, -a, -a]
    return (np.stack([x, y], axis=1),)


# The usual parametric curve: x = 16 sin^3 t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t.
def _heart() -> Contours:
    t = np.linspace(0, 2 * np.pi, _STEPS, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return (np.stack([x, -y - 2.5], axis=1) / 15.5,)


def _crescent() -> Contours:
    """What a smaller disc to the right leaves of a disc."""
    inner, shift = 0.82, 0.5
    x = (1 - inner**2 + shift**2) / (2 * shift)  # where the circles meet
    outer, inside = np.arccos(x), np.arctan2(np.sqrt(1 - x**2), x - shift)
    bow = _round(1.0, outer, 2 * np.pi - outer)
    bite = _round(inner, inside, 2 * np.pi - inside)[::-1] + np.array([shift, 0.0])
    return (np.concatenate([bow, bite]),)


_OUTLINES: dict[str, Callable[[], Contours]] = {
    "crescent": _crescent,
    "cross": _cross,
    "disc": _disc,
    "heart": _heart,
    "ring": _ring,
    "square": _square,
    "star": _star,
    "triangle": _triangle,
}
