"""A detector of spectra, as simple as published ones: what real pictures are set against one another with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.detectors.leaks.history import combs

__all__ = ["BINS", "profile", "seen"]

BINS = 80
_FLOOR = 1e-3

Doubles = npt.NDArray[np.float64]


# Durall et al. 2020, arXiv:1911.00686, section 3: the azimuthal mean of the spectrum, squeezed to as many
# values for pictures of all sizes, less its first value.
def profile(luma: npt.NDArray[np.uint8]) -> Doubles:
    """Return the mean logarithm of the power of a plane by spatial frequency, (80,).

    Args:
        luma: (H, W), 16 px or more a side.
    """
    values = luma.astype(np.float64)
    power = np.abs(np.fft.fft2(values - values.mean())) ** 2 / values.size
    rows, columns = (np.fft.fftfreq(n) for n in luma.shape)
    radius = np.hypot(rows[:, None], columns[None, :]) * min(luma.shape)
    rings = np.rint(radius).astype(np.int64).ravel()
    weight = np.bincount(rings)
    means = np.bincount(rings, np.log(power + _FLOOR).ravel()) / np.maximum(weight, 1)
    there = np.flatnonzero(weight)[1:]  # without the mean
    wanted = np.linspace(there[0], there[-1], BINS)
    found = np.interp(wanted, there, means[there])
    return np.asarray(found - found[0], np.float64)


def seen(luma: npt.NDArray[np.uint8]) -> Doubles:
    """Return what the detector sees of a plane: its spectrum and the combs of its DCT, (93,).

    Args:
        luma: (H, W), 16 px or more a side.
    """
    return np.concatenate([profile(luma), combs(luma).astype(np.float64)])
