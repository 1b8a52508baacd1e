"""Attacks that change the value of pixels and leave them where they are.

Factors follow Pillow's ImageEnhance and torchvision: 1 leaves the picture as it is.
"""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageOps

from forensics.media.types import Pixels
from forensics.watermark.attacks.base import attack, number, whole
from forensics.watermark.attacks.pictures import as_pixels, luma, table

__all__ = [
    "autocontrast",
    "brightness",
    "contrast",
    "equalise",
    "gamma",
    "grey",
    "hue",
    "invert",
    "posterise",
    "saturation",
    "sharpness",
    "white_balance",
]

_LEVELS = np.arange(256, dtype=np.float64)
_VIDEOSEAL = "VideoSeal, arXiv:2412.09492"
_SIGNATURE = "Stable Signature, arXiv:2303.15435"
_AUGMENT = "AutoAugment, arXiv:1805.09501"


@attack("brightness", number("factor", 1.5, 0, 4), source=_SIGNATURE)
def brightness(pixels: Pixels, rng: np.random.Generator, factor: float) -> Pixels:
    """Multiply every value."""
    return table(pixels, _LEVELS * factor)


@attack("contrast", number("factor", 1.5, 0, 4), source=_SIGNATURE)
def contrast(pixels: Pixels, rng: np.random.Generator, factor: float) -> Pixels:
    """Spread values about the picture's mean brightness."""
    middle = round(float(luma(pixels).mean()))
    return table(pixels, middle + (_LEVELS - middle) * factor)


@attack("gamma", number("exponent", 1.5, 0.1, 5), source="StirMark Benchmark 4")
def gamma(pixels: Pixels, rng: np.random.Generator, exponent: float) -> Pixels:
    """Raise values in [0, 1] to a power; above 1 darkens."""
    return table(pixels, 255 * (_LEVELS / 255) ** exponent)


@attack("saturation", number("factor", 1.5, 0, 4), source=_SIGNATURE)
def saturation(pixels: Pixels, rng: np.random.Generator, factor: float) -> Pixels:
    """Move colours away from their grey, or towards it below 1."""
    plain = luma(pixels)[..., None]
    return as_pixels(plain + (pixels - plain) * np.float32(factor))


@attack("hue", number("turn", 0.1, -0.5, 0.5), source=_VIDEOSEAL)
def hue(pixels: Pixels, rng: np.random.Generator, turn: float) -> Pixels:
    """Turn all hues by a share of the full circle."""
    if turn == 0:
        return pixels
    hsv = cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + 360 * turn) % 360
    return as_pixels(np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.float32))


# Pillow's ImageEnhance.Sharpness, but for the outermost pixels, which it leaves alone.
@attack("sharpness", number("factor", 2, 0, 10), source=_SIGNATURE)
def sharpness(pixels: Pixels, rng: np.random.Generator, factor: float) -> Pixels:
    """Sharpen above 1, smooth below."""
    kernel = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], np.float32) / 13
    smooth = cv2.filter2D(pixels, -1, kernel).astype(np.float32)
    return as_pixels(smooth + (pixels - smooth) * np.float32(factor))


@attack("grey", source=_VIDEOSEAL)
def grey(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Take the colour away."""
    return np.repeat(as_pixels(luma(pixels))[..., None], 3, axis=2)


@attack("equalise", source=_AUGMENT)
def equalise(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Even out the histogram of every colour."""
    return np.asarray(ImageOps.equalize(Image.fromarray(pixels)))


@attack("autocontrast", number("cut", 1, 0, 20), source=_AUGMENT)
def autocontrast(pixels: Pixels, rng: np.random.Generator, cut: float) -> Pixels:
    """Stretch every colour to the full range, but for some per cent at both ends."""
    return np.asarray(ImageOps.autocontrast(Image.fromarray(pixels), cutoff=cut))


@attack("posterise", whole("bits", 4, 1, 8), source=_AUGMENT)
def posterise(pixels: Pixels, rng: np.random.Generator, bits: int) -> Pixels:
    """Keep the highest bits of every value."""
    return pixels & np.uint8(256 - 2 ** (8 - bits))


@attack("white_balance", number("warmth", 0.15, -0.5, 0.5), source="one gain a channel, von Kries 1902")
def white_balance(pixels: Pixels, rng: np.random.Generator, warmth: float) -> Pixels:
    """Strengthen red and weaken blue by a share, or the other way round below 0."""
    return table(pixels, _LEVELS[:, None] * np.array([1 + warmth, 1, 1 - warmth]))


@attack("invert", source=_AUGMENT)
def invert(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Turn the picture into its negative."""
    return ~pixels
