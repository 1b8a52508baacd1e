"""From pixels to the bins of the tile: what both the embedder and the detector look at."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.carriers import SIDE

__all__ = [
    "EDGES",
    "OCTAVES",
    "deviation",
    "fold",
    "high_pass",
    "normalised",
    "octave",
    "reduced",
    "rings",
    "tile_spectrum",
]

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]

OCTAVES = 6
_LEAST_SIDE = 512  # a picture is halved while its shorter side stays above
_SIGMA, _WINDOW, _FLOOR, _CLIP = 2.5, 9, 2.0, 3.0
_LARGEST = 3.5  # of one bin, in units of the noise: a few strong ones would drown the others
_ANOTHER = 2.0  # times the noise of a ring: in bins of a tile that alternates this is a mark, not noise
EDGES = np.linspace(1.0, 17.0, 13)  # of rings of like frequency, in cycles per 64 pixels


def octave(height: int, width: int) -> int:
    """Return how often a picture is halved before a mark of 64-pixel tiles is put in."""
    return min(OCTAVES - 1, int(np.log2(max(1.0, min(height, width) / _LEAST_SIDE))))


def reduced(luma: npt.NDArray[np.uint8] | Floats, times: int) -> Floats:
    """Return luma halved some times, float32."""
    import cv2

    if not times:
        return np.asarray(luma, np.float32)
    height, width = luma.shape
    size = (max(1, round(width / 2**times)), max(1, round(height / 2**times)))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.float32)


def high_pass(luma: Floats) -> Floats:
    """Return a picture without its low frequencies.

    Args:
        luma: (H, W), 0 to 255.
    """
    import cv2

    return np.asarray(luma - cv2.GaussianBlur(luma, (0, 0), _SIGMA), np.float32)


def deviation(high: Floats) -> Floats:
    """Return the local deviation of a high-pass around each pixel, and a little more.

    Args:
        high: (H, W) from `high_pass`.
    """
    import cv2

    spread = np.asarray(cv2.boxFilter(high * high, -1, (_WINDOW, _WINDOW)), np.float32)
    np.maximum(spread, 0.0, out=spread)
    np.sqrt(spread, out=spread)
    spread += np.float32(_FLOOR)
    return spread


def normalised(luma: Floats) -> Floats:
    """Return the high-pass of a picture over its local deviation, clipped: what hides a mark, evened out.

    Args:
        luma: (H, W), 0 to 255.
    """
    high = high_pass(luma)
    high /= deviation(high)
    return np.clip(high, -_CLIP, _CLIP, out=high)


def fold(residual: Floats) -> Floats:
    """Sum a residual over cells of two by two tiles, (128, 128)."""
    cell = 2 * SIDE
    height, width = residual.shape
    total = np.zeros((cell, cell), np.float32)
    for top in range(0, height, cell):
        strip = residual[top : top + cell]
        whole = width // cell * cell
        total[: len(strip)] += strip[:, :whole].reshape(len(strip), -1, cell).sum(axis=1)
        total[: len(strip), : width - whole] += strip[:, whole:]
    return total


def tile_spectrum(folded: Floats, *, alternating: bool = False) -> Complex:
    """Return the tile's half spectrum in units of the noise: parts of variance 1 without a mark.

    A tile that repeats has only the even bins of a cell of 128, one that alternates only those that are odd
    both ways; the bins between hold noise alone and say how much of it there is at each frequency. Single
    bins that stand out are cut.

    Args:
        folded: (128, 128) from `fold`.
        alternating: Of a tile that alternates.

    Returns:
        (64, 33), or (64, 32) of a tile that alternates.
    """
    full = np.fft.rfft2(folded).astype(np.complex64)
    power = full.real**2 + full.imag**2
    means = _noise_means(power, alternating=alternating)
    odd = int(alternating)
    radius = _radius(2 * SIDE)[odd::2, odd::2]
    noise = np.interp(radius, (EDGES[1:] + EDGES[:-1]) / 2, means).astype(np.float32)
    spectrum = full[odd::2, odd::2] / np.sqrt(noise / 2 + 1e-6)
    size = np.abs(spectrum)
    return np.asarray(spectrum * np.minimum(1.0, _LARGEST / np.maximum(size, 1e-9)), np.complex64)


@cache
def _radius(side: int) -> Floats:
    """Frequency in cycles per 64 pixels of each bin of the half spectrum of a square."""
    v = np.fft.fftfreq(side) * SIDE
    u = np.fft.rfftfreq(side) * SIDE
    return np.asarray(np.hypot(v[:, None], u[None]), np.float32)


@cache
def _ring() -> npt.NDArray[np.int64]:
    """Return the ring of each bin of a cell of two by two tiles, (128, 65)."""
    return np.asarray(np.digitize(_radius(2 * SIDE), EDGES), np.int64)


@cache
def rings() -> npt.NDArray[np.int64]:
    """Return the ring of each bin of a cell of two by two tiles, (128, 65); 0 for those of the tile."""
    return np.where(_parities() == 0, 0, _ring())


@cache
def _parities() -> npt.NDArray[np.int64]:
    """Return (128, 65): 0 for bins of a tile that repeats, 2 for those of one that alternates, else 1."""
    row, column = np.arange(2 * SIDE) % 2, np.arange(SIDE + 1) % 2
    return np.asarray(row[:, None] + column, np.int64)


@cache
def _labels() -> npt.NDArray[np.int64]:
    """Return a number for each ring and parity of all bins, (128 * 65,)."""
    return (_ring() + (len(EDGES) + 1) * _parities()).ravel()


def _noise_means(power: Floats, *, alternating: bool) -> npt.NDArray[np.float64]:
    """Return the mean power of each ring in bins where the tile has none, and another mark neither."""
    size = 3 * (len(EDGES) + 1)
    total = np.bincount(_labels(), power.ravel(), size).reshape(3, -1)[:, 1:-1]
    count = np.bincount(_labels(), minlength=size).reshape(3, -1)[:, 1:-1]
    means: npt.NDArray[np.float64] = total / np.maximum(count, 1)
    if alternating:
        return np.asarray(means[1])
    both = (total[1] + total[2]) / np.maximum(count[1] + count[2], 1)
    return np.asarray(np.where(means[2] > _ANOTHER * means[1], means[1], both))
