"""Attacks that cover part of the picture, or put it into a larger one."""

from __future__ import annotations

import math
import string

import cv2
import numpy as np

from forensics.errors import UsageError
from forensics.media.types import Pixels
from forensics.watermark.attacks.base import attack, number, whole, word
from forensics.watermark.attacks.pictures import as_pixels, checked, sized

__all__ = ["border", "collage", "erase", "letterbox", "logo", "paste", "text"]

_AUGLY = "AugLy, arXiv:2201.06494"
_OMNISEAL = "Omni Seal Bench (text, collage, proportion)"


@attack("text", number("height", 0.1, 0.02, 0.5), source=f"{_AUGLY}; Stable Signature, arXiv:2303.15435")
def text(pixels: Pixels, rng: np.random.Generator, height: float) -> Pixels:
    """Write random letters across the picture, as high as a share of its height."""
    rows, columns = pixels.shape[:2]
    letters = "".join(rng.choice(list(string.ascii_letters + string.digits), 12))
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, height * rows / 22  # its capitals are 22 px high at 1
    thick = max(1, round(2 * scale))
    place = (int(rng.integers(columns // 3 + 1)), int(rng.integers(int(rows * height), rows)))
    canvas = pixels.copy()
    for colour, width in (((0, 0, 0), 3 * thick), ((255, 255, 255), thick)):
        cv2.putText(canvas, letters, place, font, scale, colour, width, cv2.LINE_AA)
    return canvas


@attack("logo", number("share", 0.04, 0, 0.5), number("opacity", 0.8, 0, 1), source=f"{_AUGLY} (overlay)")
def logo(pixels: Pixels, rng: np.random.Generator, share: float, opacity: float = 0.8) -> Pixels:
    """Lay a ring and a disc over a share of the area, somewhere."""
    rows, columns = pixels.shape[:2]
    radius = min(math.sqrt(share * rows * columns / math.pi), min(rows, columns) / 2 - 1)
    if share == 0:
        return pixels
    middle = (_somewhere(rng, radius, columns), _somewhere(rng, radius, rows))
    drawn = pixels.copy()
    red, white = (200, 30, 40), (245, 245, 245)
    for colour, part in ((red, 1.0), (white, 0.75), (red, 0.5)):
        cv2.circle(drawn, middle, round(radius * part), colour, -1, cv2.LINE_AA)
    return np.asarray(cv2.addWeighted(drawn, opacity, pixels, 1 - opacity, 0), np.uint8)


def _somewhere(rng: np.random.Generator, radius: float, side: int) -> int:
    return round(float(rng.uniform(radius, side - 1 - radius)))


@attack("erase", number("share", 0.1, 0, 0.9), whole("count", 1, 1, 50), source="WAVES, arXiv:2401.08573")
def erase(pixels: Pixels, rng: np.random.Generator, share: float, count: int = 1) -> Pixels:
    """Fill rectangles of any shape with grey, together at most a share of the area."""
    height, width = pixels.shape[:2]
    canvas = pixels.copy()
    for _ in range(count):
        shape = math.exp(rng.uniform(math.log(0.5), math.log(2.0)))
        rows = min(height, round(math.sqrt(share / count * shape) * height))
        columns = min(width, round(math.sqrt(share / count / shape) * width))
        top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
        canvas[top : top + rows, left : left + columns] = 128
    return canvas


@attack("border", number("width", 0.05, 0, 1), word("colour", "white", "black"), source=_AUGLY)
def border(pixels: Pixels, rng: np.random.Generator, width: float, colour: str = "white") -> Pixels:
    """Put a frame around, as wide as a share of the shorter side."""
    margin = round(width * min(pixels.shape[:2]))
    return _framed(pixels, margin, margin, 255 if colour == "white" else 0)


@attack("letterbox", number("ratio", 1.78, 0.25, 4), source="broadcast practice; AugLy, arXiv:2201.06494")
def letterbox(pixels: Pixels, rng: np.random.Generator, ratio: float) -> Pixels:
    """Add black bars until width over height is the ratio."""
    height, width = pixels.shape[:2]
    rows, columns = max(height, width / ratio), max(width, height * ratio)
    return _framed(pixels, round((rows - height) / 2), round((columns - width) / 2), 0)


def _framed(pixels: Pixels, rows: int, columns: int, level: int) -> Pixels:
    """Return a picture with margins of some rows above and below, columns left and right."""
    height, width = pixels.shape[:2]
    sized(height + 2 * rows, width + 2 * columns)
    margins = ((rows, rows), (columns, columns), (0, 0))
    return np.pad(pixels, margins, constant_values=level)


@attack("collage", number("share", 0.5, 0.05, 1), source=_OMNISEAL)
def collage(pixels: Pixels, rng: np.random.Generator, share: float) -> Pixels:
    """Paste the picture somewhere on a larger one, of which it covers a share."""
    height, width = pixels.shape[:2]
    rows, columns = sized(height / math.sqrt(share), width / math.sqrt(share))
    place = int(rng.integers(rows - height + 1)), int(rng.integers(columns - width + 1))
    return paste(pixels, _clouds(rng, rows, columns), *place)


def _clouds(rng: np.random.Generator, rows: int, columns: int) -> Pixels:
    """Return a coloured picture with about equal energy in every octave, the finest two left out."""
    total = np.full((2, 2, 3), 128, np.float32)
    while 8 * len(total) <= max(rows, columns):
        total = np.asarray(cv2.resize(total, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.float32)
        total += 20 * rng.standard_normal(total.shape, np.float32)
    coarse = as_pixels(total)
    return np.asarray(cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC), np.uint8)


def paste(pixels: Pixels, background: Pixels, row: int, column: int) -> Pixels:
    """Return a background with a picture on it.

    Args:
        pixels: (H, W, 3) uint8.
        background: (H', W', 3) uint8, at least as large.
        row: Row of the background at which the picture begins.
        column: Column.

    Raises:
        UsageError: The picture does not fit.
    """
    height, width = checked(pixels).shape[:2]
    rows, columns = checked(background).shape[:2]
    if not (0 <= row <= rows - height and 0 <= column <= columns - width):
        message = f"a picture of {width} x {height} at ({column}, {row}) does not fit on {columns} x {rows}"
        raise UsageError(message, expected=(rows, columns), actual=(row + height, column + width))
    canvas = background.copy()
    canvas[row : row + height, column : column + width] = pixels
    return canvas
