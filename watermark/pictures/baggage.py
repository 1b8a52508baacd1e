"""What a picture file carries beside its pixels, collected so that another file can carry it on."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from forensics.media import Limits, Media
from forensics.media.blocks import metadata_blocks
from forensics.media.boxes import boxes
from forensics.media.exif import ExifBlock, read_exif
from forensics.media.png import chunks
from forensics.media.riff import webp_chunks
from forensics.watermark.pictures.fields import ample, exif_of_tiff

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Baggage", "Text", "collect"]

# Chunks that say how the samples of a PNG look, and when they changed; they hold at any depth.
_PNG_CHUNKS = (b"cHRM", b"gAMA", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"pHYs", b"tIME")
_C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # C2PA 2.2, A.5
_C2PA_FIELD = 52545  # C2PA 2.2, A.3.4
_X_RESOLUTION = 282
_METRE = 0.0254
_MOST_BLOCKS = 4096
_MOST_DENSITY = 1e6


@dataclass(frozen=True)
class Text:
    """A text chunk of a PNG.

    Attributes:
        kind: Its type, such as b"iTXt".
        data: Its content.
    """

    kind: bytes
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Baggage:
    """Metadata of a picture.

    Attributes:
        exif: EXIF from its byte-order mark on; b"" for none.
        icc: ICC profile; b"" for none.
        xmp: XMP packets, the main one first.
        resources: Photoshop resource blocks.
        iptc: IPTC records outside of a resource block.
        comments: Comments.
        texts: Text chunks of a PNG.
        jfif: Payload of a JPEG's JFIF segment behind its name; b"" for none.
        chunks: Further chunks of a PNG, complete.
        dpi: Pixels per inch across and down; None where nothing outside of EXIF says.
        credentials: Whether the file carried Content Credentials.
        problems: Sentences about what is broken or cannot be carried on.
    """

    exif: bytes = field(default=b"", repr=False)
    icc: bytes = field(default=b"", repr=False)
    xmp: tuple[bytes, ...] = field(default=(), repr=False)
    resources: tuple[bytes, ...] = field(default=(), repr=False)
    iptc: tuple[bytes, ...] = field(default=(), repr=False)
    comments: tuple[bytes, ...] = field(default=(), repr=False)
    texts: tuple[Text, ...] = field(default=(), repr=False)
    jfif: bytes = field(default=b"", repr=False)
    chunks: bytes = field(default=b"", repr=False)
    dpi: tuple[float, float] | None = None
    credentials: bool = False
    problems: tuple[str, ...] = ()

    @property
    def orientation(self) -> int:
        """EXIF orientation, 1 to 8."""
        return read_exif(self.exif, ample()).orientation if self.exif else 1


def collect(media: Media, picture: Image.Image) -> Baggage:
    """Collect what a file carries.

    Args:
        media: The file.
        picture: The same, opened; some decoders turn the orientation of a container into EXIF.

    Raises:
        MediaError: The structure around the metadata is broken or endless.
    """
    name, data = media.container.format, media.data
    problems: list[str] = []
    found = _read(data, name, media.limits, problems)
    exif = _exif(found, name, data, picture)
    if exif and not _readable(read_exif(exif, ample())):
        exif, problems = b"", [*problems, "the EXIF is broken and was not carried over"]
    jfif = next((p.data for p in found if p.kind == "jfif" and len(p.data) >= 9), b"")
    return Baggage(
        exif=exif,
        icc=next((p.data for p in found if p.kind == "icc"), b""),
        xmp=_all(found, "xmp"),
        resources=_all(found, "photoshop"),
        iptc=_all(found, "iptc"),
        comments=_all(found, "comment"),
        texts=tuple(Text(p.name.encode(), p.data) for p in found if p.kind == "png"),
        jfif=jfif,
        chunks=_png_chunks(data) if name == "png" else b"",
        dpi=_dpi(media, picture, jfif),
        credentials=_has_credentials(data, name),
        problems=tuple(problems),
    )


@dataclass(frozen=True)
class _Part:
    """One metadata block, read."""

    kind: str
    name: str
    data: bytes


def _read(data: bytes, format_name: str, limits: Limits, problems: list[str]) -> list[_Part]:
    """Read all blocks that are whole; half a block is of no use to another file."""
    budget = ample()
    found: list[_Part] = []
    for block in metadata_blocks(data, format_name, limits):
        if block.kind == "problem":
            problems.append(block.name)
        if block.kind in ("problem", "tiff"):
            continue
        if not budget.more() or len(found) >= _MOST_BLOCKS:
            problems.append("there is too much metadata: only the first blocks were carried over")
            break
        try:
            part = _Part(block.kind, block.name, block.read(budget))
        except (ValueError, struct.error, IndexError) as error:
            problems.append(f"a block of {block.kind} metadata is broken and was not carried over: {error}")
            continue
        if budget.problem is None:
            found.append(part)
    return found


def _all(found: Iterable[_Part], kind: str) -> tuple[bytes, ...]:
    return tuple(p.data for p in found if p.kind == kind and p.data)


def _exif(found: Iterable[_Part], name: str, data: bytes, picture: Image.Image) -> bytes:
    if name == "tiff":
        return exif_of_tiff(data)
    if name in ("avif", "heif"):
        raw = picture.info.get("exif") or b""
        return bytes(raw).removeprefix(b"Exif\x00\x00")
    return next((p.data for p in found if p.kind == "exif"), b"")


def _readable(block: ExifBlock) -> bool:
    return any(d.entries for d in block.directories)


def _png_chunks(data: bytes) -> bytes:
    return b"".join(data[c.start - 8 : c.end + 4] for c in chunks(data) if c.kind in _PNG_CHUNKS)


def _dpi(media: Media, picture: Image.Image, jfif: bytes) -> tuple[float, float] | None:
    name, data = media.container.format, media.data
    given: tuple[float, float] | None = None
    if name == "jpeg":
        given = _jfif_dpi(jfif) if jfif else None
    elif name == "png":
        given = next((_phys_dpi(data[c.start : c.end]) for c in chunks(data) if c.kind == b"pHYs"), None)
    elif picture.info.get("dpi") and (name == "bmp" or _X_RESOLUTION in getattr(picture, "tag_v2", {})):
        across, down = picture.info["dpi"]  # by default 1 for a TIFF
        given = float(across), float(down)
    return given if given and all(0 < d < _MOST_DENSITY for d in given) else None


# JFIF 1.02: version, units of density, horizontal and vertical density.
def _jfif_dpi(payload: bytes) -> tuple[float, float] | None:
    unit, across, down = struct.unpack_from(">BHH", payload, 2)
    scale = {1: 1.0, 2: 2.54}.get(unit)
    return (across * scale, down * scale) if scale else None


# PNG 3rd edition, 11.3.4.3: pixels per unit, and the unit, which is the metre or unknown.
def _phys_dpi(body: bytes) -> tuple[float, float] | None:
    if len(body) != 9 or body[8] != 1:
        return None
    across, down = struct.unpack_from(">II", body)
    return across * _METRE, down * _METRE


def _has_credentials(data: bytes, name: str) -> bool:
    """Tell whether the place for Content Credentials of this format is taken (C2PA 2.2, A.3 to A.5)."""
    if name == "jpeg":
        from forensics.media.jpeg import segments

        parts = (s for s in segments(data) if s.marker == 0xEB)
        return any(b"c2pa" in data[s.start : s.start + 256] for s in parts)
    if name == "png":
        return any(c.kind == b"caBX" for c in chunks(data))
    if name == "webp":
        return any(c.kind == b"C2PA" for c in webp_chunks(data))
    if name == "tiff":
        first = read_exif(data).directories[:1]
        return any(d.raw(_C2PA_FIELD) is not None for d in first)
    if name in ("avif", "heif", "jxl"):
        return any(
            (b.kind == b"uuid" and data.startswith(_C2PA_BOX, b.start)) or b.kind == b"jumb"
            for b in boxes(data)
        )
    return name == "gif" and b"C2PA_GIF" in data
