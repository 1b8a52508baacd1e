"""The marker structure of a JPEG (ITU-T T.81, annex B), read from the bytes without decoding."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from forensics.errors import CorruptMedia, LimitExceeded, TruncatedMedia
from forensics.media.quant import ZIGZAG, estimate_quality
from forensics.media.types import JpegStructure, QuantTable

__all__ = ["Segment", "check_header", "parse_jpeg", "segments"]

_MOST_SEGMENTS = 4096  # a progressive file has about 40, one with a large extended XMP some hundreds
_MOST_JUNK = 1 << 16  # bytes between all segments, which decoders skip one by one

_MOST_TABLES = 256  # four slots, which scans may fill anew

_MARKER = re.compile(rb"\xff[\x01-\xfe]")
_CODED_END = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # neither a stuffed byte, nor a fill byte, nor RSTn
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_ARITHMETIC = frozenset(range(0xC9, 0xD0)) - {0xCC}
_LOSSLESS = {0xC3, 0xC7, 0xCB, 0xCF}
_STANDALONE = frozenset(range(0xD0, 0xD9)) | {0x01}
_NAMES = {
    0xC4: "DHT", 0xC8: "JPG", 0xCC: "DAC", 0xD8: "SOI", 0xD9: "EOI", 0xDA: "SOS", 0xDB: "DQT",
    0xDC: "DNL", 0xDD: "DRI", 0xDE: "DHP", 0xDF: "EXP", 0xFE: "COM", 0x01: "TEM",
}  # fmt: skip
_APP_NAMES = (
    (b"Exif\x00", "Exif"),
    (b"http://ns.adobe.com/xap/1.0/\x00", "XMP"),
    (b"http://ns.adobe.com/xmp/extension/\x00", "ExtendedXMP"),
    (b"Photoshop 3.0\x00", "Photoshop"),
    (b"ICC_PROFILE\x00", "ICC"),
    (b"MPF\x00", "MPF"),
    (b"JFIF\x00", "JFIF"),
    (b"JFXX\x00", "JFXX"),
    (b"Adobe", "Adobe"),
    (b"Ducky", "Ducky"),
    (b"JP", "JUMBF"),
)
# Luma sampling relative to that of the chroma planes.
_SUBSAMPLING = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (2, 2): "4:2:0",
    (4, 1): "4:1:1",
    (1, 2): "4:4:0",
}


class Segment(NamedTuple):
    """One marker with its payload.

    Attributes:
        marker: Second byte of the marker.
        start: Offset of the payload, behind the length field.
        end: Offset behind the payload.
    """

    marker: int
    start: int
    end: int


@dataclass
class _Draft:
    """What the walk has collected so far."""

    frame: bytes = b""
    frame_marker: int = 0
    tables: list[QuantTable] = field(default_factory=list)
    names: list[str] = field(default_factory=lambda: ["SOI"])
    restart: int = 0
    scans: int = 0
    adobe: int | None = None
    jfif: bool = False
    end: int | None = None
    exif: tuple[int, int] | None = None


def segments(data: bytes) -> Iterator[Segment]:
    """Yield the segments behind SOI up to EOI, or to where the file stops making sense.

    Raises:
        LimitExceeded: There are thousands of segments.
        CorruptMedia: There is more than some junk between two segments.
    """
    position, junk = 2, 0
    for _ in range(_MOST_SEGMENTS):
        before, position = position, _next_marker(data, position)
        if position < 0:
            return
        junk += position - before
        if junk > _MOST_JUNK:
            raise CorruptMedia("there is too much between the segments of this JPEG")
        marker = data[position + 1]
        start = position + 2
        if marker == 0xD9 or marker in _STANDALONE:
            yield Segment(marker, start, start)
            if marker == 0xD9:
                return
            position = start
            continue
        if start + 2 > len(data):
            return
        length = struct.unpack_from(">H", data, start)[0]
        if length < 2:
            raise CorruptMedia(f"the JPEG segment at byte {position} has an impossible length")
        end = start + length
        yield Segment(marker, start + 2, min(end, len(data)))
        if end > len(data):
            return
        position = _behind_scan(data, end) if marker == 0xDA else end
        if position < 0:
            return
    raise LimitExceeded("the JPEG has thousands of segments", expected=f"< {_MOST_SEGMENTS} segments")


def check_header(data: bytes) -> None:
    """Walk through the segments before the first scan, as a decoder does, only faster.

    Raises:
        LimitExceeded: There are thousands of segments.
        CorruptMedia: There is more than some junk between them.
    """
    for segment in segments(data):
        if segment.marker == 0xDA:
            return


def parse_jpeg(data: bytes) -> JpegStructure:
    """Read the structure of a JPEG.

    Args:
        data: The whole file, starting with SOI.

    Returns:
        The structure. A file that ends within a scan is described as far as it goes.

    Raises:
        CorruptMedia: There is no usable frame header.
        TruncatedMedia: The file ends before the frame header.
        LimitExceeded: There are thousands of segments or hundreds of quantisation tables.
    """
    draft = _Draft()
    for segment in segments(data):
        _note(draft, segment, data)
    if len(draft.frame) < 6:
        if draft.end is not None:
            raise CorruptMedia("the JPEG has no frame header")
        raise TruncatedMedia("the JPEG ends before its frame header")
    return _finish(draft, data)


def _note(draft: _Draft, segment: Segment, data: bytes) -> None:
    """Take one segment into account."""
    marker = segment.marker
    payload = data[segment.start : segment.end]
    draft.names.append(_name(marker, payload))
    if marker in _SOF and not draft.frame:
        draft.frame, draft.frame_marker = payload, marker
    elif marker == 0xDB:
        draft.tables.extend(_tables(payload))
        if len(draft.tables) > _MOST_TABLES:
            raise LimitExceeded(
                "the JPEG defines hundreds of quantisation tables", expected=f"<= {_MOST_TABLES} tables"
            )
    elif marker == 0xDD and len(payload) >= 2:
        draft.restart = int.from_bytes(payload[:2], "big")
    elif marker == 0xDA:
        draft.scans += 1
    elif marker == 0xEE and payload.startswith(b"Adobe") and len(payload) >= 12:
        draft.adobe = payload[11]
    elif marker == 0xE0 and payload.startswith(b"JFIF\x00"):
        draft.jfif = True
    elif marker == 0xE1 and payload.startswith(b"Exif\x00") and not (draft.exif or draft.scans):
        draft.exif = segment.start + 6, segment.end
    elif marker == 0xD9:
        draft.end = segment.end


def _finish(draft: _Draft, data: bytes) -> JpegStructure:
    _, height, width, count = struct.unpack_from(">BHHB", draft.frame)
    components = [draft.frame[6 + 3 * i : 9 + 3 * i] for i in range(count)]
    if not 1 <= count <= 4 or any(len(c) < 3 for c in components):
        raise CorruptMedia(f"the JPEG frame header declares {count} components that it does not describe")
    sampling = tuple((c[1] >> 4, c[1] & 15) for c in components)
    slots = {t.identifier: t.values for t in draft.tables}
    luma = slots.get(components[0][2])
    estimate = estimate_quality(luma, slots.get(components[1][2]) if count > 1 else None) if luma else None
    trailing = len(data) - draft.end if draft.end is not None else 0
    return JpegStructure(
        width=width,
        height=height,
        components=count,
        sampling=sampling,
        subsampling=_subsampling(sampling),
        tables=tuple(draft.tables),
        quality=estimate.quality if estimate else 0,
        quality_exact=estimate.exact if estimate else False,
        progressive=draft.frame_marker in _PROGRESSIVE,
        arithmetic=draft.frame_marker in _ARITHMETIC,
        restart_interval=draft.restart,
        scans=draft.scans,
        markers=tuple(draft.names),
        adobe_transform=draft.adobe,
        jfif=draft.jfif,
        thumbnail=_thumbnail(data, draft),
        trailing=trailing,
        trailing_type=_trailing_type(data, draft) if trailing else "",
        complete=draft.end is not None,
    )


def _name(marker: int, payload: bytes) -> str:
    if 0xE0 <= marker <= 0xEF:
        known = next((name for start, name in _APP_NAMES if payload.startswith(start)), "")
        return f"APP{marker - 0xE0}:{known}" if known else f"APP{marker - 0xE0}"
    if marker in _SOF:
        return f"SOF{marker - 0xC0}"
    if 0xD0 <= marker <= 0xD7:
        return f"RST{marker - 0xD0}"
    return _NAMES.get(marker, f"0x{marker:02X}")


def _tables(payload: bytes) -> Iterator[QuantTable]:
    """Yield the complete tables of a DQT segment (ITU-T T.81, B.2.4.1)."""
    position = 0
    while position < len(payload):
        precision, identifier = payload[position] >> 4, payload[position] & 15
        size = 128 if precision else 64
        raw = payload[position + 1 : position + 1 + size]
        if len(raw) < size or precision > 1 or identifier > 3:
            return
        values = struct.unpack(">64H" if precision else "64B", raw)
        rows = [0] * 64
        for place, value in zip(ZIGZAG, values, strict=True):
            rows[place] = value
        yield QuantTable(identifier, 16 if precision else 8, tuple(rows))
        position += 1 + size


def _subsampling(sampling: tuple[tuple[int, int], ...]) -> str:
    if len(sampling) == 1:
        return "grey"
    if len(sampling) < 3 or sampling[1] != sampling[2] or 0 in sampling[1]:
        return "other"
    (h, v), (chroma_h, chroma_v) = sampling[:2]
    if h % chroma_h or v % chroma_v:
        return "other"
    return _SUBSAMPLING.get((h // chroma_h, v // chroma_v), "other")


def _thumbnail(data: bytes, draft: _Draft) -> bytes | None:
    if draft.exif is None:
        return None
    from forensics.media.exif import thumbnail

    return thumbnail(data[slice(*draft.exif)])


def _trailing_type(data: bytes, draft: _Draft) -> str:
    start = draft.end or 0
    tail = data[start : start + (1 << 16)]
    body = tail.lstrip(b"\x00")
    if not body:
        return "zeros" if not data[start:].strip(b"\x00") else "unknown"
    if body.startswith(b"\xff\xd8\xff"):
        return "mpf" if "APP2:MPF" in draft.names else "jpeg"
    if b"ftyp" in tail[4:256]:
        return "mp4"
    for magic, name in ((b"PK\x03\x04", "zip"), (b"Rar!", "rar"), (b"%PDF", "pdf"), (b"\x89PNG", "png")):
        if body.startswith(magic):
            return name
    if data.endswith(b"SEFT"):
        return "samsung"
    return "text" if all(32 <= b < 127 or b in b"\t\r\n" for b in body[:1024]) else "unknown"


def _next_marker(data: bytes, position: int) -> int:
    """Offset of the next 0xFF that a marker code follows, -1 at the end of the data."""
    found = _MARKER.search(data, position, position + _MOST_JUNK)
    if found is not None:
        return found.start()
    if position + _MOST_JUNK <= len(data):
        raise CorruptMedia(f"no JPEG segment follows at byte {position}")
    return -1


def _behind_scan(data: bytes, position: int) -> int:
    """Offset of the marker that ends the entropy-coded data from `position`, -1 where none does."""
    found = _CODED_END.search(data, position)
    return found.start() if found else -1
