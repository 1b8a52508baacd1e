"""What all attacks share: checks of pictures, rounding, resampling, local means."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.media.types import Pixels

__all__ = [
    "FILTERS",
    "LEAST",
    "MOST",
    "MOST_PIXELS",
    "as_pixels",
    "checked",
    "luma",
    "resample",
    "sized",
    "table",
    "wiener",
]

Floats = npt.NDArray[np.float32]

LEAST = 16  # px: below, neither a mark nor an attack means anything
MOST = 32_767  # px: the warps of OpenCV count in 16 bits
MOST_PIXELS = 400_000_000

FILTERS = ("lanczos", "bicubic", "bilinear", "box", "nearest")


def checked(pixels: Pixels) -> Pixels:
    """Return a picture if it is one.

    Raises:
        UsageError: It is not (H, W, 3) uint8, or too small or too large.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise UsageError(
            f"attacks take uint8 RGB pictures (H, W, 3), not {pixels.dtype} {pixels.shape}",
            expected="uint8 (H, W, 3)",
            actual=f"{pixels.dtype} {pixels.shape}",
        )
    rows, columns = sized(*pixels.shape[:2])
    if min(rows, columns) < LEAST:
        message = f"attacks take and leave pictures of at least {LEAST} px a side, not {columns} x {rows}"
        raise UsageError(message, expected=f">= {LEAST}", actual=(rows, columns))
    return pixels


def sized(height: float, width: float) -> tuple[int, int]:
    """Return whole sides, at least 1.

    Raises:
        UsageError: A side is too long, or there are too many pixels.
    """
    rows, columns = max(1, round(height)), max(1, round(width))
    if max(rows, columns) > MOST or rows * columns > MOST_PIXELS:
        raise UsageError(
            f"pictures have at most {MOST} px a side and {MOST_PIXELS} px in all, not {columns} x {rows}",
            expected=f"<= {MOST}",
            actual=(rows, columns),
        )
    return rows, columns


def as_pixels(values: npt.NDArray[np.floating]) -> Pixels:
    """Return grey levels rounded and clipped to bytes."""
    rounded: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded


def table(pixels: Pixels, levels: npt.NDArray[np.floating]) -> Pixels:
    """Return a picture with every byte looked up in (256,) or (256, 3) grey levels."""
    import cv2

    lookup = as_pixels(levels)
    return np.asarray(cv2.LUT(pixels, lookup if lookup.ndim == 1 else lookup[None]), np.uint8)


def resample(pixels: Pixels, height: float, width: float, name: str = "lanczos") -> Pixels:
    """Return a picture at another size, low-passed first where it shrinks.

    Args:
        pixels: (H, W, 3).
        height: New height in px, rounded.
        width: New width.
        name: One of FILTERS.

    Raises:
        UsageError: The new size is too large.
    """
    from PIL import Image

    rows, columns = sized(height, width)
    if (rows, columns) == pixels.shape[:2]:
        return pixels
    picture = Image.fromarray(pixels)
    return np.asarray(picture.resize((columns, rows), Image.Resampling[name.upper()]))


# ITU-R BT.601, 2.5.1.
def luma(pixels: Pixels) -> Floats:
    """Return the brightness of a picture, (H, W) in grey levels."""
    import cv2

    return np.asarray(cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_RGB2GRAY), np.float32)


# Lim 1990, "Two-Dimensional Signal and Image Processing", equation 9.45; the MAP estimate of a Gaussian
# picture under white noise that estimation attacks start from (Voloshynovskiy et al. 2001).
def wiener(values: Floats, size: int = 5, noise: float | None = None) -> Floats:
    """Return a picture without its noise: local means where it is flat, itself where it is busy.

    Args:
        values: (H, W) or (H, W, 3), grey levels.
        size: Side of the window in px, odd.
        noise: Variance of the noise; the mean of the local variances if None.
    """
    import cv2

    window = (size, size)
    mean = cv2.boxFilter(values, -1, window)
    variance = np.maximum(cv2.boxFilter(values * values, -1, window) - mean * mean, 0)
    level = float(variance.mean()) if noise is None else noise
    kept = np.maximum(variance - level, 0) / np.maximum(variance, 1e-6)
    return np.asarray(mean + kept * (values - mean), np.float32)
