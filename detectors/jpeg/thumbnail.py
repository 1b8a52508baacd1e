"""The embedded thumbnail against the picture: an editor that forgets it leaves the original behind.

Kee and Farid 2010, "Digital image authentication from thumbnails" (SPIE 7541). Cameras letterbox, sharpen
and tone their thumbnails, and some take every n-th pixel: both are compared without bars, after a low-pass,
by correlation, which ignores brightness and contrast. Only content that differs on the whole is weighed; a
small retouch lies within what honest cameras' thumbnails do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forensics.detectors.jpeg.coefficients import Floats
from forensics.errors import MediaError
from forensics.media import Limits, Pixels, open_bytes

__all__ = ["ThumbnailMatch", "compare", "content_box", "read_thumbnail"]

# Thumbnail pixels on each side of a local comparison window.
WINDOW = 17
# Grey levels of standard deviation below which a window shows nothing to compare.
LEAST_CONTRAST = 6.0
# Standard deviation, in thumbnail pixels, of the low-pass against aliasing and sharpening.
BLUR = 2.0
# Shares of the picture that cameras leave out at each edge.
MARGINS = (0.0, 0.01, 0.02)
LEAST_SIDE = 32
BLACK = 24


@dataclass(frozen=True)
class ThumbnailMatch:
    """How the thumbnail agrees with the picture.

    Attributes:
        correlation: Of all pixels, at the best of four turns and small shifts.
        turns: Quarter turns between the two.
        map: (h, w) in [0, 1]: where they disagree.
    """

    correlation: float
    turns: int
    map: Floats

    @property
    def score(self) -> float:
        """log10 of one minus the correlation: -3 for the same content, 0 for another."""
        return float(np.log10(1.001 - self.correlation))


def read_thumbnail(data: bytes) -> Pixels | None:
    """Decode a thumbnail to luminance, (h, w) uint8; None if it is broken or too small to compare."""
    try:
        luma = open_bytes(data, "thumbnail", Limits(pixels=1 << 22, seconds=2.0)).luma
    except MediaError:
        return None
    return luma if min(luma.shape) >= LEAST_SIDE else None


def content_box(luma: Pixels) -> Pixels:
    """Return a picture without its black bars."""
    light = luma > BLACK
    rows, columns = np.nonzero(light.mean(axis=1) > 0.02)[0], np.nonzero(light.mean(axis=0) > 0.02)[0]
    if rows.size < LEAST_SIDE // 2 or columns.size < LEAST_SIDE // 2:
        return luma
    return luma[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def compare(luma: Pixels, thumbnail: Pixels) -> ThumbnailMatch | None:
    """Compare a picture with its thumbnail.

    Args:
        luma: (H, W) uint8 of the picture.
        thumbnail: (h, w) uint8 of `read_thumbnail`.

    Returns:
        None where the thumbnail is too plain to compare.
    """
    import cv2

    inner = content_box(thumbnail)
    # Bars end softly: leave out what they blur.
    if inner.shape != thumbnail.shape and min(inner.shape) > LEAST_SIDE:
        inner = inner[1:-1, 1:-1]
    small = inner.astype(np.float32)
    if float(small.std()) < LEAST_CONTRAST:
        return None
    size = (small.shape[1], small.shape[0])
    small = _low_pass(small)
    matches = []
    luma = _reduced(luma, 4 * max(size))
    for turns in range(4):
        turned = np.rot90(luma, turns)
        if abs(np.log((turned.shape[1] / turned.shape[0]) / (size[0] / size[1]))) > 0.7:
            continue
        for whole in _crops(turned, size):
            reduced = cv2.resize(whole, size, interpolation=cv2.INTER_AREA).astype(np.float32)
            matches.append(_match(_low_pass(reduced), small, turns))
    return max(matches, key=lambda m: m.correlation, default=None)


def _low_pass(plane: Floats) -> Floats:
    import cv2

    return np.asarray(cv2.GaussianBlur(plane, (0, 0), BLUR), np.float32)


def _reduced(luma: Pixels, longest: int) -> Pixels:
    """Shrink a picture to about a longest side by whole blocks of pixels, so that the rest is cheap."""
    import cv2

    factor = max(luma.shape) // longest
    if factor < 2:
        return luma
    size = (luma.shape[1] // factor, luma.shape[0] // factor)
    return np.asarray(
        cv2.resize(luma[: size[1] * factor, : size[0] * factor], size, interpolation=cv2.INTER_AREA)
    )


def _crops(luma: Pixels, size: tuple[int, int]) -> list[Pixels]:
    """The picture and its middle in the proportions of the thumbnail, with small margins."""
    height, width = luma.shape
    aspect = size[0] / size[1]
    shapes = [(height, width)]
    if abs(width / height / aspect - 1) > 0.02:
        shapes.append((min(height, round(width / aspect)), min(width, round(height * aspect))))
    crops = []
    for rows, columns in shapes:
        for margin in MARGINS:
            h, w = round(rows * (1 - 2 * margin)), round(columns * (1 - 2 * margin))
            top, left = (height - h) // 2, (width - w) // 2
            crops.append(luma[top : top + h, left : left + w])
    return crops


def _match(one: Floats, other: Floats, turns: int) -> ThumbnailMatch:
    """Compare two pictures of one size at the best shift of up to two pixels."""
    import cv2

    height, width = other.shape
    core = np.ascontiguousarray(other[2 : height - 2, 2 : width - 2])
    table = cv2.matchTemplate(one, core, cv2.TM_CCOEFF_NORMED)
    _, correlation, _, (left, top) = cv2.minMaxLoc(table)
    local, contrast = _local_correlation(one[top : top + core.shape[0], left : left + core.shape[1]], core)
    seen = contrast > LEAST_CONTRAST
    bright = np.where(seen, np.clip((1 - local) / 2, 0, 1), 0).astype(np.float32)
    return ThumbnailMatch(float(np.clip(correlation, -1, 1)), turns, bright)


def _local_correlation(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Correlation in every window, and the smaller of the two standard deviations."""
    import cv2

    def mean(x: Floats) -> Floats:
        return np.asarray(cv2.blur(x, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT), np.float32)

    a, b = mean(one), mean(other)
    deviation_a = np.sqrt(np.maximum(mean(one * one) - a * a, 0))
    deviation_b = np.sqrt(np.maximum(mean(other * other) - b * b, 0))
    local = (mean(one * other) - a * b) / np.maximum(deviation_a * deviation_b, 1e-3)
    return np.clip(local, -1, 1), np.maximum(deviation_a, deviation_b)
