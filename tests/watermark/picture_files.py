"""Picture files of every format and mode, made for the tests of marking."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageCms

SIDES = (53, 70)


def pixels_of(channels: int = 3, *, seed: int = 3, sides: tuple[int, int] = SIDES) -> np.ndarray:
    """Smooth samples between 30 and 220, so that small changes do not clip; the last of 2 or 4 is alpha."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(30, 221, (5, 6, channels)).astype(np.float32)
    smooth = cv2.resize(coarse, sides[::-1], interpolation=cv2.INTER_LINEAR).reshape(*sides, channels)
    pixels = np.rint(smooth).astype(np.uint8)
    if channels in (2, 4):
        pixels[..., -1] = 255
        pixels[: sides[0] // 4, ..., -1] = 0
        pixels[sides[0] // 4 : sides[0] // 2, ..., -1] = 131
    return pixels[..., 0] if channels == 1 else pixels


def saved(pixels: np.ndarray, format_name: str, *, mode: str | None = None, **options: Any) -> bytes:
    """Write with Pillow."""
    picture = Image.fromarray(pixels)
    if mode == "P":
        picture = picture.quantize(32)
    elif mode:
        picture = picture.convert(mode)
    buffer = io.BytesIO()
    picture.save(buffer, format_name, **options)
    return buffer.getvalue()


def animated(frames: list[np.ndarray], format_name: str, **options: Any) -> bytes:
    """Write an animation with Pillow."""
    rest = [Image.fromarray(f) for f in frames[1:]]
    return saved(frames[0], format_name, save_all=True, append_images=rest, **options)


def wide_of(channels: int) -> np.ndarray:
    """16-bit samples that are no multiples of 257, so that a detour over 8 bits would show."""
    eight = pixels_of(channels).astype(np.uint16)
    low = np.random.default_rng(9).integers(0, 256, eight.shape).astype(np.uint16)
    wide = eight << 8 | low
    if channels in (2, 4):
        wide[..., -1] = eight[..., -1] * np.uint16(257)
    return wide


def wide_file(samples: np.ndarray, extension: str) -> bytes:
    """Write 16-bit samples (H, W), (H, W, 3) RGB or (H, W, 4) RGBA."""
    turned = samples if samples.ndim == 2 else samples[..., [2, 1, 0, 3][: samples.shape[2]]]
    data: bytes = cv2.imencode(extension, turned)[1].tobytes()
    return data


def wide_png(samples: np.ndarray) -> bytes:
    """Write a PNG of 16 bits with 1 to 4 channels by hand, without filters."""
    height, width, channels = samples.shape
    rows = samples.astype(">u2").reshape(height, -1)
    raw = b"".join(b"\x00" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 16, (0, 0, 4, 2, 6)[channels], 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def segment(marker: int, payload: bytes) -> bytes:
    """A JPEG segment."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def exif_of(order: str = "<", orientation: int = 6) -> bytes:
    """An EXIF block with fields of every width, a directory of the camera's and one of the place."""

    def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
        return struct.pack(order + "HHI", tag, kind, count) + value.ljust(4, b"\x00")

    def number(code: str, *values: int) -> bytes:
        return struct.pack(order + code * len(values), *values)

    # The directories stand at 8 (6 fields), 90 (3 fields) and 140 (2 fields); values from 200 on.
    first = number("H", 6) + b"".join(
        [
            entry(271, 2, 8, number("I", 200)),
            entry(274, 3, 1, number("H", orientation)),
            entry(282, 5, 1, number("I", 210)),
            entry(283, 5, 1, number("I", 210)),
            entry(0x8769, 4, 1, number("I", 90)),
            entry(0x8825, 4, 1, number("I", 140)),
        ]
    )
    camera = number("H", 3) + b"".join(
        [
            entry(0x829A, 5, 1, number("I", 218)),
            entry(0x8827, 3, 1, number("H", 400)),
            entry(0x927C, 7, 12, number("I", 226)),
        ]
    )
    place = number("H", 2) + entry(1, 2, 2, b"N\x00") + entry(2, 5, 3, number("I", 238))
    values = (
        b"ACME 42\x00\x00\x00"
        + number("I", 240, 1)
        + number("I", 1, 125)
        + b"maker-notes!"
        + number("I", 48, 1, 51, 1, 3000, 100)
    )
    block = bytearray(200)
    block[:8] = (b"II*\x00" if order == "<" else b"MM\x00*") + number("I", 8)
    block[8 : 8 + len(first)] = first
    block[90 : 90 + len(camera)] = camera
    block[140 : 140 + len(place)] = place
    return bytes(block) + values


@cache
def profile() -> bytes:
    """An ICC profile; each one made holds the time."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="marked"/></rdf:RDF></x:xmpmeta>'
IPTC = b"\x1c\x02\x78\x00\x07caption"
RESOURCES = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(IPTC)) + IPTC + b"\x00" * (len(IPTC) & 1)
