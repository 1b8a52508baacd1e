"""Tiles of a picture, what is left of them without their content, and the spectra of that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Tiles", "activity", "cut", "radial_profile", "residual", "spectra"]

Floats = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex64]
Pixels = npt.NDArray[np.uint8]

_FLAT = 1.0  # grey levels of standard deviation; below it a tile holds only rounding
_BATCH = 32  # tiles transformed at a time: bounds the memory, and fits a cache
_CLIPPED = 0.25  # share of black or white pixels from which a tile says nothing


@dataclass(frozen=True)
class Tiles:
    """Square pieces of a picture at its own resolution, all at multiples of their side.

    Attributes:
        pixels: (T, side, side) float32 grey levels of the tiles that can be used.
        seen: Number of tiles looked at, with the flat and clipped ones.
    """

    pixels: Floats
    seen: int


def cut(luma: Pixels, side: int, most: int) -> Tiles:
    """Cut at most `most` tiles, evenly spread, and drop the flat and the clipped ones.

    A tile starts at a multiple of its side, so that anything that repeats every `side` pixels has the same
    phase in all of them.

    Args:
        luma: (H, W).
        side: Rows and columns of a tile.
        most: Upper bound of the work.
    """
    rows, columns = luma.shape[0] // side, luma.shape[1] // side
    chosen = np.unique(np.linspace(0, rows * columns - 1, min(most, rows * columns)).round().astype(int))
    grid = luma[: rows * side, : columns * side].reshape(rows, side, columns, side).transpose(0, 2, 1, 3)
    pieces = np.ascontiguousarray(grid[chosen // max(columns, 1), chosen % max(columns, 1)])
    flat = pieces.reshape(len(pieces), side * side)
    clipped = ((flat <= 1) | (flat >= 254)).mean(axis=1)
    pixels = flat.astype(np.float32)
    usable = (pixels.std(axis=1) > _FLAT) & (clipped < _CLIPPED)
    return Tiles(pixels[usable].reshape(-1, side, side), len(chosen))


def residual(tiles: Floats) -> Floats:
    """Return each tile without its low frequencies, strong edges limited.

    x - g * x with the binomial 3x3 kernel g, clipped at three times its mean magnitude: what is additive
    and small stays, contours lose their weight.

    Args:
        tiles: (T, N, N).
    """
    import cv2

    column = _stacked(tiles)
    high = column - cv2.GaussianBlur(column, (3, 3), 0)
    high = high.reshape(tiles.shape)
    limit = 3 * np.abs(high).mean(axis=(1, 2), keepdims=True)
    return np.asarray(np.clip(high, -limit, limit), dtype=np.float32)


# Kirchner, "Fast and reliable resampling detection by spectral analysis of fixed linear predictor residue"
# (MM&Sec 2008), eq. 12: the fixed predictor is a double second difference. Interpolated pixels are
# predicted too well, at every so-manieth pixel; the logarithm takes the scale of the content away.
def activity(tiles: Floats) -> Floats:
    """Return log(1 + |e|) of the error e of a fixed linear predictor of each pixel.

    Args:
        tiles: (T, N, N).
    """
    import cv2

    second = np.array([-0.5, 1.0, -0.5], dtype=np.float32)
    error = cv2.sepFilter2D(_stacked(tiles), cv2.CV_32F, second, second)
    return np.asarray(np.log1p(np.abs(error)).reshape(tiles.shape), dtype=np.float32)


def spectra(signal: Floats) -> Spectra:
    """Return the discrete Fourier transform of each tile, its mean removed, under a Hann window.

    Args:
        signal: (T, N, N).

    Returns:
        (T, N, N) complex64, zero frequency first.
    """
    side = signal.shape[-1]
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(side) / side)).astype(np.float32)
    window = np.outer(hann, hann)
    out = np.empty(signal.shape, dtype=np.complex64)
    for start in range(0, len(signal), _BATCH):
        batch = signal[start : start + _BATCH]
        out[start : start + _BATCH] = np.fft.fft2((batch - batch.mean(axis=(1, 2), keepdims=True)) * window)
    return out


# Durall et al., "Watch your up-convolution" (arXiv 2003.01826), eq. 6, with the rings in cycles per pixel on
# tiles of the file's own grid: a profile that is stretched over the size of a picture reads the size.
def radial_profile(transform: Spectra) -> Floats:
    """Return the azimuthal mean of the power spectrum, each tile weighing the same.

    Args:
        transform: (T, N, N) spectra, T at least 1.

    Returns:
        (N/2,) float32 in dB: ring k holds the frequencies that round to k/N cycles per pixel, ring 0 is zero
        frequency; 0 dB is the mean of all other bins.
    """
    side = transform.shape[-1]
    mean = np.zeros((side, side), dtype=np.float64)
    for tile in transform:
        power = np.abs(tile) ** 2
        mean += power / max(float(power.sum()), 1e-12)
    mean /= max(float(mean.ravel()[1:].mean()), 1e-12)
    k = np.fft.fftfreq(side) * side
    ring = np.rint(np.hypot(k[:, None], k[None, :])).astype(int).ravel()
    sums = np.bincount(ring, mean.ravel(), minlength=side)[: side // 2]
    counts = np.bincount(ring, minlength=side)[: side // 2]
    return np.asarray(10 * np.log10(sums / counts + 1e-12), dtype=np.float32)


# One tall picture, so that a filter runs once; the window hides the seams.
def _stacked(tiles: Floats) -> Floats:
    return np.ascontiguousarray(tiles).reshape(-1, tiles.shape[-1])
