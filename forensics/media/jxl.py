"""JPEG XL (ISO 18181): the size by the header, and the picture through the optional decoder."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from forensics.errors import CorruptMedia, MissingExtra, UnsupportedMedia
from forensics.media.boxes import boxes

if TYPE_CHECKING:
    from PIL import ImageFile

__all__ = ["open_jxl", "size"]

_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIZE_BITS = (9, 13, 18, 30)


class _Bits:
    """Numbers of some bits, least significant first."""

    def __init__(self, data: bytes) -> None:
        self.value = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        low = self.value & ((1 << count) - 1)
        self.value >>= count
        return low


# ISO 18181-1, D.2 (SizeHeader).
def size(data: bytes) -> tuple[int, int] | None:
    """Return the stored width and height, None where the codestream is not found."""
    stream = _codestream(data)
    if not stream.startswith(b"\xff\x0a"):
        return None
    bits = _Bits(stream[2:16])
    small = bits.take(1)
    height = (bits.take(5) + 1) * 8 if small else bits.take(_SIZE_BITS[bits.take(2)]) + 1
    ratio = bits.take(3)
    if ratio:
        wide, high = _RATIOS[ratio - 1]
        return height * wide // high, height
    return (bits.take(5) + 1) * 8 if small else bits.take(_SIZE_BITS[bits.take(2)]) + 1, height


def open_jxl(file: io.BytesIO) -> ImageFile.ImageFile:
    """Decode a JPEG XL picture; one that was made from a JPEG comes back as that very JPEG.

    Raises:
        MissingExtra: The decoder is not installed.
        UnsupportedMedia: The samples are floats.
    """
    from PIL.JpegImagePlugin import JpegImageFile

    try:
        from pillow_jxl import Decoder
    except ImportError as error:
        raise MissingExtra("reading JPEG XL", "jxl") from error
    is_jpeg, info, raw, profile, _ = Decoder(num_threads=2)(file.getvalue())
    if is_jpeg:
        return JpegImageFile(io.BytesIO(raw))
    if info.mode not in ("L", "LA", "RGB", "RGBA", "I;16"):
        raise UnsupportedMedia(f"JPEG XL samples of mode {info.mode} have no defined 8-bit view")
    return _decoded(info.mode, (info.width, info.height), raw, profile)


def _decoded(mode: str, shape: tuple[int, int], raw: bytes, profile: bytes) -> ImageFile.ImageFile:
    """Wrap decoded samples so that they look like any opened picture."""
    from PIL import ImageFile

    class Decoded(ImageFile.ImageFile):
        """Samples in memory."""

        format = "JXL"

        def _open(self) -> None:
            self._mode, self._size = mode, shape
            if profile:
                self.info["icc_profile"] = profile
            self.tile = [ImageFile._Tile("raw", (0, 0, *shape), 0, mode)]

    if not raw:
        raise CorruptMedia("the JPEG XL decodes to no picture")
    return Decoded(io.BytesIO(raw))


def _codestream(data: bytes) -> bytes:
    """The first bytes of the codestream."""
    if data.startswith(b"\xff\x0a"):
        return data[:16]
    for box in boxes(data):
        if box.kind == b"jxlc":
            return data[box.start : box.start + 16]
        if box.kind == b"jxlp":  # parts: a number first
            return data[box.start + 4 : box.start + 20]
    return b""
