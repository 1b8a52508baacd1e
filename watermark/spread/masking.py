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

    mean: Floats = np.maximum(cv2.blur(luma, (5, 5)), np.float32(0.0))  # a running sum may end below zero
    dark = np.asarray(cv2.sqrt(mean), np.float32)
    dark *= np.float32(-17.0 / 127.0**0.5)
    dark += np.float32(20.0)
    mean -= np.float32(127.0)
    mean *= np.float32(3.0 / 128.0)
    mean += np.float32(3.0)
    seen = np.maximum(dark, mean)  # they cross at 127
    texture = _masked_by_texture(luma)
    lesser = np.minimum(seen, texture)
    lesser *= np.float32(0.3)
    seen += texture
    seen -= lesser
    return seen


def _masked_by_texture(luma: Floats) -> Floats:
    import cv2

    across, down = cv2.Scharr(luma, cv2.CV_32F, 1, 0), cv2.Scharr(luma, cv2.CV_32F, 0, 1)
    contrast: Floats = np.maximum(cv2.blur(cv2.magnitude(across, down), (5, 5)), np.float32(0.0))
    contrast /= np.float32(16.0)
    texture = np.asarray(cv2.pow(contrast, 2.4), np.float32)
    contrast *= contrast
    contrast += np.float32(26.0**2)
    texture /= contrast
    texture *= np.float32(0.117 * 16.0)
    return texture


def readability(luma: Floats) -> Floats:
    """Return how well a mark shaped by `visibility` can be seen again at each pixel, up to a common factor.

    Rough content hides more of a mark than it lets be put in.

    Args:
        luma: (H, W), 0 to 255.
    """
    return visibility(luma) / deviation(high_pass(luma))
