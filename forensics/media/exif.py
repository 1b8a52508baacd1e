"""EXIF and TIFF directories (TIFF 6.0; CIPA DC-008, Exif 3.0), read with bounds on everything."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from forensics.media._budget import Budget
from forensics.media.types import Limits, Tag

__all__ = ["Directory", "Entry", "ExifBlock", "count_directories", "read_exif", "thumbnail"]

_MOST_ENTRIES = 1000  # of one directory; cameras write below 100
_MOST_DIRECTORIES = 16
_MOST_VALUES = 64  # of one entry that is shown in full
_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4)
_FORMATS = ("", "B", "s", "H", "I", "II", "b", "s", "h", "i", "ii", "f", "d", "I")

_SUB_DIRECTORIES = {0x8769: "exif", 0x8825: "gps", 0xA005: "interop"}
_ORIENTATION, _MAKER_NOTE, _USER_COMMENT = 0x0112, 0x927C, 0x9286
# Fields whose content is another block, which other readers take.
BLOCKS = {0x02BC: "xmp", 0x83BB: "iptc", 0x8649: "photoshop", 0x8773: "icc"}
_THUMBNAIL_AT, _THUMBNAIL_SIZE = 0x0201, 0x0202


@dataclass(frozen=True)
class Entry:
    """One field of a directory.

    Attributes:
        tag: Number of the field.
        kind: TIFF type, 1-13.
        raw: Its bytes, cut to what a reader may keep.
        count: Number of values that it declares.
        start: Offset of them in the block.
    """

    tag: int
    kind: int
    raw: bytes = field(repr=False)
    count: int
    start: int

    @property
    def size(self) -> int:
        """Bytes that it declares."""
        return self.count * _SIZES[self.kind]


@dataclass(frozen=True)
class Directory:
    """One image file directory.

    Attributes:
        name: "ifd0", "ifd1", "exif", "gps" or "interop".
        entries: Its fields.
    """

    name: str
    entries: tuple[Entry, ...]

    def raw(self, tag: int) -> bytes | None:
        """Return the bytes of a field, None where it is missing."""
        return next((e.raw for e in self.entries if e.tag == tag), None)


@dataclass(frozen=True)
class ExifBlock:
    """What an EXIF block holds.

    Attributes:
        byte_order: "<" or ">".
        directories: In the order of reading.
        problems: Sentences about what is broken.
    """

    byte_order: str
    directories: tuple[Directory, ...]
    problems: tuple[str, ...]

    @property
    def orientation(self) -> int:
        """Orientation 1-8, 1 where none or a wrong one is given."""
        for directory in self.directories:
            entry = next((e for e in directory.entries if e.tag == _ORIENTATION), None)
            if directory.name == "ifd0" and entry is not None:
                value = _numbers(entry, self.byte_order)[:1]
                return int(value[0]) if value and 1 <= value[0] <= 8 else 1
        return 1

    def tags(self) -> Iterator[Tag]:
        """Yield the fields as text; the thumbnail's directory is left out."""
        for directory in self.directories:
            if directory.name == "ifd1":
                continue
            group = "gps" if directory.name == "gps" else "exif"
            for entry in directory.entries:
                if entry.tag not in _SUB_DIRECTORIES and entry.tag not in BLOCKS:
                    yield Tag(group, _field_name(directory.name, entry.tag), _text(entry, self.byte_order))


