"""The autocorrelation of a picture's residual, in which a mark that repeats makes peaks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.plane import Plane, real_plane

__all__ = ["Autocorrelation", "autocorrelation"]

Floats = npt.NDArray[np.float32]
Basis = npt.NDArray[np.float64]

_BAND = (0.05, 0.40)  # cycles per pixel


@dataclass(frozen=True)
class Autocorrelation:
    """The autocorrelation of a whitened residual.

    Attributes:
        values: (H, W) in units of its deviation; lag zero stands at `centre`.
        centre: x and y of lag zero.
    """

    values: Floats
    centre: Basis

    @cached_property
    def peaks(self) -> Floats:
        """(H, W) the largest of each pixel's neighbourhood, in units of its own deviation."""
        return _largest(self.values)

    @cached_property
    def dips(self) -> Floats:
        """(H, W) the same of the values with the other sign."""
        return _largest(-self.values)


def autocorrelation(plane: Plane) -> Autocorrelation:
    """Return the autocorrelation of a picture's residual from its whitened spectrum."""
    height, width = len(plane.values), plane.width
    power = plane.values.real**2 + plane.values.imag**2
    power *= np.float32(0.5)
    power -= np.float32(1.0)
    v, u = np.fft.fftfreq(height)[:, None] ** 2, (np.arange(width // 2) / width) ** 2
    power *= (v + u >= _BAND[0] ** 2) & (v + u <= _BAND[1] ** 2)
    power[:2] = power[-2:] = 0.0  # what runs along the axes is the frame and the blocks of JPEG
    power[:, :3] = 0.0
    whole = real_plane(power)
    rows, columns = (n * 7 // 16 for n in (height, width))
    values = np.roll(whole, (rows, columns), (0, 1))[: 2 * rows + 1, : 2 * columns + 1]
    edge = np.concatenate([values[: rows // 4].ravel(), values[-(rows // 4) :].ravel()])
    return Autocorrelation(values / max(float(edge.std()), 1e-12), np.array([columns, rows], np.float64))


def _largest(values: Floats) -> Floats:
    import cv2

    spread = np.asarray(cv2.dilate(values, np.ones((3, 3), np.uint8)), np.float32)
    edge = spread[: len(values) // 8]
    return np.asarray((spread - edge.mean()) / max(float(edge.std()), 1e-12), np.float32)
