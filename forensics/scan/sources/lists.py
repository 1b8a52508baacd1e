"""Lists of paths and URLs, from a file or a pipe, one after the other: by lines, or by zero bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

__all__ = ["listed_in"]

_CHUNK = 1 << 16
_LONGEST = 8192  # more than any path may have; of what is longer the beginning is given, for a message


def listed_in(stream: BinaryIO) -> Iterator[str]:
    """Return the entries of a list that are not empty.

    A zero byte in its beginning says that those part the entries (`find -print0`); else lines do. Bytes that
    are not UTF-8 stand as surrogates.

    Args:
        stream: The list.
    """
    chunks = _chunks(stream)
    data = next(chunks, b"").removeprefix(b"\xef\xbb\xbf")
    while b"\0" not in data and b"\n" not in data and len(data) < _CHUNK and (more := next(chunks, b"")):
        data += more
    mark = b"\0" if b"\0" in data else b"\n"
    for entry in _parted(data, chunks, mark):
        if name := entry.removesuffix(b"\r") if mark == b"\n" else entry:
            yield os.fsdecode(name)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    read = getattr(stream, "read1", stream.read)  # of a pipe what is there, at once
    while chunk := read(_CHUNK):
        yield chunk


def _parted(data: bytes, chunks: Iterator[bytes], mark: bytes) -> Iterator[bytes]:
    rest = data
    for chunk in chunks:
        *whole, rest = rest.split(mark)
        yield from (entry[:_LONGEST] for entry in whole)
        rest = rest[:_LONGEST] + chunk
    yield from (entry[:_LONGEST] for entry in rest.split(mark))
