"""Attacks as they happen: a screenshot, an upload, a print. Each is a chain of the simple ones."""

from __future__ import annotations

import numpy as np

from forensics.media.types import Pixels
from forensics.watermark.attacks.base import attack, number, whole, word
from forensics.watermark.attacks.compression import jpeg
from forensics.watermark.attacks.degrade import blur, noise
from forensics.watermark.attacks.geometry import crop, limit, perspective, resize
from forensics.watermark.attacks.pictures import sized
from forensics.watermark.attacks.value import brightness, contrast, gamma, sharpness

__all__ = ["combined", "printed", "screenshot", "social"]

_BAR, _MARGIN = 0.08, 0.03  # of the shorter side: the bars and margins of a window


@attack(
    "screenshot",
    number("scale", 0.75, 0.1, 2),
    word("frame", "no", "yes"),
    whole("quality", 80, 1, 100),
    source="rescaled on screen, smoothed, saved by a messenger",
)
def screenshot(
    pixels: Pixels, rng: np.random.Generator, scale: float, frame: str = "no", quality: int = 80
) -> Pixels:
    """Show at another scale, smooth slightly, store as JPEG; with or without the window around."""
    shot = blur(resize(pixels, rng, scale, "bilinear"), rng, 0.5)
    return jpeg(_window(shot) if frame == "yes" else shot, rng, quality)


def _window(pixels: Pixels) -> Pixels:
    """Return a picture inside a light window: a bar with buttons above, a darker one below."""
    height, width = pixels.shape[:2]
    bar, margin = round(_BAR * min(height, width)), round(_MARGIN * min(height, width))
    canvas = np.full((*sized(height + 2 * bar + 2 * margin, width + 2 * margin), 3), 242, np.uint8)
    canvas[:bar], canvas[-bar:] = 222, 64
    for place, colour in enumerate([(237, 106, 94), (245, 191, 79), (98, 197, 84)]):
        left = margin + place * bar
        canvas[bar // 4 : 3 * bar // 4, left : left + bar // 2] = colour
    canvas[bar + margin : bar + margin + height, margin : margin + width] = pixels
    return canvas


@attack(
    "social",
    whole("longest", 2048, 64, 8192),
    whole("quality", 71, 1, 100),
    word("sharpen", "no", "yes"),
    source="limits that large networks were reported to use; they change without notice",
)
def social(
    pixels: Pixels, rng: np.random.Generator, longest: int, quality: int = 71, sharpen: str = "no"
) -> Pixels:
    """Limit the longer side and store as JPEG, as an upload does."""
    small = limit(pixels, rng, longest)
    return jpeg(sharpness(small, rng, 1.5) if sharpen == "yes" else small, rng, quality)


@attack(
    "combined",
    number("share", 0.5, 0.01, 1),
    number("factor", 1.5, 0, 4),
    whole("quality", 80, 1, 100),
    source="Stable Signature, arXiv:2303.15435",
)
def combined(
    pixels: Pixels, rng: np.random.Generator, share: float, factor: float = 1.5, quality: int = 80
) -> Pixels:
    """Crop at the centre, brighten, store as JPEG."""
    return jpeg(brightness(crop(pixels, rng, share), rng, factor), rng, quality)


@attack(
    "printed",
    number("perspective", 0.05, 0, 0.8),
    number("sigma", 1, 0, 20),
    number("noise", 5, 0, 100),
    source="StegaStamp, arXiv:1904.05343 (its model of print and camera)",
)
def printed(
    pixels: Pixels, rng: np.random.Generator, amount: float, sigma: float = 1.0, grain: float = 5.0
) -> Pixels:
    """Warp, blur, flatten tones, add noise, store as JPEG: like a photo of a print."""
    seen = blur(perspective(pixels, rng, amount), rng, sigma)
    return jpeg(noise(gamma(contrast(seen, rng, 0.85), rng, 1.1), rng, grain), rng, 80)
