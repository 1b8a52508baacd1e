"""Where the coded picture lies in a file: what is left of it when all metadata are gone.

Two files with the same coded picture decode to the same samples, whatever stands around it. The parts come in
an order of their own, which taking a file apart and putting it together again does not change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from forensics.errors import LimitExceeded, UnsupportedMedia
from forensics.media.boxes import boxes, item_places, items
from forensics.media.gif import blocks
from forensics.media.jpeg import segments
from forensics.media.png import chunks
from forensics.media.riff import webp_chunks
from forensics.provenance.formats import content_type
from forensics.provenance.restoring.strips import tiff_strips

__all__ = ["MOST_SPANS", "Family", "Span", "coded_digest", "coded_spans", "family_of"]

MOST_SPANS = 1 << 18

_STANDALONE = frozenset(range(0xD0, 0xDA)) | {0x01}
_SCAN, _COMMENT = 0xDA, 0xFE
_PNG_CODED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"fdAT"}
_RIFF_CODED = {
    b"WEBP": {b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"},
    b"AVI ": {b"hdrl", b"movi", b"idx1"},
    b"WAVE": {b"fmt ", b"fact", b"data"},
}
_JXL_CODED = {b"jxlc", b"jxlp", b"jbrd"}
_METADATA_ITEMS = {b"Exif", b"mime"}


class Family(StrEnum):
    """Containers by how they are built."""

    JPEG = "jpeg"
    PNG = "png"
    RIFF = "riff"  # WebP, AVI, WAV
    GIF = "gif"
    TIFF = "tiff"
    ISO = "iso"  # MP4, MOV, AVIF, HEIF
    JXL = "jxl"


_FAMILIES = {
    "image/jpeg": Family.JPEG, "image/png": Family.PNG, "image/webp": Family.RIFF, "audio/wav": Family.RIFF,
    "video/x-msvideo": Family.RIFF, "image/gif": Family.GIF, "image/tiff": Family.TIFF,
    "image/avif": Family.ISO, "image/heif": Family.ISO, "video/mp4": Family.ISO,
    "video/quicktime": Family.ISO, "audio/mp4": Family.ISO, "image/jxl": Family.JXL,
    "image/jxl without a container": Family.JXL,
}  # fmt: skip


@dataclass(frozen=True)
class Span:
    """A part of a file.

    Attributes:
        start: Offset of its first byte.
        end: Offset behind its last byte.
        label: What kind of part it is, such as b"IDAT".
    """

    start: int
    end: int
    label: bytes = b""


def family_of(data: bytes) -> Family:
    """Return how a file is built, by its first bytes.

    Raises:
        UnsupportedMedia: In no way that is known here.
    """
    found = content_type(data)
    if found not in _FAMILIES:
        raise UnsupportedMedia(
            f"{found or 'this content'} is not taken apart here", expected=list(Family), actual=found
        )
    return _FAMILIES[found]


def coded_spans(data: bytes, family: Family) -> list[Span]:
    """Return where the coded picture, clip or sound lies, in the order in which its parts belong.

    Args:
        data: The whole file.
        family: How it is built.

    Returns:
        Parts that do not overlap.

    Raises:
        MediaError: The structure is broken or endless.
    """
    found: list[Span] = []
    for span in _WALKS[family](data):
        if span.start < span.end <= len(data):
            found.append(span)
        if len(found) > MOST_SPANS:
            raise LimitExceeded("the file is in too many pieces", expected=f"<= {MOST_SPANS}")
    return _apart(found)


# Runs of one label count as one: where a PNG writer cuts its stream into chunks does not matter.
def coded_digest(data: bytes, spans: Iterable[Span]) -> bytes:
    """Return the SHA-256, 32 bytes, over labels, lengths and content of the coded parts."""
    digest, view = hashlib.sha256(), memoryview(data)
    for label, run in groupby(spans, key=lambda span: span.label):
        parts = list(run)
        size = sum(part.end - part.start for part in parts)
        digest.update(label + b":" + size.to_bytes(8, "big"))
        for part in parts:
            digest.update(view[part.start : part.end])
    return digest.digest()


def _apart(spans: list[Span]) -> list[Span]:
    """Leave out what lies in a part that starts before it; hostile tables name bytes many times."""
    end, inside = 0, set()
    for place, span in sorted(enumerate(spans), key=lambda pair: (pair[1].start, pair[1].end)):
        if span.start < end:
            inside.add(place)
        end = max(end, span.end)
    return [span for place, span in enumerate(spans) if place not in inside]


def _jpeg(data: bytes) -> Iterator[Span]:
    """Yield all segments but APPn and comments, each with its marker; scans with their coded data."""
    found = list(segments(data))
    heads = [s.start - (2 if s.marker in _STANDALONE else 4) for s in found]
    for segment, begin, behind in zip(found, heads, [*heads[1:], len(data)], strict=True):
        if 0xE0 <= segment.marker <= 0xEF or segment.marker == _COMMENT:
            continue
        yield Span(begin, behind if segment.marker == _SCAN else segment.end)


def _png(data: bytes) -> Iterator[Span]:
    return (Span(c.start, c.end, c.kind) for c in chunks(data) if c.kind in _PNG_CODED)


def _riff(data: bytes) -> Iterator[Span]:
    wanted = _RIFF_CODED.get(data[8:12], set())
    for chunk in webp_chunks(data):
        kind = data[chunk.start : chunk.start + 4] if chunk.kind == b"LIST" else chunk.kind
        if kind in wanted:
            yield Span(chunk.start, chunk.end, kind)


def _gif(data: bytes) -> Iterator[Span]:
    """Yield the screen with its colour table, frames and what controls them; the version may change."""
    flags = data[10] if len(data) > 10 else 0
    begin = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    yield Span(6, begin)
    for block in blocks(data):
        if block.kind not in ("comment", "application"):
            yield Span(begin, min(block.end, len(data)))
        begin = block.end


def _tiff(data: bytes) -> Iterator[Span]:
    return (Span(start, end, b"strip") for start, end in tiff_strips(data))


def _iso(data: bytes) -> Iterator[Span]:
    """Yield what `mdat` boxes hold, less the items that are metadata."""
    kinds = {item.number for item in items(data) if item.kind in _METADATA_ITEMS}
    places = item_places(data) if kinds else {}
    holes = sorted(place for number in kinds for place in places.get(number, []))
    for box in boxes(data):
        if box.kind != b"mdat":
            continue
        start = box.start
        for low, high in holes:
            if start <= low <= high <= box.end:
                yield Span(start, low, b"mdat")
                start = high
        yield Span(start, box.end, b"mdat")


def _jxl(data: bytes) -> Iterator[Span]:
    if data.startswith(b"\xff\x0a"):
        yield Span(0, len(data), b"jxlc")
        return
    for box in boxes(data):
        if box.kind in _JXL_CODED:
            yield Span(box.start, box.end, box.kind)


_WALKS: dict[Family, Callable[[bytes], Iterator[Span]]] = {
    Family.JPEG: _jpeg,
    Family.PNG: _png,
    Family.RIFF: _riff,
    Family.GIF: _gif,
    Family.TIFF: _tiff,
    Family.ISO: _iso,
    Family.JXL: _jxl,
}
