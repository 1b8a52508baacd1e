"""Where each format keeps its metadata: the raw blocks of a picture, in file order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from forensics.media import boxes, gif, jpeg, png, riff
from forensics.media._budget import Budget
from forensics.media._guard import Deadline
from forensics.media.exif import BLOCKS, read_exif
from forensics.media.types import Limits

__all__ = ["XMP_NAME", "Block", "metadata_blocks"]

XMP_NAME = b"http://ns.adobe.com/xap/1.0/\x00"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\x00"
_PHOTOSHOP = b"Photoshop 3.0\x00"
_ICC = b"ICC_PROFILE\x00"
_APP_KINDS = (b"JFIF\x00", b"Exif\x00\x00", XMP_NAME, _EXTENDED_XMP, _ICC, _PHOTOSHOP)
_JPEG_KINDS = {
    (0xE0, b"JFIF\x00"): "jfif",
    (0xE1, b"Exif\x00\x00"): "exif",
    (0xE1, XMP_NAME): "xmp",
    (0xED, _PHOTOSHOP): "photoshop",
    (0xFE, b""): "comment",
}
_RAW_PROFILES = {"exif": "exif", "APP1": "exif", "xmp": "xmp", "iptc": "photoshop", "8bim": "photoshop"}
_RAW_START = b"Raw profile type "
_HEADER = 4096  # bytes of a text chunk before its text


@dataclass(frozen=True)
class Block:
    """One raw block, of which nothing is read or expanded before it is asked for.

    Attributes:
        kind: "exif", "tiff" (the whole file), "xmp", "iptc", "photoshop", "icc", "comment", "png" (a text
            chunk), "jfif" or "problem" (`name` says which).
        read: Returns its bytes as far as the budget goes; raises ValueError where it is broken.
        name: Type of the text chunk, or the problem.
    """

    kind: str
    read: Callable[[Budget], bytes] = field(repr=False)
    name: str = ""


def metadata_blocks(data: bytes, format_name: str, limits: Limits) -> Iterator[Block]:
    """Yield the metadata blocks of a picture.

    Args:
        data: The whole file.
        format_name: Its sniffed format.
        limits: How long the search for blocks may take.

    Raises:
        MediaError: The structure around the blocks is broken or endless.
    """
    if format_name == "gif":
        yield from _gif(data, Deadline(limits.seconds))
    elif format_name in _FINDERS:
        yield from _FINDERS[format_name](data)


def _plain(data: bytes, start: int, end: int, budget: Budget) -> bytes:
    return data[start : start + budget.take_bytes(max(0, min(end, len(data)) - start))]


def _tiff_block(data: bytes, start: int, end: int, budget: Budget) -> bytes:
    return _plain(data, start, end, budget).removeprefix(b"Exif\x00\x00")


def _joined(data: bytes, parts: list[tuple[int, int]], budget: Budget) -> bytes:
    return b"".join(_plain(data, start, end, budget) for start, end in parts)


def _problem(sentence: str) -> Block:
    return Block("problem", lambda budget: b"", sentence)


def _jpeg(data: bytes) -> Iterator[Block]:
    profile: list[tuple[int, int]] = []
    extended: dict[bytes, list[tuple[int, tuple[int, int]]]] = {}
    for segment in jpeg.segments(data):
        name = next((p for p in _APP_KINDS if data.startswith(p, segment.start)), b"")
        name = b"" if segment.marker == 0xFE else name
        key, start = (segment.marker, name), segment.start + len(name)
        if key in _JPEG_KINDS:
            yield Block(_JPEG_KINDS[key], partial(_plain, data, start, segment.end))
        elif key == (0xE1, _EXTENDED_XMP):
            # Adobe XMP specification, part 3, 1.1.3.1: GUID, full length, offset, portion.
            offset = int.from_bytes(data[start + 36 : start + 40], "big")
            part = (offset, (start + 40, segment.end))
            extended.setdefault(data[start : start + 32], []).append(part)
        elif key == (0xE2, _ICC):
            profile.append((start + 2, segment.end))
    for parts in extended.values():
        yield Block("xmp", partial(_joined, data, [place for _, place in sorted(parts)]))
    if profile:
        yield Block("icc", partial(_joined, data, profile))


def _png(data: bytes) -> Iterator[Block]:
    for chunk in png.chunks(data):
        kind, start, end = chunk.kind, chunk.start, chunk.end
        if kind == b"eXIf":
            yield Block("exif", partial(_tiff_block, data, start, end))
        elif kind == b"iCCP":
            yield Block("icc", partial(_packed_profile, data, start, end))
        elif kind == b"iTXt" and data.startswith(b"XML:com.adobe.xmp\x00", start):
            yield Block("xmp", partial(_png_xmp, data, start, end))
        elif kind in (b"tEXt", b"zTXt") and data.startswith(_RAW_START, start):
            name = data[start + len(_RAW_START) : min(end, start + 80)].partition(b"\x00")[0]
            target = _RAW_PROFILES.get(name.decode("latin-1"), "unknown")
            yield Block(target, partial(_raw_profile, kind, data, start, end))
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            yield Block("png", partial(_text_chunk, data, start, end), kind.decode())


def _text_chunk(data: bytes, start: int, end: int, budget: Budget) -> bytes:
    """Bytes of a text chunk; its value is charged when it is decoded."""
    return data[start : min(end, start + budget.bytes + _HEADER)]


def _packed_profile(data: bytes, start: int, end: int, budget: Budget) -> bytes:
    _, _, rest = _text_chunk(data, start, end, budget).partition(b"\x00")
    return png.inflate(rest[1:], budget.bytes + 1, budget)


def _png_xmp(data: bytes, start: int, end: int, budget: Budget) -> bytes:
    body = _text_chunk(data, start, end, budget)
    return png.raw_text(b"iTXt", body, budget.bytes + 1, budget)[1]


def _raw_profile(kind: bytes, data: bytes, start: int, end: int, budget: Budget) -> bytes:
    """A block that ImageMagick has written as hexadecimal text: newline, name, length, digits."""
    body = _text_chunk(data, start, end, budget)
    _, text = png.raw_text(kind, body, budget.bytes + 1, budget)
    parts = text.strip().split(b"\n", 2)
    if len(parts) < 3:
        raise ValueError("the raw profile has no length")
    try:
        raw = bytes.fromhex(parts[2].decode("ascii"))
    except ValueError as error:
        raise ValueError(f"the raw profile is not hexadecimal: {error}") from error
    return raw.removeprefix(b"Exif\x00\x00").removeprefix(_PHOTOSHOP)


def _webp(data: bytes) -> Iterator[Block]:
    kinds = {b"EXIF": "exif", b"XMP ": "xmp", b"ICCP": "icc"}
    for chunk in riff.webp_chunks(data):
        if chunk.kind in kinds:
            yield Block(kinds[chunk.kind], partial(_tiff_block, data, chunk.start, chunk.end))


def _gif(data: bytes, deadline: Deadline) -> Iterator[Block]:
    for block in gif.blocks(data, deadline):
        if block.kind == "comment":
            yield Block("comment", partial(_gif_comment, data, block.start))
        elif block.kind == "application" and data.startswith(b"\x0bXMP DataXMP", block.start):
            yield Block("xmp", partial(_gif_xmp, data, block.start + 12, block.end))


def _gif_comment(data: bytes, start: int, budget: Budget) -> bytes:
    found = gif.join(data, start, min(budget.value_bytes, budget.bytes) + 1)
    return found[: budget.take_bytes(len(found))]


def _gif_xmp(data: bytes, start: int, end: int, budget: Budget) -> bytes:
    # The packet stands there as it is; a ramp of 258 bytes behind it ends the block for GIF readers.
    packet = _plain(data, start, end, budget)
    return packet[: packet.rfind(b">") + 1] if b"\x01\xff\xfe" in packet else packet


def _tiff(data: bytes) -> Iterator[Block]:
    yield Block("tiff", lambda budget: data)
    for directory in read_exif(data, Budget(Limits(metadata_bytes=4))).directories[:1]:
        for entry in directory.entries:
            if entry.tag in BLOCKS:
                place = (entry.start, entry.start + entry.size)
                yield Block(BLOCKS[entry.tag], partial(_plain, data, *place))


def _heif(data: bytes) -> Iterator[Block]:
    places = boxes.item_places(data)
    for item in boxes.items(data):
        read = partial(_joined, data, places.get(item.number, []))
        if item.kind == b"Exif":
            yield Block("exif", partial(_behind_offset, read))
        elif item.kind == b"mime" and item.mime == "application/rdf+xml":
            yield Block("xmp", read)
    colour = boxes.find_box(data, (b"meta", b"iprp", b"ipco", b"colr"))
    if colour is not None and data[colour.start : colour.start + 4] in (b"prof", b"rICC"):
        yield Block("icc", partial(_plain, data, colour.start + 4, colour.end))


def _jxl(data: bytes) -> Iterator[Block]:
    if data.startswith(b"\xff\x0a"):  # a bare codestream has no boxes
        return
    for box in boxes.boxes(data):
        read = partial(_plain, data, box.start, box.end)
        if box.kind == b"Exif":
            yield Block("exif", partial(_behind_offset, read))
        elif box.kind == b"xml ":
            yield Block("xmp", read)
        elif box.kind == b"brob":
            packed = data[box.start : min(box.end, box.start + 4)].decode("latin-1").strip()
            yield _problem(f"JPEG XL: the {packed} box is Brotli-compressed and not read")


def _behind_offset(read: Callable[[Budget], bytes], budget: Budget) -> bytes:
    """An Exif item starts with the offset of the TIFF header behind that number."""
    body = read(budget)
    return body[4 + int.from_bytes(body[:4], "big") :].removeprefix(b"Exif\x00\x00")


_FINDERS: dict[str, Callable[[bytes], Iterator[Block]]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "tiff": _tiff,
    "avif": _heif,
    "heif": _heif,
    "jxl": _jxl,
}
