"""How strongly a picture would show a pattern if it were there; absence says nothing where that is little.

After the correlation predictor of Chen, Fridrich, Goljan and Lukas 2008, section IV.A, whose features
(brightness, texture, clipping) enter here as the equations have them, with one factor for each camera in
place of a regression: the pattern shows in proportion to the light, and the denoiser passes of it, and of
everything else, the share s0^2 / s^2 where the content is stronger than the noise.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.detectors.prnu.fingerprint import Trace
from forensics.detectors.prnu.residual import SIGMA, grey

__all__ = ["reach", "share_passed"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

_BLUR, _WINDOW = 2.0, 9


def share_passed(pixels: Pixels) -> Floats:
    """Return the share of the pattern that the denoiser leaves in the residual, about.

    Args:
        pixels: (H, W, 3) uint8.

    Returns:
        (H, W) float32 in (0, 1]: 1 where the picture is smooth.
    """
    import cv2

    light = grey(pixels)
    detail = light - cv2.GaussianBlur(light, (0, 0), _BLUR)
    variance = cv2.boxFilter(detail * detail, cv2.CV_32F, (_WINDOW, _WINDOW))
    noise = np.float32(SIGMA * SIGMA)
    return np.asarray(noise / np.maximum(variance, noise), np.float32)


# The matched filter sum(W w K) has the mean a sum(w^2 g) with the pattern a K w g in W, and the variance
# sum((W w)^2) without it.
def reach(trace: Trace, passed: Floats) -> float:
    """Return the height of the peak, in standard deviations, for a pattern of one grey level.

    Args:
        trace: What the picture shows.
        passed: (H, W), as `share_passed` gives it.
    """
    noise = float(np.linalg.norm(trace.signal))
    return float((trace.weight * trace.weight * passed).sum(dtype=np.float64)) / noise if noise > 0 else 0.0
