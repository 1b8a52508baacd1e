"""Where each format keeps its metadata: the raw blocks of a picture, in file order."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from forensics.media import boxes, gif, jpeg, png, riff
from forensics.media._guard import Deadline
from forensics.media.exif import BLOCKS, read_exif

__all__ = ["Block", "metadata_blocks"]

_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\x00"
_PHOTOSHOP = b"Photoshop 3.0\x00"
_ICC = b"ICC_PROFILE\x00"
_APP_KINDS = (b"JFIF\x00", b"Exif\x00\x00", _XMP, _EXTENDED_XMP, _ICC, _PHOTOSHOP)
_JPEG_KINDS = {
    (0xE0, b"JFIF\x00"): "jfif",
    (0xE1, b"Exif\x00\x00"): "exif",
    (0xE1, _XMP): "xmp",
    (0xED, _PHOTOSHOP): "photoshop",
}
_MOST_BYTES = 16 << 20  # of one block


@dataclass(frozen=True)
class Block:
    """One raw block.

    Attributes:
        kind: "exif", "xmp", "iptc", "photoshop", "icc", "comment", "png" (a text chunk), "jfif" or
            "problem" (`name` says which).
        data: Its bytes.
        name: Type of the text chunk, or the problem.
    """

    kind: str
    data: bytes = field(repr=False)
    name: str = ""


def metadata_blocks(data: bytes, format_name: str) -> Iterator[Block]:
    """Yield the metadata blocks of a picture.

    Raises:
        MediaError: The structure around the blocks is broken or endless.
    """
    finder = _FINDERS.get(format_name)
    if finder is not None:
        yield from finder(data)


def _jpeg(data: bytes) -> Iterator[Block]:
    profile: list[bytes] = []
    extended: dict[bytes, list[tuple[int, bytes]]] = {}
    for segment in jpeg.segments(data):
        key = (segment.marker, next((p for p in _APP_KINDS if data.startswith(p, segment.start)), b""))
        payload = data[segment.start + len(key[1]) : segment.end]
        if key in _JPEG_KINDS:
            yield Block(_JPEG_KINDS[key], payload)
        elif segment.marker == 0xFE:
            yield Block("comment", data[segment.start : segment.end])
        elif key == (0xE1, _EXTENDED_XMP):
            # Adobe XMP specification, part 3, 1.1.3.1: GUID, full length, offset, portion.
            extended.setdefault(payload[:32], []).append(
                (int.from_bytes(payload[36:40], "big"), payload[40:])
            )
        elif key == (0xE2, _ICC):
            profile.append(payload[2:])
    for parts in extended.values():
        yield Block("xmp", b"".join(part for _, part in sorted(parts))[:_MOST_BYTES])
    if profile:
        yield Block("icc", b"".join(profile)[:_MOST_BYTES])


def _png(data: bytes) -> Iterator[Block]:
    for chunk in png.chunks(data):
        kind = chunk.kind
        if kind not in (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"iCCP"):
            continue
        body = data[chunk.start : min(chunk.end, chunk.start + _MOST_BYTES)]
        if kind == b"eXIf":
            yield Block("exif", body.removeprefix(b"Exif\x00\x00"))
        elif kind == b"iCCP":
            yield _packed_profile(body)
        elif kind == b"iTXt" and body.startswith(b"XML:com.adobe.xmp\x00"):
            yield _png_xmp(body)
        elif kind != b"iTXt" and body.startswith(b"Raw profile type "):
            yield _raw_profile(kind, body)
        else:
            yield Block("png", body, kind.decode())


def _packed_profile(body: bytes) -> Block:
    _, _, rest = body.partition(b"\x00")
    try:
        return Block("icc", png.inflate(rest[1:], _MOST_BYTES))
    except ValueError as error:
        return Block("problem", b"", f"PNG: the iCCP chunk is broken: {error}")


def _png_xmp(body: bytes) -> Block:
    try:
        return Block("xmp", png.decode_text(b"iTXt", body, _MOST_BYTES).text.encode())
    except ValueError as error:
        return Block("problem", b"", f"PNG: the XMP chunk is broken: {error}")


def _raw_profile(kind: bytes, body: bytes) -> Block:
    """A block that ImageMagick has written as hexadecimal text: newline, name, length, digits."""
    try:
        text = png.decode_text(kind, body, _MOST_BYTES)
        _, _, digits = text.text.strip().split("\n", 2)
        raw = bytes.fromhex("".join(digits.split()))
    except ValueError as error:
        return Block("problem", b"", f"PNG: a raw profile is broken: {error}")
    target = {"exif": "exif", "APP1": "exif", "xmp": "xmp", "iptc": "photoshop", "8bim": "photoshop"}
    found = target.get(text.keyword.removeprefix("Raw profile type "), "")
    if found == "photoshop" and not raw.removeprefix(_PHOTOSHOP).startswith(b"8BIM"):
        found = "iptc"
    if raw.startswith(_XMP):
        return Block("xmp", raw[len(_XMP) :])
    return Block(found or "unknown", raw.removeprefix(b"Exif\x00\x00").removeprefix(_PHOTOSHOP))


def _webp(data: bytes) -> Iterator[Block]:
    kinds = {b"EXIF": "exif", b"XMP ": "xmp", b"ICCP": "icc"}
    for chunk in riff.webp_chunks(data):
        if chunk.kind in kinds:
            body = data[chunk.start : min(chunk.end, chunk.start + _MOST_BYTES)]
            yield Block(kinds[chunk.kind], body.removeprefix(b"Exif\x00\x00"))


def _gif(data: bytes) -> Iterator[Block]:
    for block in gif.blocks(data, Deadline(1.0)):
        if block.kind == "comment":
            yield Block("comment", gif.join(data, block.start, _MOST_BYTES))
        elif block.kind == "application" and data[block.start + 1 : block.start + 12] == b"XMP DataXMP":
            # The packet stands there as it is; a ramp of 258 bytes behind it ends the block for GIF readers.
            packet = data[block.start + 12 : min(block.end, block.start + _MOST_BYTES)]
            yield Block("xmp", packet[: packet.rfind(b">") + 1] if b"\x01\xff\xfe" in packet else packet)


def _tiff(data: bytes) -> Iterator[Block]:
    yield Block("exif", data)
    block = read_exif(data, _MOST_BYTES)
    for directory in block.directories[:1]:
        for entry in directory.entries:
            if entry.tag in BLOCKS:
                yield Block(BLOCKS[entry.tag], entry.raw)


def _heif(data: bytes) -> Iterator[Block]:
    for item in boxes.items(data):
        if item.kind == b"Exif":
            yield Block("exif", _behind_offset(boxes.item_bytes(data, item.number, _MOST_BYTES)))
        elif item.kind == b"mime" and item.mime == "application/rdf+xml":
            # Some writers leave the APP1 name of the JPEG that they came from before the packet.
            yield Block("xmp", boxes.item_bytes(data, item.number, _MOST_BYTES).removeprefix(_XMP))
    colour = boxes.find_box(data, (b"meta", b"iprp", b"ipco", b"colr"))
    if colour is not None and data[colour.start : colour.start + 4] in (b"prof", b"rICC"):
        yield Block("icc", data[colour.start + 4 : min(colour.end, colour.start + _MOST_BYTES)])


def _jxl(data: bytes) -> Iterator[Block]:
    if data.startswith(b"\xff\x0a"):  # a bare codestream has no boxes
        return
    for box in boxes.boxes(data):
        body = data[box.start : min(box.end, box.start + _MOST_BYTES)]
        if box.kind == b"Exif":
            yield Block("exif", _behind_offset(body))
        elif box.kind == b"xml ":
            yield Block("xmp", body)
        elif box.kind == b"brob":
            packed = body[:4].decode("latin-1").strip()
            yield Block("problem", b"", f"JPEG XL: the {packed} box is Brotli-compressed and not read")


def _behind_offset(body: bytes) -> bytes:
    """An Exif item starts with the offset of the TIFF header behind that number."""
    skip = struct.unpack_from(">I", body)[0] if len(body) >= 4 else 0
    return body[4 + skip :].removeprefix(b"Exif\x00\x00")


_FINDERS: dict[str, Callable[[bytes], Iterator[Block]]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "gif": _gif,
    "tiff": _tiff,
    "avif": _heif,
    "heif": _heif,
    "jxl": _jxl,
}
