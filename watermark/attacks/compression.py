"""Attacks that store the picture with loss and read it again."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, features

from forensics.errors import UsageError
from forensics.media.types import Pixels
from forensics.watermark.attacks.base import attack, whole, word

__all__ = ["avif", "double_jpeg", "gif", "jpeg", "webp"]

_CHROMA = word("chroma", "420", "422", "444")


def _stored(pixels: Pixels, kind: str, **options: Any) -> Pixels:
    """Return a picture after a round through a file of some kind."""
    file = BytesIO()
    try:
        Image.fromarray(pixels).save(file, kind, **options)
    except (OSError, ValueError) as error:
        size = f"{pixels.shape[1]} x {pixels.shape[0]}"
        raise UsageError(f"a picture of {size} cannot be stored as {kind}: {error}", actual=size) from error
    file.seek(0)
    # Image.open doubts large pictures; this one is our own.
    with Image.OPEN[kind][0](file, "") as picture:
        return np.asarray(picture.convert("RGB"))


def _ratio(chroma: str) -> str:
    return ":".join(chroma)


@attack("jpeg", whole("quality", 75, 1, 100), _CHROMA, source="ITU-T T.81; all suites")
def jpeg(pixels: Pixels, rng: np.random.Generator, quality: int, chroma: str = "420") -> Pixels:
    """Store as JPEG."""
    return _stored(pixels, "JPEG", quality=quality, subsampling=_ratio(chroma))


@attack("webp", whole("quality", 75, 0, 100), source="RFC 9649")
def webp(pixels: Pixels, rng: np.random.Generator, quality: int) -> Pixels:
    """Store as lossy WebP."""
    return _stored(pixels, "WEBP", quality=quality)


@attack("avif", whole("quality", 60, 0, 100), _CHROMA, source="AV1 Image File Format 1.1")
def avif(pixels: Pixels, rng: np.random.Generator, quality: int, chroma: str = "420") -> Pixels:
    """Store as AVIF."""
    if not features.check("avif"):
        raise UsageError("this build of Pillow does not write AVIF", expected="Pillow with AVIF")
    options = {"quality": quality, "subsampling": _ratio(chroma), "speed": 8, "max_threads": 1}
    return _stored(pixels, "AVIF", **options)


@attack(
    "double_jpeg",
    whole("quality", 75, 1, 100),
    whole("first", 50, 1, 100),
    whole("shift", 4, 0, 7),
    source="Bianchi & Piva 2012 (aligned and not aligned double compression)",
)
def double_jpeg(
    pixels: Pixels, rng: np.random.Generator, quality: int, first: int = 50, shift: int = 4
) -> Pixels:
    """Store as JPEG, cut a few rows and columns, store again."""
    return jpeg(jpeg(pixels, rng, first)[shift:, shift:], rng, quality)


@attack("gif", whole("colours", 256, 2, 256), word("dither", "yes", "no"), source="GIF89a palettes")
def gif(pixels: Pixels, rng: np.random.Generator, colours: int, dither: str = "yes") -> Pixels:
    """Reduce to a palette, as GIF and small PNG files do."""
    palette = Image.fromarray(pixels).quantize(colours)
    mode = Image.Dither.FLOYDSTEINBERG if dither == "yes" else Image.Dither.NONE
    return np.asarray(Image.fromarray(pixels).quantize(palette=palette, dither=mode).convert("RGB"))
