"""Which files can carry a signed manifest, told by their content, and whether they are whole.

The SDK takes the media type on trust and signs half a JPEG happily; both are settled here before it is
asked. Only the structure is walked, nothing is decoded.
"""

from __future__ import annotations

import mimetypes
import mmap
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from forensics.errors import EmptyFile, NotAFile, TruncatedMedia, UnsupportedMedia
from forensics.media.sniff import HEAD, sniff
from forensics.media.source import open_plain

__all__ = [
    "SIGNABLE",
    "check_whole",
    "content_type",
    "ingredient_type",
    "media_type",
    "open_file",
    "stream_type",
    "type_hint",
]

SIGNABLE = (
    "application/pdf", "audio/flac", "audio/mp4", "audio/mpeg", "audio/wav", "image/avif", "image/gif",
    "image/heif", "image/jpeg", "image/jxl", "image/png", "image/svg+xml", "image/tiff", "image/webp",
    "video/mp4", "video/quicktime", "video/x-msvideo",
)  # fmt: skip
"""Media types that manifests are embedded in."""

_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
Bytes = bytes | mmap.mmap


def media_type(path: str | os.PathLike[str]) -> str:
    """Return the media type of a file to be signed by its first bytes, one of `SIGNABLE`.

    Raises:
        NotAFile: Missing, a folder, a device, or not permitted.
        EmptyFile: No bytes.
        UnsupportedMedia: No manifest can be embedded in such a file.
    """
    head = _head(Path(path))
    found = _recognised(head)
    if found not in SIGNABLE:
        raise UnsupportedMedia(
            f"{Path(path).name}: no credentials can be embedded in {found or 'this kind of file'}",
            expected=", ".join(SIGNABLE),
            actual=found or head[:8].hex(),
        )
    return found


def ingredient_type(path: str | os.PathLike[str]) -> str:
    """Return the media type of an ingredient, which may be anything: a prompt, a model, a bitmap.

    What is not recognised by its content goes by its name.

    Raises:
        NotAFile: Missing, a folder, a device, or not permitted.
        EmptyFile: No bytes.
    """
    found = _recognised(_head(Path(path)))
    named = mimetypes.guess_type(Path(path).name)[0]
    # A name must not promise a format that the SDK would then try to take apart.
    if found is None and named not in SIGNABLE:
        found = named
    return found or "application/octet-stream"


def type_hint(path: str | os.PathLike[str]) -> str | None:
    """Return the media type of a file to be read, by its content, else by its name; None if unknown.

    Raises:
        NotAFile: Missing, a folder, a device, or not permitted.
    """
    with open_file(Path(path)) as file:
        return stream_type(file, Path(path).name)


def stream_type(file: BinaryIO, name: str) -> str | None:
    """Return the media type of an opened file, as `type_hint` does that of a path."""
    return _recognised(_head_of(file)) or mimetypes.guess_type(name)[0]


