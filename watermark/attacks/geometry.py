"""Attacks that move pixels: turns, flips, crops, sizes, warps.

What a turn or a warp uncovers is black, as editors leave it.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from forensics.media.types import Pixels
from forensics.watermark.attacks.base import attack, number, whole, word
from forensics.watermark.attacks.pictures import FILTERS, resample, sized

__all__ = [
    "aspect",
    "bend",
    "crop",
    "crop_rescale",
    "down_up",
    "flip",
    "limit",
    "none",
    "perspective",
    "quarter",
    "resize",
    "rotate",
    "shear",
    "shift",
]

Matrix = npt.NDArray[np.float64]

_STIRMARK = "Petitcolas, Anderson & Kuhn 1998 (StirMark)"
_VIDEOSEAL = "VideoSeal, arXiv:2412.09492"
_SIGNATURE = "Stable Signature, arXiv:2303.15435"


@attack("none", source=_SIGNATURE)
def none(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Leave the picture as it is."""
    return pixels


@attack("rotate", number("angle", 10, -180, 180), word("canvas", "keep", "grow", "inside"), source=_VIDEOSEAL)
def rotate(pixels: Pixels, rng: np.random.Generator, angle: float, canvas: str = "keep") -> Pixels:
    """Turn by degrees, anticlockwise, keeping the canvas, growing it, or cutting away the black corners."""
    height, width = pixels.shape[:2]
    if angle == 0:
        return pixels
    sizes = {
        "keep": (height, width),
        "grow": _hull(height, width, angle),
        "inside": _inside(height, width, angle),
    }
    rows, columns = sized(*sizes[canvas])
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    matrix[:, 2] += ((columns - width) / 2, (rows - height) / 2)
    return _affine(pixels, np.asarray(matrix), rows, columns)


def _hull(height: int, width: int, angle: float) -> tuple[float, float]:
    """Return the sides of the upright box around a turned picture."""
    cos, sin = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
    return math.ceil(height * cos + width * sin - 1e-6), math.ceil(width * cos + height * sin - 1e-6)


def _inside(height: int, width: int, angle: float) -> tuple[float, float]:
    """Return the sides of the largest upright rectangle inside a turned picture."""
    cos, sin = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
    long, short = max(height, width), min(height, width)
    if short <= 2 * sin * cos * long or abs(sin - cos) < 1e-9:  # two corners touch the longer sides
        across, along = (short / 2 / sin, short / 2 / cos) if sin > 1e-9 else (long, short)
        sides = (along, across) if width >= height else (across, along)
    else:
        double = cos * cos - sin * sin
        sides = (height * cos - width * sin) / double, (width * cos - height * sin) / double
    return math.floor(sides[0] + 1e-6), math.floor(sides[1] + 1e-6)


def _affine(pixels: Pixels, matrix: Matrix, rows: int, columns: int) -> Pixels:
    return np.asarray(cv2.warpAffine(pixels, matrix, (columns, rows), flags=cv2.INTER_CUBIC), np.uint8)


@attack("quarter", whole("turns", 1, 0, 3), source=_SIGNATURE)
def quarter(pixels: Pixels, rng: np.random.Generator, turns: int) -> Pixels:
    """Turn by quarter turns, anticlockwise."""
    return np.rot90(pixels, turns)


@attack("flip", word("axis", "horizontal", "vertical", "both"), source=_VIDEOSEAL)
def flip(pixels: Pixels, rng: np.random.Generator, axis: str) -> Pixels:
    """Mirror left and right, top and bottom, or both."""
    axes = {"horizontal": (1,), "vertical": (0,), "both": (0, 1)}
    return np.flip(pixels, axes[axis])


@attack("crop", number("share", 0.5, 0.01, 1), word("place", "centre", "random"), source=_SIGNATURE)
def crop(pixels: Pixels, rng: np.random.Generator, share: float, place: str = "centre") -> Pixels:
    """Keep a share of the area, of the same shape, at the centre or somewhere."""
    height, width = pixels.shape[:2]
    rows, columns = sized(height * math.sqrt(share), width * math.sqrt(share))
    top, left = (height - rows) // 2, (width - columns) // 2
    if place == "random":
        top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    return pixels[top : top + rows, left : left + columns]


