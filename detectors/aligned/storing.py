"""The last step of both classes: one encoder, and a look at whether it did what was asked."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from forensics.errors import ForensicsError, UsageError
from forensics.media import open_bytes
from forensics.media.types import Pixels

__all__ = ["Stored", "parse_stored", "store", "verify"]

_FORMATS = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}
_CHROMA = {"420": "4:2:0", "422": "4:2:2", "444": "4:4:4"}


@dataclass(frozen=True)
class Stored:
    """How pictures are stored. `str` gives the text that parses to the same.

    Attributes:
        kind: "jpeg", "png" or "webp" (lossy).
        quality: 1-100; 0 for PNG.
        chroma: Of a JPEG: "420", "422" or "444"; "" for others.
    """

    kind: str
    quality: int = 0
    chroma: str = ""

    def __str__(self) -> str:
        parts = [self.kind, str(self.quality) if self.quality else "", self.chroma]
        return ":".join(part for part in parts if part)

    @property
    def suffix(self) -> str:
        """Suffix of files, with the dot."""
        return _FORMATS[self.kind]


def parse_stored(text: str) -> Stored:
    """Return how pictures are stored by a text such as "jpeg:90", "jpeg:75:444", "png" or "webp:80".

    Raises:
        UsageError: It is none.

    Example:
        >>> str(parse_stored("jpeg"))
        'jpeg:90:420'
    """
    wanted = "jpeg:QUALITY[:420|422|444], png or webp:QUALITY"
    kind, *rest = text.strip().lower().split(":")
    most = {"jpeg": 2, "png": 0, "webp": 1}.get(kind, -1)
    try:
        quality = int(rest[0]) if rest else 90
        chroma = rest[1] if len(rest) == 2 else "420"
        if len(rest) > most or not 1 <= quality <= 100 or chroma not in _CHROMA:
            raise ValueError
    except ValueError:
        raise UsageError(f"{text!r} is no codec: give {wanted}", expected=wanted, actual=text) from None
    if kind == "png":
        return Stored("png")
    return Stored(kind, quality, chroma if kind == "jpeg" else "")


def store(pixels: Pixels, how: Stored) -> bytes:
    """Return a picture as a file without metadata: the same bytes for the same pixels.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        how: The encoder.
    """
    from PIL import Image

    out, image = io.BytesIO(), Image.fromarray(pixels)
    if how.kind == "png":
        image.save(out, "PNG", compress_level=6)
    elif how.kind == "webp":
        image.save(out, "WEBP", quality=how.quality, method=4)
    else:
        image.save(out, "JPEG", quality=how.quality, subsampling=_CHROMA[how.chroma])
    return out.getvalue()


def verify(data: bytes, pixels: Pixels, how: Stored) -> Pixels:
    """Return the pixels of a file that was written, after a look at whether it is what was asked for.

    Encoders take wrong options without a word: `cv2.imencode(".jpg", x, [quality, 90])` writes quality 95
    whatever the quality.

    Raises:
        ForensicsError: Format, size, quality or chroma are others, or there are metadata.
    """
    media = open_bytes(data)
    read = media.pixels
    wrong = ""
    if media.container.format != how.kind:
        wrong = f"format {media.container.format}"
    elif read.shape != pixels.shape:
        wrong = f"shape {read.shape}"
    elif media.jpeg and (media.jpeg.quality, media.jpeg.quality_exact) != (how.quality, True):
        wrong = f"quality {media.jpeg.quality}"
    elif media.jpeg and media.jpeg.subsampling != _CHROMA[how.chroma]:
        wrong = f"chroma {media.jpeg.subsampling}"
    elif how.kind == "png" and not np.array_equal(read, pixels):
        wrong = "other pixels"
    elif any(tag.group != "jfif" for tag in media.metadata.tags):
        wrong = "metadata"
    if wrong:
        raise ForensicsError(f"the encoder wrote {wrong}, asked for {how}", expected=str(how), actual=wrong)
    return read
