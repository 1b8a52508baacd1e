"""The XMP packet of an MP4 or MOV clip, found without reading the clip (XMP specification, part 3, 2.3)."""

from __future__ import annotations

import struct
from typing import BinaryIO

__all__ = ["xmp_packet"]

_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_MOST_BOXES = 10_000  # fragmented clips have two for every few seconds
_MOST_BYTES = 16 << 20


def xmp_packet(file: BinaryIO) -> bytes:
    """Return the packet of the first top-level XMP box, b"" where there is none.

    Args:
        file: The clip, at any position.
    """
    position = 0
    for _ in range(_MOST_BOXES):
        file.seek(position)
        head = file.read(32)
        if len(head) < 8:
            break
        size, kind = struct.unpack_from(">I4s", head)
        body = 8
        if size == 1 and len(head) >= 16:
            size, body = struct.unpack_from(">Q", head, 8)[0], 16
        if kind == b"uuid" and head[body : body + 16] == _XMP_UUID:
            file.seek(position + body + 16)
            length = size - body - 16 if size else _MOST_BYTES
            return file.read(max(0, min(length, _MOST_BYTES)))
        if size < body:
            break
        position += size
    return b""
