"""What all cameras of a model share is taken out: row and column means, and lines in the spectrum.

Chen, Fridrich, Goljan and Lukas, "Determining image origin and integrity using sensor noise" (IEEE TIFS
3(1), 2008), section III.B: linear patterns of the read-out and of the colour mosaic, and what JPEG leaves.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.detectors.prnu.residual import wiener_noise

__all__ = ["cleaned", "fourier_wiener", "zero_mean"]

Floats = npt.NDArray[np.float32]


def cleaned(plane: Floats) -> Floats:
    """Return a residual or fingerprint without what cameras of a model have in common.

    Args:
        plane: (H, W) float32.
    """
    return fourier_wiener(zero_mean(plane))


def zero_mean(plane: Floats) -> Floats:
    """Return a plane whose rows and columns have mean 0 at each of the four sites of a Bayer mosaic.

    Args:
        plane: (H, W) float32, at least 2 x 2.
    """
    out = plane.copy()
    for row in (0, 1):
        for column in (0, 1):
            part = out[row::2, column::2]
            part -= part.mean()
            rows, columns = part.mean(axis=1, keepdims=True), part.mean(axis=0, keepdims=True)
            part -= rows
            part -= columns
    return out


# Chen et al. 2008, section III.B: F^-1(F(K) - Wiener(F(K))), with the Wiener filter on the magnitudes, so
# that what rises above its surroundings in the spectrum is brought down to them.
def fourier_wiener(plane: Floats) -> Floats:
    """Return a plane whose spectrum is flat locally: lines and peaks in it are periodic patterns.

    Args:
        plane: (H, W) float32.
    """
    import cv2

    spectrum = cv2.dft(plane, flags=cv2.DFT_COMPLEX_OUTPUT)
    scale = np.float32(1 / np.sqrt(plane.size))
    magnitude = cv2.magnitude(spectrum[..., 0], spectrum[..., 1]) * scale
    noise = wiener_noise(magnitude, max(float(plane.var(dtype=np.float64)), 1e-20))
    gain = np.divide(noise, magnitude, out=np.zeros_like(noise), where=magnitude > 0)
    spectrum *= gain[..., None]
    flags = cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT
    return np.asarray(cv2.dft(spectrum, flags=flags), np.float32)
