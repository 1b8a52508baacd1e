"""All metadata of a picture as flat tags: EXIF, XMP, IPTC, PNG text, comments and the ICC description."""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable, Iterator

from forensics.errors import MediaError
from forensics.media.blocks import Block, metadata_blocks
from forensics.media.exif import read_exif
from forensics.media.icc import icc_description
from forensics.media.iptc import photoshop_resources, read_iptc
from forensics.media.png import decode_text
from forensics.media.types import Limits, Metadata, Tag
from forensics.media.xmp import read_xmp

__all__ = ["read_metadata"]

log = logging.getLogger(__name__)

_MOST_TAGS = 20_000
_MOST_BLOCKS = 4096
_IPTC_RESOURCE = 0x0404
_UNITS = {0: "aspect ratio", 1: "per inch", 2: "per centimetre"}


def read_metadata(data: bytes, format_name: str, limits: Limits) -> Metadata:
    """Read all metadata of a picture. Never raises: broken blocks become `problems`.

    Args:
        data: The whole file.
        format_name: Its sniffed format.
        limits: How long a value may be.
    """
    tags: list[Tag] = []
    problems: list[str] = []
    for part in _read_blocks(data, format_name, limits.metadata_bytes):
        tags.extend(part.tags)
        problems.extend(p for p in part.problems if p not in problems)
        if len(tags) > _MOST_TAGS:
            problems.append(f"only the first {_MOST_TAGS} metadata entries are kept")
            break
    return Metadata(tuple(tags[:_MOST_TAGS]), tuple(problems))


def _read_blocks(data: bytes, format_name: str, most: int) -> Iterator[Metadata]:
    try:
        for count, block in enumerate(metadata_blocks(data, format_name)):
            if count >= _MOST_BLOCKS:
                yield _problem(f"only the first {_MOST_BLOCKS} metadata blocks are read")
                return
            yield _read_block(block, most)
    except MediaError as error:
        yield _problem(str(error))
    except (struct.error, IndexError) as error:
        yield _problem(f"the structure of this {format_name} is broken: {error}")


def _read_block(block: Block, most: int) -> Metadata:
    reader = _READERS.get(block.kind)
    if reader is None:
        return Metadata()
    try:
        return reader(block, most)
    except (struct.error, IndexError, ValueError, RecursionError) as error:
        log.debug("broken %s block", block.kind, exc_info=True)
        return _problem(f"a block of {block.kind} metadata is broken: {error}")


def _problem(sentence: str) -> Metadata:
    return Metadata(problems=(sentence,))


def _exif(block: Block, most: int) -> Metadata:
    found = read_exif(block.data, most)
    return Metadata(tuple(found.tags()), found.problems)


def _xmp(block: Block, most: int) -> Metadata:
    return read_xmp(block.data, most)


def _photoshop(block: Block, most: int) -> Metadata:
    tags: list[Tag] = []
    for number, body in photoshop_resources(block.data):
        if number == _IPTC_RESOURCE:
            tags.extend(read_iptc(body, most))
    return Metadata(tuple(tags))


def _iptc(block: Block, most: int) -> Metadata:
    return Metadata(tuple(read_iptc(block.data, most)))


def _png(block: Block, most: int) -> Metadata:
    text = decode_text(block.name.encode(), block.data, most)
    cut = (f"PNG: the text {text.keyword!r} is cut to {most} bytes",) if text.cut else ()
    return Metadata((Tag("png", text.keyword, text.text),), cut)


def _comment(block: Block, most: int) -> Metadata:
    cut = (f"the comment is cut to {most} bytes",) if len(block.data) > most else ()
    text = block.data[:most].decode("utf-8", "replace").rstrip("\x00")
    return Metadata((Tag("comment", "Comment", text),), cut)


def _icc(block: Block, most: int) -> Metadata:
    return Metadata((Tag("icc", "Description", icc_description(block.data)[:most]),))


# JFIF 1.02: version, units of density, horizontal and vertical density.
def _jfif(block: Block, most: int) -> Metadata:
    major, minor, unit, across, down = struct.unpack_from(">BBBHH", block.data)
    density = f"{across} x {down} {_UNITS.get(unit, 'of unknown unit')}"
    return Metadata((Tag("jfif", "Version", f"{major}.{minor:02d}"), Tag("jfif", "Density", density)))


def _reported(block: Block, most: int) -> Metadata:
    return _problem(block.name[:most])


_READERS: dict[str, Callable[[Block, int], Metadata]] = {
    "exif": _exif,
    "xmp": _xmp,
    "photoshop": _photoshop,
    "iptc": _iptc,
    "png": _png,
    "comment": _comment,
    "icc": _icc,
    "jfif": _jfif,
    "problem": _reported,
}
