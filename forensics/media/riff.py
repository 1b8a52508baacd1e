"""The chunks of a WebP file (RFC 9649)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from forensics.errors import LimitExceeded
from forensics.media.png import Chunk

__all__ = ["webp_chunks", "webp_size"]

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