class _Reader:
    """Walks the directories of one block and remembers what was wrong."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        self.data = data
        self.budget = budget
        self.order = "<" if data[:2] == b"II" else ">"
        self.problems: list[str] = []
        self.directories: list[Directory] = []
        self.seen: set[int] = set()
        self.left = 4 * budget.value_bytes  # of all values together: entries may overlap

    def walk(self, offset: int, name: str) -> int:
        """Read a directory and those below it; return the offset of the next one."""
        if offset in self.seen or len(self.seen) >= _MOST_DIRECTORIES:
            self._problem(f"EXIF: the directory {name} loops or repeats")
            return 0
        self.seen.add(offset)
        if offset < 8 or offset + 2 > len(self.data):
            self._problem(f"EXIF: the directory {name} lies outside its block")
            return 0
        count = struct.unpack_from(self.order + "H", self.data, offset)[0]
        if count > _MOST_ENTRIES:
            self._problem(f"EXIF: the directory {name} declares {count} fields")
            return 0
        readable = self.budget.take_entries(count)
        entries = [e for i in range(readable) if (e := self._entry(offset + 2 + 12 * i, name)) is not None]
        self.directories.append(Directory(name, tuple(entries)))
        for entry in entries:
            if entry.tag in _SUB_DIRECTORIES and len(entry.raw) == 4:
                below = struct.unpack(self.order + "I", entry.raw)[0]
                self.walk(below, _SUB_DIRECTORIES[entry.tag])
        end = offset + 2 + 12 * count
        return (
            int(struct.unpack_from(self.order + "I", self.data, end)[0]) if end + 4 <= len(self.data) else 0
        )

    def _entry(self, position: int, name: str) -> Entry | None:
        if position + 12 > len(self.data):
            self._problem(f"EXIF: the directory {name} is cut")
            return None
        tag, kind, count = struct.unpack_from(self.order + "HHI", self.data, position)
        if not 1 <= kind < len(_SIZES):
            self._problem(f"EXIF: the field {tag:#06x} of {name} has the unknown type {kind}")
            return None
        size = _SIZES[kind] * count
        start = position + 8
        if size > 4:
            start = struct.unpack_from(self.order + "I", self.data, position + 8)[0]
        if start + size > len(self.data):
            self._problem(f"EXIF: the field {tag:#06x} of {name} points outside its block")
            return None
        kept = min(size, self.budget.value_bytes, self.left)
        if size > 4:
            kept = self.budget.take_bytes(kept)
        if kept < size:
            self._problem(f"EXIF: the field {tag:#06x} of {name} is cut to {kept} bytes")
        self.left -= kept if size > 4 else 0
        return Entry(tag, kind, self.data[start : start + kept], count, start)

    def _problem(self, sentence: str) -> None:
        if sentence not in self.problems and len(self.problems) < 32:
            self.problems.append(sentence)


def read_exif(data: bytes, budget: Budget | None = None) -> ExifBlock:
    """Read the directories of an EXIF block; never raises.

    Args:
        data: From the byte-order mark on, such as a TIFF file or an APP1 payload behind "Exif".
        budget: How much of it may be read; by default, as much as of a whole file.
    """
    if len(data) < 8 or data[:4] not in (b"II*\x00", b"MM\x00*"):
        return ExifBlock("<", (), ("EXIF: the block has no TIFF header",))
    reader = _Reader(data, budget or Budget(Limits()))
    following = reader.walk(struct.unpack_from(reader.order + "I", data, 4)[0], "ifd0")
    if following:
        reader.walk(following, "ifd1")
    return ExifBlock(reader.order, tuple(reader.directories), tuple(reader.problems))


def thumbnail(data: bytes) -> bytes | None:
    """Return the embedded JPEG thumbnail of an EXIF block, None where there is none."""
    block = read_exif(data)
    for directory in block.directories:
        at, size = directory.raw(_THUMBNAIL_AT), directory.raw(_THUMBNAIL_SIZE)
        if directory.name == "ifd1" and at and size and len(at) == len(size) == 4:
            start = struct.unpack(block.byte_order + "I", at)[0]
            picture = data[start : start + struct.unpack(block.byte_order + "I", size)[0]]
            return picture if picture.startswith(b"\xff\xd8") else None
    return None


def count_directories(data: bytes, most: int) -> int:
    """Count the pages of a TIFF by its chain of directories, at most `most`; loops end it."""
    order = "<" if data[:2] == b"II" else ">"
    seen: set[int] = set()
    offset = struct.unpack_from(order + "I", data, 4)[0] if len(data) >= 8 else 0
    while 8 <= offset and offset + 2 <= len(data) and offset not in seen and len(seen) < most:
        seen.add(offset)
        end = offset + 2 + 12 * struct.unpack_from(order + "H", data, offset)[0]
        offset = struct.unpack_from(order + "I", data, end)[0] if end + 4 <= len(data) else 0
    return len(seen)


def _field_name(directory: str, tag: int) -> str:
    from PIL import ExifTags

    if directory == "gps":
        return ExifTags.GPSTAGS.get(tag, f"0x{tag:04X}")
    if directory == "interop":
        return {1: "InteropIndex", 2: "InteropVersion"}.get(tag, f"0x{tag:04X}")
    return ExifTags.TAGS.get(tag, f"0x{tag:04X}")


def _text(entry: Entry, order: str) -> str:
    if entry.tag == _USER_COMMENT:
        return _user_comment(entry.raw, order)
    if 0x9C9B <= entry.tag <= 0x9C9F:  # XPTitle ... XPSubject of Windows
        return entry.raw.decode("utf-16-le", "replace").rstrip("\x00")
    if entry.kind == 2:
        return entry.raw.split(b"\x00")[0].decode("utf-8", "replace").strip()
    return _undefined(entry) if entry.kind == 7 or entry.tag == _MAKER_NOTE else _listed(entry, order)


def _undefined(entry: Entry) -> str:
    """Versions and the like are short letters and digits; anything else is only counted."""
    letters = entry.raw.rstrip(b"\x00")
    plain = entry.tag != _MAKER_NOTE and len(entry.raw) <= 64 and letters.isalnum()
    return letters.decode("ascii", "replace") if plain else f"<{entry.count} bytes>"


def _listed(entry: Entry, order: str) -> str:
    """Numbers with spaces between them; rationals as numerator/denominator, unreduced."""
    if entry.count > _MOST_VALUES:
        return f"<{entry.count} values>"
    numbers = _numbers(entry, order)
    if entry.kind in (5, 10):
        return " ".join(f"{int(a)}/{int(b)}" for a, b in zip(numbers[::2], numbers[1::2], strict=False))
    return " ".join(f"{n:g}" if isinstance(n, float) else str(n) for n in numbers)


# Exif 3.0, 4.6.6: the first eight bytes of UserComment name its character code.
def _user_comment(raw: bytes, order: str) -> str:
    code, body = raw[:8], raw[8:]
    if code == b"UNICODE\x00":
        if body.startswith((b"\xff\xfe", b"\xfe\xff")):
            return body.decode("utf-16", "replace").rstrip("\x00")
        # Writers disagree on the byte order; in text of any western script the zero byte tells it.
        big = body[:2].startswith(b"\x00") or (order == ">" and body[1:2] != b"\x00")
        return body.decode("utf-16-be" if big else "utf-16-le", "replace").rstrip("\x00")
    known = code in (b"ASCII\x00\x00\x00", b"JIS\x00\x00\x00\x00\x00", b"\x00" * 8)
    return (body if known else raw).decode("utf-8", "replace").strip("\x00 ")


def _numbers(entry: Entry, order: str) -> tuple[int | float, ...]:
    if entry.kind in (2, 7):
        return ()
    code = _FORMATS[entry.kind]
    whole = len(entry.raw) // _SIZES[entry.kind]
    return struct.unpack_from(order + code * min(whole, _MOST_VALUES), entry.raw)
