"""The chunks of a PNG (W3C PNG 3rd edition): text, blocks, and a copy without the ancillary ones."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from forensics.errors import LimitExceeded

__all__ = ["Chunk", "PngText", "chunks", "decode_text", "inflate", "without_ancillary"]

_MOST_CHUNKS = 200_000  # 400 MB in blocks of 2 KiB
_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"}


@dataclass(frozen=True)
class Chunk:
    """One chunk.

    Attributes:
        kind: Four letters.
        start: Offset of its data.
        end: Offset behind its data, where the CRC stands.
    """

    kind: bytes
    start: int
    end: int


@dataclass(frozen=True)
class PngText:
    """A decoded text chunk.

    Attributes:
        keyword: Such as "parameters".
        text: Its value.
        cut: Whether the value is longer than what was kept.
    """

    keyword: str
    text: str
    cut: bool


def chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the complete chunks up to IEND or the end of the data.

    Raises:
        LimitExceeded: There are hundreds of thousands of chunks.
    """
    position = 8
    for _ in range(_MOST_CHUNKS):
        if position + 12 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        if end + 4 > len(data):
            return
        yield Chunk(kind, position + 8, end)
        if kind == b"IEND":
            return
        position = end + 4
    raise LimitExceeded("the PNG has hundreds of thousands of chunks", expected=f"< {_MOST_CHUNKS} chunks")


def without_ancillary(data: bytes) -> bytes:
    """Return a PNG of the chunks that pixels need, with whatever follows the last complete chunk.

    Text and profiles are of no use to the decoder, and it gives up the whole picture over one that is broken
    or expands too far.
    """
    parts = [data[:8]]
    end = 8
    for chunk in chunks(data):
        end = chunk.end + 4
        if chunk.kind in _NEEDED:
            parts.append(data[chunk.start - 8 : end])
    return b"".join([*parts, data[end:]])


def inflate(data: bytes, most: int) -> bytes:
    """Expand zlib data to at most `most` bytes.

    Raises:
        ValueError: The data are broken from the start.
    """
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(data, most)
    except zlib.error as error:
        raise ValueError(f"broken compression: {error}") from error
    if not found and not stream.eof:
        raise ValueError("the compressed data are cut")
    return found


def decode_text(kind: bytes, body: bytes, most: int) -> PngText:
    """Decode a tEXt, zTXt or iTXt chunk.

    Args:
        kind: Which of the three.
        body: Its data.
        most: Bytes of the value that are kept.

    Raises:
        ValueError: The chunk is broken.
    """
    keyword, separator, rest = body.partition(b"\x00")
    if not separator or not 1 <= len(keyword) <= 79:
        raise ValueError("no keyword")
    name = keyword.decode("latin-1")
    if kind == b"iTXt":
        return _international(name, rest, most)
    raw = inflate(rest[1:], most + 1) if kind == b"zTXt" else rest[: most + 1]
    return PngText(name, _latin(raw[:most]), len(raw) > most)


def _international(name: str, rest: bytes, most: int) -> PngText:
    if len(rest) < 2:
        raise ValueError("cut")
    packed = rest[0] == 1
    value = rest[2:].split(b"\x00", 2)  # language tag, translated keyword, text
    if len(value) < 3:
        raise ValueError("no text")
    raw = inflate(value[2], most + 1) if packed else value[2][: most + 1]
    return PngText(name, raw[:most].decode("utf-8", "replace"), len(raw) > most)


def _latin(raw: bytes) -> str:
    """Text of tEXt and zTXt: Latin-1 by the standard, UTF-8 by many a writer."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
