"""ZIP: the directory at its end, and single members by the offset of their header.

The directory is read by whoever lists, in one pass and in a few bytes for each member; whoever reads a member
needs its offset alone. What the two say of a name must agree, and no size is believed.
"""

from __future__ import annotations

import bz2
import os
import stat
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from forensics.errors import ArchiveError
from forensics.scan.reading.limits import ArchiveLimits
from forensics.scan.reading.unpacking import DAMAGE, Unpacker, deflate, lzma_of_zip, unpacked

__all__ = ["ZipEntry", "directory", "has_end", "overlapping", "salvaged", "zip_member"]

METHODS = (0, 8, 12, 14)  # stored, deflate, bzip2, LZMA

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_UTF8, _DESCRIBED, _ENCRYPTED = 0x800, 0x8, 0x1 | 0x40 | 0x2000


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """What the directory says of a member.

    Attributes:
        name: Its name; bytes that are no text stand as surrogates.
        packed: Bytes in the archive.
        size: Bytes unpacked.
        offset: Where its header begins in the file.
        refused: A reason why it cannot be read; "" if nothing speaks against it yet.
    """

    name: str
    packed: int
    size: int
    offset: int
    refused: str


def has_end(file: BinaryIO) -> bool:
    """Whether a file ends as a ZIP does, whatever it begins with."""
    return _end(file) is not None


def directory(file: BinaryIO) -> Iterator[ZipEntry]:
    """List the members, folders included, as the directory at the end does.

    Raises:
        ArchiveError: There is no directory ("archive_truncated"), or it breaks off ("archive_damaged").
    """
    end = _end(file)
    if end is None:
        raise ArchiveError("the ZIP has no directory at its end", reason="archive_truncated")
    try:
        start, size, shift = _bounds(file, end)
        file.seek(start)
        while size > 0:
            entry, used = _entry(file, shift)
            size -= used
            yield entry
    except DAMAGE as error:
        raise ArchiveError(
            f"the directory of the ZIP is damaged: {error}", reason="archive_damaged"
        ) from error


def _end(file: BinaryIO) -> int | None:
    """Offset of the record that ends a ZIP: the last one whose comment fits."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _END.size - 0xFFFF)
    file.seek(start)
    tail = file.read(_END.size + 0xFFFF)
    at = tail.rfind(b"PK\x05\x06")
    while at >= 0:
        if at + _END.size <= len(tail):
            comment = int.from_bytes(tail[at + 20 : at + 22], "little")
            if at + _END.size + comment <= len(tail):
                return start + at
        at = tail.rfind(b"PK\x05\x06", 0, at)
    return None


def _bounds(file: BinaryIO, end: int) -> tuple[int, int, int]:
    """Where the directory begins, how long it is, and by how much all offsets are off."""
    file.seek(end)
    *_, size, offset, _ = _END.unpack(file.read(_END.size))
    if end >= 20 + _END_64.size:
        file.seek(end - 20 - _END_64.size)
        large = _END_64.unpack(file.read(_END_64.size))
        if large[0] == b"PK\x06\x06" and file.read(4) == b"PK\x06\x07":
            size, offset, end = large[8], large[9], end - 20 - _END_64.size
    shift = end - size - offset
    if shift < 0:
        raise ValueError("it would begin before the file does")
    return offset + shift, size, shift


def _entry(file: BinaryIO, shift: int) -> tuple[ZipEntry, int]:
    fields = _CENTRAL.unpack(file.read(_CENTRAL.size))
    magic, made, _, flags, method, _, _, _, packed, size, names, extras, comments, _, _, mode, offset = fields
    if magic != b"PK\x01\x02":
        raise ValueError("an entry does not begin as one")
    name = file.read(names)
    extra = file.read(extras)
    if len(name) + len(extra) + len(file.read(comments)) != names + extras + comments:
        raise EOFError("it ends in the middle of an entry")
    size, packed, offset = _large(extra, [size, packed, offset])
    refused = _refused(flags, method, mode >> 16 if made >> 8 == 3 else 0)
    entry = ZipEntry(_text(name, flags), packed, size, offset + shift, refused)
    return entry, _CENTRAL.size + names + extras + comments


def _large(extra: bytes, values: list[int]) -> list[int]:
    """Put the numbers of the ZIP64 field in the place of those that 32 bits cannot hold."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 1:
            field, at = extra[4 : 4 + length], 0
            for i, value in enumerate(values):
                if value == 0xFFFFFFFF:
                    values[i] = struct.unpack_from("<Q", field, at)[0]
                    at += 8
            break
        extra = extra[4 + length :]
    return values


