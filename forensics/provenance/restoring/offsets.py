"""Tables of offsets in ISO base media files, which a box that comes or goes before the media moves.

Chunk offsets of tracks (ISO 14496-12, 8.7.5) and places of items (8.11.3) are moved; those of fragments
(`tfhd`, `tfra`, `saio`) are not.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from forensics.errors import LimitExceeded
from forensics.media.boxes import Box, boxes, find_box

__all__ = ["moved_offsets"]

_MOST_OFFSETS = 1 << 22
_CHUNK_TABLES = {b"stco": 4, b"co64": 8}


def moved_offsets(data: bytes, move: Callable[[int], int]) -> bytes:
    """Return the file with all its offsets changed, itself as long as before.

    Args:
        data: The whole file.
        move: From an old offset to the new one; what does not fit into its field stays.

    Raises:
        LimitExceeded: There are millions of offsets.
    """
    changed = bytearray(data)
    for place, width in _places(data):
        value = move(int.from_bytes(data[place : place + width], "big"))
        if 0 <= value < 1 << 8 * width:
            changed[place : place + width] = value.to_bytes(width, "big")
    return bytes(changed)


def _places(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where offsets stand, and in how many bytes."""
    left = _MOST_OFFSETS
    for table in _tables(data):
        width = _CHUNK_TABLES[table.kind]
        if table.start + 8 > table.end:
            continue
        count = struct.unpack_from(">I", data, table.start + 4)[0]
        count = min(count, (table.end - table.start - 8) // width)
        left -= count
        if left < 0:
            raise LimitExceeded("the file has millions of chunks", expected=f"<= {_MOST_OFFSETS}")
        yield from ((table.start + 8 + width * i, width) for i in range(count))
    box = find_box(data, (b"meta", b"iloc"))
    if box is not None:
        yield from _of_items(data, box)


def _tables(data: bytes) -> Iterator[Box]:
    movie = find_box(data, (b"moov",))
    if movie is None:
        return
    for track in boxes(data, movie.start, movie.end):
        if track.kind != b"trak":
            continue
        samples = find_box(data, (b"mdia", b"minf", b"stbl"), track.start, track.end)
        if samples is not None:
            yield from (b for b in boxes(data, samples.start, samples.end) if b.kind in _CHUNK_TABLES)


def _of_items(data: bytes, box: Box) -> Iterator[tuple[int, int]]:
    """Yield where the offsets of items stand: their base where it is not zero, else each part's."""
    version, position = data[box.start], box.start + 4
    sizes = int.from_bytes(data[position : position + 2], "big")
    offset_size, length_size, base_size, index_size = (sizes >> s & 15 for s in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    count = int.from_bytes(data[position + 2 : position + 2 + wide], "big")
    position += 2 + wide
    for _ in range(count):
        if position >= box.end:
            return
        position += wide
        method = data[position + 1] & 15 if version else 0
        position += (2 if version else 0) + 2
        base_at, base = position, int.from_bytes(data[position : position + base_size], "big")
        position += base_size
        parts = int.from_bytes(data[position : position + 2], "big")
        position += 2
        if method == 0 and base:
            yield base_at, base_size
        step = (index_size if version else 0) + offset_size + length_size
        for _ in range(min(parts, (box.end - position) // step if step else 0)):
            if method == 0 and not base and offset_size:
                yield position + step - offset_size - length_size, offset_size
            position += step
