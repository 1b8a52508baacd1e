"""Photos as a camera would have taken them: one colour at each pixel, and the others from neighbours.

Photos that were scaled down have lost what every camera leaves: a lens that blurs, colours that were filled
in, noise that was taken away with what is fine, and sharpening. Detectors that never saw that in photos take
it for a decoder's work.
"""

from __future__ import annotations

import numpy as np

from forensics.media.types import Pixels

__all__ = ["sensed"]

_NOISE = 3.0  # grey levels
_SHARPENED = 1.2  # share of what a blur takes away
_BLUR = (0.6, 1.2)  # pixels
_LENS = 1.1  # pixels
_DENOISED = 14.0  # grey levels that are taken for noise
_PHASES, _WAYS = ("BG", "GB", "RG", "GR"), ("", "_VNG", "_EA")  # as OpenCV names them


def sensed(photo: Pixels, rng: np.random.Generator) -> Pixels:
    """Return a photo after a lens, a sensor under a Bayer filter, one of three ways to fill in, and clean-up.

    Args:
        photo: (H, W, 3) uint8 RGB, H and W even and at least 8.
        rng: Draws how sharp the lens is, the phase of the filter, noise, the way, denoising and sharpening.
    """
    import cv2

    code = f"COLOR_Bayer{_PHASES[phase := int(rng.integers(4))]}2RGB{_WAYS[int(rng.integers(3))]}"
    noise = rng.normal(0.0, rng.uniform(0.0, _NOISE), photo.shape[:2])
    seen = np.asarray(cv2.GaussianBlur(photo, (0, 0), float(rng.uniform(0.05, _LENS))), np.uint8)
    raw = np.clip(np.rint(_one_colour(seen, phase) + noise), 0, 255).astype(np.uint8)
    whole = np.asarray(cv2.demosaicing(raw, getattr(cv2, code)), np.uint8)
    if rng.random() < 0.5:
        whole = np.asarray(cv2.bilateralFilter(whole, 5, float(rng.uniform(2.0, _DENOISED)), 1.5), np.uint8)
    blurred = cv2.GaussianBlur(whole, (0, 0), float(rng.uniform(*_BLUR)))
    share = float(rng.uniform(0.0, _SHARPENED))
    return np.asarray(cv2.addWeighted(whole, 1.0 + share, blurred, -share, 0.0), np.uint8)


def _one_colour(photo: Pixels, phase: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return what is behind the filter, whose phases OpenCV names by the second and third pixel of a row."""
    red = ((1, 1), (1, 0), (0, 0), (0, 1))[phase]
    height, width = photo.shape[:2]
    rows, columns = np.indices((height, width))
    of_red = (rows % 2 == (1 - red[0])) & (columns % 2 == (1 - red[1]))
    of_blue = (rows % 2 == red[0]) & (columns % 2 == red[1])
    channel = np.where(of_red, 0, np.where(of_blue, 2, 1))
    return np.take_along_axis(photo, channel[..., None], axis=2)[..., 0].astype(np.float64)
