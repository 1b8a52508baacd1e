"""What is known of a picture without a look at what it shows."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from forensics.detectors.leaks.history import earlier_jpeg
from forensics.detectors.leaks.spectrum import seen
from forensics.errors import UnsupportedMedia
from forensics.media import Kind, Media, Pixels, open_media

__all__ = ["ABOUT", "FAMILIES", "Fact", "Facts", "facts_of", "grey", "middle_of"]

Fact: TypeAlias = float | str

FAMILIES = ("container", "size", "bytes", "history")
ABOUT = {
    "container": "file name, format, tables, segments, metadata",
    "size": "width and height",
    "bytes": "bytes for each pixel",
    "history": "what an earlier JPEG left in the pixels",
    "all": "all of these together",
}
_CENTRE = 512  # px of the middle that history is looked for in


@dataclass(frozen=True)
class Facts:
    """What a picture is told by, a name to a number or a word, in families.

    Attributes:
        path: The file.
        container: How it is stored.
        size: Of the picture.
        bytes: Of the file.
        history: Of the pixels.
        seen: What a detector of spectra sees of at most 512x512 px of the middle.
    """

    path: Path
    container: dict[str, Fact]
    size: dict[str, Fact]
    bytes: dict[str, Fact]
    history: dict[str, Fact]
    seen: npt.NDArray[np.float64] = field(repr=False, compare=False)

    def family(self, name: str) -> dict[str, Fact]:
        """Return one family by its name."""
        found: dict[str, Fact] = getattr(self, name)
        return found


def facts_of(path: Path) -> Facts:
    """Read a picture.

    Raises:
        MediaError: It is none, damaged or far too large.
        MissingExtra: Its decoder is not installed.
    """
    media = open_media(path)
    if media.container.kind is Kind.VIDEO:
        raise UnsupportedMedia("a clip is no picture")
    height, width = media.pixels.shape[:2]
    return Facts(
        path,
        _container(media),
        {"width": math.log2(width), "height": math.log2(height), "aspect": math.log2(width / height),
         "size": f"{width}x{height}"},
        {"bytes per pixel": math.log2(media.size / (width * height))},
        {"earlier JPEG": str(earlier_jpeg(middle_of(media.luma)) or "none")},
        seen(grey(media.pixels)),
    )  # fmt: skip


def _container(media: Media) -> dict[str, Fact]:
    tags = [tag for tag in media.metadata.tags if tag.group != "jfif"]
    found: dict[str, Fact] = {
        "extension": Path(media.name).suffix.lower(),
        "format": media.container.format,
        "extension fits": str(media.extension_matches),
        "metadata entries": math.log2(1 + len(tags)),
        "kinds of metadata": "+".join(sorted({tag.group for tag in tags})) or "none",
        "pixel format": _mode(media),
        "quality": 0.0,
        "tables": "none",
        "chroma": "none",
        "segments": "none",
    }
    if media.jpeg is not None:
        values = str([table.values for table in media.jpeg.tables]).encode()
        found["quality"] = float(media.jpeg.quality)
        found["tables"] = hashlib.sha256(values).hexdigest()[:8]
        found["chroma"] = media.jpeg.subsampling
        found["segments"] = " ".join(media.jpeg.markers)
    return found


def _mode(media: Media) -> str:
    image = media.image
    return "" if image is None else f"{image.mode} {image.bits}"


def grey(pixels: Pixels) -> npt.NDArray[np.uint8]:
    """Return the middle of a picture in grey, from its colours whatever it was stored as."""
    import cv2

    return middle_of(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8))


def middle_of(luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the middle of a plane, cut on the grid of 8x8 blocks."""
    top, left = ((n - min(n, _CENTRE)) // 2 // 8 * 8 for n in luma.shape)
    return np.ascontiguousarray(luma[top : top + _CENTRE, left : left + _CENTRE])
