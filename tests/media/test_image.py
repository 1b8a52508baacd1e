"""Pixels, luma and storage of every still format, against the encoders and a by-hand transform."""

from __future__ import annotations

import io
import struct
import threading
import warnings

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from forensics.errors import (
    CorruptMedia,
    LimitExceeded,
    MediaError,
    TruncatedMedia,
    UnsupportedMedia,
)
from forensics.media import Limits, open_bytes
from forensics.media.riff import webp_pixels

from .helpers import chunk, encode, grey_tiff, ifd, insert, insert_chunks, png_header, segment, tiff_header


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("png", {}),
        ("webp", {"lossless": True}),
        ("tiff", {}),
        ("tiff", {"compression": "tiff_lzw"}),
        ("tiff", {"compression": "tiff_adobe_deflate"}),
        ("bmp", {}),
    ],
)
def test_lossless_formats_come_back_bit_by_bit(photo, name, options):
    media = open_bytes(encode(photo, name, **options))
    assert np.array_equal(media.pixels, photo)
    assert (media.image.width, media.image.height, media.image.mode, media.image.bits) == (256, 192, "rgb", 8)
    assert (media.image.alpha, media.image.orientation, media.image.icc, media.image.frames) == (
        False,
        1,
        None,
        1,
    )
    assert media.video is None
    assert media.jpeg is None


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif"])
def test_lossy_formats_agree_with_pillow(photo, name):
    data = encode(photo, name, quality=90)
    with Image.open(io.BytesIO(data)) as reference:
        assert np.array_equal(open_bytes(data).pixels, np.asarray(reference.convert("RGB")))


@pytest.mark.parametrize("options", [{"quality": 90}, {"quality": 5, "method": 6}, {"lossless": True}])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (256, 192)])
def test_still_webp_is_decoded_as_pillow_does(photo, options, size):
    data = encode(photo[: size[1], : size[0]], "webp", **options)
    with Image.open(io.BytesIO(data)) as reference:
        assert np.array_equal(webp_pixels(data, size), np.asarray(reference.convert("RGB")))


