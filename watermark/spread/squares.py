"""Scanning for square lattices of all sizes and angles, which is what most pictures that were scaled show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.autocorrelation import Autocorrelation
from forensics.watermark.spread.points import REACH, Lattice, most_multiples, multiples_of, signs_of

__all__ = ["squares"]

Floats = npt.NDArray[np.float32]
Basis = npt.NDArray[np.float64]

_TURN = 0.5  # degrees between angles
_STEP = 0.009  # of the logarithm of the period
_MOST = 20  # sizes


def squares(
    found: Autocorrelation, shortest: float, longest: float, reach: float, alternating: bool
) -> Iterator[Lattice]:
    """Yield the best square lattice of each size that is better than its neighbours in size.

    Args:
        found: Where to look.
        shortest: Least period in pixels.
        longest: Greatest period.
        reach: Pixels in which they are scanned for; in fewer, fewer angles and sizes are different.
        alternating: Of tiles that alternate.
    """
    grid = _squares_of(shortest, longest, reach, alternating)
    peaks, inside = _around(found, grid.radius, alternating)
    scores = np.empty((len(grid.sizes), len(grid.units)))
    for rows, places in grid.groups:
        count = places.shape[-1] if inside is None else np.maximum(inside[places].sum(axis=-1), 1)
        scores[rows] = peaks[places].sum(axis=-1, dtype=np.float64) / np.sqrt(count)
    values = scores.max(axis=1)
    for i in np.argsort(-values)[:_MOST]:
        if values[i] == values[max(0, i - 2) : i + 3].max():
            yield Lattice(grid.sizes[i] * grid.units[int(scores[i].argmax())], float(values[i]))


@dataclass(frozen=True)
class _Squares:
    """Square lattices of all sizes and angles: where their points lie is the same in every picture.

    Attributes:
        sizes: (S,) periods in pixels.
        units: (A, 2, 2) bases of length 1.
        radius: Pixels from lag zero to the farthest point, each way.
        groups: Numbers of sizes that have as many points each, and (sizes, A, points) their places in what
            `_around` returns.
    """

    sizes: Basis
    units: Basis
    radius: int
    groups: tuple[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]], ...]


@lru_cache(maxsize=8)
def _squares_of(shortest: float, longest: float, reach: float, alternating: bool) -> _Squares:
    coarser = REACH / reach
    sizes = shortest * np.exp(np.arange(0.0, np.log(longest / shortest), _STEP * coarser))
    angles = np.radians(np.arange(0.0, 90.0, _TURN * coarser))
    turns = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    units = np.stack([turns, turns[:, ::-1] * [-1, 1]], axis=2)  # (angles, x and y, which period)
    most = most_multiples(sizes, reach)
    points = {
        int(number): np.rint(sizes[most == number, None, None, None] * units @ multiples_of(int(number)).T)
        for number in np.unique(most)
    }
    radius = int(max(np.abs(group).max() for group in points.values()))
    side = 2 * radius + 1
    groups = []
    for number, group in points.items():
        places = ((group[:, :, 1] + radius) * side + group[:, :, 0] + radius).astype(np.intp)
        if alternating:
            places[..., signs_of(multiples_of(number)) < 0] += side * side  # to the dips
        groups.append((np.flatnonzero(most == number), places))
    return _Squares(sizes, units, radius, tuple(groups))


def _around(
    found: Autocorrelation, radius: int, alternating: bool
) -> tuple[Floats, npt.NDArray[np.bool_] | None]:
    """Return the peaks around lag zero, row by row, then the dips if asked for; zero beyond the edges.

    Returns:
        The values, and which of them lie inside; None where all do.
    """
    kinds = [found.peaks, found.dips] if alternating else [found.peaks]
    height, width = found.values.shape
    x, y = (int(c) - radius for c in found.centre)
    side = 2 * radius + 1
    if x >= 0 and y >= 0 and x + side <= width and y + side <= height:
        return np.concatenate([kind[y : y + side, x : x + side].ravel() for kind in kinds]), None
    top, left = max(0, -y), max(0, -x)
    part = (slice(max(0, y), y + side), slice(max(0, x), x + side))
    values, inside = np.zeros((len(kinds), side, side), np.float32), np.zeros((len(kinds), side, side), bool)
    for number, kind in enumerate(kinds):
        cut = kind[part]
        there = (number, slice(top, top + cut.shape[0]), slice(left, left + cut.shape[1]))
        values[there], inside[there] = cut, True
    return values.ravel(), inside.ravel()
