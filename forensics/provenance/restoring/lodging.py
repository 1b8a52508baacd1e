"""Where each container keeps the manifest store (C2PA 2.2, appendix A.3), and how it is wrapped there."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from forensics.errors import RestorationError
from forensics.media.boxes import Box, boxes
from forensics.media.gif import blocks
from forensics.media.jpeg import segments
from forensics.media.png import Chunk, chunks
from forensics.media.riff import webp_chunks
from forensics.provenance.restoring.coded import Family, Span

__all__ = ["Lodging", "find", "head_of", "wrapped"]

_STORE = b"jumd" + bytes.fromhex("6332706100110010800000aa00389b71")  # the box type of a manifest store
_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_APP11 = 0xEB
_INSTANCE = 0x0211  # box instance number that the SDK gives a manifest store in a JPEG
_MOST_PORTION = 64_000  # of the store in one segment, as the SDK cuts it
_GIF_NAME = b"\x0bC2PA_GIF\x01\x00\x00"
_PURPOSE = b"manifest\x00"
_MOST_STORE = 64 << 20


@dataclass(frozen=True)
class Lodging:
    """The place of a manifest store in a file.

    Attributes:
        start: Offset of the first byte that embedding put there.
        end: Offset behind the last one.
        portions: Where the bytes of the store lie, in order.
    """

    start: int
    end: int
    portions: tuple[Span, ...] = field(repr=False)

    def store(self, data: bytes) -> bytes:
        """Return the manifest store out of the file."""
        return b"".join(data[part.start : part.end] for part in self.portions)


def find(data: bytes, family: Family) -> Lodging | None:
    """Return where the manifest store lies, None where there is none.

    Args:
        data: The whole file.
        family: How it is built.

    Raises:
        RestorationError: It lies in several places, or is spread over the file as in a TIFF.
        MediaError: The structure of the file is broken or endless.
    """
    if family is Family.TIFF:
        raise RestorationError(
            "signing a TIFF lays the whole file out anew: only a skeleton brings it back", actual=family
        )
    found = list(_FINDERS[family](data))
    if len(found) > 1:
        raise RestorationError("the file holds several manifest stores", expected=1, actual=len(found))
    return found[0] if found else None


def wrapped(store: bytes, family: Family) -> bytes:
    """Return a manifest store wrapped as the C2PA SDK does it.

    Args:
        store: The manifest store, a JUMBF box.
        family: How the file is built that it goes into.

    Raises:
        RestorationError: It is no manifest store, too large, or such files are not restored this way.
    """
    if store[12:32] != _STORE:
        raise RestorationError("these bytes are no C2PA manifest store")
    if len(store) > _MOST_STORE:
        raise RestorationError(
            "the manifest store is too large", expected=f"<= {_MOST_STORE}", actual=len(store)
        )
    wrap = _WRAPPERS.get(family)
    if wrap is None:
        raise RestorationError(f"a manifest store is not put back into a {family.value} file alone")
    return wrap(store)


def head_of(data: bytes, box: Box) -> int:
    """Return the offset of the first byte of a box, whose size has four bytes or eight."""
    large = data[box.start - 16 : box.start - 8] == b"\x00\x00\x00\x01" + box.kind
    return box.start - (16 if large else 8)


# ISO 19566-5 (JUMBF), D.2: CI, En, Z, then LBox and TBox, which every segment repeats.
def _in_jpeg(data: bytes) -> Iterator[Lodging]:
    runs: dict[bytes, list[tuple[int, int]]] = {}
    for segment in segments(data):
        start = segment.start
        if segment.marker == _APP11 and data[start : start + 2] == b"JP" and segment.end - start >= 16:
            runs.setdefault(data[start + 2 : start + 4], []).append((start, segment.end))
    for parts in runs.values():
        first = parts[0][0]
        if data[first + 20 : first + 40] != _STORE:
            continue
        if any(behind[0] - 4 != before[1] for before, behind in pairwise(parts)):
            raise RestorationError("other segments stand between those of the manifest store")
        rest = (Span(start + 16, end) for start, end in parts[1:])
        yield Lodging(first - 4, parts[-1][1], (Span(first + 8, parts[0][1]), *rest))


def _jpeg(store: bytes) -> bytes:
    parts = []
    for number, at in enumerate(range(0, len(store), _MOST_PORTION), 1):
        body = (store[:8] if at else b"") + store[at : at + _MOST_PORTION]
        parts.append(struct.pack(">HH2sHI", 0xFF00 | _APP11, len(body) + 10, b"JP", _INSTANCE, number) + body)
    return b"".join(parts)


def _in_png(data: bytes) -> Iterator[Lodging]:
    for chunk in chunks(data):
        if chunk.kind == b"caBX":
            yield Lodging(chunk.start - 8, chunk.end + 4, (Span(chunk.start, chunk.end),))


def _png(store: bytes) -> bytes:
    return struct.pack(">I", len(store)) + b"caBX" + store + struct.pack(">I", zlib.crc32(b"caBX" + store))


def _in_riff(data: bytes) -> Iterator[Lodging]:
    for chunk in webp_chunks(data):
        if chunk.kind == b"C2PA":
            end = min(chunk.end + _odd(chunk), len(data))
            yield Lodging(chunk.start - 8, end, (Span(chunk.start, chunk.end),))


def _odd(chunk: Chunk) -> int:
    return (chunk.end - chunk.start) & 1


def _riff(store: bytes) -> bytes:
    return struct.pack("<4sI", b"C2PA", len(store)) + store + b"\x00" * (len(store) & 1)


def _in_gif(data: bytes) -> Iterator[Lodging]:
    for block in blocks(data):
        if block.kind != "application" or not data.startswith(_GIF_NAME, block.start):
            continue
        position, parts = block.start + len(_GIF_NAME), []
        while position < block.end - 1 and data[position]:
            parts.append(Span(position + 1, position + 1 + data[position]))
            position += 1 + data[position]
        yield Lodging(block.start - 2, block.end, tuple(parts))


def _gif(store: bytes) -> bytes:
    parts = (store[at : at + 255] for at in range(0, len(store), 255))
    return b"\x21\xff" + _GIF_NAME + b"".join(bytes([len(p)]) + p for p in parts) + b"\x00"


# C2PA 2.2, A.5.1: a full box of that UUID, its purpose, and the offset of further boxes.
def _in_iso(data: bytes) -> Iterator[Lodging]:
    for box in boxes(data):
        start = box.start + 20
        if (
            box.kind != b"uuid"
            or not data.startswith(_UUID, box.start)
            or not data.startswith(_PURPOSE, start)
        ):
            continue
        begin = start + len(_PURPOSE) + 8
        size = int.from_bytes(data[begin : begin + 4], "big")  # the SDK may leave room behind the store
        yield Lodging(head_of(data, box), box.end, (Span(begin, min(begin + size, box.end)),))


def _iso(store: bytes) -> bytes:
    body = _UUID + bytes(4) + _PURPOSE + bytes(8) + store
    return struct.pack(">I4s", len(body) + 8, b"uuid") + body


def _in_jxl(data: bytes) -> Iterator[Lodging]:
    for box in boxes(data):
        if box.kind == b"jumb" and data[box.start + 4 : box.start + 24] == _STORE:
            yield Lodging(box.start - 8, box.end, (Span(box.start - 8, box.end),))


_FINDERS: dict[Family, Callable[[bytes], Iterator[Lodging]]] = {
    Family.JPEG: _in_jpeg,
    Family.PNG: _in_png,
    Family.RIFF: _in_riff,
    Family.GIF: _in_gif,
    Family.ISO: _in_iso,
    Family.JXL: _in_jxl,
}
_WRAPPERS: dict[Family, Callable[[bytes], bytes]] = {
    Family.JPEG: _jpeg,
    Family.PNG: _png,
    Family.RIFF: _riff,
    Family.GIF: _gif,
    Family.ISO: _iso,
    Family.JXL: lambda store: store,
}
