"""Pictures through Pillow: one decoder per sniffed format, nothing global touched."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from forensics.errors import CorruptMedia, LimitExceeded, UnsupportedMedia
from forensics.media import gif, jpeg, jxl, png, riff
from forensics.media._guard import Deadline, check_pixels, decoding, quiet
from forensics.media._inplace import fits, load_in_place
from forensics.media.exif import read_exif
from forensics.media.plugins import plugin_of
from forensics.media.types import JpegStructure, Limits, Pixels

if TYPE_CHECKING:
    from PIL import Image, ImageFile

__all__ = ["check_scans", "decode_luma", "load_rgb", "luma_of", "open_picture", "to_rgb"]

# Every scan of a progressive JPEG passes over the whole picture: ten of 200 MP, which is the usual number,
# are allowed. They take about 3 s.
_SCAN_PIXELS = 2_000_000_000
_MOST_SCANS = 500

# Measured: decoding takes 4 to 8 bytes for a pixel, AVIF 10 and WebP 16, which keep whole frames beside it.
_COPIES = {"avif": 2, "webp": 3}
_MOST_STRIPS = 1 << 18
_SHARED_BYTES = 1 << 20  # by which fields of a TIFF may overlap
_STRIP_PIXELS = 4_000_000
_BITS_PER_SAMPLE, _PHOTOMETRIC, _DNG_VERSION = 258, 262, 50706  # TIFF fields
_BYTE_KINDS = (1, 2, 6, 7)


def open_picture(
    data: bytes, format_name: str, limits: Limits, *, checked: bool = False
) -> ImageFile.ImageFile:
    """Open a picture with the decoder of its format and read its header only (JPEG XL is decoded at once).

    Args:
        data: The whole file.
        format_name: Sniffed format, such as "png".
        limits: Pixels allowed.
        checked: The segments of a JPEG were walked through already.

    Raises:
        MediaError: The header is broken or the picture too large.
        MissingExtra: The format needs a package that is not installed.
    """
    plugin = plugin_of(format_name)
    most = limits.pixels // _COPIES.get(format_name, 1)
    with decoding(format_name):
        size = _declared_size(data, format_name)
        if size is not None:
            check_pixels(*size, most)
        data = data if checked else _prepared(data, format_name, limits)
        with quiet():
            picture = plugin(io.BytesIO(data))
    # Grey with alpha takes as much memory as colour, and cannot be decoded in place.
    check_pixels(picture.width, picture.height, most // 2 if picture.mode in ("LA", "PA") else most)
    return picture


def _prepared(data: bytes, format_name: str, limits: Limits) -> bytes:
    """Check what a decoder would only notice by running out of time or memory."""
    if format_name == "jpeg":
        jpeg.check_header(data)
    if format_name == "png":
        return png.without_ancillary(data)
    if format_name == "gif":
        return gif.without_ancillary(data, Deadline(limits.seconds))
    if format_name == "tiff":
        _check_fields(data)
    return data


def _check_fields(data: bytes) -> None:
    """Refuse a TIFF whose first directory would fill the memory, or describes a camera's raw samples."""
    block = read_exif(data)
    if not block.directories:
        raise CorruptMedia(f"the TIFF has no readable directory: {'; '.join(block.problems)}")
    entries = block.directories[0].entries
    if any(e.tag == _DNG_VERSION for e in entries):
        raise UnsupportedMedia("a camera raw file (DNG) is not a supported picture")
    listed = max((e.count for e in entries if e.kind not in _BYTE_KINDS), default=0)
    if listed > _MOST_STRIPS or sum(e.size for e in entries) > len(data) + _SHARED_BYTES:
        raise LimitExceeded("the TIFF lists far too many strips or values", actual=listed)


def load_rgb(picture: ImageFile.ImageFile, format_name: str, data: bytes = b"") -> Pixels:
    """Decode the current frame of an opened picture, which is of no use afterwards unless it is animated.

    Args:
        picture: From `open_picture`.
        format_name: Sniffed format.
        data: The whole file, where it is at hand: some are decoded faster from that.

    Raises:
        MediaError: It cannot be decoded.
    """
    if data and format_name == "webp" and picture.mode == "RGB" and not getattr(picture, "is_animated", True):
        pixels = riff.webp_pixels(data, picture.size)
        if pixels is not None:
            return pixels
    with decoding(format_name):
        if picture.mode != "L" and fits(picture, format_name):
            return load_in_place(picture)
        picture.load()
        return to_rgb(picture)


