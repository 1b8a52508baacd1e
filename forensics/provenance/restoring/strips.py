"""The strips and tiles of a TIFF (TIFF 6.0, sections 2 and 15), where its coded pictures lie."""

from __future__ import annotations

import struct
from collections.abc import Iterator

__all__ = ["tiff_strips"]

_MOST_DIRECTORIES = 64
_MOST_STRIPS = 1 << 18
_PLACES = ((273, 279), (324, 325))  # offsets and byte counts of strips, of tiles
_CODES = {3: ("H", 2), 4: ("I", 4)}


def tiff_strips(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where strips and tiles start and end: by directory, and by number within it.

    Broken directories end the walk; a BigTIFF has no strips here.
    """
    order = "<" if data.startswith(b"II") else ">"
    try:
        if struct.unpack_from(order + "H", data, 2)[0] != 42:
            return
        position = struct.unpack_from(order + "I", data, 4)[0]
        seen: set[int] = set()
        while position and position not in seen and len(seen) < _MOST_DIRECTORIES:
            seen.add(position)
            count = struct.unpack_from(order + "H", data, position)[0]
            yield from _of_directory(data, order, position + 2, count)
            position = struct.unpack_from(order + "I", data, position + 2 + 12 * count)[0]
    except struct.error:
        return


def _of_directory(data: bytes, order: str, start: int, count: int) -> Iterator[tuple[int, int]]:
    fields: dict[int, tuple[int, ...]] = {}
    wanted = {tag for pair in _PLACES for tag in pair}
    for at in range(start, start + 12 * count, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", data, at)
        if tag in wanted and kind in _CODES and number <= _MOST_STRIPS:
            fields[tag] = _values(data, order, at + 8, kind, number)
    for offsets, sizes in _PLACES:
        for offset, size in zip(fields.get(offsets, ()), fields.get(sizes, ()), strict=False):
            if size and offset + size <= len(data):
                yield offset, offset + size


def _values(data: bytes, order: str, at: int, kind: int, count: int) -> tuple[int, ...]:
    code, width = _CODES[kind]
    where = at if count * width <= 4 else struct.unpack_from(order + "I", data, at)[0]
    return struct.unpack_from(f"{order}{count}{code}", data, where)
