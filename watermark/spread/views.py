"""What detection computes of a picture whatever the key: done once, used for every key."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.analysis import fold, normalised, reduced, tile_spectrum
from forensics.watermark.spread.geometry import shortest, upright
from forensics.watermark.spread.lattice import autocorrelation, lattices
from forensics.watermark.spread.plane import NAMINGS, Plane, plane_of

__all__ = ["View", "views_of"]

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]
Bases = npt.NDArray[np.float64]

_LEAST_SIDE = 128
_MOST_LEVELS = 6
_LATTICES = 6  # per level
_LONGEST = 92.0  # pixels; longer periods are found on the next level
_SHORTEST = (20.0, 45.0)  # on the first level, and on the others
_SCALE_STEP = 0.007


class View:
    """A picture halved some times.

    Attributes:
        luma: (H, W), 0 to 255.
        times: How often it was halved.
    """

    def __init__(self, luma: Floats, times: int) -> None:
        self.luma = luma
        self.times = times

    @cached_property
    def residual(self) -> Floats:
        """(H, W) what hides a mark, evened out."""
        return normalised(self.luma)

    @cached_property
    def tile(self) -> Complex:
        """(64, 33) spectrum of the mean tile on the picture's own grid."""
        return tile_spectrum(fold(self.residual))

    @cached_property
    def plane(self) -> Plane:
        """The whitened spectrum of the whole."""
        return plane_of(self.residual)

    @cached_property
    def bases(self) -> Bases:
        """(N, 2, 2) periods along which tiles may lie: lattices in all namings, then upright squares."""
        least = _SHORTEST[min(self.times, 1)]
        found = lattices(autocorrelation(self.plane), least, _LONGEST, _LATTICES)
        of_lattices = [upright(shortest(lattice.basis)) @ naming for lattice in found for naming in NAMINGS]
        sizes = least * np.exp(np.arange(0.0, np.log(_LONGEST / least), _SCALE_STEP))
        return np.stack([*of_lattices, *(np.eye(2) * size for size in sizes)])


def views_of(luma: npt.NDArray[np.uint8]) -> tuple[View, ...]:
    """Return a picture on all levels on which a mark is looked for, the largest first.

    Args:
        luma: (H, W).
    """
    views = []
    for times in range(_MOST_LEVELS):
        if times and min(luma.shape) < _LEAST_SIDE << times:
            break
        views.append(View(reduced(luma, times), times))
    return tuple(views)
