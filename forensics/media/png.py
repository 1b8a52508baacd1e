"""The chunks of a PNG (W3C PNG 3rd edition): text, blocks, and a copy without the ancillary ones."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from forensics.errors import LimitExceeded
from forensics.media._budget import Budget

__all__ = ["Chunk", "PngText", "chunks", "decode_text", "inflate", "raw_text", "without_ancillary"]

_MOST_CHUNKS = 200_000  # 400 MB in blocks of 2 KiB
_DEFLATE_RATIO = 1032  # the most that deflate can expand
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


def inflate(data: bytes, most: int, budget: Budget) -> bytes:
    """Expand zlib data to at most `most` bytes, or as far as the budget goes.

    Raises:
        ValueError: The data are broken.
    """
    most = min(most, budget.bytes + 1)
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(data, most)
    except zlib.error as error:
        budget.take_bytes(min(budget.bytes, _DEFLATE_RATIO * len(data)))  # what it may have cost till there
        raise ValueError(f"broken compression: {error}") from error
    if not found and not stream.eof:
        raise ValueError("the compressed data are cut")
    return found[: budget.take_bytes(len(found))]


def decode_text(kind: bytes, body: bytes, most: int, budget: Budget) -> PngText:
    """Decode a tEXt, zTXt or iTXt chunk.

    Args:
        kind: Which of the three.
        body: Its data.
        most: Bytes of the value that are kept.
        budget: What may be read at all.

    Raises:
        ValueError: The chunk is broken.
    """
    keyword, value = raw_text(kind, body, most + 1, budget)
    text = value[:most].decode("utf-8", "replace") if kind == b"iTXt" else _latin(value[:most])
    return PngText(keyword, text, len(value) > most)


def raw_text(kind: bytes, body: bytes, most: int, budget: Budget) -> tuple[str, bytes]:
    """Return keyword and expanded value, of at most `most` bytes, of a tEXt, zTXt or iTXt chunk.

    Raises:
        ValueError: The chunk is broken.
    """
    keyword, separator, rest = body.partition(b"\x00")
    if not separator or not 1 <= len(keyword) <= 79:
        raise ValueError("no keyword")
    packed = kind == b"zTXt"
    if kind == b"iTXt":
        if len(rest) < 2:
            raise ValueError("cut")
        packed = rest[0] == 1
        parts = rest[2:].split(b"\x00", 2)  # language tag, translated keyword, text
        if len(parts) < 3:
            raise ValueError("no text")
        rest = parts[2]
    elif packed:
        rest = rest[1:]
    value = inflate(rest, most, budget) if packed else rest[: budget.take_bytes(min(len(rest), most))]
    return keyword.decode("latin-1"), value


def _latin(raw: bytes) -> str:
    """Text of tEXt and zTXt: Latin-1 by the standard, UTF-8 by many a writer."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