def _declared_size(data: bytes, format_name: str) -> tuple[int, int] | None:
    """Size by the header, for the formats whose decoder allocates the picture when it is made."""
    if format_name == "webp":
        return riff.webp_size(data)
    return jxl.size(data) if format_name == "jxl" else None


def check_scans(structure: JpegStructure, limits: Limits) -> None:
    """Refuse a progressive JPEG whose coefficients fill the memory, or that is passed over again and again.

    Raises:
        LimitExceeded: It is larger than half of the pixels allowed, or has too many scans for its size.
    """
    if structure.progressive and structure.width and structure.height:
        check_pixels(structure.width, structure.height, limits.pixels // 2)
    cost = structure.scans * structure.width * structure.height
    if structure.scans > _MOST_SCANS or cost > _SCAN_PIXELS:
        raise LimitExceeded(
            f"the JPEG has {structure.scans} scans", actual=cost, expected=f"<= {_SCAN_PIXELS}"
        )


def decode_luma(data: bytes, structure: JpegStructure, limits: Limits) -> Pixels | None:
    """Decode the luminance plane of a JPEG as the file stores it.

    Returns:
        (H, W) uint8; None where the file stores none (RGB and plain CMYK).

    Raises:
        MediaError: The file cannot be decoded.
    """
    if structure.components == 4 and structure.adobe_transform == 2:
        return _luma_of_ycck(data, limits)
    picture = open_picture(data, "jpeg", limits)
    if picture.mode not in ("L", "RGB"):
        return None
    with decoding("jpeg"):
        picture.draft("L", None)
        return load_in_place(picture)


def _luma_of_ycck(data: bytes, limits: Limits) -> Pixels:
    """Y of a YCCK file: without its colour transform, the decoder hands out the planes as they are stored."""
    at = data.index(b"Adobe") + 11
    picture = open_picture(data[:at] + b"\x00" + data[at + 1 :], "jpeg", limits)
    with decoding("jpeg"):
        picture.load()
        # Pillow takes four-channel files for inverted ones, as Adobe writes them, and inverts them back.
        return 255 - np.asarray(picture)[..., 0]


def to_rgb(picture: Image.Image) -> Pixels:
    """Return the samples of a decoded picture as 8-bit RGB.

    Alpha is dropped and the colour samples stay as they are stored, also below full transparency. Sixteen
    bits become eight by their high byte. CMYK is converted by Pillow's formula, without a profile.

    Returns:
        (H, W, 3) uint8.

    Raises:
        UnsupportedMedia: The samples are neither 8 nor 16 bits of a known colour space.
    """
    if picture.mode in ("I", "F"):
        raise UnsupportedMedia(f"{picture.mode} samples of 32 bits have no defined 8-bit view")
    picture.info.pop("transparency", None)  # a palette's alpha: converting warns of it
    width, height = picture.size
    pixels = np.empty((height, width, 3), np.uint8)
    step = max(8, _STRIP_PIXELS // width)
    for top in range(0, height, step):
        bottom = min(top + step, height)
        # Strip by strip, since Pillow keeps four bytes for a pixel and each conversion makes another copy.
        pixels[top:bottom] = _rgb_strip(picture.crop((0, top, width, bottom)), picture)
    return pixels


def _rgb_strip(strip: Image.Image, picture: Image.Image) -> Pixels:
    if strip.mode.startswith("I;16"):
        return _from_wide_grey(strip, getattr(picture, "tag_v2", {}))
    if strip.mode in ("RGB", "RGBA", "RGBX"):
        return np.asarray(strip)[..., :3]
    return np.asarray(strip.convert("RGB"))


def _from_wide_grey(strip: Image.Image, fields: Mapping[int, Any]) -> Pixels:
    """High byte of grey samples; only TIFF has 12 bits, or white as zero, which Pillow leaves so."""
    bits = int((fields.get(_BITS_PER_SAMPLE) or (16,))[0])
    grey = (np.asarray(strip).astype(np.uint16) >> (bits - 8)).astype(np.uint8)
    if fields.get(_PHOTOMETRIC) == 0:
        grey = 255 - grey
    return np.repeat(grey[..., None], 3, axis=2)


# ITU-R BT.601-7, 2.5.1, in libjpeg's 16-bit fixed point.
def luma_of(pixels: Pixels) -> Pixels:
    """Return the Rec. 601 luma of RGB pixels.

    Args:
        pixels: (H, W, 3) uint8.

    Returns:
        (H, W) uint8.
    """
    import cv2

    grey: Pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    return grey
