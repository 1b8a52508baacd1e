"""Lines that are locked to the pixel grid: additive patterns of period 2, 4 and 8.

A layer that enlarges a grid by 2 treats the even and the odd pixels differently. Three such layers leave
lines at the frequencies (i/8, j/8), with the same phase in every part of the picture (Odena et al. 2016;
Corvi et al., arXiv 2304.06408; Bammey, Synthbuster, 2023). Honest pictures have lines there too, and the
groups below keep them apart by where they may come from; encoders in cameras leave "dimples" of 8 pixels
(Agarwal and Farid, "Photo forensics from JPEG dimples", WIFS 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from forensics.detectors.periodicity.null import bonferroni, random_phase_log10, random_sign_log10
from forensics.detectors.periodicity.spectrum import Spectra

__all__ = ["PERIOD", "Group", "Line", "Lines", "find_lines"]

PERIOD = 8
_INNER, _OUTER = 2, 5  # bins around a line: up to the first it leaks, up to the second is its floor
_LIMIT = 3.0  # no tile counts for more than a line of three times its floor's amplitude


class Group(StrEnum):
    """Who else writes lines at a frequency."""

    HALF = "half"  # period 2: mosaics of cameras, WebP, some sensors
    QUARTER = "quarter"  # off the axes, multiples of 1/4: WebP at high quality
    EIGHTH = "eighth"  # off the axes, odd multiples of 1/8 among them: JPEG encoders, faintly
    AXIS = "axis"  # on an axis: block borders of JPEG, WebP and video


@dataclass(frozen=True)
class Line:
    """One frequency of the lattice.

    Attributes:
        row: Vertical frequency in eighths of a cycle per pixel, 0-7.
        column: Horizontal frequency in eighths, 0-4.
        group: Who else writes there.
        strength: |sum u|^2 / sum |u|^2 over the tiles: 1 on average by chance, T when all agree.
        share: Power of the line that all tiles share over the floor around it; 0 on average by chance.
    """

    row: int
    column: int
    group: Group
    strength: float
    share: float

    @property
    def log10_p(self) -> float:
        """Bound on the chance of such strength if the phases differ from tile to tile at random."""
        real = self.row in (0, PERIOD // 2) and self.column in (0, PERIOD // 2)
        return random_sign_log10(self.strength) if real else random_phase_log10(self.strength)


@dataclass(frozen=True)
class Lines:
    """All lines of the lattice.

    Attributes:
        lines: One for each frequency of the half plane, without zero.
        tiles: Number of tiles that they rest on.
    """

    lines: tuple[Line, ...]
    tiles: int

    def of(self, *groups: Group) -> tuple[Line, ...]:
        """Return the lines of some groups, the strongest first."""
        chosen = (line for line in self.lines if line.group in groups)
        return tuple(sorted(chosen, key=lambda line: line.log10_p))

    def share(self, *groups: Group) -> float:
        """Return the mean share of some groups."""
        return float(np.mean([line.share for line in self.lines if line.group in groups]))

    def p_value(self, *groups: Group) -> float:
        """Return the p-value of the strongest line of some groups, corrected for their number."""
        chosen = self.of(*groups)
        return bonferroni(chosen[0].log10_p, len(chosen))


def find_lines(transform: Spectra) -> Lines:
    """Measure every line of the lattice.

    Args:
        transform: (T, N, N) spectra of tiles whose side is a multiple of `PERIOD`, T at least 1.
    """
    frequencies = [(i, j) for i in range(PERIOD) for j in range(PERIOD // 2 + 1) if _is_unique(i, j)]
    return Lines(tuple(_measure(transform, i, j) for i, j in frequencies), len(transform))


def group_of(row: int, column: int) -> Group:
    """Return who else writes lines at (row/8, column/8)."""
    if row % 4 == 0 and column % 4 == 0:
        return Group.HALF
    if row == 0 or column == 0:
        return Group.AXIS
    return Group.QUARTER if row % 2 == 0 and column % 2 == 0 else Group.EIGHTH


# A real picture has F(-f) = conj F(f): on the columns 0 and 1/2 half of the rows repeat the others.
def _is_unique(row: int, column: int) -> bool:
    return (row, column) != (0, 0) and (column not in (0, PERIOD // 2) or row <= PERIOD // 2)


def _measure(transform: Spectra, row: int, column: int) -> Line:
    side = transform.shape[-1]
    y, x = row * side // PERIOD, column * side // PERIOD
    amplitude = transform[:, y, x] / np.sqrt(_floor(transform, y, x))
    limited = amplitude / np.maximum(np.abs(amplitude) / _LIMIT, 1)
    together = float(np.abs(limited.sum()) ** 2)
    each = float((np.abs(limited) ** 2).sum())
    count = len(transform)
    share = (together - each) / (count * max(count - 1, 1))
    strength = together / each if each > 0 else 0.0
    return Line(row, column, group_of(row, column), strength, share)


# Mean power of the square ring around a bin, wrapping around the plane.
def _floor(transform: Spectra, y: int, x: int) -> npt.NDArray[np.float32]:
    side = transform.shape[-1]
    offsets = np.arange(-_OUTER, _OUTER + 1)
    around = transform[:, (y + offsets)[:, None] % side, (x + offsets)[None, :] % side]
    ring = np.maximum(np.abs(offsets)[:, None], np.abs(offsets)[None, :]) > _INNER
    power = np.abs(around[:, ring]) ** 2
    return np.asarray(power.mean(axis=1) + np.float32(1e-6), dtype=np.float32)
