"""The blocks of a GIF, walked without decoding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from forensics.errors import LimitExceeded
from forensics.media._guard import Deadline

__all__ = ["GifBlock", "blocks", "count_frames", "is_animated", "join", "without_ancillary"]

_CHECK_EVERY = 4096
_MOST_BLOCKS = 500_000  # a frame has two


@dataclass(frozen=True)
class GifBlock:
    """One block.

    Attributes:
        kind: "image", "comment", "application" or "other".
        start: Offset of its first sub-block (of the LZW data for an image).
        end: Offset behind its terminator.
    """

    kind: str
    start: int
    end: int


def blocks(data: bytes, deadline: Deadline | None = None) -> Iterator[GifBlock]:
    """Yield the blocks of a GIF until its trailer, its end or the first byte that makes no sense.

    Raises:
        LimitExceeded: There are hundreds of thousands, or the walk takes too long.
    """
    position = 13 + _table_bytes(data, 10)
    for _ in range(_MOST_BLOCKS):
        if position >= len(data):
            return
        code = data[position]
        if code == 0x2C:
            kind, start = "image", position + 11 + _table_bytes(data, position + 9)
        elif code == 0x21 and position + 1 < len(data):
            kind = {0xFE: "comment", 0xFF: "application"}.get(data[position + 1], "other")
            start = position + 2
        else:
            return
        position = _skip(data, start, deadline)
        yield GifBlock(kind, start, position)
    raise LimitExceeded("the GIF has hundreds of thousands of blocks", expected=f"< {_MOST_BLOCKS} blocks")


def without_ancillary(data: bytes, deadline: Deadline) -> bytes:
    """Return a GIF without comments and application data, with whatever follows the last block.

    They are of no use to the decoder, which puts them together piece by piece, a copy for each.

    Raises:
        LimitExceeded: There are hundreds of thousands of blocks, or the walk takes too long.
    """
    parts: list[bytes] = []
    kept = 0  # up to here, the data are in `parts` or left out
    for block in blocks(data, deadline):
        if block.kind in ("comment", "application"):
            parts.append(data[kept : block.start - 2])
            kept = block.end
    return b"".join([*parts, data[kept:]]) if parts else data


def is_animated(data: bytes) -> bool:
    """Tell whether a second frame begins within the data; on a head alone this may miss one."""
    seen = 0
    try:
        for count, block in enumerate(blocks(data, Deadline(0.5))):
            seen += block.kind == "image"
            if seen > 1 or count > _CHECK_EVERY:
                break
    except LimitExceeded:
        return True  # whoever decodes it meets the limit again
    return seen > 1


def count_frames(data: bytes, deadline: Deadline) -> int:
    """Count the frames.

    Raises:
        LimitExceeded: The walk takes too long.
    """
    seen = 0
    for count, block in enumerate(blocks(data, deadline)):
        seen += block.kind == "image"
        if count % _CHECK_EVERY == 0:
            deadline.check()
    return seen


def join(data: bytes, start: int, most: int) -> bytes:
    """Return the payload of the sub-blocks from `start`, at most about `most` bytes."""
    parts: list[bytes] = []
    position = start
    for _ in range(most // 255 + 1):  # writers fill each sub-block but the last
        if position >= len(data) or not data[position]:
            break
        parts.append(data[position + 1 : position + 1 + data[position]])
        position += 1 + data[position]
    return b"".join(parts)


def _table_bytes(data: bytes, flags_at: int) -> int:
    """Size of the colour table that the flags at this offset announce."""
    flags = data[flags_at] if flags_at < len(data) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip(data: bytes, position: int, deadline: Deadline | None) -> int:
    count = 0
    while position < len(data) and data[position]:
        position += 1 + data[position]
        count += 1
        if deadline is not None and count % _CHECK_EVERY == 0:
            deadline.check()
    return position + 1
