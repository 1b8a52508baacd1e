"""The spectrum of a whole residual, evened out: what lattices and tiles of any shape are read from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.carriers import SIDE, Plan

__all__ = ["NAMINGS", "Plane", "plane_of", "real_plane", "seen_along", "seen_on_tile"]

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]
Basis = npt.NDArray[np.float64]

# The eight ways in which the periods of a square tile can be named: quarter turns, and these mirrored.
NAMINGS = np.array(
    [
        [[1, 0], [0, 1]], [[-1, 0], [0, 1]], [[1, 0], [0, -1]], [[-1, 0], [0, -1]],
        [[0, 1], [1, 0]], [[0, -1], [1, 0]], [[0, 1], [-1, 0]], [[0, -1], [-1, 0]],
    ],
    np.float64,
)  # fmt: skip

_LARGEST = 3.5  # of one bin, in units of the noise around it
_WINDOW = 0.03  # cycles per pixel over which the noise is averaged
_NYQUIST = 0.495


@dataclass(frozen=True)
class Plane:
    """A whitened spectrum, twice as dense as the picture's own.

    Attributes:
        values: (H, W/2) half spectrum in units of the noise, with its phase taken at the picture's middle.
        width: W, columns of the whole spectrum.
        shape: Height and width of the picture.
    """

    values: Complex
    width: int
    shape: tuple[int, int]

    def at(self, frequencies: Basis) -> Complex:
        """Return (...,) values at (..., 2) frequencies x, y in cycles per pixel; 0 beyond half a cycle."""
        x, y = frequencies[..., 0], frequencies[..., 1]
        mirrored = x < 0
        x, y = np.where(mirrored, -x, x), np.where(mirrored, -y, y)
        inside = (x < _NYQUIST) & (np.abs(y) < _NYQUIST)
        height = len(self.values)
        column = np.rint(np.where(inside, x, 0) * self.width).astype(np.int64)
        column = np.minimum(column, self.values.shape[1] - 1)  # a small picture's last is close to Nyquist's
        row = np.rint(np.where(inside, y, 0) * height).astype(np.int64) % height
        found = np.where(inside, self.values[row, column], 0)
        return np.asarray(np.where(mirrored, np.conj(found), found), np.complex64)


def plane_of(residual: Floats) -> Plane:
    """Return the whitened spectrum of a residual.

    Args:
        residual: (H, W), about zero mean.
    """
    import cv2

    height, width = (cv2.getOptimalDFTSize(2 * n) for n in residual.shape)
    padded = np.zeros((height + height % 2, width + width % 2), np.float32)
    # The middle of the picture goes to the corner: so phases hardly change from bin to bin.
    y, x = (n // 2 for n in residual.shape)
    down, across = padded.shape[0] - y, padded.shape[1] - x
    padded[: len(residual) - y, : residual.shape[1] - x] = residual[y:, x:]
    padded[down:, : residual.shape[1] - x] = residual[:y, x:]
    padded[: len(residual) - y, across:] = residual[y:, :x]
    padded[down:, across:] = residual[:y, :x]
    spectrum = _half_spectrum(padded)
    power = spectrum.real**2 + spectrum.imag**2
    window = (int(_WINDOW * padded.shape[1]) | 1, int(_WINDOW * padded.shape[0]) | 1)
    noise = cv2.blur(power, window, borderType=cv2.BORDER_REFLECT_101)
    scale = np.sqrt(np.float32(2.0) / (noise + np.float32(1e-9)))
    np.minimum(scale, np.float32(_LARGEST) / np.sqrt(np.maximum(power, np.float32(1e-9))), out=scale)
    spectrum *= scale
    return Plane(spectrum, padded.shape[1], residual.shape)


# OpenCV's transform of real numbers is several times as fast as NumPy's.
def _half_spectrum(plane: Floats) -> Complex:
    """Return the (H, W/2) half spectrum of an (H, W) plane; its first column, of zero frequency, is zero."""
    import cv2

    height, width = plane.shape
    packed = cv2.dft(plane)  # columns 1 on: real part, imaginary part, real part ...
    spectrum = np.zeros((height, width // 2), np.complex64)
    spectrum[:, 1:] = packed[:, 1 : width - 1].copy().view(np.complex64)
    return spectrum


def real_plane(half: Floats) -> Floats:
    """Return the (H, W) plane whose half spectrum is real, (H, W/2), and zero in its first column."""
    import cv2

    height, columns = half.shape
    packed = np.zeros((height, 2 * columns), np.float32)
    packed[:, 1:-1:2] = half[:, 1:]
    return np.asarray(cv2.dft(packed, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT))


def seen_along(plane: Plane, bases: Basis, plan: Plan) -> Complex:
    """Return (N, S) bins of the plan's `sync` of tiles along (N, 2, 2) periods, phases from the middle.

    A tile that is laid along periods B has its bin k at frequency B^-T k.
    """
    return plane.at(plan.bins.frequency[plan.sync] @ np.linalg.inv(bases))


def seen_on_tile(spectrum: Complex, plan: Plan) -> Complex:
    """Return (8, S) bins of the plan's `sync` of a tile turned and mirrored in all ways.

    Args:
        spectrum: Of the mean tile.
        plan: The tile.
    """
    frequency = plan.bins.frequency[plan.sync] @ np.linalg.inv(NAMINGS)
    mirrored = frequency[..., 0] < 0
    bins = np.floor(np.where(mirrored[..., None], -frequency, frequency) + 1e-6).astype(np.int64)
    found = spectrum[bins[..., 1] % SIDE, bins[..., 0]]
    return np.where(mirrored, np.conj(found), found)
