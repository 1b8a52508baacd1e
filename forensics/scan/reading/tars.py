"""TAR, plain or compressed: headers one after the other, and the bytes at an offset.

Of a header only one block at a time is believed, and none leads backwards. `tarfile` follows what a header
says of itself, keeps all of them, and takes a broken one for the end.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from forensics.errors import ArchiveError
from forensics.media.source import open_plain
from forensics.scan.reading.limits import ArchiveLimits
from forensics.scan.reading.unpacking import DAMAGE, check_ratio, stream

__all__ = ["Tape", "TarEntry", "entries", "tar_member"]

_BLOCK = 512
_STEP = 1 << 20
_MOST_HEADER = 1 << 20  # bytes of everything that is said of one member
_PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_EMPTY = (
    tarfile.LNKTYPE,
    tarfile.SYMTYPE,
    tarfile.CHRTYPE,
    tarfile.BLKTYPE,
    tarfile.DIRTYPE,
    tarfile.FIFOTYPE,
)


class Tape:
    """The unpacked bytes of a file, read forward; of one that is not compressed also anywhere.

    Args:
        path: The file.
        limits: How far compression may go.

    Raises:
        NotAFile: It cannot be opened.
        ArchiveError: What it is compressed with cannot be unpacked here.
    """

    def __init__(self, path: str, limits: ArchiveLimits) -> None:
        self._stack = ExitStack()
        self._limits = limits
        self.position = 0
        with ExitStack() as stack:
            self._file = stack.enter_context(open_plain(Path(path)))
            self._size = os.fstat(self._file.fileno()).st_size
            magic = self._file.read(6)
            self._file.seek(0)
            self._packed = stream(self._file, magic)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._stack.close()

    def read(self, count: int) -> bytes:
        """Return the next bytes, fewer at the end.

        Raises:
            ArchiveError: They are damaged or too many for what was packed.
        """
        try:
            data = (self._packed or self._file).read(count)
        except DAMAGE as error:
            reason = "archive_truncated" if isinstance(error, EOFError) else "archive_damaged"
            raise ArchiveError(f"the archive cannot be unpacked: {error}", reason=reason) from error
        self.position += len(data)
        if self._packed is not None:
            check_ratio(self.position, self._file.tell(), self._limits)
        return data

    def passed(self, offset: int) -> bool:
        """Whether the header before an offset lies behind and cannot be reached without a new beginning."""
        return self._packed is not None and offset - _BLOCK < self.position

    def seek(self, position: int) -> bool:
        """Go to a position; False where the content ends before it, or it lies behind and cannot be reached.

        Raises:
            ArchiveError: What lies between is damaged or a bomb.
        """
        if self._packed is None:
            reached = 0 <= position <= self._size
            self.position = self._file.seek(position) if reached else self.position
            return reached
        while self.position < position:
            if not self.read(min(_STEP, position - self.position)):
                return False
        return self.position == position


@dataclass(frozen=True, slots=True)
class TarEntry:
    """What a header says of a member.

    Attributes:
        name: Its name; bytes that are no UTF-8 stand as surrogates.
        size: Its bytes.
        offset: Where they begin in the unpacked archive.
        folder: Whether it is a folder.
        refused: A reason why it cannot be read; "" if nothing speaks against it.
    """

    name: str
    size: int
    offset: int
    folder: bool
    refused: str


def entries(tape: Tape) -> Iterator[TarEntry]:
    """List the members whose bytes are all there.

    Raises:
        ArchiveError: The archive breaks off ("archive_truncated") or is broken; all before it were listed.
    """
    while (info := _header(tape)) is not None:
        said: dict[str, str] = {}
        start = tape.position
        while info.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.XGLTYPE, b"L", b"K"):
            _take(tape, info, said)
            following = _header(tape)
            if following is None or tape.position - start > _MOST_HEADER:
                raise ArchiveError("the archive has headers without a member", reason="archive_damaged")
            info = following
        entry = _entry(tape, info, said)
        if not tape.seek(entry.offset + entry.size):
            raise ArchiveError("the archive ends in the middle of a member", reason="archive_truncated")
        yield entry
        tape.seek(entry.offset + -(-entry.size // _BLOCK) * _BLOCK)


def _header(tape: Tape) -> tarfile.TarInfo | None:
    """The header that stands here; None at the mark that ends an archive."""
    try:
        info = tarfile.TarInfo.frombuf(tape.read(_BLOCK), "utf-8", "surrogateescape")
    except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
        return None
    except (tarfile.EmptyHeaderError, tarfile.TruncatedHeaderError):  # type: ignore[attr-defined]
        raise ArchiveError("the archive ends without its mark", reason="archive_truncated") from None
    except (tarfile.TarError, *DAMAGE) as error:
        raise ArchiveError(f"the archive has a broken header: {error}", reason="archive_damaged") from error
    if info.size < 0:
        raise ArchiveError("a member has less than no bytes", reason="archive_damaged")
    return info


def _take(tape: Tape, info: tarfile.TarInfo, said: dict[str, str]) -> None:
    """Read what a header without a member says of the next one."""
    if info.size > _MOST_HEADER:
        raise ArchiveError("a header is far too long", reason="archive_damaged", actual=info.size)
    padded = -(-info.size // _BLOCK) * _BLOCK
    data = tape.read(padded)
    if len(data) < padded:
        raise ArchiveError("the archive ends in a header", reason="archive_truncated")
    data = data[: info.size]
    if info.type == b"L":
        said["path"] = data.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
    elif info.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
        said.update(_records(data))


def _records(data: bytes) -> dict[str, str]:
    """Records of a pax header: a length in digits, a space, a name, "=", a value and a new line."""
    found = {}
    while data:
        digits = data[:8].split(b" ", 1)[0]
        length = int(digits) if digits.isdigit() else 0
        if not len(digits) < length <= len(data):
            raise ArchiveError("a header of the archive is broken", reason="archive_damaged")
        name, _, value = data[len(digits) + 1 : length - 1].partition(b"=")
        found[name.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
        data = data[length:]
    return found


def _entry(tape: Tape, info: tarfile.TarInfo, said: dict[str, str]) -> TarEntry:
    sparse = info.type == tarfile.GNUTYPE_SPARSE or any(key.startswith("GNU.sparse.") for key in said)
    if info.type == tarfile.GNUTYPE_SPARSE:
        _skip_map(tape, info)
    size = said.get("size", str(info.size))
    if not (size.isascii() and size.isdigit() and len(size) < 19):
        raise ArchiveError("a member has no number of bytes", reason="archive_damaged")
    name = said.get("GNU.sparse.name", said.get("path", info.name))
    length = 0 if info.type in _EMPTY else int(size)
    folder = info.isdir() or (name.endswith("/") and length == 0)
    return TarEntry(name, length, tape.position, folder, "archive_sparse" if sparse else _refused(info.type))


def _refused(kind: bytes) -> str:
    if kind in (tarfile.LNKTYPE, tarfile.SYMTYPE):
        return "archive_link"
    return "" if kind in (*_PLAIN, tarfile.DIRTYPE) else "archive_special"


def _skip_map(tape: Tape, info: tarfile.TarInfo) -> None:
    """Read over the blocks in which GNU tar says more of the holes of a file."""
    more = bool(info._sparse_structs[1])  # type: ignore[attr-defined]
    start = tape.position
    while more:
        block = tape.read(_BLOCK)
        if len(block) < _BLOCK or tape.position - start > _MOST_HEADER:
            raise ArchiveError("the map of a sparse file does not end", reason="archive_damaged")
        more = bool(block[504])


def tar_member(tape: Tape, offset: int, length: int, limits: ArchiveLimits) -> bytes:
    """Return the bytes of one member.

    Args:
        tape: The archive; one that is compressed must not stand behind the member's header.
        offset: Where its bytes begin.
        length: How many there are.
        limits: What it may cost.

    Raises:
        ArchiveError: It is too large or damaged, or no member begins here.
    """
    if length > limits.member_bytes:
        raise ArchiveError(f"the member has {length} bytes", reason="archive_size", actual=length)
    if not tape.seek(offset - _BLOCK) or not _is_header(tape.read(_BLOCK)):
        raise ArchiveError("here the archive has no member", reason="archive_changed")
    data = tape.read(length)
    if len(data) < length:
        raise ArchiveError("the archive ends in this member", reason="archive_truncated")
    return data


def _is_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, *DAMAGE):
        return False
    return True
