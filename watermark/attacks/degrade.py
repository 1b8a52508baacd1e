"""Attacks that lose detail: noise, blur, coarser pixels and levels."""

from __future__ import annotations

import math

import cv2
import numpy as np

from forensics.media.types import Pixels
from forensics.watermark.attacks.base import attack, number, whole
from forensics.watermark.attacks.pictures import as_pixels, sized, table

__all__ = [
    "bit_depth",
    "blur",
    "box",
    "defocus",
    "median",
    "motion",
    "noise",
    "pixelate",
    "salt_pepper",
    "speckle",
]

_CORRUPTIONS = "Hendrycks & Dietterich 2019, arXiv:1903.12261"
_WAVES = "WAVES, arXiv:2401.08573"


@attack("noise", number("sigma", 8, 0, 100), source=_WAVES, fresh=True)
def noise(pixels: Pixels, rng: np.random.Generator, sigma: float) -> Pixels:
    """Add Gaussian noise of so many grey levels."""
    drawn = rng.standard_normal(pixels.shape, np.float32)
    drawn *= np.float32(sigma)
    return as_pixels(np.add(drawn, pixels, out=drawn))


@attack("salt_pepper", number("share", 0.02, 0, 1), source=_CORRUPTIONS, fresh=True)
def salt_pepper(pixels: Pixels, rng: np.random.Generator, share: float) -> Pixels:
    """Turn a share of the pixels black or white."""
    drawn = rng.random(pixels.shape[:2], np.float32)[..., None]
    return np.where(drawn < share / 2, 0, np.where(drawn < share, 255, pixels)).astype(np.uint8)


@attack("speckle", number("sigma", 0.1, 0, 1), source=_CORRUPTIONS, fresh=True)
def speckle(pixels: Pixels, rng: np.random.Generator, sigma: float) -> Pixels:
    """Multiply every value by 1 plus Gaussian noise."""
    factors = 1 + np.float32(sigma) * rng.standard_normal(pixels.shape, np.float32)
    return as_pixels(pixels * factors)


@attack("blur", number("sigma", 1, 0, 20), source=_WAVES)
def blur(pixels: Pixels, rng: np.random.Generator, sigma: float) -> Pixels:
    """Blur with a Gaussian of so many pixels."""
    if sigma == 0:
        return pixels
    side = 2 * math.ceil(4 * sigma) + 1  # four sigmas: the rest is below half a level
    return np.asarray(cv2.GaussianBlur(pixels, (side, side), sigma), np.uint8)


@attack("median", whole("size", 3, 1, 31, step=2), source="VideoSeal, arXiv:2412.09492")
def median(pixels: Pixels, rng: np.random.Generator, size: int) -> Pixels:
    """Take the median of a square window."""
    return np.asarray(cv2.medianBlur(pixels, size), np.uint8)


@attack("box", whole("size", 3, 1, 31, step=2), source="StirMark Benchmark 4 (convolution filters)")
def box(pixels: Pixels, rng: np.random.Generator, size: int) -> Pixels:
    """Take the mean of a square window."""
    return np.asarray(cv2.blur(pixels, (size, size)), np.uint8)


@attack("pixelate", whole("block", 4, 1, 64), source=f"{_CORRUPTIONS}; VINE, arXiv:2410.18775")
def pixelate(pixels: Pixels, rng: np.random.Generator, block: int) -> Pixels:
    """Replace square blocks by their means."""
    height, width = pixels.shape[:2]
    small = (math.ceil(width / block), math.ceil(height / block))
    whole_blocks = (small[0] * block, small[1] * block)
    margin = (0, whole_blocks[1] - height, 0, whole_blocks[0] - width)
    sized(*whole_blocks)
    padded = cv2.copyMakeBorder(pixels, *margin, cv2.BORDER_REPLICATE)
    means = cv2.resize(padded, small, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(means, whole_blocks, interpolation=cv2.INTER_NEAREST)
    return np.asarray(coarse[:height, :width], np.uint8)


@attack("defocus", number("radius", 3, 0, 20), source=f"{_CORRUPTIONS}; VINE, arXiv:2410.18775")
def defocus(pixels: Pixels, rng: np.random.Generator, radius: float) -> Pixels:
    """Blur with a disc, as a lens out of focus does."""
    reach = math.ceil(radius)
    rows, columns = np.indices((2 * reach + 1, 2 * reach + 1)) - reach
    disc = np.clip(radius + 0.5 - np.hypot(rows, columns), 0, 1)  # soft by one pixel at its rim
    return np.asarray(cv2.filter2D(pixels, -1, disc / disc.sum()), np.uint8)


@attack("motion", number("length", 7, 1, 50), number("angle", 0, -180, 180), source=_CORRUPTIONS)
def motion(pixels: Pixels, rng: np.random.Generator, length: float, angle: float = 0.0) -> Pixels:
    """Blur along a line of so many pixels, at an angle in degrees from the rows, anticlockwise."""
    reach = math.ceil(length / 2)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float64)
    along = (np.arange(math.ceil(8 * length)) + 0.5) / 8 - math.ceil(8 * length) / 16
    columns = np.rint(reach + along * math.cos(math.radians(angle))).astype(int)
    rows = np.rint(reach - along * math.sin(math.radians(angle))).astype(int)
    np.add.at(kernel, (rows, columns), 1.0)
    # Filters of OpenCV correlate: the kernel is symmetric, so that is the same.
    return np.asarray(cv2.filter2D(pixels, -1, kernel / kernel.sum()), np.uint8)


@attack(
    "bit_depth", whole("bits", 4, 1, 8), source="Xu, Evans & Qi 2018, arXiv:1704.01155 (feature squeezing)"
)
def bit_depth(pixels: Pixels, rng: np.random.Generator, bits: int) -> Pixels:
    """Round every value to evenly spaced levels between black and white."""
    steps = 2**bits - 1
    return table(pixels, np.rint(np.arange(256) / 255 * steps) / steps * 255)
