"""Frames of animated pictures, as they are shown one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from forensics.media import gif, png
from forensics.media._guard import Deadline, decoding, quiet
from forensics.media.image import load_rgb, open_picture
from forensics.media.types import Frame, Limits

if TYPE_CHECKING:
    from PIL import ImageFile

__all__ = ["animation_frames", "spread"]


def spread(total: int, count: int) -> list[int]:
    """Return up to `count` different indices evenly over 0 .. total - 1, both ends included.

    Example:
        >>> spread(10, 4)
        [0, 3, 6, 9]
    """
    return sorted({int(i) for i in np.linspace(0, total - 1, min(count, total)).round()}) if total > 0 else []


def animation_frames(data: bytes, format_name: str, count: int, limits: Limits) -> Iterator[Frame]:
    """Decode frames evenly spread over a GIF, APNG, WebP or AVIF animation.

    Frames build on each other, so all up to the last chosen one are decoded.

    Raises:
        MediaError: A frame is broken, or decoding takes too long.
    """
    deadline = Deadline(limits.seconds)
    picture = open_picture(data, format_name, limits)
    wanted = set(spread(_frame_count(data, format_name, picture, deadline), count))
    clock = 0.0
    for index in range(max(wanted, default=0) + 1):
        deadline.check()
        if not _seek(picture, index, format_name):
            return
        # A WebP decoder hurries through skipped frames in one go, out of reach of the deadline.
        if index in wanted or format_name == "webp":
            pixels = load_rgb(picture, format_name)
            seconds = float(picture.info["timestamp"]) / 1000 if "timestamp" in picture.info else clock
            if index in wanted:
                pixels.flags.writeable = False
                yield Frame(index, seconds, pixels)
        clock += float(picture.info.get("duration") or 0) / 1000


def _seek(picture: ImageFile.ImageFile, index: int, what: str) -> bool:
    """Go to a frame; False behind the last one, which files may declare wrongly."""
    with decoding(what):
        try:
            with quiet():
                picture.seek(index)
        except EOFError:
            return False
    return True


def _frame_count(data: bytes, format_name: str, picture: ImageFile.ImageFile, deadline: Deadline) -> int:
    """Frames that are really there: the number that a header declares may be any."""
    if format_name == "gif":
        return gif.count_frames(data, deadline)
    declared = int(getattr(picture, "n_frames", 1))
    if format_name == "png":
        kinds = [chunk.kind for chunk in png.chunks(data) if chunk.kind in (b"fcTL", b"IDAT")]
        hidden = kinds[:1] == [b"IDAT"]  # a picture for old viewers, which Pillow counts as the first frame
        return min(declared, kinds.count(b"fcTL") + hidden)
    return declared