def test_webp_that_is_not_as_it_says_is_left_to_another_decoder(photo):
    data = encode(photo, "webp", quality=80)
    assert webp_pixels(data, (256, 193)) is None
    assert webp_pixels(data[: len(data) // 2], (256, 192)) is None
    assert webp_pixels(b"RIFF", (256, 192)) is None
    with pytest.raises(MediaError):
        _ = open_bytes(data[: len(data) // 2]).pixels
    clear = np.dstack([photo, np.zeros(photo.shape[:2], np.uint8)])
    seen = open_bytes(encode(clear, "webp", lossless=True, exact=True)).pixels
    assert np.array_equal(seen, photo), "alpha is dropped, and the colour below it kept"


def test_pixels_and_luma_are_kept_and_read_only(photo):
    for name in ("jpeg", "png"):
        media = open_bytes(encode(photo, name))
        assert media.pixels is media.pixels
        for array in (media.pixels, media.luma):
            assert (array.dtype, array.flags.writeable, array.flags.c_contiguous) == (np.uint8, False, True)


# --- depth, alpha, palettes ----------------------------------------------------------------------------


def wide_png(samples, colour):
    height, width = samples.shape[:2]
    rows = b"".join(b"\x00" + row.astype(">u2").tobytes() for row in samples)
    import zlib

    return png_header(width, height, 16, colour) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bits_become_their_high_byte(colour, channels):
    wide = np.random.default_rng(1).integers(0, 65536, (9, 7, channels)).astype(np.uint16)
    media = open_bytes(wide_png(wide, colour))
    colours = wide[..., :3] if channels > 2 else np.repeat(wide[..., :1], 3, axis=2)
    assert np.array_equal(media.pixels, (colours >> 8).astype(np.uint8))
    assert (media.image.bits, media.image.alpha) == (16, channels in (2, 4))


def test_grey_tiffs():
    wide = np.random.default_rng(2).integers(0, 65536, (5, 6))
    high = (wide >> 8).astype(np.uint8)
    for photometric, expected in ((1, high), (0, 255 - high)):
        media = open_bytes(grey_tiff(wide, photometric=photometric))
        assert np.array_equal(media.pixels, np.repeat(expected[..., None], 3, 2))
        assert (media.image.bits, media.image.mode) == (16, "grey")


def test_float_samples_are_refused():
    with pytest.raises(UnsupportedMedia, match="32 bits"):
        _ = open_bytes(encode(np.ones((4, 4), np.float32), "tiff")).pixels


def test_colours_below_transparency_stay(photo):
    layered = np.dstack([photo, np.zeros(photo.shape[:2], np.uint8)])
    for name, options in (("png", {}), ("tiff", {}), ("webp", {"lossless": True, "exact": True})):
        media = open_bytes(encode(layered, name, **options))
        assert media.image.alpha
        assert np.array_equal(media.pixels, photo)


@pytest.mark.parametrize("name", ["png", "gif"])
def test_palettes(photo, name):
    with Image.fromarray(photo).quantize(16) as few:
        expected = np.asarray(few.convert("RGB"))
        buffer = io.BytesIO()
        few.save(buffer, name, transparency=3)
    media = open_bytes(buffer.getvalue())
    assert np.array_equal(media.pixels, expected)
    assert (media.image.mode, media.image.alpha) == ("palette", True)


def test_palette_with_an_alpha_for_each_colour(photo):
    with Image.fromarray(photo).quantize(16) as few:
        expected = np.asarray(few.convert("RGB"))
        buffer = io.BytesIO()
        few.save(buffer, "png", transparency=bytes(range(16)))
    assert np.array_equal(open_bytes(buffer.getvalue()).pixels, expected)


def test_bilevel(photo):
    data = encode(photo[..., 0] > 120, "png")
    media = open_bytes(data)
    assert (media.image.mode, media.image.bits) == ("bilevel", 1)
    assert np.array_equal(media.pixels[..., 0] == 255, photo[..., 0] > 120)


# --- orientation and profile ---------------------------------------------------------------------------


def orientation_block(value):
    return tiff_header() + ifd([(0x0112, 3, 1, struct.pack("<H", value))])


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "tiff", "avif"])
def test_orientation_is_recorded_and_not_applied(photo, name, value):
    exif = Image.Exif()
    exif[0x0112] = value
    media = open_bytes(encode(photo[:32, :48], name, exif=exif))
    assert media.image.orientation == value
    assert (media.image.width, media.image.height) == (48, 32)
    assert media.pixels.shape == (32, 48, 3)
    assert np.array_equal(media.pixels, open_bytes(encode(photo[:32, :48], name)).pixels)


def test_wrong_orientation_is_none(photo):
    data = insert(encode(photo, "jpeg"), segment(0xE1, b"Exif\x00\x00" + orientation_block(77)))
    assert open_bytes(data).image.orientation == 1


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "tiff", "avif"])
def test_profile(photo, name):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    media = open_bytes(encode(photo, name, icc_profile=profile))
    assert media.image.icc == "sRGB built-in"
    assert media.metadata.get("icc", "Description") == "sRGB built-in"


def test_pages_of_a_tiff(photo):
    pages = [Image.fromarray(photo[i:]) for i in range(3)]
    buffer = io.BytesIO()
    pages[0].save(buffer, "tiff", save_all=True, append_images=pages[1:])
    media = open_bytes(buffer.getvalue())
    assert media.image.frames == 3
    assert np.array_equal(media.pixels, photo)


# --- what goes wrong -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif", "gif", "tiff", "bmp"])
def test_cut_files_have_typed_errors(photo, name):
    data = encode(photo, name)
    for keep in (0.05, 0.3, 0.7, 0.97):
        media = open_bytes(data[: max(32, int(len(data) * keep))])
        with pytest.raises(CorruptMedia):
            _ = media.pixels
        assert isinstance(media.metadata.problems, tuple)


