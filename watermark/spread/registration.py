"""Fitting the grid exactly: small displacements of parts of a picture against the mark that was found."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.carriers import SIDE, Plan
from forensics.watermark.spread.geometry import Matrix, Warp
from forensics.watermark.spread.sync import surface

__all__ = ["corrected", "displacements"]

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]

_CELL = 2 * SIDE
_REACH = 10  # pixels that a part may be off
_CERTAIN = 4.0  # z of a part from which it is believed
_LEAST_PARTS = 6
_AGREE = 1.5  # pixels that parts may differ from the fit


def displacements(residual: Floats, plan: Plan, values: Complex, row: int, column: int) -> Matrix:
    """Return (N, 4): x and y of the middles of parts, and how far off each is in x and y.

    Args:
        residual: (H, W) on the grid of the tiles.
        plan: The tile.
        values: (K,) bins of the mark as far as it is known.
        row: Row at which a tile begins.
        column: Its column.
    """
    import cv2

    used = np.flatnonzero(values)
    template = np.conj(values[used]) / np.sqrt((np.abs(values) ** 2).sum())
    every = np.arange(len(values))
    found = []
    for y in range(row, residual.shape[0] - _CELL + 1, SIDE):
        for x in range(column, residual.shape[1] - _CELL + 1, SIDE):
            seen = plan.seen(_spectrum(residual[y : y + _CELL, x : x + _CELL], plan), every)
            power = np.sqrt((np.abs(seen) ** 2).mean() / 2 + 1e-9)
            sign = -1 if plan.alternating and (y - row + x - column) % _CELL else 1
            whole = surface(seen[used] * template * (sign / power), used, plan)
            near = _around(whole, plan)
            _, z, _, (px, py) = cv2.minMaxLoc(near)
            if z >= _CERTAIN:
                dx, dy = _vertex(near, px, py)
                found.append((x + SIDE, y + SIDE, dx - _REACH, dy - _REACH))
    return np.array(found, np.float64).reshape(-1, 4)


def _spectrum(part: Floats, plan: Plan) -> Complex:
    """Return the half spectrum of the mean tile of a part of two by two."""
    if plan.alternating:
        return np.asarray(np.fft.rfft2(part)[1::2, 1::2], np.complex64)
    return np.asarray(np.fft.rfft2(part.reshape(2, SIDE, 2, SIDE).sum(axis=(0, 2))), np.complex64)


def _around(surface: Floats, plan: Plan) -> Floats:
    """Return (21, 21): a surface from 10 offsets before none to 10 after."""
    near = np.roll(surface, (_REACH, _REACH), (0, 1))[: 2 * _REACH + 1, : 2 * _REACH + 1].copy()
    if plan.alternating:  # what is rolled over the edge lies in the tile before, of the other sign
        near[:_REACH] *= -1
        near[:, :_REACH] *= -1
    return near


def corrected(warp: Warp, parts: Matrix) -> Warp | None:
    """Return the map corrected by what the parts are off; None if they say nothing consistent."""
    import cv2

    if len(parts) < _LEAST_PARTS:
        return None
    here = np.ascontiguousarray(parts[:, :2], np.float32)
    there = np.ascontiguousarray(parts[:, :2] + parts[:, 2:], np.float32)
    wide = np.ptp(here, axis=0).min() >= 2 * SIDE
    if len(parts) >= 4 * _LEAST_PARTS and wide:
        matrix, _ = cv2.findHomography(here, there, cv2.RANSAC, _AGREE, maxIters=2000)
    else:
        affine, _ = cv2.estimateAffine2D(here, there, method=cv2.RANSAC, ransacReprojThreshold=_AGREE)
        matrix = None if affine is None else np.vstack([affine, [0, 0, 1]])
    return None if matrix is None else Warp(warp.matrix @ matrix, warp.size)


def _vertex(surface: Floats, x: int, y: int) -> tuple[float, float]:
    """Return the top of the parabolas through a maximum and its neighbours."""

    def top(before: float, here: float, after: float) -> float:
        bend = before - 2 * here + after
        return 0.0 if bend >= 0 else max(-0.5, min(0.5, (before - after) / (2 * bend)))

    height, width = surface.shape
    dx = top(*surface[y, x - 1 : x + 2]) if 0 < x < width - 1 else 0.0
    dy = top(*surface[y - 1 : y + 2, x]) if 0 < y < height - 1 else 0.0
    return x + dx, y + dy
