"""Boxes, and similarities of the plane: turned, scaled and moved, never sheared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Box", "Points", "Similarity"]

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Box:
    """An upright box in pixels.

    Attributes:
        left: Of its first column.
        top: Of its first row.
        width: Columns.
        height: Rows.
    """

    left: float
    top: float
    width: float
    height: float

    @property
    def side(self) -> float:
        """Side of the square of the same area."""
        return float(np.sqrt(max(self.width * self.height, 0.0)))

    @property
    def centre(self) -> Points:
        """Its middle: x, y."""
        return np.array([self.left + self.width / 2, self.top + self.height / 2])

    def scaled(self, factor: float) -> Box:
        """Return the same box in a picture of another size."""
        return Box(self.left * factor, self.top * factor, self.width * factor, self.height * factor)

    def overlap(self, other: Box) -> float:
        """Return intersection over union, in [0, 1].

        Example:
            >>> Box(0, 0, 2, 2).overlap(Box(1, 0, 2, 2)) == 2 / 6
            True
        """
        wide = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        tall = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        both = max(wide, 0.0) * max(tall, 0.0)
        either = self.width * self.height + other.width * other.height - both
        return both / either if either > 0 else 0.0


@dataclass(frozen=True)
class Similarity:
    """The map z -> m z + t of points as complex numbers z = x + iy.

    Attributes:
        m: Scale and turn.
        t: Where the origin goes.
    """

    m: complex
    t: complex

    @classmethod
    def of_box(cls, box: Box) -> Similarity:
        """Return the map from the unit square to the square of the same middle and area as a box."""
        corner = box.centre - box.side / 2
        return cls(complex(box.side), complex(*corner))

    @classmethod
    def between(cls, first: Points, second: Points, to_first: Points, to_second: Points) -> Similarity:
        """Return the map that takes two points to two others.

        Args:
            first: (2,) x, y; another one than `second`.
            second: (2,).
            to_first: (2,), where the first one goes.
            to_second: (2,).
        """
        a, b, c, d = (complex(*point) for point in (first, second, to_first, to_second))
        m = (d - c) / (b - a)
        return cls(m, c - m * a)

    @classmethod
    def of_matrix(cls, matrix: npt.NDArray[np.floating]) -> Similarity:
        """Return the map of a (2, 3) matrix [[a, -b, x], [b, a, y]]."""
        return cls(complex(matrix[0, 0], matrix[1, 0]), complex(matrix[0, 2], matrix[1, 2]))

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """(2, 3) matrix, as OpenCV takes it."""
        return np.array([[self.m.real, -self.m.imag, self.t.real], [self.m.imag, self.m.real, self.t.imag]])

    @property
    def scale(self) -> float:
        """How much longer lengths become."""
        return abs(self.m)

    @property
    def box(self) -> Box:
        """The upright square of the same middle and area as what the unit square becomes."""
        middle, side = self.m * (0.5 + 0.5j) + self.t, self.scale
        return Box(middle.real - side / 2, middle.imag - side / 2, side, side)

    def after(self, first: Similarity) -> Similarity:
        """Return the map that does another one first."""
        return Similarity(self.m * first.m, self.m * first.t + self.t)

    def inverse(self) -> Similarity:
        """Return the map back."""
        return Similarity(1 / self.m, -self.t / self.m)

    def scaled(self, factor: float) -> Similarity:
        """Return the map whose results are so many times as large."""
        return Similarity(self.m * factor, self.t * factor)

    def __call__(self, points: Points) -> Points:
        """Return where points (..., 2) go."""
        z = self.m * (points[..., 0] + 1j * points[..., 1]) + self.t
        return np.stack([z.real, z.imag], axis=-1)
