"""Does this picture show that pattern? Correlation over a stated range of shifts, and how often chance does.

Goljan, Fridrich and Filler, "Large scale test of sensor fingerprint camera identification" (SPIE 7254,
2009), for the peak to correlation energy (PCE). Two things are done otherwise. The peak is looked for only
where the picture can lie: over all N circular shifts chance alone reaches about 2 ln N, which buries a true
peak at a known place. And what repeats every 8 pixels (the blocks of JPEG, mosaics) has the same correlation
at all shifts by multiples of 8, so that the energy there is a floor of its own; the higher one counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.prnu.fingerprint import Fingerprint
from forensics.errors import UsageError
from forensics.watermark.statistics import log10_normal_tail, most_of

__all__ = ["Peak", "Plane", "correlate", "ncc", "peak_of"]

Floats = npt.NDArray[np.float32]

RADIUS = 5  # what is left out around a peak: its own foot
_PERIOD = 8


@dataclass(frozen=True)
class Plane:
    """The correlation of a picture with a fingerprint at all circular shifts.

    Attributes:
        values: (P, Q) float32; the value at (i, j) belongs to a picture whose top left corner lies at row i
            and column j of the fingerprint, modulo P and Q.
        rows: First and last row at which the smaller one lies wholly inside the larger one.
        columns: The same of the columns.
        gain: Variance of a value at such a place over the mean over all places.
    """

    values: Floats
    rows: tuple[int, int]
    columns: tuple[int, int]
    gain: float


@dataclass(frozen=True)
class Peak:
    """The largest correlation of those looked at.

    Attributes:
        row: Row of the fingerprint at which the picture begins.
        column: Column.
        z: Height in standard deviations of what stands elsewhere.
        searched: Number of places looked at.
        log10_p: log10 of the chance of such a height where the pattern is not there, all places together.
    """

    row: int
    column: int
    z: float
    searched: int
    log10_p: float

    @property
    def pce(self) -> float:
        """Peak to correlation energy, with the sign of the peak."""
        return math.copysign(self.z * self.z, self.z)


def ncc(signal: Floats, plane: Floats) -> float:
    """Return the normalised correlation of two planes of one size, in [-1, 1]; 0 where one is constant.

    Args:
        signal: (H, W).
        plane: (H, W).
    """
    a = signal - signal.mean(dtype=np.float64)
    b = plane - plane.mean(dtype=np.float64)
    size = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return float(np.vdot(a, b)) / size if size > 0 else 0.0


def correlate(signal: Floats, fingerprint: Fingerprint | Floats) -> Plane:
    """Return the correlation of a picture with a fingerprint, of the same size or not.

    Args:
        signal: (h, w) float32, as `Trace.signal`.
        fingerprint: A fingerprint, or its (H, W) plane.
    """
    import cv2

    plane = fingerprint.plane if isinstance(fingerprint, Fingerprint) else fingerprint
    (h, w), (height, width) = signal.shape, plane.shape
    shape = (_good_size(max(h, height)), _good_size(max(w, width)))
    mine, theirs = _spectrum(signal, shape), _spectrum(plane, shape)
    product = cv2.mulSpectrums(theirs, mine, 0, conjB=True)
    values = cv2.dft(product, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE)
    overlap = min(h, height) * min(w, width)
    gain = shape[0] * shape[1] * overlap / (signal.size * plane.size)
    return Plane(
        np.asarray(values, np.float32),
        (min(0, height - h), max(0, height - h)),
        (min(0, width - w), max(0, width - w)),
        gain,
    )


def peak_of(
    plane: Plane, rows: tuple[int, int] | None = None, columns: tuple[int, int] | None = None
) -> Peak:
    """Return the largest correlation within a range of places.

    Args:
        plane: The correlation.
        rows: First and last row to look at; all at which the picture can lie if None.
        columns: The same of the columns.

    Raises:
        UsageError: A range is empty or reaches further than the picture can lie.
    """
    down, across = _checked(rows, plane.rows), _checked(columns, plane.columns)
    i = np.arange(down[0], down[1] + 1) % plane.values.shape[0]
    j = np.arange(across[0], across[1] + 1) % plane.values.shape[1]
    seen = plane.values[np.ix_(i, j)]
    at = divmod(int(seen.argmax()), j.size)
    row, column = int(i[at[0]]), int(j[at[1]])
    floor = math.sqrt(_floor(plane, row, column))
    z = float(seen[at]) / floor if floor > 0 else 0.0
    return Peak(down[0] + at[0], across[0] + at[1], z, seen.size, most_of(log10_normal_tail(z), seen.size))


def _floor(plane: Plane, row: int, column: int) -> float:
    """Return the variance of what stands elsewhere: at all shifts, or at those by multiples of 8."""
    values = plane.values
    height, width = values.shape
    total = float(np.vdot(values, values))
    i = np.arange(row - RADIUS, row + RADIUS + 1) % height
    j = np.arange(column - RADIUS, column + RADIUS + 1) % width
    foot = values[np.ix_(np.unique(i), np.unique(j))]
    everywhere = (total - float(np.vdot(foot, foot))) / max(values.size - foot.size, 1)
    lattice = np.ascontiguousarray(values[row % _PERIOD :: _PERIOD, column % _PERIOD :: _PERIOD])
    own = float(values[row, column]) ** 2
    in_step = (float(np.vdot(lattice, lattice)) - own) / max(lattice.size - 1, 1)
    return float(max(everywhere, in_step) * plane.gain)


def _spectrum(plane: Floats, shape: tuple[int, int]) -> Floats:
    import cv2

    padded = np.zeros(shape, np.float32)
    padded[: plane.shape[0], : plane.shape[1]] = plane - np.float32(plane.mean(dtype=np.float64))
    return np.asarray(cv2.dft(padded, nonzeroRows=plane.shape[0]), np.float32)


def _good_size(size: int) -> int:
    """Return the next multiple of 8 with fast transforms: shifts by multiples of 8 stay in step around it."""
    import cv2

    return _PERIOD * int(cv2.getOptimalDFTSize(-(-size // _PERIOD)))


def _checked(wanted: tuple[int, int] | None, possible: tuple[int, int]) -> tuple[int, int]:
    if wanted is None:
        return possible
    if not possible[0] <= wanted[0] <= wanted[1] <= possible[1]:
        raise UsageError(
            f"no such range of shifts: {wanted[0]} to {wanted[1]}", expected=possible, actual=wanted
        )
    return wanted