@attack(
    "crop_rescale",
    number("share", 0.5, 0.01, 1),
    word("place", "centre", "random"),
    source="WAVES, arXiv:2401.08573 (resized crop)",
)
def crop_rescale(pixels: Pixels, rng: np.random.Generator, share: float, place: str = "centre") -> Pixels:
    """Keep a share of the area and enlarge it to the old size."""
    return resample(crop(pixels, rng, share, place), *pixels.shape[:2])


@attack("resize", number("factor", 0.5, 0.05, 4), word("filter", *FILTERS), source=_VIDEOSEAL)
def resize(pixels: Pixels, rng: np.random.Generator, factor: float, name: str = "lanczos") -> Pixels:
    """Change both sides by a factor."""
    return resample(pixels, pixels.shape[0] * factor, pixels.shape[1] * factor, name)


@attack("down_up", number("factor", 0.5, 0.05, 1), word("filter", *FILTERS), source=_VIDEOSEAL)
def down_up(pixels: Pixels, rng: np.random.Generator, factor: float, name: str = "lanczos") -> Pixels:
    """Shrink by a factor and enlarge to the old size."""
    height, width = pixels.shape[:2]
    return resample(resize(pixels, rng, factor, name), height, width, name)


@attack("limit", whole("longest", 1080, 16, 32_767), source="upload limits of social networks")
def limit(pixels: Pixels, rng: np.random.Generator, longest: int) -> Pixels:
    """Shrink until the longer side has at most so many pixels."""
    height, width = pixels.shape[:2]
    factor = min(1.0, longest / max(height, width))
    return resample(pixels, height * factor, width * factor)


@attack("aspect", number("factor", 1.2, 0.25, 4), source=_STIRMARK)
def aspect(pixels: Pixels, rng: np.random.Generator, factor: float) -> Pixels:
    """Change the width by a factor and leave the height."""
    return resample(pixels, pixels.shape[0], pixels.shape[1] * factor)


@attack("shear", number("x", 0.1, -1, 1), number("y", 0, -1, 1), source=_STIRMARK)
def shear(pixels: Pixels, rng: np.random.Generator, x: float, y: float = 0.0) -> Pixels:
    """Slant about the centre: every row moves by x times its height above it, every column by y."""
    height, width = pixels.shape[:2]
    if x == y == 0:
        return pixels
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    linear = np.array([[1.0, -x], [-y, 1.0]])  # rows count downwards
    matrix = np.column_stack([linear, middle - linear @ middle])
    return _affine(pixels, matrix, height, width)


@attack("shift", whole("rows", 3, 0, 64), whole("columns", 5, 0, 64), source=_STIRMARK)
def shift(pixels: Pixels, rng: np.random.Generator, rows: int, columns: int = 5) -> Pixels:
    """Cut rows from the top and columns from the left."""
    return pixels[rows:, columns:]


@attack("perspective", number("amount", 0.2, 0, 0.8), source=f"{_VIDEOSEAL} (as in torchvision)")
def perspective(pixels: Pixels, rng: np.random.Generator, amount: float) -> Pixels:
    """Move every corner inwards at random, by up to a share of the half sides."""
    height, width = pixels.shape[:2]
    if amount == 0:
        return pixels
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    inwards = rng.uniform(0, amount / 2, (4, 2)).astype(np.float32) * (1 - 2 * corners)
    size = np.array([width - 1, height - 1], np.float32)
    matrix = cv2.getPerspectiveTransform(corners * size, (corners + inwards) * size)
    return np.asarray(cv2.warpPerspective(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC), np.uint8)


@attack("bend", number("pixels", 2, 0, 20), source=f"{_STIRMARK}, random bending")
def bend(pixels: Pixels, rng: np.random.Generator, most: float) -> Pixels:
    """Warp smoothly at random: every pixel moves by up to so many pixels."""
    height, width = pixels.shape[:2]
    if most == 0:
        return pixels
    coarse = rng.uniform(-1, 1, (2, 5, 5)).astype(np.float32)
    moves = [cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) * most for plane in coarse]
    rows, columns = np.indices((height, width), np.float32)
    mirrored = cv2.BORDER_REFLECT_101
    bent = cv2.remap(pixels, columns + moves[0], rows + moves[1], cv2.INTER_CUBIC, borderMode=mirrored)
    return np.asarray(bent, np.uint8)
