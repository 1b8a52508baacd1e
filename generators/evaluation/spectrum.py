"""Radial power spectra of sets of pictures: is every scale as strong as it should be?

What generators get wrong at high frequencies shows here: Durall et al. 2020, "Watch your up-convolution",
arXiv:2003.01826; Dzanic et al. 2020, arXiv:1911.06465. Phases are not seen: pictures of pure noise can have
the right spectrum.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.generators.evaluation.checks import Pictures, check_pictures, check_same

__all__ = ["log_profiles", "ring_frequencies", "spectral_distance"]

LEAST = 16  # pixels of the shorter side
_ROUNDING = 1 / (12 * 255**2)  # power of rounding to 8 bits; less than that is not there
_LUMA = np.array([0.299, 0.587, 0.114]) / 255.0  # Rec. 601
_BATCH_PIXELS = 1 << 20

Doubles = npt.NDArray[np.float64]


def ring_frequencies(height: int, width: int) -> Doubles:
    """Return the frequency of every ring in cycles per pixel, up to 0.5, one for each two pixels of a side.

    Example:
        >>> ring_frequencies(16, 16).tolist()
        [0.0625, 0.125, 0.1875, 0.25, 0.3125, 0.375, 0.4375, 0.5]
    """
    short = min(height, width)
    return np.arange(1, short // 2 + 1) / short


def log_profiles(pictures: Pictures) -> Doubles:
    """Return the log10 power of every picture in rings of its spectrum.

    White noise of variance v (of luminance in [0, 1]) has the power v in every ring. What is weaker than the
    rounding to 8 bits counts as that.

    Args:
        pictures: (N, H, W, 3) uint8 RGB, at least 16 pixels a side.

    Returns:
        (N, R), a row for each picture and a column for each of `ring_frequencies`.

    Raises:
        UsageError: They are no such pictures.
    """
    check_pictures(pictures, "pictures", 1, LEAST)
    batch = max(1, _BATCH_PIXELS // (pictures.shape[1] * pictures.shape[2]))
    powers = [ring_means(periodograms(pictures[i : i + batch])) for i in range(0, len(pictures), batch)]
    return np.asarray(np.log10(np.concatenate(powers) + _ROUNDING))


# Welch 1967, "The use of fast Fourier transform for the estimation of power spectra", without its averaging:
# |DFT(w x)|^2 / sum(w^2).
def periodograms(pictures: Pictures) -> Doubles:
    """Return the power of luminance at every frequency, under a Hann window and without the mean.

    Args:
        pictures: (N, H, W, 3) uint8 RGB.

    Returns:
        (N, H, W), in the order of `numpy.fft.fftfreq`.
    """
    luma = pictures @ _LUMA
    window = np.outer(_hann(pictures.shape[1]), _hann(pictures.shape[2]))
    mean = np.einsum("nhw,hw->n", luma, window) / window.sum()
    spectra = np.fft.fft2((luma - mean[:, None, None]) * window)
    return np.asarray((spectra.real**2 + spectra.imag**2) / np.sum(window**2))


# Durall et al. 2020, arXiv:2003.01826: the mean over the circle of one frequency.
def ring_means(powers: Doubles) -> Doubles:
    """Return the mean power in every ring.

    Args:
        powers: (N, H, W), in the order of `numpy.fft.fftfreq`.

    Returns:
        (N, R): ring k holds what is nearer to k / min(H, W) cycles per pixel than to any other.
    """
    height, width = powers.shape[1:]
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :]).ravel()
    ring = np.rint(radius * min(height, width)).astype(np.int64)
    order = np.argsort(ring, kind="stable")
    starts = np.searchsorted(ring[order], np.arange(1, min(height, width) // 2 + 2))
    ordered = powers.reshape(len(powers), -1)[:, order]
    sums = np.add.reduceat(ordered, starts[:-1], axis=1)
    last = ordered[:, starts[-1] :].sum(axis=1)  # the corners, which reduceat counts to the last ring
    sums[:, -1] -= last
    return np.asarray(sums / np.diff(starts))


def spectral_distance(first: Doubles, second: Doubles) -> float:
    """Return how far the mean profiles of two sets are apart, in decibels.

    The root mean square over all rings, each of which counts alike, of ten times the difference of the mean
    log10 powers. Two sets of which one has twice the power everywhere are 3 dB apart.

    Args:
        first: (N, R) from `log_profiles`.
        second: (M, R).

    Raises:
        UsageError: They have not the same rings.
    """
    if first.ndim != 2 or not first.size or not second.size:
        raise UsageError("a profile of each set is needed", expected="(N, R)", actual=first.shape)
    check_same(first.shape[1:], second.shape[1:], "rings")
    difference = 10.0 * (first.mean(axis=0) - second.mean(axis=0))
    return float(np.sqrt(np.mean(difference**2)))


def _hann(length: int) -> Doubles:
    return 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(length) + 0.5) / length)
