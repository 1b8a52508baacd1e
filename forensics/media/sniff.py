"""The type of a file by its first bytes. Names are never looked at."""

from __future__ import annotations

import struct
from collections.abc import Callable

from forensics.errors import UnsupportedMedia
from forensics.media.types import Container, Kind

__all__ = ["CONTAINERS", "HEAD", "sniff"]

# Bytes that identify anything; only APNG and animated GIF need a look at the whole file.
HEAD = 4096

_JPEG = Container("jpeg", "image/jpeg", Kind.IMAGE, (".jpg", ".jpeg", ".jpe", ".jfif"))
_PNG = Container("png", "image/png", Kind.IMAGE, (".png",))
_APNG = Container("png", "image/apng", Kind.ANIMATION, (".apng", ".png"))
_WEBP = Container("webp", "image/webp", Kind.IMAGE, (".webp",))
_WEBP_ANIMATED = Container("webp", "image/webp", Kind.ANIMATION, (".webp",))
_AVIF = Container("avif", "image/avif", Kind.IMAGE, (".avif",))
_AVIF_SEQUENCE = Container("avif", "image/avif", Kind.ANIMATION, (".avif", ".avifs"))
_HEIF = Container("heif", "image/heif", Kind.IMAGE, (".heic", ".heif", ".hif"))
_JXL = Container("jxl", "image/jxl", Kind.IMAGE, (".jxl",))
_GIF = Container("gif", "image/gif", Kind.IMAGE, (".gif",))
_GIF_ANIMATED = Container("gif", "image/gif", Kind.ANIMATION, (".gif",))
_TIFF = Container("tiff", "image/tiff", Kind.IMAGE, (".tif", ".tiff"))
_BMP = Container("bmp", "image/bmp", Kind.IMAGE, (".bmp", ".dib"))
_MP4 = Container("mp4", "video/mp4", Kind.VIDEO, (".mp4", ".m4v", ".3gp", ".3g2"))
_MOV = Container("mov", "video/quicktime", Kind.VIDEO, (".mov", ".qt"))
_MATROSKA = Container("matroska", "video/x-matroska", Kind.VIDEO, (".mkv",))
_WEBM = Container("webm", "video/webm", Kind.VIDEO, (".webm",))
_AVI = Container("avi", "video/x-msvideo", Kind.VIDEO, (".avi",))

CONTAINERS = (
    _JPEG, _PNG, _APNG, _WEBP, _WEBP_ANIMATED, _AVIF, _AVIF_SEQUENCE, _HEIF, _JXL, _GIF, _GIF_ANIMATED,
    _TIFF, _BMP, _MP4, _MOV, _MATROSKA, _WEBM, _AVI,
)  # fmt: skip

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_MOV_ATOMS = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
_OTHER_BRANDS = {b"M4A ", b"M4B ", b"M4P ", b"crx ", b"jp2 ", b"jpx "}  # audio, camera raw, JPEG 2000

# What people do hand in, named so that the refusal explains itself.
_REFUSED = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\xc5\xd0\xd3\xc6", "an EPS document"),
    (b"8BPS", "a Photoshop document"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 codestream"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"OggS", "an Ogg stream"),
    (b"ID3", "an MP3 file"),
    (b"fLaC", "a FLAC file"),
    (b"FLV\x01", "a Flash video"),
    (b"II+\x00", "a BigTIFF picture"),
    (b"MM\x00+", "a BigTIFF picture"),
    (b"IIU\x00", "a camera raw file"),
    (b"IIRO", "a camera raw file"),
    (b"\x00\x00\x01\xba", "an MPEG program stream"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)


def sniff(data: bytes) -> Container:
    """Identify a file.

    Args:
        data: The file, or its first `HEAD` bytes.

    Raises:
        UnsupportedMedia: No supported type starts like this.
    """
    found = next((c for probe in _PROBES if (c := probe(data)) is not None), None)
    if found is None:
        raise UnsupportedMedia(
            f"{_name_of(data)} is not a supported picture or clip",
            expected="JPEG, PNG, WebP, AVIF, HEIF, JPEG XL, GIF, TIFF, BMP, MP4, MOV, MKV, WebM or AVI",
            actual=data[:8].hex(),
        )
    return found


def _jpeg(data: bytes) -> Container | None:
    return _JPEG if data.startswith(b"\xff\xd8\xff") else None


def _png(data: bytes) -> Container | None:
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    position = 8
    for _ in range(1024):  # an acTL chunk stands before the first IDAT
        if position + 8 > len(data) or data[position + 4 : position + 8] == b"IDAT":
            break
        if data[position + 4 : position + 8] == b"acTL":
            return _APNG
        position += 12 + struct.unpack_from(">I", data, position)[0]
    return _PNG


def _gif(data: bytes) -> Container | None:
    if not data.startswith((b"GIF87a", b"GIF89a")):
        return None
    from forensics.media.gif import is_animated

    return _GIF_ANIMATED if is_animated(data) else _GIF


def _riff(data: bytes) -> Container | None:
    if not data.startswith(b"RIFF"):
        return None
    if data[8:12] == b"WEBP":
        animated = data[12:16] == b"VP8X" and len(data) > 20 and data[20] & 0x02
        return _WEBP_ANIMATED if animated else _WEBP
    return _AVI if data[8:12] == b"AVI " else None


def _tiff(data: bytes) -> Container | None:
    if data.startswith((b"II*\x00", b"MM\x00*")) and data[8:10] != b"CR":
        return _TIFF
    return None


def _bmp(data: bytes) -> Container | None:
    # The header behind "BM" has one of few sizes; two letters alone would match plain text.
    known = data.startswith(b"BM") and len(data) >= 18
    return (
        _BMP
        if known and struct.unpack_from("<I", data, 14)[0] in (12, 16, 40, 52, 56, 64, 108, 124)
        else None
    )


def _jxl(data: bytes) -> Container | None:
    return _JXL if data.startswith((b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n")) else None


def _iso_media(data: bytes) -> Container | None:
    if len(data) < 12:
        return None
    length, kind = struct.unpack_from(">I4s", data)
    if kind != b"ftyp":  # QuickTime had none at first
        return _MOV if kind in _MOV_ATOMS and (length >= 8 or length == 1) else None
    brands = [data[8:12], *(data[i : i + 4] for i in range(16, min(length, len(data), 512) - 3, 4))]
    return None if brands[0] in _OTHER_BRANDS else _by_brands(brands)


def _by_brands(brands: list[bytes]) -> Container:
    """Container of the major brand, which stands first, and the compatible ones."""
    major = brands[0]
    if major in _HEIF_BRANDS or major in (b"avif", b"avis"):
        general = major in (b"mif1", b"msf1", b"avif", b"avis")
        if general and b"avis" in brands:
            return _AVIF_SEQUENCE
        return _AVIF if general and b"avif" in brands else _HEIF
    return _MOV if major == b"qt  " else _MP4


def _matroska(data: bytes) -> Container | None:
    if not data.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    return _WEBM if b"webm" in data[:64] else _MATROSKA


_PROBES: tuple[Callable[[bytes], Container | None], ...] = (
    _jpeg, _png, _gif, _riff, _tiff, _bmp, _jxl, _iso_media, _matroska,
)  # fmt: skip


def _name_of(data: bytes) -> str:
    if b"<svg" in data[:1024].lower():
        return "an SVG drawing"
    if data.lstrip()[:5].lower() in (b"<?xml", b"<html", b"<!doc"):
        return "an XML or HTML document"
    return next((name for start, name in _REFUSED if data.startswith(start)), "this content")
