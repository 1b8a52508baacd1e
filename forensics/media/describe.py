"""How a picture is stored: mode, depth, alpha, orientation, profile, frames."""

from __future__ import annotations

import contextlib

from forensics.media import gif
from forensics.media._budget import Budget
from forensics.media._guard import Deadline
from forensics.media.blocks import metadata_blocks
from forensics.media.boxes import find_box
from forensics.media.exif import ExifBlock, count_directories, read_exif
from forensics.media.header import Header
from forensics.media.icc import icc_description
from forensics.media.image import open_picture
from forensics.media.types import ImageInfo, Limits

__all__ = ["describe"]

_MOST_PAGES = 10_000
_BITS_PER_SAMPLE = 0x0102
_MODES = {"1": "bilevel", "P": "palette", "PA": "palette", "CMYK": "cmyk", "LAB": "lab"}


def describe(data: bytes, format_name: str, limits: Limits, header: Header | None = None) -> ImageInfo:
    """Say how a picture is stored, from its headers.

    Args:
        data: The whole file.
        format_name: Its sniffed format.
        limits: What reading it may cost.
        header: What opening the picture told, if it was opened before.

    Raises:
        MediaError: The header is broken.
        MissingExtra: The format needs a package that is not installed.
    """
    header = header or Header.of(open_picture(data, format_name, limits), format_name)
    exif, icc = _blocks(data, format_name, header, limits)
    return ImageInfo(
        width=header.width,
        height=header.height,
        mode=_MODES.get(header.mode, "grey" if header.mode[0] in "LIF" else "rgb"),
        bits=_bits(data, format_name, header, exif),
        alpha=header.mode in ("RGBA", "LA", "PA", "RGBa", "La") or header.transparency,
        orientation=exif.orientation if exif else 1,
        icc=icc,
        frames=_frames(data, format_name, header, limits),
    )


def _blocks(
    data: bytes, format_name: str, header: Header, limits: Limits
) -> tuple[ExifBlock | None, str | None]:
    found: dict[str, bytes] = {}
    budget = Budget(limits)
    for block in metadata_blocks(data, format_name, limits):
        kind = "exif" if block.kind == "tiff" else block.kind
        if kind in ("exif", "icc") and kind not in found:
            with contextlib.suppress(ValueError):
                found[kind] = block.read(budget)
        if len(found) == 2 or not budget.more():
            break
    exif = read_exif(found["exif"]) if "exif" in found else None
    icc = icc_description(found["icc"]) if "icc" in found else None
    # HEIF and AVIF turn by item properties, which their decoders report, or undo, in EXIF terms.
    if header.exif:
        exif = read_exif(header.exif.removeprefix(b"Exif\x00\x00"))
    return exif, icc


def _bits(data: bytes, format_name: str, header: Header, exif: ExifBlock | None) -> int:
    bits = header.bits
    if header.mode == "1":
        bits = 1
    elif format_name == "png":
        bits = data[24]
    elif format_name == "avif":
        bits = _av1_bits(data)
    elif format_name == "tiff" and exif and exif.directories:
        raw = exif.directories[0].raw(_BITS_PER_SAMPLE) or b"\x01\x00"
        bits = int.from_bytes(raw[:2], "little" if exif.byte_order == "<" else "big")
    return bits


# AV1 codec ISO media file format binding, 2.3.3: marker and version, profile and level, then the flags.
def _av1_bits(data: bytes) -> int:
    box = find_box(data, (b"meta", b"iprp", b"ipco", b"av1C"))
    flags = data[box.start + 2] if box is not None and box.end - box.start >= 4 else 0
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10


def _frames(data: bytes, format_name: str, header: Header, limits: Limits) -> int:
    if format_name == "gif":
        return max(1, gif.count_frames(data, Deadline(limits.seconds)))
    if format_name == "tiff":
        return max(1, count_directories(data, _MOST_PAGES))
    return header.frames