@pytest.mark.parametrize("name", ["jpeg", "png"])
def test_a_cut_is_called_a_cut(photo, name):
    data = encode(photo, name)
    with pytest.raises(TruncatedMedia):
        _ = open_bytes(data[: len(data) // 2]).pixels


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif", "gif", "tiff", "bmp"])
def test_flipped_bytes_are_decoded_or_refused(photo, name):
    data = encode(photo[:64, :64], name)
    rng = np.random.default_rng(7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(60):
            broken = bytearray(data)
            for place in rng.integers(2, len(data), 6):
                broken[place] = rng.integers(256)
            try:
                media = open_bytes(bytes(broken))
                _ = media.metadata, media.image, media.pixels, media.luma, list(media.frames(2))
            except MediaError:
                continue
            assert media.pixels.shape[2] == 3


def test_text_that_the_decoder_would_stumble_over_costs_no_pixels(photo):
    import zlib

    bomb = chunk(b"zTXt", b"a\x00\x00" + zlib.compress(bytes(64 << 20)))
    profile = chunk(b"iCCP", b"p\x00\x00" + zlib.compress(bytes(64 << 20)))
    broken = chunk(b"iCCP", b"p\x00\x00nothing")
    for extra in (bomb, profile, broken):
        media = open_bytes(insert_chunks(encode(photo, "png"), extra))
        assert np.array_equal(media.pixels, photo)
        assert media.image.width == 256


def test_a_broken_check_sum_is_corrupt(photo):
    data = bytearray(encode(photo, "png"))
    data[data.index(b"IDAT") + 10] ^= 1
    with pytest.raises(CorruptMedia):
        _ = open_bytes(bytes(data)).pixels


COPIES = {"avif": 2, "webp": 3}


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif", "gif", "tiff", "bmp"])
def test_pixel_limit_is_checked_before_decoding(photo, name):
    least = 256 * 192 * COPIES.get(name, 1)
    data = encode(photo, name)
    assert open_bytes(data, limits=Limits(pixels=least)).pixels.shape == photo.shape
    for part in ("pixels", "luma", "image"):
        with pytest.raises(LimitExceeded, match="256 x 192"):
            getattr(open_bytes(data, limits=Limits(pixels=least - 1)), part)


def test_decoder_out_of_memory_is_a_limit(photo, monkeypatch):
    from PIL.PngImagePlugin import PngImageFile

    def explode(self):
        raise MemoryError

    monkeypatch.setattr(PngImageFile, "load", explode)
    with pytest.raises(LimitExceeded, match="memory"):
        _ = open_bytes(encode(photo, "png")).pixels


def test_warning_filters_survive_many_threads(photo):
    data = encode(photo[:16, :16], "tiff")
    before = list(warnings.filters)

    def work():
        for _ in range(20):
            _ = open_bytes(data).pixels

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before


def test_nothing_global_in_pillow_changes(photo):
    before = (Image.MAX_IMAGE_PIXELS, dict(Image.OPEN), list(Image.ID))
    for name in ("jpeg", "png", "webp", "gif", "tiff", "bmp", "avif"):
        _ = open_bytes(encode(photo, name)).pixels
    assert (Image.MAX_IMAGE_PIXELS, dict(Image.OPEN), list(Image.ID)) == before


def test_a_file_of_another_format_never_falls_through(photo):
    """The BMP decoder gets BMP files only: a PNG under a BMP head is broken, not a PNG."""
    data = encode(photo, "bmp")[:30] + encode(photo, "png")
    with pytest.raises(CorruptMedia):
        _ = open_bytes(data).pixels


# --- decoding in place -----------------------------------------------------------------------------------


MODES = {
    "jpeg": ("L", "RGB", "CMYK"),
    "png": ("L", "RGB", "RGBA", "P", "LA", "1"),
    "tiff": ("L", "RGB", "RGBA", "P", "CMYK", "LA", "1"),
    "bmp": ("L", "RGB", "RGBA", "P", "1"),
}


@pytest.mark.parametrize(("name", "mode"), [(name, mode) for name in MODES for mode in MODES[name]])
def test_decoding_in_place_gives_what_pillow_gives(photo, name, mode):
    stored = io.BytesIO()
    Image.fromarray(photo).convert(mode).save(stored, name)
    reference = Image.open(io.BytesIO(stored.getvalue())).convert("RGBA" if mode in ("LA", "P") else "RGB")
    assert np.array_equal(open_bytes(stored.getvalue()).pixels, np.asarray(reference)[..., :3])


def test_sixteen_bits_become_eight_in_place(photo):
    wide = (photo.astype(np.uint16) << 8) | 7
    data = cv2.imencode(".png", wide[..., ::-1])[1].tobytes()
    assert np.array_equal(open_bytes(data).pixels, photo)


def test_a_large_progressive_jpeg_is_refused(photo):
    data = encode(photo, "jpeg", progressive=True)
    pixels = photo.shape[0] * photo.shape[1]
    assert open_bytes(data, limits=Limits(pixels=2 * pixels)).pixels.shape == photo.shape
    with pytest.raises(LimitExceeded):
        _ = open_bytes(data, limits=Limits(pixels=2 * pixels - 1)).luma


def test_grey_with_alpha_counts_twice(photo):
    data = encode(photo, "png", mode="LA")
    pixels = photo.shape[0] * photo.shape[1]
    assert open_bytes(data, limits=Limits(pixels=2 * pixels)).pixels.shape == photo.shape
    with pytest.raises(LimitExceeded):
        _ = open_bytes(data, limits=Limits(pixels=2 * pixels - 1)).pixels
