"""How good a picture still is, as a bucket: what a score means depends on what was done to the file.

Buckets nest. From the general to the special they are `all`, the kind of codec (`jpeg`, `lossy`, `lossless`,
`clip`), for a JPEG its quality, the size in pixels, whether the grid was interpolated where that was looked
for, and whether its pixels are soft: such as `jpeg.high.large.native.crisp`. Where there are too few
calibration pictures for the special one, the next more general one stands in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from forensics.errors import ForensicsError
from forensics.media import Kind, Media, Pixels

__all__ = [
    "ALL",
    "CRISP",
    "NATIVE",
    "RESAMPLED",
    "SOFT",
    "Quality",
    "bucket_names",
    "is_soft",
    "nearest",
    "quality_of",
    "sized",
    "was_resampled",
]

ALL = "all"
NATIVE, RESAMPLED = "native", "resampled"
CRISP, SOFT = "crisp", "soft"
LOW, HIGH = 75, 90  # JPEG quality below which it is low, and from which it is high
SMALL, LARGE = 250_000, 2_000_000  # pixels below which a picture is small, and from which it is large
BLURRED = 1.7
"""Steps over two pixels against steps over one, as log2 of mean squares, from which a picture is soft.

Noise gives 0 and a ramp 2; a photo after a Gaussian blur of one pixel 1.75 to 1.9.
"""
_LINES = 512  # rows, and columns, of a large picture that are looked at
_SIZES = ("small", "medium", "large")
_RARE = 1e-4  # p-value of traces of interpolation
_LEAST_TILES, _SIDE, _MOST_TILES = 4, 128, 96
_KNOWN: WeakKeyDictionary[Media, bool | None] = WeakKeyDictionary()
_LOSSLESS = ("png", "bmp", "tiff", "gif")


@dataclass(frozen=True)
class Quality:
    """What of a picture decides which traces can be left.

    Attributes:
        codec: "jpeg", "lossy", "lossless" or "clip".
        jpeg_quality: Nearest quality of the libjpeg scale, 1-100; None for anything else.
        pixels: Width times height.
        resampled: Whether the grid shows traces of interpolation; None where that was not looked for, or
            cannot be told.
        soft: Whether neighbouring pixels are nearly the same, by optics, filter or enlargement; None where
            that was not looked for, or the picture is flat.
    """

    codec: str
    jpeg_quality: int | None
    pixels: int
    resampled: bool | None = None
    soft: bool | None = None


def bucket_names(quality: Quality) -> tuple[str, ...]:
    """Return the buckets that a picture is in, from the most general to the most special.

    Example:
        >>> bucket_names(Quality("jpeg", 95, 12_000_000))
        ('all', 'jpeg', 'jpeg.high', 'jpeg.high.large')
    """
    parts = [quality.codec]
    if quality.jpeg_quality is not None:
        value = quality.jpeg_quality
        parts.append("low" if value < LOW else "high" if value >= HIGH else "middle")
    parts.append("small" if quality.pixels < SMALL else "large" if quality.pixels >= LARGE else "medium")
    if quality.resampled is not None:
        parts.append(RESAMPLED if quality.resampled else NATIVE)
    if quality.soft is not None:
        parts.append(SOFT if quality.soft else CRISP)
    return (ALL, *(".".join(parts[: n + 1]) for n in range(len(parts))))


def nearest(quality: Quality, known: Iterable[str]) -> str | None:
    """Return the most special of the known buckets that a picture is in; None where there is none."""
    there = set(known)
    return next((name for name in reversed(bucket_names(quality)) if name in there), None)


def sized(bucket: str) -> bool:
    """Return whether a bucket is of pictures of one range of sizes.

    Example:
        >>> sized("jpeg.high.small"), sized("jpeg.high")
        (True, False)
    """
    return any(part in _SIZES for part in bucket.split("."))


def quality_of(media: Media, *, resampling: bool = False) -> Quality:
    """Return the quality of an opened file.

    Args:
        media: The file.
        resampling: Whether to look for traces of interpolation, which costs some hundredths of a second.

    Raises:
        MediaError: It cannot be decoded.
    """
    height, width = media.pixels.shape[:2]
    structure = media.jpeg
    return Quality(
        codec=_codec(media),
        jpeg_quality=structure.quality if structure is not None else None,
        pixels=height * width,
        resampled=was_resampled(media.luma) if resampling else None,
        soft=_soft_once(media),
    )


def _soft_once(media: Media) -> bool | None:
    """Return whether a file is soft; many detectors ask that of the same one."""
    if media not in _KNOWN:
        _KNOWN[media] = is_soft(media.luma)
    return _KNOWN[media]


def is_soft(luma: Pixels) -> bool | None:
    """Return whether neighbouring pixels are nearly the same; None for a flat picture.

    Args:
        luma: (H, W) uint8.
    """
    steps = [_steps(lines[:: max(1, len(lines) // _LINES)]) for lines in (luma, luma.T)]
    one, two = (sum(pair[at] for pair in steps) for at in (0, 1))
    return bool(math.log2(two / one) >= BLURRED) if one > 0 else None


def was_resampled(luma: Pixels) -> bool | None:
    """Return whether a picture shows traces of interpolation; None where too little of it has texture.

    Args:
        luma: (H, W) uint8.
    """
    from forensics.detectors.periodicity.resampling import periodogram, strongest
    from forensics.detectors.periodicity.spectrum import activity, cut, spectra

    tiles = cut(luma, _SIDE, _MOST_TILES)
    if len(tiles.pixels) < _LEAST_TILES:
        return None
    return bool(strongest(periodogram(spectra(activity(tiles.pixels)))).p_value < _RARE)


def _steps(lines: Pixels) -> tuple[float, float]:
    """Return the mean squared steps over one and over two pixels along lines; 0 where these are too short."""
    if lines.shape[1] < 3:
        return 0.0, 0.0
    values = lines.astype(np.int32)
    one, two = (values[:, by:] - values[:, :-by] for by in (1, 2))
    return float((one**2).mean()), float((two**2).mean())


def _codec(media: Media) -> str:
    kind, name = media.container.kind, media.container.format
    if kind is Kind.VIDEO:
        return "clip"
    if name == "jpeg":
        return "jpeg"
    return "lossless" if name in _LOSSLESS or (name == "webp" and _lossless_webp(media.data)) else "lossy"


def _lossless_webp(data: bytes) -> bool:
    from forensics.media.riff import webp_chunks

    try:
        kinds = {chunk.kind for chunk in webp_chunks(data)}
    except ForensicsError:
        return False
    return b"VP8L" in kinds and b"VP8 " not in kinds
