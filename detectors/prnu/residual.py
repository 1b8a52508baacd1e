"""What is left of a picture without its content: the residual in which the sensor's pattern hides.

Lukas, Fridrich and Goljan, "Digital camera identification from sensor pattern noise" (IEEE TIFS 1(2), 2006),
after the denoiser of Mihcak, Kozintsev and Ramchandran (ICASSP 1999).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from forensics.detectors.prnu.wavelet import analyse, synthesise

__all__ = ["SIGMA", "WINDOWS", "grey", "residual", "wiener_noise"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

SIGMA = 3.0  # grey levels of standard deviation that the denoiser takes for noise
WINDOWS = (3, 5, 7, 9)
LEVELS = 4
# Rec. 601 weights of red, green and blue, as the implementations of this method write them.
_GREY = np.array([[0.29893602, 0.58704307, 0.11402090]], dtype=np.float32)


# Mihcak et al. 1999, eqs 6 and 9: the variance of the signal is the least over the windows of what the mean
# square exceeds that of the noise by; the noise is then x * s0^2 / (s^2 + s0^2).
def wiener_noise(plane: Floats, variance: float) -> Floats:
    """Return the part of a plane that a local Wiener filter takes for noise.

    Args:
        plane: (H, W) float32.
        variance: Variance of the noise, in squared units of the plane.
    """
    import cv2

    energy = plane * plane
    least = cv2.boxFilter(energy, cv2.CV_32F, (3, 3), borderType=cv2.BORDER_CONSTANT)
    for side in WINDOWS[1:]:
        least = cv2.min(
            least, cv2.boxFilter(energy, cv2.CV_32F, (side, side), borderType=cv2.BORDER_CONSTANT)
        )
    # max(s^2 - s0^2, 0) + s0^2 is max(s^2, s0^2).
    np.maximum(least, np.float32(variance), out=least)
    np.divide(np.float32(variance), least, out=least)
    return np.asarray(plane * least, np.float32)


def residual(pixels: Pixels, *, colour: bool = False, sigma: float = SIGMA) -> Floats:
    """Return the noise of a picture by a wavelet-domain Wiener filter.

    Args:
        pixels: (H, W, 3) RGB or (H, W) grey.
        colour: Denoise each channel by itself and weigh the residuals, as the original method does, in
            place of denoising the grey picture: more work for nearly the same (see docs/cameras.md).
        sigma: Standard deviation of the noise, in grey levels.

    Returns:
        (H, W) float32 in grey levels.
    """
    if pixels.ndim == 2 or not colour:
        return _denoised(grey(pixels), sigma)
    planes = [_denoised(np.ascontiguousarray(pixels[..., c], np.float32), sigma) for c in range(3)]
    weights = _GREY[0]
    return np.asarray(sum(w * p for w, p in zip(weights, planes, strict=True)), np.float32)


def grey(pixels: Pixels) -> Floats:
    """Return the weighted mean of the channels, (H, W) float32 in 0-255."""
    import cv2

    if pixels.ndim == 2:
        return pixels.astype(np.float32)
    return np.asarray(cv2.transform(pixels.astype(np.float32), _GREY), np.float32).reshape(pixels.shape[:2])


def _denoised(plane: Floats, sigma: float) -> Floats:
    levels = []
    for level in analyse(plane, LEVELS):
        a, b, c = (wiener_noise(band, sigma * sigma) for band in level.details)
        levels.append(replace(level, details=(a, b, c)))
    return synthesise(tuple(levels))
