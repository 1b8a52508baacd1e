"""Putting metadata into an encoded picture, byte by byte, as each format wants it."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator

from forensics.media.exif import read_exif
from forensics.media.jpeg import segments
from forensics.watermark.pictures.baggage import Baggage
from forensics.watermark.pictures.fields import Field, numbers, tiff_with_fields

__all__ = ["wrap_jpeg", "wrap_png", "wrap_tiff"]

_MOST_SEGMENT = 65533
_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\x00"
_EXTENDED_PART = 65_400
_ICC_PART = 65_519
_METRE = 0.0254
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT, _EXTRA_SAMPLES = 282, 283, 296, 338
_XMP_FIELD, _IPTC_FIELD, _PHOTOSHOP_FIELD, _ICC_FIELD = 700, 33723, 34377, 34675


def wrap_jpeg(jpeg: bytes, baggage: Baggage, notes: list[str]) -> bytes:
    """Return a JPEG with metadata in the order that readers expect: JFIF, EXIF, XMP, resources, profile.

    Args:
        jpeg: An encoded picture without metadata; its own JFIF segment is replaced.
        baggage: What it shall carry.
        notes: Gets a sentence for whatever does not fit.
    """
    first = next(iter(segments(jpeg)))
    end, parts = 2, [b"\xff\xd8"]
    if first.marker == 0xE0:  # an encoder of RGB writes none, and JFIF would make it YCbCr
        end = first.end
        own = b"" if baggage.exif else jpeg[first.start + 5 : end]
        parts.append(_segment(0xE0, b"JFIF\x00", baggage.jfif or _jfif(baggage.dpi) or own))
    parts += [_segment(m, b"", payload) for m, payload in _jpeg_segments(baggage, notes)]
    return b"".join([*parts, jpeg[end:]])


def _segment(marker: int, name: bytes, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(name) + len(body) + 2) + name + body if body else b""


def _jpeg_segments(baggage: Baggage, notes: list[str]) -> Iterator[tuple[int, bytes]]:
    single = [("EXIF", 0xE1, b"Exif\x00\x00", baggage.exif)]
    single += [("XMP", 0xE1, _XMP, x) for x in baggage.xmp[:1]]
    single += [("Photoshop resources", 0xED, b"Photoshop 3.0\x00", r) for r in baggage.resources]
    single += [("IPTC record", 0xED, b"Photoshop 3.0\x00", _resource(r)) for r in baggage.iptc]
    for name, marker, head, body in single:
        if body and len(head) + len(body) <= _MOST_SEGMENT:
            yield marker, head + body
        elif body:
            notes.append(f"the {name} of {len(body)} bytes does not fit into a JPEG and was left out")
    for packet in baggage.xmp[1:]:
        yield from _extended(packet)
    whole = [baggage.icc[i : i + _ICC_PART] for i in range(0, len(baggage.icc), _ICC_PART)]
    if len(whole) > 255:
        notes.append("the colour profile does not fit into a JPEG and was left out")
        whole = []
    for number, part in enumerate(whole, 1):
        yield 0xE2, b"ICC_PROFILE\x00" + bytes([number, len(whole)]) + part
    for comment in baggage.comments:
        yield 0xFE, comment[:_MOST_SEGMENT]


# JFIF 1.02; a density must be a whole number.
def _jfif(dpi: tuple[float, float] | None) -> bytes:
    if dpi is None or not all(1 <= round(d) <= 65535 for d in dpi):
        return b""
    return struct.pack(">BBBHHBB", 1, 2, 1, round(dpi[0]), round(dpi[1]), 0, 0)


# Adobe XMP specification, part 3, 1.1.3.1: GUID (the MD5 of the whole), full length, offset, portion.
def _extended(packet: bytes) -> Iterator[tuple[int, bytes]]:
    name = hashlib.md5(packet, usedforsecurity=False).hexdigest().upper().encode()
    for at in range(0, len(packet), _EXTENDED_PART):
        head = _EXTENDED_XMP + name + struct.pack(">II", len(packet), at)
        yield 0xE1, head + packet[at : at + _EXTENDED_PART]


# Photoshop file formats, image resource blocks: 0x0404 is an IPTC record.
def _resource(record: bytes) -> bytes:
    return b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(record)) + record + b"\x00" * (len(record) & 1)


def wrap_png(png: bytes, baggage: Baggage) -> bytes:
    """Return a PNG with metadata between its header and its picture.

    Args:
        png: An encoded picture without metadata.
        baggage: What it shall carry; resources and records go where ImageMagick puts them.
    """
    return png[:33] + b"".join(_png_chunks(baggage)) + png[33:]


def _png_chunks(baggage: Baggage) -> Iterator[bytes]:
    yield baggage.chunks
    if baggage.icc:
        yield _chunk(b"iCCP", b"ICC Profile\x00\x00" + zlib.compress(baggage.icc))
    if baggage.dpi and b"pHYs" not in baggage.chunks:
        yield _chunk(b"pHYs", struct.pack(">IIB", *(round(d / _METRE) for d in baggage.dpi), 1))
    if baggage.exif:
        yield _chunk(b"eXIf", baggage.exif)
    for packet in baggage.xmp[:1]:
        yield _chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + packet)
    for name, bodies in (("8bim", baggage.resources), ("iptc", baggage.iptc)):
        for body in bodies:
            text = f"\n{name}\n{len(body):8d}\n{body.hex()}\n".encode()
            yield _chunk(b"zTXt", f"Raw profile type {name}".encode() + b"\x00\x00" + zlib.compress(text))
    for comment in baggage.comments:
        text = comment.decode("utf-8", "replace").rstrip("\x00").encode()
        yield _chunk(b"iTXt", b"Comment\x00\x00\x00\x00\x00" + text)
    for block in baggage.texts:
        yield _chunk(block.kind, block.data)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def wrap_tiff(tiff: bytes, baggage: Baggage, *, alpha: bool) -> bytes:
    """Return a TIFF with metadata in its directory.

    Args:
        tiff: An encoded picture of one page.
        baggage: What it shall carry.
        alpha: Whether the last sample is plain alpha.
    """
    order = "<" if tiff.startswith(b"II") else ">"
    extra = [Field(_XMP_FIELD, 1, len(x), x) for x in baggage.xmp[:1]]
    extra += [Field(_PHOTOSHOP_FIELD, 1, len(r), r) for r in baggage.resources[:1]]
    extra += [Field(_IPTC_FIELD, 7, len(r), r) for r in baggage.iptc[:1]]
    extra += [Field(_ICC_FIELD, 7, len(p), p) for p in [baggage.icc] if p]
    if alpha:
        extra.append(numbers(order, _EXTRA_SAMPLES, 3, 2))  # TIFF 6.0, 18: unassociated
    if baggage.dpi and not _says_density(baggage.exif):
        extra += [numbers(order, t, 5, round(d * 1000), 1000) for t, d in _sides(baggage.dpi)]
        extra.append(numbers(order, _RESOLUTION_UNIT, 3, 2))
    return tiff_with_fields(tiff, baggage.exif or None, extra)


def _sides(dpi: tuple[float, float]) -> list[tuple[int, float]]:
    return [(_X_RESOLUTION, dpi[0]), (_Y_RESOLUTION, dpi[1])]


def _says_density(exif: bytes) -> bool:
    return any(d.name == "ifd0" and d.raw(_X_RESOLUTION) for d in read_exif(exif).directories)
