"""All metadata of a picture as flat tags: EXIF, XMP, IPTC, PNG text, comments and the ICC description."""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable, Iterator

from forensics.errors import MediaError
from forensics.media._budget import Budget
from forensics.media.blocks import XMP_NAME, Block, metadata_blocks
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
_MOST_PROBLEMS = 200
_IPTC_RESOURCE = 0x0404
_UNITS = {0: "aspect ratio", 1: "per inch", 2: "per centimetre"}


def read_metadata(data: bytes, format_name: str, limits: Limits) -> Metadata:
    """Read all metadata of a picture. Never raises: broken blocks become `problems`.

    Args:
        data: The whole file.
        format_name: Its sniffed format.
        limits: How long a value may be, and all of them together.
    """
    budget = Budget(limits)
    tags: list[Tag] = []
    problems: dict[str, None] = {}
    for part in _read_blocks(data, format_name, limits, budget):
        tags.extend(part.tags)
        problems.update(dict.fromkeys(part.problems))
        if len(tags) > _MOST_TAGS:
            problems[f"only the first {_MOST_TAGS} metadata entries are kept"] = None
            break
    return Metadata(tuple(tags[:_MOST_TAGS]), _told(list(problems), budget))


def _told(problems: list[str], budget: Budget) -> tuple[str, ...]:
    """Return what to say of the problems: that something was left out always, of the others the first."""
    first = [budget.problem] if budget.problem else []
    if len(problems) > _MOST_PROBLEMS:
        first.append(f"{len(problems) - _MOST_PROBLEMS} more problems of the metadata are not listed")
    return (*first, *problems[:_MOST_PROBLEMS])


def _read_blocks(data: bytes, format_name: str, limits: Limits, budget: Budget) -> Iterator[Metadata]:
    try:
        for count, block in enumerate(metadata_blocks(data, format_name, limits)):
            if count >= _MOST_BLOCKS:
                yield _problem(f"only the first {_MOST_BLOCKS} metadata blocks are read")
                return
            if not budget.more():
                return
            yield _read_block(block, budget)
    except MediaError as error:
        yield _problem(str(error))
    except (struct.error, IndexError) as error:
        yield _problem(f"the structure of this {format_name} is broken: {error}")


def _read_block(block: Block, budget: Budget) -> Metadata:
    reader = _READERS.get(block.kind)
    if reader is None:
        return Metadata()
    try:
        return reader(block, budget)
    except (struct.error, IndexError, ValueError, RecursionError) as error:
        log.debug("broken %s block", block.kind, exc_info=True)
        return _problem(f"a block of {block.kind} metadata is broken: {error}")


def _problem(sentence: str) -> Metadata:
    return Metadata(problems=(sentence,))


def _exif(block: Block, budget: Budget) -> Metadata:
    raw = block.read(budget)
    if raw.startswith(XMP_NAME):  # as a raw profile "APP1" of a PNG may
        return read_xmp(raw.removeprefix(XMP_NAME), budget)
    found = read_exif(raw, budget)
    return Metadata(tuple(found.tags()), found.problems)


def _xmp(block: Block, budget: Budget) -> Metadata:
    # Some writers leave the APP1 name of the JPEG that they came from before the packet.
    return read_xmp(block.read(budget).removeprefix(XMP_NAME), budget)


def _photoshop(block: Block, budget: Budget) -> Metadata:
    raw = block.read(budget)
    if not raw.startswith(b"8BIM"):
        return Metadata(tuple(read_iptc(raw, budget)))
    tags: list[Tag] = []
    for number, body in photoshop_resources(raw, budget):
        if number == _IPTC_RESOURCE:
            tags.extend(read_iptc(body, budget))
    return Metadata(tuple(tags))


def _iptc(block: Block, budget: Budget) -> Metadata:
    return Metadata(tuple(read_iptc(block.read(budget), budget)))


def _png(block: Block, budget: Budget) -> Metadata:
    most = budget.value_bytes
    text = decode_text(block.name.encode(), block.read(budget), most, budget)
    cut = (f"PNG: the text {text.keyword!r} is cut to {most} bytes",) if text.cut else ()
    return Metadata((Tag("png", text.keyword, text.text),), cut)


def _comment(block: Block, budget: Budget) -> Metadata:
    most = budget.value_bytes
    raw = block.read(budget)
    cut = (f"the comment is cut to {most} bytes",) if len(raw) > most else ()
    text = raw[:most].decode("utf-8", "replace").rstrip("\x00")
    return Metadata((Tag("comment", "Comment", text),), cut)


def _icc(block: Block, budget: Budget) -> Metadata:
    name = icc_description(block.read(budget))[: budget.value_bytes]
    return Metadata((Tag("icc", "Description", name),))


# JFIF 1.02: version, units of density, horizontal and vertical density.
def _jfif(block: Block, budget: Budget) -> Metadata:
    major, minor, unit, across, down = struct.unpack_from(">BBBHH", block.read(budget))
    density = f"{across} x {down} {_UNITS.get(unit, 'of unknown unit')}"
    return Metadata((Tag("jfif", "Version", f"{major}.{minor:02d}"), Tag("jfif", "Density", density)))


def _reported(block: Block, budget: Budget) -> Metadata:
    return _problem(block.name)


_READERS: dict[str, Callable[[Block, Budget], Metadata]] = {
    "exif": _exif,
    "tiff": _exif,
    "xmp": _xmp,
    "photoshop": _photoshop,
    "iptc": _iptc,
    "png": _png,
    "comment": _comment,
    "icc": _icc,
    "jfif": _jfif,
    "problem": _reported,
}
