"""The XMP packet of an MP4 or MOV clip, found without reading the clip (XMP specification, part 3, 2.3)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from forensics.errors import LimitExceeded
from forensics.media._budget import Budget
from forensics.media.boxes import Box

__all__ = ["top_boxes", "xmp_packet"]

_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_MOST_BOXES = 100_000  # fragmented clips have two for every few seconds
_NO_END = 1 << 63


def top_boxes(file: BinaryIO) -> Iterator[Box]:
    """Yield the boxes of the top level by their place in the file; an open end is past every file's.

    Args:
        file: The clip, at any position.

    Raises:
        LimitExceeded: There are hundreds of thousands of them, each of which a demuxer would visit as well.
    """
    position = 0
    for _ in range(_MOST_BOXES):
        file.seek(position)
        head = file.read(16)
        if len(head) < 8:
            return
        size, kind = struct.unpack_from(">I4s", head)
        body = 8
        if size == 1 and len(head) >= 16:
            size, body = struct.unpack_from(">Q", head, 8)[0], 16
        if size and size < body:
            return
        yield Box(kind, position + body, position + size if size else _NO_END)
        if not size:
            return
        position += size
    raise LimitExceeded("the clip has far too many boxes", expected=f"< {_MOST_BOXES} boxes")


def xmp_packet(file: BinaryIO, budget: Budget) -> bytes:
    """Return the packet of the first top-level XMP box, b"" where there is none.

    Args:
        file: The clip, at any position.
        budget: How much of it may be read.

    Raises:
        LimitExceeded: There are hundreds of thousands of boxes before it.
    """
    for box in top_boxes(file):
        if box.kind == b"uuid":
            file.seek(box.start)
            if file.read(16) == _XMP_UUID:
                packet = file.read(max(0, min(box.end - box.start - 16, budget.bytes + 1)))
                return packet[: budget.take_bytes(len(packet))]
    return b""
