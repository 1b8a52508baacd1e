"""Bytes from paths, without ever blocking on something that is not a plain file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from forensics.errors import EmptyFile, LimitExceeded, NotAFile
from forensics.media.sniff import HEAD, sniff
from forensics.media.types import Container, Kind, Limits

__all__ = ["PICTURE_BYTES", "Source", "from_bytes", "from_path", "open_plain"]

# Pictures are held in memory as a whole; clips stay on disk.
PICTURE_BYTES = 512 << 20
_AT_ONCE = 1 << 20


@contextmanager
def open_plain(path: Path) -> Iterator[BinaryIO]:
    """Open a plain file for reading, and nothing else: pipes and devices are refused, not waited for.

    Raises:
        NotAFile: The path is missing, a folder, a device, a pipe or not permitted, or reading fails.
    """
    try:
        # A pipe or device would block or have effects on opening, so look first, and again once it is open.
        _check_kind(_status(path), path)
        # O_NONBLOCK: should a pipe have taken the file's place meanwhile, opening it returns at once.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            _check_kind(os.fstat(file.fileno()), path)
            yield file
    except OSError as error:
        raise NotAFile(f"cannot read this path: {error.strerror or error}", actual=str(path)) from error


@dataclass(frozen=True)
class Source:
    """An identified file.

    Attributes:
        path: Where it is; None for bytes in memory.
        name: Last part of the path, or the given name.
        data: The bytes; empty for a clip on disk.
        size: Bytes of the file.
        container: Type by content.
    """

    path: Path | None
    name: str
    data: bytes = field(repr=False)
    size: int
    container: Container


def from_path(path: str | os.PathLike[str], limits: Limits) -> Source:
    """Open, identify and (a picture) read a file.

    Raises:
        NotAFile: The path is missing, a folder, a device, a pipe or not permitted.
        EmptyFile: The file holds no bytes.
        LimitExceeded: The file is too large.
        UnsupportedMedia: The content is of no known type.
    """
    where = Path(path)
    with open_plain(where) as file:
        size = os.fstat(file.fileno()).st_size
        _check_size(size, limits.file_bytes)
        data = file.read(size if size <= _AT_ONCE else HEAD)
        container = sniff(data[:HEAD])
        if container.kind is Kind.VIDEO:
            return Source(where, where.name, b"", size, container)
        _check_size(size, PICTURE_BYTES)
        data += file.read(max(0, size - len(data)))
    return Source(where, where.name, data, len(data), sniff(data))


def from_bytes(data: bytes, name: str, limits: Limits) -> Source:
    """Identify bytes in memory.

    Raises:
        EmptyFile: There are no bytes.
        LimitExceeded: There are too many.
        UnsupportedMedia: The content is of no known type.
    """
    _check_size(len(data), limits.file_bytes)
    container = sniff(data)
    if container.kind is not Kind.VIDEO:
        _check_size(len(data), PICTURE_BYTES)
    return Source(None, name, bytes(data), len(data), container)


def _status(path: Path) -> os.stat_result:
    try:
        return os.stat(path)
    except ValueError as error:  # a zero byte in the name; those of the caller's own work are not for us
        raise NotAFile(f"cannot read this path: {error}", actual=str(path)) from error


def _check_kind(status: os.stat_result, where: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a device, pipe or socket"
        raise NotAFile(f"this path is {kind}, not a file", expected="a file", actual=str(where))


def _check_size(size: int, most: int) -> None:
    if size == 0:
        raise EmptyFile("the file is empty")
    if size > most:
        raise LimitExceeded(f"the file has {size} bytes", expected=f"<= {most} bytes", actual=size)
