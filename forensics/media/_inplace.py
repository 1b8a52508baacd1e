"""Decoding into memory of our own, which then shrinks from four bytes for a pixel to three where it lies.

Pillow keeps four bytes for a pixel of colour, and copying them out takes three more: 1.4 GB for a picture of
200 MP. Here the three are moved together within the four.
"""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING

import numpy as np

from forensics.media.types import Pixels

if TYPE_CHECKING:
    from PIL import ImageFile

__all__ = ["fits", "load_in_place"]

_FORMATS = ("bmp", "jpeg", "png", "tiff")  # whose decoders write into the memory that they find
_MODES = {"CMYK": "CMYK", "L": "L", "RGB": "RGBX", "RGBX": "RGBX", "RGBA": "RGBA"}
_STEP = 1 << 20
_SMALL = 4_000_000  # pixels up to which a second copy is no matter
_LARGE = 32_000_000  # pixels


def fits(picture: ImageFile.ImageFile, format_name: str) -> bool:
    """Return whether `load_in_place` can decode a picture that was opened and not loaded yet."""
    alone = format_name == "tiff" or not getattr(picture, "is_animated", False)
    return alone and format_name in _FORMATS and picture.mode in _MODES and bool(picture.tile)


def load_in_place(picture: ImageFile.ImageFile) -> Pixels:
    """Decode the picture, which is of no use afterwards: its memory belongs to what is returned.

    Returns:
        (H, W) uint8 of a grey picture, (H, W, 3) uint8 of any other.

    Raises:
        Exception: Whatever the decoder raises.
    """
    from PIL import Image

    width, height = picture.size
    if width * height > _LARGE:
        _trim()
    mode = _MODES[picture.mode]
    bands = len(mode)
    made = np.empty if picture.format == "JPEG" else np.zeros  # its decoder fills all lines, or raises
    store = made(width * height * bands, np.uint8)
    picture.im = Image.frombuffer(mode, picture.size, store, "raw", mode, 0, 1).im
    picture.load()
    return store.reshape(height, width) if bands == 1 else _packed(store, width, height, mode)


def _packed(store: Pixels, width: int, height: int, mode: str) -> Pixels:
    """Turn every four bytes into the three of RGB, from the front, where the next are not read yet."""
    if width * height <= _SMALL and mode != "CMYK":
        return _first_three(store.reshape(height, width, 4))
    wide, packed = store.reshape(-1, 4), store[: width * height * 3].reshape(-1, 3)
    for start in range(0, len(wide), _STEP):
        part = wide[start : start + _STEP].copy()
        packed[start : start + _STEP] = _rgb_of_cmyk(part) if mode == "CMYK" else _first_three(part[None])[0]
    return packed.reshape(height, width, 3)


def _first_three(samples: Pixels) -> Pixels:
    """Return (H, W, 3) of (H, W, 4) samples, ten times faster than by slices."""
    import cv2

    return np.asarray(cv2.cvtColor(samples, cv2.COLOR_RGBA2RGB), np.uint8)


def _rgb_of_cmyk(samples: Pixels) -> Pixels:
    """Convert (N, 4) samples by Pillow's formula."""
    from PIL import Image

    row = Image.frombuffer("CMYK", (len(samples), 1), samples, "raw", "CMYK", 0, 1)
    pixels: Pixels = np.asarray(row.convert("RGB"), np.uint8).reshape(-1, 3)
    return pixels


def _trim() -> None:
    """Hand back what glibc keeps of freed memory: after many small files, hundreds of megabytes."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
