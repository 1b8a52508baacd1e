"""Is this really a small JPEG or PNG? Looked up in its header, before a browser gets to see it."""

from __future__ import annotations

import base64

__all__ = ["PREVIEW_SIDE", "jpeg_size", "map_text", "png_size", "preview_text"]

PREVIEW_SIDE = 192
MOST_PREVIEW = 256 << 10
MAP_SIDE = 4096
MOST_MAP = 8 << 20
PNG_START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
NO_FRAME = frozenset({0xC4, 0xC8, 0xCC})

Size = tuple[int, int]


def preview_text(data: bytes | None) -> str:
    """Return a preview in base64, or "" if it is no small JPEG."""
    size = jpeg_size(data) if data and len(data) <= MOST_PREVIEW else None
    return _text(data, size, PREVIEW_SIDE)


def map_text(data: bytes) -> str:
    """Return a map in base64, or "" if it is no PNG of a bounded size."""
    return _text(data, png_size(data) if len(data) <= MOST_MAP else None, MAP_SIDE)


def _text(data: bytes | None, size: Size | None, side: int) -> str:
    if not data or size is None or not (0 < size[0] <= side and 0 < size[1] <= side):
        return ""
    return base64.b64encode(data).decode("ascii")


# ITU-T T.81, B.1.1: a marker is FF and a code; most are followed by the length of their segment.
def jpeg_size(data: bytes) -> Size | None:
    """Return width and height by the frame header of a JPEG, None if there is none.

    Example:
        >>> jpeg_size(b"GIF89a") is None
        True
    """
    if data[:3] != b"\xff\xd8\xff":
        return None
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        code = data[place + 1]
        if 0xC0 <= code <= 0xCF and code not in NO_FRAME:
            return int.from_bytes(data[place + 7 : place + 9], "big"), int.from_bytes(
                data[place + 5 : place + 7], "big"
            )
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None


def png_size(data: bytes) -> Size | None:
    """Return width and height by the header of a PNG, None if there is none."""
    if not data.startswith(PNG_START) or len(data) < 24:
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
