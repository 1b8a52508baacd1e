"""Boxes of ISO base media files (ISO 14496-12) and the items of HEIF and AVIF (ISO 23008-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from forensics.errors import LimitExceeded

__all__ = ["Box", "boxes", "find_box", "item_places", "items"]

_MOST_BOXES = 10_000
_MOST_ITEMS = 4096
_MOST_PARTS = 16_384  # of all items together


@dataclass(frozen=True)
class Box:
    """One box.

    Attributes:
        kind: Four letters.
        start: Offset of its content.
        end: Offset behind it.
    """

    kind: bytes
    start: int
    end: int


@dataclass(frozen=True)
class Item:
    """One metadata item of a HEIF file.

    Attributes:
        kind: "Exif", "mime" and so on.
        mime: Media type of a "mime" item.
        number: Its identifier.
    """

    kind: bytes
    mime: str
    number: int


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes of a range; a box that claims more than the range is cut.

    Raises:
        LimitExceeded: There are many thousands of them.
    """
    stop = len(data) if end is None else min(end, len(data))
    for _ in range(_MOST_BOXES):
        if start + 8 > stop:
            return
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1 and start + 16 <= stop:
            size, head = struct.unpack_from(">Q", data, start + 8)[0], 16
        elif size == 0:
            size = stop - start
        if size < head:
            return
        yield Box(kind, start + head, min(start + size, stop))
        start += size
    raise LimitExceeded("there are many thousands of boxes", expected=f"< {_MOST_BOXES} boxes")


def find_box(data: bytes, path: tuple[bytes, ...], start: int = 0, end: int | None = None) -> Box | None:
    """Return the first box at a path such as (b"meta", b"iprp", b"ipco"), None where there is none."""
    box = next((b for b in boxes(data, start, end) if b.kind == path[0]), None)
    if box is None or len(path) == 1:
        return box
    inside = box.start + (4 if box.kind == b"meta" else 0)  # meta has a version before its boxes
    return find_box(data, path[1:], inside, box.end)


def items(data: bytes) -> Iterator[Item]:
    """Yield the items that the iinf box of a HEIF file lists (ISO 14496-12, 8.11.6).

    Raises:
        LimitExceeded: There are thousands of them.
    """
    info = find_box(data, (b"meta", b"iinf"))
    if info is None or info.end - info.start < 6:
        return
    begin = info.start + (6 if data[info.start] == 0 else 8)
    for count, box in enumerate(boxes(data, begin, info.end)):
        if count >= _MOST_ITEMS:
            raise LimitExceeded("there are thousands of items", expected=f"<= {_MOST_ITEMS} items")
        body = data[box.start : min(box.end, box.start + 1024)]
        if box.kind != b"infe" or not body or body[0] not in (2, 3):
            continue
        wide = body[0] == 3
        at = 8 if wide else 6
        if len(body) < at + 6:
            continue
        number = int.from_bytes(body[4:at], "big")
        names = body[at + 6 :].split(b"\x00")  # item name, then the media type of a "mime" item
        mime = names[1].decode("latin-1") if len(names) > 1 else ""
        yield Item(body[at + 2 : at + 6], mime, number)


def item_places(data: bytes) -> dict[int, list[tuple[int, int]]]:
    """Return where the parts of each item of a HEIF file start and end, by the number of the item.

    Raises:
        LimitExceeded: There are thousands of items, or many thousands of their parts.
    """
    store = find_box(data, (b"meta", b"idat"))
    places: dict[int, list[tuple[int, int]]] = {}
    for number, method, extents in _locations(data):
        base = 0
        if method == 1:
            if store is None:
                continue
            base = store.start
        places.setdefault(number, [(base + at, base + at + size) for at, size in extents])
    return places


# ISO 14496-12, 8.11.3.
def _locations(data: bytes) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Yield number, construction method and extents, offset and size, of each item."""
    box = find_box(data, (b"meta", b"iloc"))
    if box is None:
        return
    cursor = _Cursor(data[box.start : box.end])
    version = cursor.take(1)
    cursor.take(3)
    sizes = cursor.take(2)
    offset_size, length_size, base_size, index_size = (sizes >> s & 15 for s in (12, 8, 4, 0))
    count = cursor.take(4 if version == 2 else 2)
    if count > _MOST_ITEMS:
        raise LimitExceeded("there are thousands of items", expected=f"<= {_MOST_ITEMS} items")
    seen = 0
    for _ in range(count):
        number = cursor.take(4 if version == 2 else 2)
        method = cursor.take(2) & 15 if version else 0
        cursor.take(2)  # data reference
        base = cursor.take(base_size)
        extents = []
        parts = cursor.take(2)
        seen += parts
        if seen > _MOST_PARTS:
            raise LimitExceeded("the items lie in many thousands of parts", expected=f"<= {_MOST_PARTS}")
        for _ in range(parts):
            cursor.take(index_size if version else 0)
            at = cursor.take(offset_size)
            extents.append((base + at, cursor.take(length_size)))
        if cursor.over:
            return
        yield number, method, extents


class _Cursor:
    """Big-endian numbers one after the other; past the end they are zero."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    @property
    def over(self) -> bool:
        return self.position > len(self.data)

    def take(self, size: int) -> int:
        self.position += size
        return int.from_bytes(self.data[self.position - size : self.position], "big")
