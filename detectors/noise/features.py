"""How the finest noise of a picture looks, place by place: co-occurrences of a quantised residual.

Cozzolino, Poggi and Verdoliva 2015, "Splicebuster: a new blind image splicing detector" (IEEE WIFS): the
third difference along a line, quantised to three levels, and how often each sequence of four levels occurs.
Sensors, demosaicing, noise reduction, scaling and JPEG each shape it in their own way. The step of the
quantiser follows the picture here, so that its three levels are about equally frequent in it.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from forensics.media import Pixels

__all__ = ["CLASSES", "QUIET", "cell_counts", "orbits", "residual_step", "third_difference"]

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.uint8]
Differences = npt.NDArray[np.int16]
T = TypeVar("T", bound=np.generic)

LEVELS, LENGTH = 3, 4
# Sequences of four levels that are not each other read backwards or with their signs turned round.
CLASSES = 25
# The last class met: four times the middle level.
QUIET = 24
# Pixels this near to black or white have lost their noise.
BLACK, WHITE = 3, 252
# Rows of a cell that are looked at: bounds the time of large pictures.
BAND = 32
# Pixels that a sequence reaches beyond its first one.
REACH = 6


# The third difference (1, -3, 3, -1): blind to content up to the second degree.
def third_difference(luma: Pixels, axis: int) -> Differences:
    """Return the third difference along an axis, three shorter there; int16 in [-1020, 1020].

    Args:
        luma: (H, W) uint8, at least 4 along the axis.
        axis: 0 down the columns, 1 along the rows.
    """
    x = luma.astype(np.int16)
    a, b, c, d = (_from(x, i, 3, axis) for i in range(4))
    return np.asarray(d - a - 3 * (c - b), np.int16)


@cache
def orbits() -> Codes:
    """Return for each of the 81 sequences of four levels its class, 0 to 24.

    A sequence, its reverse and both with all signs turned round tell the same: pictures and their mirror
    images, positives and negatives are alike.
    """
    named: dict[tuple[int, ...], int] = {}
    table = np.zeros(LEVELS**LENGTH, np.uint8)
    for i, s in enumerate(product(range(LEVELS), repeat=LENGTH)):
        turned = tuple(LEVELS - 1 - v for v in s)
        table[i] = named.setdefault(min(s, s[::-1], turned, turned[::-1]), len(named))
    return table


def residual_step(luma: Pixels) -> float:
    """Return the size of the residual that a third of a picture stays below, grey levels.

    Args:
        luma: (H, W) uint8.
    """
    rows = luma[:: max(1, luma.shape[0] // 256)]
    sample = np.abs(third_difference(rows, 1))
    usable = sample[(rows[:, 1:-2] > BLACK) & (rows[:, 1:-2] < WHITE)]
    return float(np.quantile(usable, 1 / 3)) if usable.size else 0.0


def cell_counts(luma: Pixels, side: int, step: float) -> Floats:
    """Count the sequences of the residual in square cells.

    Args:
        luma: (H, W) uint8, both at least `side` + 6.
        side: Side of a cell in pixels; of larger ones than 32 only the first 32 rows are looked at.
        step: Residuals up to this one are the middle level.

    Returns:
        (H // side, W // side, 50): counts of the classes along the direction of the difference, then across
        it, both directions together. Sequences that touch black or white are left out.
    """
    rows, columns = luma.shape[0] // side, luma.shape[1] // side
    out = np.zeros((rows, columns, 2, CLASSES), np.float32)
    for row in range(rows):
        height = min(side, BAND)
        band = luma[row * side : row * side + height + REACH]
        for axis in (0, 1):
            levels = _levels(band, axis, int(step))
            for turn in (0, 1):
                classes = _classes(levels, axis ^ turn)[:height]
                out[row, :, turn] += _counted(classes, side, columns)
    return out.reshape(rows, columns, 2 * CLASSES)


def _levels(band: Pixels, axis: int, most: int) -> Codes:
    """Return the level of each residual, 0 to 2; 3 where a pixel of it touches black or white."""
    difference = third_difference(band, axis)
    levels = (difference > most).astype(np.uint8) + (difference >= -most)
    bad = (band <= BLACK) | (band >= WHITE)
    parts = [_from(bad, i, 3, axis) for i in range(4)]
    levels[parts[0] | parts[1] | parts[2] | parts[3]] = LEVELS
    return np.asarray(levels, np.uint8)


def _classes(levels: Codes, axis: int) -> Codes:
    """Return the class of the sequence that begins at each place; CLASSES where one of its levels is none."""
    a, b, c, d = (_from(levels, i, LENGTH - 1, axis) for i in range(LENGTH))
    return np.asarray(_table()[((a * 4 + b) * 4 + c) * 4 + d], np.uint8)


def _from(plane: npt.NDArray[T], start: int, less: int, axis: int) -> npt.NDArray[T]:
    """Return a plane from a place on, `less` shorter than it is."""
    size = plane.shape[axis] - less
    return plane[start : start + size] if axis == 0 else plane[:, start : start + size]


@cache
def _table() -> Codes:
    """Return the class of four of the levels 0, 1, 2 and none, two bits each."""
    table = np.full(4**LENGTH, CLASSES, np.uint8)
    for i, (a, b, c, d) in enumerate(product(range(LEVELS), repeat=LENGTH)):
        table[a * 64 + b * 16 + c * 4 + d] = orbits()[i]
    return table


def _counted(classes: Codes, side: int, columns: int) -> Floats:
    """Return (columns, CLASSES) counts of the sequences that begin in each cell of a band."""
    size = CLASSES + 1
    offsets = np.minimum(np.arange(classes.shape[1]) // side, columns) * size
    counts = np.bincount((classes + offsets).ravel(), minlength=(columns + 1) * size)
    return counts.reshape(columns + 1, size)[:columns, :CLASSES].astype(np.float32)
