"""Fields of EXIF and TIFF directories (TIFF 6.0, 2; Exif 3.0, 4.6.3), laid out anew as bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from forensics.media import Limits
from forensics.media._budget import Budget
from forensics.media.exif import Entry, ExifBlock, read_exif

__all__ = ["Field", "ample", "exif_of_tiff", "numbers", "tiff_with_fields", "upright"]

# Fields of a first directory that say how samples are stored, and where: true of one file only.
_STRUCTURE = frozenset([
    *range(254, 260), *range(262, 267), 273, *range(277, 282), 284, *range(288, 294), 301, 317,
    *range(320, 331), *range(332, 335), *range(336, 343), 347, *range(512, 522), *range(529, 533),
    559, 37724,
])  # fmt: skip
# Blocks with readers of their own, and Content Credentials, which belong to the file that they were made for.
_BLOCKS = frozenset([700, 33723, 34377, 34675, 52545])
_ORIENTATION = 274
_POINTERS = {"exif": (0x8769, "ifd0"), "gps": (0x8825, "ifd0"), "interop": (0xA005, "exif")}
_UNITS = (0, 1, 1, 2, 4, 4, 1, 1, 2, 4, 4, 4, 8, 4)  # bytes that are swapped together, by type


@dataclass(frozen=True)
class Field:
    """One field of a directory.

    Attributes:
        tag: Its number.
        kind: TIFF type, 1-13.
        count: Number of values.
        raw: Their bytes.
    """

    tag: int
    kind: int
    count: int
    raw: bytes = field(repr=False)


def numbers(order: str, tag: int, kind: int, *values: int) -> Field:
    """Return a field of shorts (3), longs (4) or rationals (5) in a byte order."""
    raw = struct.pack(order + {3: "H", 4: "I", 5: "I"}[kind] * len(values), *values)
    return Field(tag, kind, len(values) // (2 if kind == 5 else 1), raw)


def ample() -> Budget:
    """Return a budget for carrying on what a report would cut: 16 MiB for a value, 64 for all."""
    return Budget(Limits(metadata_bytes=16 << 20, metadata_total=64 << 20))


def upright(exif: bytes) -> bytes:
    """Return an EXIF block, or a TIFF, that is the same but for an orientation of 1, where it has one."""
    order = "<" if exif.startswith(b"II") else ">"
    first = struct.unpack_from(order + "I", exif, 4)[0]
    count = struct.unpack_from(order + "H", exif, first)[0]
    for at in range(first + 2, min(first + 2 + 12 * count, len(exif) - 11), 12):
        if struct.unpack_from(order + "H", exif, at)[0] == _ORIENTATION:  # of whatever type
            return exif[:at] + struct.pack(order + "HHIHH", _ORIENTATION, 3, 1, 1, 0) + exif[at + 12 :]
    return exif


def exif_of_tiff(data: bytes) -> bytes:
    """Return an EXIF block of what a TIFF says beside its pixels; b"" where it says nothing.

    Args:
        data: The whole TIFF.
    """
    block = read_exif(data, ample())
    directories = _kept(block)
    if not any(directories.values()):
        return b""
    head = b"II*\x00" if block.byte_order == "<" else b"MM\x00*"
    return head + struct.pack(block.byte_order + "I", 8) + _laid_out(directories, block.byte_order, 8)


def tiff_with_fields(tiff: bytes, exif: bytes | None, extra: Iterable[Field]) -> bytes:
    """Return a TIFF whose first directory also holds the fields of an EXIF block and others.

    The directory is laid out anew behind the end of the file; nothing of the picture moves.

    Args:
        tiff: A whole TIFF of one page.
        exif: An EXIF block, from its byte-order mark on.
        extra: Further fields in the byte order of `tiff`; they win.
    """
    own = read_exif(tiff, ample())
    order = own.byte_order
    merged = {e.tag: _field(e) for e in own.directories[0].entries}
    below: dict[str, list[Field]] = {}
    if exif:
        block = read_exif(exif, ample())
        for name, entries in _kept(block).items():
            turned = [_in_order(e, block.byte_order, order) for e in entries]
            if name == "ifd0":
                merged |= {e.tag: e for e in turned}
            else:
                below[name] = turned
    merged |= {e.tag: e for e in extra}
    padded = tiff + b"\x00" * (len(tiff) & 1)
    body = _laid_out({"ifd0": list(merged.values()), **below}, order, len(padded))
    return padded[:4] + struct.pack(order + "I", len(padded)) + padded[8:] + body


def _kept(block: ExifBlock) -> dict[str, list[Field]]:
    """Directories without what belongs to the file that they come from; pointers are made anew."""
    pointers = {tag for tag, _ in _POINTERS.values()}
    dropped = _STRUCTURE | _BLOCKS | pointers
    found: dict[str, list[Field]] = {}
    for directory in block.directories:
        if directory.name in ("ifd0", *_POINTERS) and directory.name not in found:
            leave = dropped if directory.name == "ifd0" else pointers
            found[directory.name] = [
                _field(e) for e in directory.entries if e.tag not in leave and len(e.raw) == e.size
            ]
    return found


def _field(entry: Entry) -> Field:
    return Field(entry.tag, entry.kind, entry.count, entry.raw)


def _in_order(entry: Field, given: str, wanted: str) -> Field:
    unit = _UNITS[entry.kind]
    if given == wanted or unit == 1:
        return entry
    return replace(entry, raw=np.frombuffer(entry.raw, f"u{unit}").byteswap().tobytes())


def _laid_out(directories: Mapping[str, list[Field]], order: str, at: int) -> bytes:
    """Directories one behind the other from offset `at`, the first of them first."""
    tables = {name: {e.tag: e for e in entries} for name, entries in directories.items()}
    tables.setdefault("ifd0", {})
    if "interop" in tables:
        tables.setdefault("exif", {})
    names = ["ifd0", *(n for n in _POINTERS if n in tables)]
    for name in names[1:]:
        tag, parent = _POINTERS[name]
        tables[parent][tag] = numbers(order, tag, 4, 0)
    offset = at
    for name in names:
        if name != "ifd0":
            tag, parent = _POINTERS[name]
            tables[parent][tag] = numbers(order, tag, 4, offset)
        offset += _size(tables[name])
    parts: list[bytes] = []
    for name in names:
        parts.append(_directory(tables[name], order, at))
        at += len(parts[-1])
    return b"".join(parts)


def _size(table: Mapping[int, Field]) -> int:
    return 6 + 12 * len(table) + sum(len(e.raw) + (len(e.raw) & 1) for e in table.values() if len(e.raw) > 4)


def _directory(table: Mapping[int, Field], order: str, at: int) -> bytes:
    """One directory with its values behind it; none follows."""
    parts, values = [struct.pack(order + "H", len(table))], []
    start = at + 6 + 12 * len(table)
    for tag in sorted(table):
        entry = table[tag]
        place = entry.raw.ljust(4, b"\x00")
        if len(entry.raw) > 4:
            place = struct.pack(order + "I", start)
            values.append(entry.raw + b"\x00" * (len(entry.raw) & 1))
            start += len(values[-1])
        parts.append(struct.pack(order + "HHI", tag, entry.kind, entry.count) + place)
    return b"".join([*parts, b"\x00" * 4, *values])
