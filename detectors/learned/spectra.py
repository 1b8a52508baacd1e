"""Features of tiles in the frequency domain: azimuthal profiles (Durall) and cosine transforms (Frank)."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = ["cosine_features", "luma_of", "profile_features"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

_RED, _GREEN, _BLUE = 0.299, 0.587, 0.114  # Rec. 601
_LEAST = 1e-3  # grey levels squared: far below rounding, far above what floats lose


def luma_of(tiles: Pixels) -> Floats:
    """Return (N, S, S) float32 luminance, 0 to 255, of (N, S, S, 3) uint8 RGB."""
    return np.asarray(tiles @ np.array([_RED, _GREEN, _BLUE], np.float32), np.float32)


# Durall et al., "Watch your up-convolution" (arXiv:2003.01826), eq. 6, in cycles per pixel: the rings of a
# tile of a fixed side, never stretched over the size of a picture, which would tell the size. The power is
# that under a periodic Hann window, and the mean over all rings is taken away: the shape of it is left.
def profile_features(tiles: Pixels) -> Floats:
    """Return the azimuthal mean of the power spectrum of each tile, in decades about their mean.

    Args:
        tiles: (N, S, S, 3) uint8 RGB.

    Returns:
        (N, R) float32: ring k holds the frequencies that round to k / S cycles per pixel, from 1 into the
        corners of the spectrum, R = ceil(S / sqrt 2) - 1.
    """
    side = tiles.shape[1]
    rings, counts, window = _rings(side)
    luma = luma_of(tiles)
    centred = (luma - luma.mean(axis=(1, 2), keepdims=True)) * window
    power = np.abs(np.fft.fft2(centred)) ** 2 / side**2
    sums = np.empty((len(tiles), len(counts)))
    for total, tile in zip(sums, power, strict=True):
        total[:] = np.bincount(rings, tile.ravel(), minlength=len(counts))
    profile = np.log10(sums[:, 1:-1] / counts[1:-1] + _LEAST)
    return np.asarray(profile - profile.mean(axis=1, keepdims=True), np.float32)


# Frank et al., "Leveraging frequency analysis for deep fake image recognition" (arXiv:2003.08685), section 3:
# the orthonormal type II transform, logarithms of magnitudes; scaled by coefficient where the model is.
def cosine_features(tiles: Pixels) -> Floats:
    """Return the logarithm of the cosine transform of each tile.

    Args:
        tiles: (N, S, S, 3) uint8 RGB, S even.

    Returns:
        (N, S, S) float32: decades of magnitude of the luminance, in grey levels.
    """
    import cv2

    found = [np.abs(cv2.dct(tile)) for tile in luma_of(tiles)]
    empty = np.empty((0, *tiles.shape[1:3]), np.float32)
    return np.asarray(np.log10(np.stack(found) + _LEAST) if found else empty, np.float32)


@cache
def _rings(side: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Return the ring of each frequency, the number of frequencies in each ring, and the window."""
    k = np.fft.fftfreq(side) * side
    ring = np.rint(np.hypot(k[:, None], k[None, :])).astype(np.int64).ravel()
    line = np.sin(np.pi * np.arange(side) / side) ** 2
    return ring, np.bincount(ring), np.outer(line, line).astype(np.float32)