def content_type(data: bytes) -> str | None:
    """Return the media type of a file in memory by its first bytes; None if unknown."""
    return _recognised(data[:HEAD])


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open a plain file for reading; see `media.source.open_plain`.

    Raises:
        NotAFile: Missing, a folder, a device, a pipe or not permitted; the message names the path.
    """
    try:
        with open_plain(path) as file:
            yield file
    except NotAFile as error:
        raise NotAFile(f"{path}: {error}", expected=error.expected, actual=error.actual) from error


def _head(where: Path) -> bytes:
    with open_file(where) as file:
        head = _head_of(file)
    if not head:
        raise EmptyFile(f"{where} is empty")
    return head


def _head_of(file: BinaryIO) -> bytes:
    file.seek(0)
    head = file.read(HEAD)
    return _behind_tag(file, head) if head.startswith(b"ID3") else head


def _behind_tag(file: BinaryIO, head: bytes) -> bytes:
    """Return what a file goes on with behind its ID3 tag if that is FLAC, which the SDK signs that way.

    The size of the tag has seven bits in each of four bytes (ID3v2.4 structure, 3.1).
    """
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    file.seek(10 + size)
    behind = file.read(HEAD)
    return behind if behind.startswith(b"fLaC") else head


def _recognised(head: bytes) -> str | None:
    return _document_or_sound(head) or _picture_or_clip(head)


def check_whole(path: str | os.PathLike[str], mime: str) -> None:
    """Check that a file does not end early, by the structure of its format.

    MP3, FLAC and SVG do not say how long they are; they pass.

    Args:
        path: The file.
        mime: What `media_type` said.

    Raises:
        TruncatedMedia: It ends early, or its structure cannot be followed to the end.
        NotAFile: It cannot be read.
    """
    check = _CHECKS.get(mime)
    if check is None:
        return
    try:
        with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            whole = check(view)
    except (struct.error, IndexError):
        whole = False
    except (OSError, ValueError) as error:
        raise NotAFile(f"cannot read {path}: {error}") from error
    if not whole:
        raise TruncatedMedia(f"{Path(path).name} ends early: signing it would vouch for a damaged file")


def _document_or_sound(head: bytes) -> str | None:
    return next((mime for mime, probe in _PROBES.items() if probe(head)), None)


def _is_svg(head: bytes) -> bool:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return text.startswith(b"<svg") or (
        text.startswith((b"<?xml", b"<!--", b"<!DOCTYPE svg")) and b"<svg" in text
    )


def _is_mpeg_audio(head: bytes) -> bool:
    """Look for a tag, or a frame header: eleven set bits, layer III, no reserved bit rate."""
    frame = len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and head[2] & 0xF0 != 0xF0
    return head.startswith(b"ID3") or frame


_PROBES: dict[str, Callable[[bytes], bool]] = {
    "application/pdf": lambda head: head.startswith(b"%PDF-"),
    "audio/wav": lambda head: head.startswith(b"RIFF") and head[8:12] == b"WAVE",
    "audio/flac": lambda head: head.startswith(b"fLaC"),
    "audio/mp4": lambda head: head[4:8] == b"ftyp" and head[8:12] in _AUDIO_BRANDS,
    "audio/mpeg": _is_mpeg_audio,
    "image/svg+xml": _is_svg,
}


def _picture_or_clip(head: bytes) -> str | None:
    try:
        found = sniff(head).mime
    except UnsupportedMedia:
        return None
    if found == "image/jxl" and head.startswith(b"\xff\x0a"):
        return "image/jxl without a container"
    return "image/png" if found == "image/apng" else found


def _jpeg_whole(data: Bytes) -> bool:
    """Follow the segments to the first scan; no end marker can hide in coded data (ITU-T T.81, B.1.1.5)."""
    position = 2
    while data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
        elif marker == 0xDA:
            return data.find(b"\xff\xd9", position) >= 0
        else:
            position += 2 + struct.unpack_from(">H", data, position + 2)[0]
    return False


def _png_whole(data: Bytes) -> bool:
    position = 8
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        position += 12 + length
        if kind == b"IEND":
            return bool(position <= len(data))
    return False


def _gif_whole(data: Bytes) -> bool:
    """Walk the blocks to the trailer (GIF89a specification, appendix A)."""
    position = 13 + _colour_table(data[10])
    while True:
        kind = data[position]
        if kind == 0x3B:
            return True
        if kind == 0x21:
            position += 2
        elif kind == 0x2C:
            position += 11 + _colour_table(data[position + 9])
        else:
            return False
        while data[position]:
            position += 1 + data[position]
        position += 1


def _colour_table(packed: int) -> int:
    return 3 << ((packed & 7) + 1) if packed & 0x80 else 0


def _riff_whole(data: Bytes) -> bool:
    # Files above 4 GB and streams in the making have a size of all ones or zero; they say nothing.
    size: int = struct.unpack_from("<I", data, 4)[0]
    return size in (0, 0xFFFFFFFF) or size + 8 <= len(data)


def _iso_whole(data: Bytes) -> bool:
    """Walk the top-level boxes (ISO/IEC 14496-12, 4.2); size 0 means to the end of the file."""
    position = 0
    while position < len(data):
        if len(data) - position < 8:
            return not any(data[position:])  # zeros behind the last box are harmless
        size = struct.unpack_from(">I", data, position)[0]
        if size == 0:
            return True
        if size == 1:
            size = struct.unpack_from(">Q", data, position + 8)[0]
        if size < 8:
            return False
        position += size
    return position == len(data)


def _pdf_whole(data: Bytes) -> bool:
    return data.rfind(b"%%EOF", max(0, len(data) - 2048)) >= 0


def _tiff_whole(data: Bytes) -> bool:
    """Check that the first directory and the strips or tiles it names lie inside the file (TIFF 6.0, 2)."""
    order = "<" if data[:2] == b"II" else ">"
    if struct.unpack_from(order + "H", data, 2)[0] != 42:  # BigTIFF
        return True
    start = struct.unpack_from(order + "I", data, 4)[0]
    fields = {}
    for number in range(struct.unpack_from(order + "H", data, start)[0]):
        tag, kind, count, _ = struct.unpack_from(order + "HHII", data, start + 2 + 12 * number)
        if tag in (273, 279, 324, 325) and kind in (3, 4):
            fields[tag] = _tiff_values(data, order, start + 10 + 12 * number, kind, count)
    offsets = fields.get(273) or fields.get(324) or ()
    lengths = fields.get(279) or fields.get(325) or ()
    return all(offset + length <= len(data) for offset, length in zip(offsets, lengths, strict=False))


def _tiff_values(data: Bytes, order: str, field: int, kind: int, count: int) -> tuple[int, ...]:
    code, width = ("H", 2) if kind == 3 else ("I", 4)
    where = field if count * width <= 4 else struct.unpack_from(order + "I", data, field)[0]
    if where + count * width > len(data):
        raise IndexError
    return struct.unpack_from(f"{order}{count}{code}", data, where)


_CHECKS: dict[str, Callable[[Bytes], bool]] = {
    "application/pdf": _pdf_whole,
    "audio/mp4": _iso_whole,
    "audio/wav": _riff_whole,
    "image/avif": _iso_whole,
    "image/gif": _gif_whole,
    "image/heif": _iso_whole,
    "image/jpeg": _jpeg_whole,
    "image/jxl": _iso_whole,
    "image/png": _png_whole,
    "image/tiff": _tiff_whole,
    "image/webp": _riff_whole,
    "video/mp4": _iso_whole,
    "video/quicktime": _iso_whole,
    "video/x-msvideo": _riff_whole,
}
