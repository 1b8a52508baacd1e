"""Files made by hand, byte by byte."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

JPEG_QUALITIES = (1, 10, 25, 49, 50, 51, 75, 90, 95, 100)


def encode(pixels: np.ndarray, format_name: str, mode: str | None = None, **options: Any) -> bytes:
    """Write a picture with Pillow."""
    picture = Image.fromarray(pixels)
    buffer = io.BytesIO()
    (picture.convert(mode) if mode else picture).save(buffer, format_name, **options)
    return buffer.getvalue()


def encode_frames(frames: list[np.ndarray], format_name: str, **options: Any) -> bytes:
    """Write an animation with Pillow."""
    first, *rest = [Image.fromarray(f) for f in frames]
    buffer = io.BytesIO()
    first.save(buffer, format_name, save_all=True, append_images=rest, **options)
    return buffer.getvalue()


def segment(marker: int, payload: bytes) -> bytes:
    """A JPEG segment."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def insert(jpeg: bytes, *segments: bytes) -> bytes:
    """Put segments behind SOI."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def insert_chunks(png: bytes, *extra: bytes) -> bytes:
    """Put chunks behind IHDR."""
    return png[:33] + b"".join(extra) + png[33:]


def png_header(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    """Signature and IHDR."""
    fields = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", fields)


def ifd(
    entries: list[tuple[int, int, int, bytes]], *, order: str = "<", at: int = 8, following: int = 0
) -> bytes:
    """A TIFF directory at an offset; values longer than four bytes follow it."""
    body, tail = b"", b""
    behind = at + 2 + 12 * len(entries) + 4
    for tag, kind, count, raw in sorted(entries):
        if len(raw) <= 4:
            value = raw.ljust(4, b"\x00")
        else:
            value = struct.pack(order + "I", behind + len(tail))
            tail += raw
        body += struct.pack(order + "HHI", tag, kind, count) + value
    return struct.pack(order + "H", len(entries)) + body + struct.pack(order + "I", following) + tail


def tiff_header(order: str = "<") -> bytes:
    """Eight bytes: byte order, magic, the first directory right behind."""
    return (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)


def grey_tiff(wide: np.ndarray, *, bits: int = 16, photometric: int = 1) -> bytes:
    """An uncompressed little-endian grey TIFF."""
    height, width = wide.shape
    raw = wide.astype("<u2").tobytes()
    fields = [
        (256, 4, 1, struct.pack("<I", width)),
        (257, 4, 1, struct.pack("<I", height)),
        (258, 3, 1, struct.pack("<H", bits)),
        (259, 3, 1, struct.pack("<H", 1)),
        (262, 3, 1, struct.pack("<H", photometric)),
        (273, 4, 1, struct.pack("<I", 8 + 2 + 12 * 8 + 4)),
        (278, 4, 1, struct.pack("<I", height)),
        (279, 4, 1, struct.pack("<I", len(raw))),
    ]
    return tiff_header() + ifd(fields) + raw
