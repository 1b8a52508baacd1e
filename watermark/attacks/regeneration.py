"""Attacks that redraw the picture without a generator: denoising, and shrinking far enough to forget."""

from __future__ import annotations

import cv2
import numpy as np

from forensics.media.types import Pixels
from forensics.watermark.attacks.base import attack, number, whole, word
from forensics.watermark.attacks.compression import jpeg
from forensics.watermark.attacks.geometry import down_up
from forensics.watermark.attacks.pictures import as_pixels, wiener

__all__ = ["denoise", "regen_lite"]

_METHODS = ("bilateral", "nlm", "wiener")


@attack(
    "denoise",
    number("strength", 10, 0, 100),
    word("method", *_METHODS),
    source="Tomasi & Manduchi 1998; Buades, Coll & Morel 2005; Lim 1990",
)
def denoise(pixels: Pixels, rng: np.random.Generator, strength: float, method: str = "bilateral") -> Pixels:
    """Take noise of so many grey levels away: bilateral, non-local means, or local Wiener."""
    if strength == 0:
        return pixels
    if method == "wiener":
        return as_pixels(wiener(pixels.astype(np.float32), 5, strength**2))
    if method == "nlm":
        smooth = cv2.fastNlMeansDenoisingColored(pixels, None, strength, strength, 7, 21)
    else:
        smooth = cv2.bilateralFilter(pixels, 7, 3 * strength, 3)
    return np.asarray(smooth, np.uint8)


@attack(
    "regen_lite",
    number("factor", 0.25, 0.05, 1),
    word("method", *_METHODS),
    number("strength", 10, 0, 100),
    whole("quality", 75, 1, 100),
    source="a cheap stand-in for regeneration, Zhao et al. 2023, arXiv:2306.01953",
)
def regen_lite(
    pixels: Pixels,
    rng: np.random.Generator,
    factor: float,
    method: str = "bilateral",
    strength: float = 10.0,
    quality: int = 75,
) -> Pixels:
    """Shrink, enlarge to the old size, denoise, store as JPEG."""
    return jpeg(denoise(down_up(pixels, rng, factor), rng, strength, method), rng, quality)
