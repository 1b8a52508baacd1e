"""Attacks by somebody who thinks: marking again, estimating the mark, averaging, copying it elsewhere.

Those that need one picture are registered; the others are functions. None knows the key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.media.types import Pixels
from forensics.watermark.attacks.base import attack, number, whole
from forensics.watermark.attacks.pictures import LEAST, as_pixels, checked, luma, wiener

__all__ = [
    "Period",
    "add_mark",
    "collude",
    "copy_mark",
    "estimate_mark",
    "find_period",
    "mean_mark",
    "remark",
    "remodulate",
    "remove_tile",
]

Floats = npt.NDArray[np.float32]

_WINDOW, _FLOOR = 9, 2.0  # px and grey levels of the local deviation that hides a mark
_SIGMA = 2.5  # px of the high-pass: marks sit above about 0.05 cycles a pixel
_CERTAIN = 12.0  # deviations from which a period is believed
_SAME = 0.7  # of the best score: the smallest period that reaches it is taken, multiples score alike


@dataclass(frozen=True)
class Period:
    """The period of a tiled mark.

    Attributes:
        pixels: Side of the tile in px.
        score: How far the autocorrelation stands out there, in its deviations.
    """

    pixels: int
    score: float


def remark(pixels: Pixels, embed: Callable[[Pixels], Pixels]) -> Pixels:
    """Return a picture marked once more (Petitcolas, Anderson & Kuhn 1998).

    Args:
        pixels: (H, W, 3) uint8.
        embed: Puts another mark in, of the same scheme or of a different one; it keeps the size.

    Raises:
        UsageError: The picture is none, or what the embedder returns is not of its size.
    """
    again = checked(embed(checked(pixels)))
    if again.shape != pixels.shape:
        message = f"the embedder returned {again.shape} for {pixels.shape}"
        raise UsageError(message, expected=pixels.shape, actual=again.shape)
    return again


# Voloshynovskiy et al. 2001, "Attacks on digital watermarks", section 3: w^ = y - x^(y).
def estimate_mark(pixels: Pixels, noise: float | None = None) -> Floats:
    """Return the mark that a denoiser sees in the brightness of a picture, (H, W) in grey levels.

    Args:
        pixels: (H, W, 3) uint8.
        noise: Deviation of the mark in grey levels; the mean local variance of the picture if None.

    Raises:
        UsageError: The picture is none.
    """
    plain = luma(checked(pixels))
    return plain - wiener(plain, 5, None if noise is None else noise**2)


def add_mark(pixels: Pixels, mark: Floats, gain: float = 1.0) -> Pixels:
    """Return a picture with an estimate added to all colours; a negative gain takes it away.

    Args:
        pixels: (H, W, 3) uint8.
        mark: (H, W) in grey levels.
        gain: Its factor.

    Raises:
        UsageError: The picture is none, or the mark is not of its size.
    """
    if mark.shape != checked(pixels).shape[:2]:
        message = f"a mark of {mark.shape} does not fit a picture of {pixels.shape[:2]}"
        raise UsageError(message, expected=pixels.shape[:2], actual=mark.shape)
    return as_pixels(pixels + np.float32(gain) * mark[..., None])


# Yang et al. 2024, "Can simple averaging defeat modern watermarks?", arXiv:2406.09026: what does not depend
# on the picture stays, the pictures average out.
def mean_mark(pictures: Sequence[Pixels]) -> Floats:
    """Return what pictures marked with one key have in common, (H, W) in grey levels.

    Args:
        pictures: Different pictures; of larger ones, the top left corner that all have.

    Raises:
        UsageError: There are no pictures.
    """
    height, width = _common(pictures)
    total = np.zeros((height, width), np.float32)
    for pixels in pictures:
        total += estimate_mark(pixels[:height, :width])
    return total / np.float32(len(pictures))


def collude(pictures: Sequence[Pixels], rule: Literal["mean", "median", "middle"] = "mean") -> Pixels:
    """Return one picture from copies of the same content with different marks.

    Cox et al. 1997 (mean); Stone 1996 (median, and the middle between least and largest).

    Args:
        pictures: Copies of one size, at least two.
        rule: How the copies are joined, pixel by pixel.

    Raises:
        UsageError: There are fewer than two, or their sizes differ.
    """
    shapes = {checked(pixels).shape for pixels in pictures}
    if len(pictures) < 2 or len(shapes) != 1:
        message = (
            f"collusion takes two or more copies of one size, not {len(pictures)} of {len(shapes)} sizes"
        )
        raise UsageError(message, expected=">= 2", actual=len(pictures))
    if rule == "mean":
        total = np.zeros(pictures[0].shape, np.float32)
        for pixels in pictures:
            total += pixels
        return as_pixels(total / np.float32(len(pictures)))
    if rule == "median":
        return as_pixels(np.median(np.stack(pictures), axis=0))
    least, largest = np.minimum.reduce(list(pictures)), np.maximum.reduce(list(pictures))
    return as_pixels((least.astype(np.float32) + largest) / 2)


# Kutter, Voloshynovskiy & Herrigel 2000, "The watermark copy attack", equations 1 to 3.
def copy_mark(marked: Pixels, target: Pixels, gain: float = 1.0, noise: float = 3.0) -> Pixels:
    """Return the target with an estimate of another picture's mark: a forgery.

    The estimate is evened out by what hides it in its own picture and shaped by what hides it in the target.

    Args:
        marked: (H, W, 3) uint8, the marked picture.
        target: (H', W', 3) uint8; of both, the top left corner that they share is used.
        gain: Factor of the estimate.
        noise: Assumed deviation of the mark in grey levels.

    Raises:
        UsageError: A picture is none.
    """
    height, width = _common((marked, target))
    source, cover = marked[:height, :width], target[:height, :width]
    even = estimate_mark(source, noise) / _deviation(luma(source))
    return add_mark(cover, even * _deviation(luma(cover)), gain)


@attack(
    "remodulate",
    number("gain", 1, 0, 5),
    number("noise", 3, 0.5, 30),
    source="Voloshynovskiy et al. 2001 (remodulation after estimation)",
)
def remodulate(pixels: Pixels, rng: np.random.Generator, gain: float, noise: float = 3.0) -> Pixels:
    """Estimate the mark by denoising and subtract it; above gain 1 it is turned round."""
    return add_mark(pixels, estimate_mark(pixels, noise), -gain)


@attack(
    "remove_tile",
    number("gain", 1, 0, 5),
    whole("period", 0, 0, 1024),
    source="Kutter 1998 turned against itself: the lattice of the autocorrelation gives the tile away",
)
def remove_tile(pixels: Pixels, rng: np.random.Generator, gain: float, period: int = 0) -> Pixels:
    """Find the period of a tiled mark (or take it as given), estimate the mean tile, subtract it."""
    plain = luma(pixels)
    side = period or _believed(find_period(pixels))
    if not side or side > min(plain.shape):
        return pixels
    deviation = _deviation(plain)
    tile = _mean_tile(_evened(plain, deviation), side)
    pattern = _tiled(tile, plain.shape)
    # Scaled so that at gain 1 the same measurement of what is left gives a mean tile without this one.
    seen = _mean_tile(_high(pattern) / deviation, side)
    scale = float((tile * tile).sum()) / max(float((tile * seen).sum()), 1e-9)
    return add_mark(pixels, pattern, -gain * scale)


def find_period(pixels: Pixels) -> Period:
    """Return the side of the square tile that a picture's residual repeats most clearly.

    Kutter 1998, "Watermarking resisting to translation, rotation and scaling".

    Args:
        pixels: (H, W, 3) uint8.

    Raises:
        UsageError: The picture is none.
    """
    plain = luma(checked(pixels))
    lags = _autocorrelation(_evened(plain, _deviation(plain)))
    sides = np.arange(LEAST, min(plain.shape) // 2)
    if not len(sides):
        return Period(0, 0.0)
    around = lags[: sides[-1] + 1, : sides[-1] + 1]
    deviation = 1.4826 * float(np.median(np.abs(around))) + 1e-12
    corners = lags[0, sides] + lags[sides, 0] + lags[sides, sides] + lags[sides, -sides]
    scores = corners / (2 * deviation)  # the sum of four has twice the deviation of one
    first = int(np.flatnonzero(scores >= _SAME * scores.max())[0]) if scores.max() > 0 else 0
    return Period(int(sides[first]), float(scores[first]))


def _believed(period: Period) -> int:
    return period.pixels if period.score >= _CERTAIN else 0


# Wiener-Khinchin, of the spectrum divided by its own smooth: photos have strong lags of their own.
def _autocorrelation(residual: Floats) -> Floats:
    """Return (H, W) correlations of a residual with itself, moved circularly by every lag."""
    power = np.abs(np.fft.fft2(residual)).astype(np.float32) ** 2
    smooth = cv2.blur(power, (31, 31), borderType=cv2.BORDER_REFLECT)
    return np.real(np.fft.ifft2(power / (smooth + 1e-6))).astype(np.float32)


def _mean_tile(residual: Floats, side: int) -> Floats:
    """Return (side, side) means over all repetitions."""
    height, width = residual.shape
    total, count = np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
    for top in range(0, height, side):
        for left in range(0, width, side):
            part = residual[top : top + side, left : left + side]
            total[: part.shape[0], : part.shape[1]] += part
            count[: part.shape[0], : part.shape[1]] += 1
    return np.asarray(total / count, np.float32)


def _tiled(tile: Floats, shape: tuple[int, ...]) -> Floats:
    """Return a tile repeated to (H, W)."""
    side = len(tile)
    return np.tile(tile, (-(-shape[0] // side), -(-shape[1] // side)))[: shape[0], : shape[1]]


def _evened(plain: Floats, deviation: Floats) -> Floats:
    """Return the high-pass of brightness over what hides a mark, clipped so that edges do not drown it."""
    return np.asarray(np.clip(_high(plain) / deviation, -3, 3), np.float32)


def _high(plain: Floats) -> Floats:
    return plain - np.asarray(cv2.GaussianBlur(plain, (0, 0), _SIGMA), np.float32)


def _deviation(plain: Floats) -> Floats:
    """Return the local deviation of brightness, (H, W), at least a few levels."""
    mean = cv2.boxFilter(plain, -1, (_WINDOW, _WINDOW))
    square = cv2.boxFilter(plain * plain, -1, (_WINDOW, _WINDOW))
    return np.asarray(np.sqrt(np.maximum(square - mean * mean, 0)) + _FLOOR, np.float32)


def _common(pictures: Sequence[Pixels]) -> tuple[int, int]:
    """Return the sides that all pictures have."""
    if not pictures:
        raise UsageError("there are no pictures", expected=">= 1", actual=0)
    shapes = [checked(pixels).shape for pixels in pictures]
    return min(s[0] for s in shapes), min(s[1] for s in shapes)
