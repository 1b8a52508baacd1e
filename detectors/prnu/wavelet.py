"""The wavelet transform of the residual: Daubechies' with four vanishing moments, by OpenCV's filters.

The same coefficients as PyWavelets gives for "db4" with symmetric borders, which the reference
implementations of this method use; a test holds the two together. OpenCV is a dependency already and takes
a third of the time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Level", "analyse", "synthesise"]

Floats = npt.NDArray[np.float32]

# Daubechies, "Ten lectures on wavelets" (1992), table 6.1, N = 4: the low-pass filter of the synthesis.
_LOW = np.array(
    [
        0.23037781330885523, 0.7148465705525415, 0.6308807679295904, -0.02798376941698385,
        -0.18703481171888114, 0.030841381835986965, 0.032883011666982945, -0.010597401784997278,
    ],
    dtype=np.float32,
)  # fmt: skip
# The quadrature mirror of it.
_HIGH = (_LOW[::-1] * np.array([1, -1] * 4)).astype(np.float32)
_TAPS = len(_LOW)


@dataclass(frozen=True)
class Level:
    """The details of one level.

    Attributes:
        shape: Rows and columns of what was analysed.
        details: The three bands, each (h, w) float32: fine along the rows, along the columns, along both.
    """

    shape: tuple[int, int]
    details: tuple[Floats, Floats, Floats]


def analyse(plane: Floats, levels: int = 4) -> tuple[Level, ...]:
    """Return the details of a plane, the finest level first; the coarsest approximation is dropped.

    Args:
        plane: (H, W) float32.
        levels: Number of levels, at least 1.
    """
    found = []
    for _ in range(levels):
        low, high = _split(plane, axis=1)
        approximation, down = _split(low, axis=0)
        across, both = _split(high, axis=0)
        found.append(Level((plane.shape[0], plane.shape[1]), (across, down, both)))
        plane = approximation
    return tuple(found)


def synthesise(levels: tuple[Level, ...]) -> Floats:
    """Return the plane of which these are the details and whose coarsest approximation is 0.

    Args:
        levels: As `analyse` gives them.

    Returns:
        (H, W) float32, of the shape of the finest level.
    """
    approximation: Floats | None = None
    for level in reversed(levels):
        across, down, both = level.details
        low = _joined(approximation, down, axis=0)
        whole = _joined(low, _joined(across, both, axis=0), axis=1)
        approximation = whole[: level.shape[0], : level.shape[1]]
    return np.ascontiguousarray(approximation)


# Convolution with the time-reversed synthesis filters, then every second value: coefficient k rests on the
# values 2k - 6 to 2k + 1 of the plane, mirrored at its borders (half a step beyond the last value).
def _split(plane: Floats, axis: int) -> tuple[Floats, Floats]:
    """Return the low and the high half band along an axis, each (n + 7) // 2 long."""
    import cv2

    size = (plane.shape[axis] + _TAPS - 1) // 2
    before, after = _TAPS - 2, _TAPS - 1
    sides = (0, 0, before, after) if axis else (before, after, 0, 0)
    padded = cv2.copyMakeBorder(plane, *sides, cv2.BORDER_REFLECT)

    def band(taps: Floats) -> Floats:
        whole = np.asarray(cv2.filter2D(padded, cv2.CV_32F, _along(taps, axis), anchor=(0, 0)), np.float32)
        return np.ascontiguousarray(_stepped(whole, axis, size))

    return band(_LOW), band(_HIGH)


def _joined(low: Floats | None, high: Floats, axis: int) -> Floats:
    """Return what has these half bands along an axis; a low band of None is 0."""
    size = high.shape[axis] - _TAPS // 2 + 1
    shape = (high.shape[0], 2 * size) if axis else (2 * size, high.shape[1])
    out = np.empty(shape, np.float32)
    for phase in (0, 1):
        part = _interpolated(high, _HIGH, phase, axis)
        if low is not None:
            part = part + _interpolated(low[: high.shape[0], : high.shape[1]], _LOW, phase, axis)
        if axis:
            out[:, phase::2] = part[:, :size]
        else:
            out[phase::2] = part[:size]
    return out


# y[2p + phase] = sum over i of c[p + i] g[6 + phase - 2i], i from 0 to 3.
def _interpolated(band: Floats, taps: Floats, phase: int, axis: int) -> Floats:
    import cv2

    chosen = taps[_TAPS - 2 + phase :: -2]
    return np.asarray(cv2.filter2D(band, cv2.CV_32F, _along(chosen, axis), anchor=(0, 0)), np.float32)


def _along(taps: Floats, axis: int) -> Floats:
    return np.ascontiguousarray(taps[None, :] if axis else taps[:, None])


def _stepped(whole: Floats, axis: int, size: int) -> Floats:
    return whole[:, : 2 * size : 2] if axis else whole[: 2 * size : 2]
