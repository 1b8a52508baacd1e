"""What detection computes of a picture whatever the key: done once, used for every key."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.analysis import fold, octave, reduced, tile_spectrum
from forensics.watermark.spread.autocorrelation import Autocorrelation, autocorrelation
from forensics.watermark.spread.carriers import SIDE
from forensics.watermark.spread.frontend import CLASSICAL, FrontEnd
from forensics.watermark.spread.geometry import shortest, upright
from forensics.watermark.spread.lattice import lattices
from forensics.watermark.spread.plane import NAMINGS, Plane, plane_of
from forensics.watermark.spread.points import Lattice

__all__ = ["View", "Window", "views_of"]

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]
Bases = npt.NDArray[np.float64]

_LEAST_SIDE = 128
_MOST_SIDE = 32_000  # pixels each way that are looked at: OpenCV's warps take no more
_LEVELS = 3
_LATTICES = 6  # per level
_LONGEST = 92.0  # pixels; longer periods are found on the next level
_SHORTEST = 20.0  # on the first level; on the others, shorter ones are found on the one before
_SCALE_STEP = 0.007
_MOST_TURN, _TURN_STEP = 45.0, 0.3  # degrees
_WINDOW = 256  # pixels each way of the parts in which a tilted picture is as good as level
_IN_WINDOW = 2  # lattices of a window
_LEAST_WINDOW = 192


class View:
    """A picture halved some times.

    Attributes:
        luma: (H, W), 0 to 255.
        times: How often it was halved.
        front: What suppresses its content.
    """

    def __init__(self, luma: Floats, times: int, *, first: bool, front: FrontEnd = CLASSICAL) -> None:
        self.luma = luma[:_MOST_SIDE, :_MOST_SIDE]
        self.times = times
        self.front = front
        self._shortest = _SHORTEST if first else _LONGEST / 2
        self._bases: dict[bool, Bases] = {}

    @cached_property
    def residual(self) -> Floats:
        """(H, W) what hides a mark, evened out."""
        return self.front.residual(self.luma)

    def tile(self, *, alternating: bool) -> Complex:
        """Return the spectrum of the mean tile on the picture's own grid.

        Args:
            alternating: Of a tile that alternates.
        """
        return tile_spectrum(self._folded, alternating=alternating)

    @cached_property
    def plane(self) -> Plane:
        """The whitened spectrum of the whole."""
        return plane_of(self.residual)

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """Five parts, the middle first; none of a small picture."""
        height, width = self.luma.shape
        side = min(_WINDOW, min(height, width) * 5 // 8)
        if side < _LEAST_WINDOW:
            return ()
        right, bottom = width - side, height - side
        corners = ((right // 2, bottom // 2), (0, 0), (right, 0), (0, bottom), (right, bottom))
        return tuple(Window(self, x, y, side) for x, y in corners)

    def bases(self, *, alternating: bool) -> Bases:
        """Return (N, 2, 2) periods along which tiles may lie.

        Lattices in all namings, then what is common and can be tried without seeing a lattice: upright
        squares of all sizes, and tiles of the size they were put in with, turned.

        Args:
            alternating: Of tiles that alternate.
        """
        if alternating not in self._bases:
            self._bases[alternating] = self._tried(alternating)
        return self._bases[alternating]

    @cached_property
    def _folded(self) -> Floats:
        return fold(self.residual)

    @cached_property
    def _autocorrelation(self) -> Autocorrelation:
        return autocorrelation(self.plane)

    def _tried(self, alternating: bool) -> Bases:
        least = self._shortest
        found = lattices(self._autocorrelation, least, _LONGEST, _LATTICES, alternating=alternating)
        of_lattices = [named for lattice in found for named in _named(lattice)]
        sizes = least * np.exp(np.arange(0.0, np.log(_LONGEST / least), _SCALE_STEP))
        squares = [np.eye(2) * size for size in sizes]
        return np.stack([*of_lattices, *squares, *(_turned() if self._shortest == _SHORTEST else ())])


def _named(lattice: Lattice) -> Bases:
    """Return (8, 2, 2) the periods of a lattice, named in all ways."""
    named: Bases = upright(shortest(lattice.basis)) @ NAMINGS
    return named


def _turned() -> list[Bases]:
    angles = np.radians(np.arange(-_MOST_TURN, _MOST_TURN + _TURN_STEP, _TURN_STEP))
    return [SIDE * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in angles]


class Window:
    """A part of a view, in which lattices are looked for that do not fit the whole.

    Attributes:
        view: The whole.
        x: Column of the view at which it begins.
        y: Row.
        side: Pixels each way.
    """

    def __init__(self, view: View, x: int, y: int, side: int) -> None:
        self.view = view
        self.x, self.y, self.side = x, y, side
        self._bases: dict[bool, Bases] = {}

    @cached_property
    def plane(self) -> Plane:
        """The whitened spectrum of the part."""
        residual = self.view.residual[self.y : self.y + self.side, self.x : self.x + self.side]
        return plane_of(np.ascontiguousarray(residual))

    @cached_property
    def _autocorrelation(self) -> Autocorrelation:
        return autocorrelation(self.plane)

    def bases(self, *, alternating: bool) -> Bases:
        """Return (N, 2, 2) periods along which tiles may lie: those of lattices in all namings.

        Args:
            alternating: Of tiles that alternate.
        """
        if alternating not in self._bases:
            found = lattices(
                self._autocorrelation, _SHORTEST, _LONGEST, _IN_WINDOW, _WINDOW / 2, alternating=alternating
            )
            self._bases[alternating] = np.stack([named for lattice in found for named in _named(lattice)])
        return self._bases[alternating]


def views_of(
    luma: npt.NDArray[np.uint8] | Floats, halved: int | None = None, front: FrontEnd = CLASSICAL
) -> tuple[View, ...]:
    """Return a picture on all levels on which a mark is looked for, the largest first.

    A mark keeps its number of tiles when its picture is scaled, and loses some when it is cropped.

    Args:
        luma: (H, W).
        halved: How often it was halved already, if it comes so reduced that no more is needed at first.
        front: What suppresses its content.
    """
    first = octave(*luma.shape) if halved is None else 0
    done = halved or 0
    levels = [n for n in range(first, first + _LEVELS) if n == first or min(luma.shape) >= _LEAST_SIDE << n]
    return tuple(View(reduced(luma, n), done + n, first=n == first, front=front) for n in levels)
