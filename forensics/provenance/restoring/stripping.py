"""How files lose their metadata on their way: what tools, sites and messengers do, step by step.

These are attacks on metadata alone; the coded picture stays, but for `resaved`. Each takes and returns a
whole file, and returns it as it is where there is nothing to take.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator

from forensics.errors import UnsupportedMedia
from forensics.media.boxes import boxes
from forensics.media.gif import blocks
from forensics.media.jpeg import segments
from forensics.media.png import chunks
from forensics.media.riff import webp_chunks
from forensics.provenance.restoring.coded import Family, family_of
from forensics.provenance.restoring.lodging import find, head_of
from forensics.provenance.restoring.offsets import moved_offsets

__all__ = ["STRIPPERS", "bare", "rechunked", "resaved", "without_credentials", "without_metadata"]

_PNG_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"}
_PNG_COLOUR = {b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"cICP", b"bKGD", b"pHYs"}
_WEBP_METADATA = {b"EXIF", b"XMP ", b"ICCP", b"C2PA"}
_WEBP_FLAGS = 0x20 | 0x08 | 0x04  # profile, EXIF, XMP (RFC 9649, 2.7)
_ISO_METADATA = {b"uuid", b"free", b"skip"}
_JXL_METADATA = {b"jumb", b"Exif", b"xml ", b"brob"}
_ADOBE, _JFIF = 0xEE, 0xE0
_CHUNK = 8192


def without_credentials(data: bytes) -> bytes:
    """Take the manifest store out and nothing else; sizes and offsets are kept right.

    Raises:
        RestorationError: It cannot be taken out alone.
        MediaError: The file cannot be taken apart.
    """
    family = family_of(data)
    lodging = find(data, family)
    return data if lodging is None else _cut(data, family, [(lodging.start, lodging.end)])


def without_metadata(data: bytes) -> bytes:
    """Take out what metadata editors take out when told to remove everything.

    They keep what the colours need: JFIF and Adobe segments of a JPEG, the gamma of a PNG. Profiles go. Of
    ISO files, boxes of the top level go, items stay; a TIFF stays as it is.

    Raises:
        MediaError: The file cannot be taken apart.
    """
    family = family_of(data)
    if family is Family.RIFF and data[8:12] == b"WEBP":
        data = _without_flags(data)
    return _cut(data, family, list(_METADATA[family](data)))


def bare(data: bytes) -> bytes:
    """Take out all that a decoder can do without: every APPn of a JPEG, every ancillary chunk of a PNG.

    A WebP becomes the simplest one that can hold its picture. Other files lose their metadata.

    Raises:
        MediaError: The file cannot be taken apart.
    """
    family = family_of(data)
    if family is Family.JPEG:
        return _cut(data, family, [*_jpeg_metadata(data, keep=()), *_trailer(data)])
    if family is Family.PNG:
        return _png_of(data, _PNG_NEEDED)
    if family is Family.RIFF and data[8:12] == b"WEBP":
        return _simple_webp(data)
    return without_metadata(data)


def rechunked(data: bytes, size: int = _CHUNK) -> bytes:
    """Cut the coded stream of a PNG into chunks anew and drop the ancillary ones, as optimisers do.

    Args:
        data: A PNG; other files come back as they are.
        size: Bytes of an IDAT chunk.
    """
    if family_of(data) is not Family.PNG or any(c.kind == b"fdAT" for c in chunks(data)):
        return data
    needed = [c for c in chunks(data) if c.kind in _PNG_NEEDED]
    stream = b"".join(data[c.start : c.end] for c in needed if c.kind == b"IDAT")
    head = [data[c.start - 8 : c.end + 4] for c in needed if c.kind not in (b"IDAT", b"IEND")]
    pieces = [_png_chunk(b"IDAT", stream[at : at + size]) for at in range(0, len(stream), size)]
    return b"".join([data[:8], *head, *pieces, _png_chunk(b"IEND", b"")])


def resaved(data: bytes) -> bytes:
    """Decode and encode anew without loss: PNG, lossless WebP and TIFF by Pillow, anything else as PNG.

    Raises:
        MediaError: The picture cannot be decoded.
        UnsupportedMedia: It is a clip, or Pillow cannot write its samples.
    """
    from PIL import Image, UnidentifiedImageError

    family, buffer = family_of(data), io.BytesIO()
    try:
        with Image.open(io.BytesIO(data)) as opened:
            picture = opened.copy()
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise UnsupportedMedia(f"Pillow does not decode this file: {error}") from error
    picture.info = {key: value for key, value in picture.info.items() if key == "transparency"}
    if family is Family.RIFF:
        picture.save(buffer, "WEBP", lossless=True, exact=True, quality=0, method=0)
    elif family is Family.TIFF:
        picture.save(buffer, "TIFF", compression="tiff_lzw")
    else:
        picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


STRIPPERS: dict[str, Callable[[bytes], bytes]] = {
    "credentials only": without_credentials,
    "all metadata": without_metadata,
    "all but the picture": bare,
    "chunks cut anew": rechunked,
    "saved anew without loss": resaved,
}
"""What happens to files, by name; the last one encodes anew."""


def _cut(data: bytes, family: Family, cuts: list[tuple[int, int]]) -> bytes:
    """Return the file without some ranges, its size field and its offsets put right."""
    cuts = sorted(cuts)
    if family is Family.ISO and cuts:
        data = moved_offsets(data, lambda offset: offset - sum(b - a for a, b in cuts if b <= offset))
    parts, position = [], 0
    for start, end in cuts:
        parts.append(data[position:start])
        position = end
    kept = b"".join([*parts, data[position:]])
    if family is Family.RIFF and cuts:
        kept = kept[:4] + struct.pack("<I", len(kept) - 8) + kept[8:]
    return kept


def _jpeg_metadata(data: bytes, keep: tuple[int, ...] = (_JFIF, _ADOBE)) -> Iterator[tuple[int, int]]:
    for segment in segments(data):
        kept = segment.marker in keep and data[segment.start : segment.start + 5] in (b"JFIF\x00", b"Adobe")
        if (0xE0 <= segment.marker <= 0xEF or segment.marker == 0xFE) and not kept:
            yield segment.start - 4, segment.end


def _trailer(data: bytes) -> Iterator[tuple[int, int]]:
    last = next((s.end for s in segments(data) if s.marker == 0xD9), len(data))
    if last < len(data):
        yield last, len(data)


def _all_of_jpeg(data: bytes) -> Iterator[tuple[int, int]]:
    yield from _jpeg_metadata(data)
    yield from _trailer(data)


def _png_metadata(data: bytes) -> Iterator[tuple[int, int]]:
    for chunk in chunks(data):
        if chunk.kind not in _PNG_NEEDED | _PNG_COLOUR:
            yield chunk.start - 8, chunk.end + 4


def _png_of(data: bytes, kinds: set[bytes]) -> bytes:
    parts = (data[c.start - 8 : c.end + 4] for c in chunks(data) if c.kind in kinds)
    return data[:8] + b"".join(parts)


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _riff_metadata(data: bytes) -> Iterator[tuple[int, int]]:
    for chunk in webp_chunks(data):
        information = chunk.kind == b"LIST" and data[chunk.start : chunk.start + 4] == b"INFO"
        if chunk.kind in _WEBP_METADATA or information:
            yield chunk.start - 8, min(chunk.end + (chunk.end - chunk.start & 1), len(data))


def _without_flags(data: bytes) -> bytes:
    if data[12:16] != b"VP8X" or len(data) < 21:
        return data
    return data[:20] + bytes([data[20] & ~_WEBP_FLAGS]) + data[21:]


def _simple_webp(data: bytes) -> bytes:
    found = {c.kind: c for c in webp_chunks(data)}
    coded = found.get(b"VP8L") or found.get(b"VP8 ")
    if coded is None or b"ALPH" in found:
        return without_metadata(data)
    body = data[coded.start : coded.end]
    chunk = struct.pack("<4sI", coded.kind, len(body)) + body + b"\x00" * (len(body) & 1)
    return struct.pack("<4sI4s", b"RIFF", len(chunk) + 4, b"WEBP") + chunk


def _gif_metadata(data: bytes) -> Iterator[tuple[int, int]]:
    for block in blocks(data):
        loops = data[block.start + 1 : block.start + 12] == b"NETSCAPE2.0"
        if block.kind == "comment" or (block.kind == "application" and not loops):
            yield block.start - 2, block.end


def _iso_metadata(data: bytes) -> Iterator[tuple[int, int]]:
    return ((head_of(data, b), b.end) for b in boxes(data) if b.kind in _ISO_METADATA)


def _jxl_metadata(data: bytes) -> Iterator[tuple[int, int]]:
    if not data.startswith(b"\xff\x0a"):
        yield from ((head_of(data, b), b.end) for b in boxes(data) if b.kind in _JXL_METADATA)


_METADATA: dict[Family, Callable[[bytes], Iterator[tuple[int, int]]]] = {
    Family.JPEG: _all_of_jpeg,
    Family.PNG: _png_metadata,
    Family.RIFF: _riff_metadata,
    Family.GIF: _gif_metadata,
    Family.TIFF: lambda data: iter(()),
    Family.ISO: _iso_metadata,
    Family.JXL: _jxl_metadata,
}
