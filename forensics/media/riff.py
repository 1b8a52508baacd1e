"""WebP (RFC 9649): its chunks, and still pictures without alpha."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from forensics.errors import LimitExceeded
from forensics.media.png import Chunk
from forensics.media.types import Pixels

__all__ = ["webp_chunks", "webp_pixels", "webp_size"]

_MOST_CHUNKS = 100_000


def webp_chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a WebP file, cut ones included.

    Raises:
        LimitExceeded: There are a hundred thousand of them.
    """
    position = 12
    for _ in range(_MOST_CHUNKS):
        if position + 8 > len(data):
            return
        kind, length = struct.unpack_from("<4sI", data, position)
        yield Chunk(kind, position + 8, min(position + 8 + length, len(data)))
        position += 8 + length + (length & 1)
    raise LimitExceeded("the WebP has far too many chunks", expected=f"< {_MOST_CHUNKS} chunks")


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height of the canvas, None where the header is broken."""
    first = next(webp_chunks(data), None)
    if first is None or len(data) < 30:
        return None
    if first.kind == b"VP8X":
        wide, high = (int.from_bytes(data[i : i + 3], "little") for i in (24, 27))
        return wide + 1, high + 1
    if first.kind == b"VP8 ":
        wide, high = struct.unpack_from("<HH", data, 26)
        return wide & 0x3FFF, high & 0x3FFF
    if first.kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    return None


# Pillow decodes every WebP as an animation, to four bytes for a pixel, which takes half as long again.
def webp_pixels(data: bytes, size: tuple[int, int]) -> Pixels | None:
    """Return the pixels of a still picture without alpha; None where another decoder has to say why not.

    Args:
        data: The whole file.
        size: Width and height that it declares.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    import cv2
    import numpy as np

    try:
        found = cv2.imdecode(
            np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
        )
    except cv2.error:
        return None
    fits = found is not None and found.shape == (size[1], size[0], 3)
    return np.asarray(found, np.uint8) if fits else None