def _refused(flags: int, method: int, mode: int) -> str:
    if flags & _ENCRYPTED:
        return "archive_encrypted"
    if stat.S_ISLNK(mode):
        return "archive_link"
    return "" if method in METHODS else "archive_method"


def _text(name: bytes, flags: int) -> str:
    return name.decode("utf-8", "surrogateescape") if flags & _UTF8 else name.decode("cp437")


def overlapping(entries: Sequence[ZipEntry]) -> set[int]:
    """Return the numbers of the entries whose bytes another one before them uses too.

    An honest ZIP has none. Bombs have thousands, which share one member or nest like shells.
    """
    order = sorted(range(len(entries)), key=lambda i: (entries[i].offset, i))
    found, reached = set(), 0
    for i in order:
        entry = entries[i]
        if entry.offset < reached:
            found.add(i)
        reached = max(reached, entry.offset + _LOCAL.size + entry.packed)
    return found


def salvaged(file: BinaryIO) -> Iterator[ZipEntry]:
    """List the whole members of a ZIP whose directory is lost, from its beginning to the first doubt."""
    size = file.seek(0, os.SEEK_END)
    offset = 0
    while True:
        file.seek(offset)
        header = file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
            return
        _, _, flags, method, _, _, _, packed, length, names, extras = _LOCAL.unpack(header)
        name, extra = file.read(names), file.read(extras)
        try:
            length, packed = _large(extra, [length, packed])
        except struct.error:
            return
        following = offset + _LOCAL.size + names + extras + packed
        if flags & _DESCRIBED or following > size:  # its length stands behind it, or it is the one cut off
            return
        yield ZipEntry(_text(name, flags), packed, length, offset, _refused(flags, method, 0))
        offset = following


def zip_member(file: BinaryIO, offset: int, name: str, length: int, limits: ArchiveLimits) -> bytes:
    """Return the bytes of one member.

    Args:
        file: The archive.
        offset: Where the header of the member begins.
        name: Its name by the directory.
        length: Its bytes by the directory.
        limits: What it may cost.

    Raises:
        ArchiveError: It is too large, damaged, encrypted, packed in an unknown way, or somebody else.
    """
    if length > limits.member_bytes:
        raise ArchiveError(f"the member has {length} bytes", reason="archive_size", actual=length)
    try:
        file.seek(offset)
        _, _, flags, method, _, _, crc, _, _, names, extras = _header(file)
        if _text(file.read(names), flags) != name:
            raise ArchiveError("here the archive has another member", reason="archive_changed")
        file.seek(extras, os.SEEK_CUR)
        if refused := _refused(flags, method, 0):
            raise ArchiveError("the member is encrypted, or packed in an unknown way", reason=refused)
        data = _content(file, method, length, limits)
        right = _described(file) if flags & _DESCRIBED else {crc}
    except DAMAGE as error:
        raise ArchiveError(f"the member is damaged: {error}", reason="archive_damaged") from error
    if zlib.crc32(data) not in right:
        raise ArchiveError("the member is damaged: its checksum is wrong", reason="archive_damaged")
    return data


def _header(file: BinaryIO) -> tuple[bytes, int, int, int, int, int, int, int, int, int, int]:
    header = file.read(_LOCAL.size)
    if not header.startswith(b"PK\x03\x04"):
        raise ArchiveError("here the archive has no member", reason="archive_damaged")
    return _LOCAL.unpack(header)


def _content(file: BinaryIO, method: int, length: int, limits: ArchiveLimits) -> bytes:
    if method == 0:
        data = file.read(length)
        if len(data) < length:
            raise ArchiveError("the archive ends in this member", reason="archive_truncated")
        return data
    unpacker: Unpacker = (
        deflate() if method == 8 else bz2.BZ2Decompressor() if method == 12 else lzma_of_zip(file)
    )
    return unpacked(file, unpacker, length, limits)


def _described(file: BinaryIO) -> set[int]:
    """Checksums that may be meant by what stands behind a member: its magic number is optional."""
    first, second = struct.unpack("<2L", file.read(8))
    return {first, second} if first == 0x08074B50 else {first}
