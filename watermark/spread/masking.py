"""How much of a pattern the eye overlooks, pixel by pixel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.analysis import deviation, high_pass

__all__ = ["readability", "visibility"]

Floats = npt.NDArray[np.float32]


# Chou & Li 1995, "A perceptually tuned subband image coder based on the measure of just-noticeable-distortion
# profile", eq. 5, for luminance; Wu et al. 2017, "Enhanced just noticeable difference model for images with
# pattern complexity", eq. 5, for contrast; their overlap as in Yang et al. 2005 (0.3 of the lesser).
def visibility(luma: Floats) -> Floats:
    """Return the just noticeable difference of each pixel, in grey levels.

    Args:
        luma: (H, W), 0 to 255.
    """
    import cv2

    mean = cv2.blur(luma, (5, 5))
    dark = 17.0 * (1.0 - np.sqrt(np.maximum(mean, 0.0) / 127.0)) + 3.0
    bright = 3.0 / 128.0 * (mean - 127.0) + 3.0
    light = np.where(mean <= 127, dark, bright)
    across, down = cv2.Scharr(luma, cv2.CV_32F, 1, 0), cv2.Scharr(luma, cv2.CV_32F, 0, 1)
    slope = np.maximum(cv2.blur(cv2.magnitude(across, down), (5, 5)), 0.0)  # a running sum may end below zero
    contrast = np.asarray(slope, np.float32) / np.float32(16.0)
    texture = 0.117 * 16.0 * contrast**2.4 / (contrast**2 + 26.0**2)
    return (light + texture - 0.3 * np.minimum(light, texture)).astype(np.float32)


def readability(luma: Floats) -> Floats:
    """Return how well a mark shaped by `visibility` can be seen again at each pixel, up to a common factor.

    Rough content hides more of a mark than it lets be put in.

    Args:
        luma: (H, W), 0 to 255.
    """
    return visibility(luma) / deviation(high_pass(luma))
