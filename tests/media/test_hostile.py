"""Small files that cost much: each is refused, or read, within seconds and some hundred megabytes."""

from __future__ import annotations

import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from forensics.errors import CorruptMedia, LimitExceeded, MediaError, UnsupportedMedia
from forensics.media import Limits, gif, open_bytes
from forensics.media.boxes import item_places, items
from forensics.media.jpeg import segments

from .helpers import chunk, encode, encode_frames, grey_tiff, ifd, insert, png_header, segment, tiff_header

SECONDS = 60  # far above what they take on any machine; without bounds they take minutes


@pytest.fixture(autouse=True)
def _in_time():
    start = time.monotonic()
    yield
    assert time.monotonic() - start < SECONDS


def everything(data, limits=None):
    """Ask for all there is; return the names of the errors."""
    media = open_bytes(data, limits=limits)
    errors = []
    for name in ("image", "jpeg", "metadata", "pixels", "luma"):
        try:
            getattr(media, name)
        except MediaError as error:
            errors.append(error.code)
    try:
        list(media.frames(3))
    except MediaError as error:
        errors.append(error.code)
    return set(errors)


# --- declared sizes ------------------------------------------------------------------------------------


def jpeg_of(width, height):
    data = encode(np.zeros((8, 8, 3), np.uint8), "jpeg")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def png_of(width, height):
    return png_header(width, height) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def gif_of(width, height):
    data = encode(np.zeros((8, 8), np.uint8), "gif")
    return data[:6] + struct.pack("<HH", width, height) + data[10:]


def webp_of(width, height):
    body = (
        b"VP8X"
        + struct.pack("<I", 10)
        + bytes(4)
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body + bytes(50)


def bmp_of(width, height):
    data = encode(np.zeros((8, 8, 3), np.uint8), "bmp")
    return data[:18] + struct.pack("<ii", width, height) + data[26:]


def tiff_of(width, height):
    data = grey_tiff(np.zeros((8, 8)))
    return data[:18] + struct.pack("<I", width) + data[22:30] + struct.pack("<I", height) + data[34:]


@pytest.mark.parametrize("maker", [jpeg_of, png_of, gif_of, webp_of, bmp_of, tiff_of])
def test_pixel_bombs(maker):
    assert {"limit"} <= everything(maker(60_000, 60_000)) <= {"limit", "corrupt", "truncated"}


@pytest.mark.parametrize("maker", [jpeg_of, png_of, gif_of, bmp_of, tiff_of])
@pytest.mark.parametrize("size", [(0, 8), (8, 0), (0, 0)])
def test_no_pixels_at_all(maker, size):
    if maker is gif_of:  # a frame larger than the screen widens it, as in any browser
        assert open_bytes(maker(*size)).pixels.shape == (8, 8, 3)
    else:
        assert "corrupt" in everything(maker(*size))


def test_a_large_but_allowed_header_without_data_is_refused():
    assert everything(jpeg_of(4000, 3000)[:-2]) == {"truncated"}
    assert everything(png_of(4000, 3000)) <= {"corrupt", "truncated"}


# --- JPEG ----------------------------------------------------------------------------------------------


def repeat(data, count):
    last = [s for s in segments(data) if s.marker == 0xDA][-1].start - 4
    return data[:-2] + data[last:-2] * count + data[-2:]


def test_scan_bomb():
    data = encode(np.full((1000, 1000, 3), 90, np.uint8), "jpeg", progressive=True)
    assert open_bytes(repeat(data, 400)).pixels.shape == (1000, 1000, 3)
    with pytest.raises(LimitExceeded, match="scans"):
        _ = open_bytes(repeat(data, 600)).pixels


def test_many_scans_of_a_large_picture_are_refused_before_decoding():
    data = jpeg_of(14_000, 14_000)
    scan = next(s for s in segments(data) if s.marker == 0xDA).start - 4
    bomb = data[:-2] + data[scan:-2] * 15 + data[-2:]
    for part in ("pixels", "luma"):
        with pytest.raises(LimitExceeded, match="16 scans"):
            getattr(open_bytes(bomb), part)


def test_fill_bytes_that_a_decoder_would_skip_one_by_one():
    data = encode(np.zeros((8, 8, 3), np.uint8), "jpeg")
    fill = b"\xff" * 65_000 + b"\xff\xfe\x00\x02"
    assert open_bytes(data[:2] + fill + data[2:]).pixels.shape == (8, 8, 3)
    bomb = data[:2] + fill * 300 + data[2:]
    for part in ("image", "jpeg", "pixels", "luma"):
        with pytest.raises(CorruptMedia, match="between"):
            getattr(open_bytes(bomb), part)


def test_tables_without_end():
    data = encode(np.zeros((8, 8, 3), np.uint8), "jpeg")
    table = b"\x00" + b"\x01" * 64
    assert len(open_bytes(insert(data, segment(0xDB, table * 200))).jpeg.tables) == 202
    with pytest.raises(LimitExceeded, match="tables"):
        _ = open_bytes(insert(data, *[segment(0xDB, table * 1000)] * 300)).pixels


# --- GIF, APNG, WebP -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_gif_of_a_million_frames():
    first = encode_frames([np.zeros((4, 4), np.uint8), np.ones((4, 4), np.uint8)], "gif")
    frame = b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\x00\x02\x02\x44\x01\x00"
    bomb = first[:-1] + frame * 1_000_000 + b"\x3b"
    with pytest.raises(LimitExceeded, match="blocks"):
        list(open_bytes(bomb).frames(3))
    with pytest.raises(LimitExceeded, match="longer"):
        list(open_bytes(bomb[:2_000_000] + b"\x3b", limits=Limits(seconds=0.1)).frames(3))


@pytest.mark.parametrize("block", [b"\x21\xf9\x01a\x00", b"\x21\xfe\x01a\x00"])
def test_gif_of_countless_blocks(block, monkeypatch):
    monkeypatch.setattr(gif, "_MOST_BLOCKS", 20_000)
    data = encode(np.zeros((4, 4), np.uint8), "gif")
    at = 13 + 3 * (2 << (data[10] & 7))
    media = open_bytes(data[:at] + block * 30_000 + data[at:])
    for part in ("image", "pixels"):
        with pytest.raises(LimitExceeded, match="blocks"):
            getattr(media, part)


def test_gif_of_one_endless_comment():
    """A decoder puts it together piece by piece."""
    data = encode(np.full((4, 4), 9, np.uint8), "gif")
    at = 13 + 3 * (2 << (data[10] & 7))
    bomb = data[:at] + b"\x21\xfe" + (b"\xff" + b"x" * 255) * 50_000 + b"\x00" + data[at:]
    media = open_bytes(bomb)
    assert everything(bomb) == set()
    assert media.pixels[0, 0, 0] == 9
    assert len(media.metadata.get("comment", "Comment")) == media.limits.metadata_bytes


def test_gif_of_endless_sub_blocks():
    start = encode(np.zeros((4, 4), np.uint8), "gif")[:13]
    bomb = start[:10] + b"\x00\x00\x00" + b"\x21\xfe" + b"\x01a" * 20_000_000
    assert "limit" in everything(bomb, Limits(seconds=0.3))


def test_apng_that_declares_billions_of_frames(photo):
    data = bytearray(encode_frames([photo, photo[::-1]], "png"))
    at = data.index(b"acTL") + 4
    data[at : at + 4] = struct.pack(">I", 2**31)
    data[at + 8 : at + 12] = struct.pack(">I", zlib.crc32(data[at - 4 : at + 8]))
    media = open_bytes(bytes(data))
    assert 1 <= len(list(media.frames())) <= 3
    assert np.array_equal(media.pixels, photo)


@pytest.mark.slow
def test_png_of_a_million_chunks():
    data = png_header(8, 8) + chunk(b"abCd", b"") * 1_000_000
    assert everything(data) == {"limit"}


def test_frames_of_an_animation_are_limited_as_well():
    frames = [np.full((64, 64, 3), i, np.uint8) for i in range(3)]
    data = encode_frames(frames, "webp")
    assert everything(data, Limits(pixels=64 * 64 * 3 - 1)) == {"limit"}


# --- TIFF ----------------------------------------------------------------------------------------------


def test_tiff_directories_in_a_ring():
    first = ifd([(256, 4, 1, struct.pack("<I", 1))], following=8)
    assert everything(tiff_header() + first) == {"corrupt"}
    plain = bytearray(grey_tiff(np.zeros((8, 8))))
    plain[8 + 2 + 12 * 8 : 8 + 2 + 12 * 8 + 4] = struct.pack("<I", 8)
    media = open_bytes(bytes(plain))
    assert media.image.frames == 1
    assert media.pixels.shape == (8, 8, 3)


def test_tiff_of_a_million_strips():
    count = 1 << 20
    offsets = struct.pack("<I", 8) * count
    one = [(256, 4), (258, 3), (259, 3), (262, 3), (278, 3)]
    base = [(tag, kind, 1, struct.pack("<I", 8 if tag == 258 else 1)) for tag, kind in one]
    base.append((257, 4, 1, struct.pack("<I", count)))
    bomb = tiff_header() + ifd([*base, (273, 4, count, offsets), (279, 4, count, offsets)])
    with pytest.raises(LimitExceeded, match="strips"):
        _ = open_bytes(bomb).pixels


def test_tiff_fields_that_overlap():
    at = 8 + 2 + 12 * 900 + 4
    body = struct.pack("<H", 900) + b"".join(
        struct.pack("<HHII", 40000 + i, 7, 1 << 20, at) for i in range(900)
    )
    with pytest.raises(LimitExceeded, match="TIFF"):
        _ = open_bytes(tiff_header() + body + bytes(4) + bytes(1 << 20)).pixels


def test_raw_files_are_refused_by_name():
    data = tiff_header() + ifd([(50706, 1, 4, b"\x01\x04\x00\x00")])
    with pytest.raises(UnsupportedMedia, match="DNG"):
        _ = open_bytes(data).pixels


# --- boxes ---------------------------------------------------------------------------------------------


def box(kind, body):
    return struct.pack(">I", len(body) + 8) + kind + body


def test_boxes_of_no_length_and_nested_without_end():
    start = b"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00"
    nested = b""
    for _ in range(2000):
        nested = box(b"meta", bytes(4) + nested)
    for tail in (bytes(1000), b"\x00\x00\x00\x00meta", nested, box(b"meta", b"") * 100_000):
        assert everything(start + tail) <= {"corrupt", "truncated", "limit"}


def test_items_that_point_anywhere():
    infe = box(b"infe", b"\x02\x00\x00\x00" + struct.pack(">HH", 1, 0) + b"Exif\x00")
    iinf = box(b"iinf", bytes(4) + struct.pack(">H", 1) + infe)
    for offset, length in ((0xFFFFFFFF, 10), (0, 0xFFFFFFFF), (5, 5)):
        iloc = box(b"iloc", bytes(4) + b"\x44\x00" + struct.pack(">HHHHII", 1, 1, 0, 1, offset, length))
        data = b"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00" + box(b"meta", bytes(4) + iinf + iloc)
        assert [i.number for i in items(data)] == [1]
        assert item_places(data) == {1: [(offset, offset + length)]}
        assert everything(data) <= {"corrupt", "truncated"}
    extents = struct.pack(">HHHH", 1, 1, 0, 65535) + struct.pack(">II", 0, 1 << 20) * 65535
    data = b"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00" + box(
        b"meta", bytes(4) + iinf + box(b"iloc", bytes(4) + b"\x44\x00" + extents)
    )
    with pytest.raises(LimitExceeded, match="parts"):
        item_places(data)


def test_clips_of_millions_of_boxes():
    pytest.importorskip("av")
    media = open_bytes(box(b"ftyp", b"isom\x00\x00\x00\x00isommp41") + box(b"free", b"") * 2_000_000)
    with pytest.raises(LimitExceeded, match="boxes"):
        _ = media.pixels
    assert all("boxes" in p for p in media.metadata.problems)


# --- memory --------------------------------------------------------------------------------------------


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak from /proc")
@pytest.mark.parametrize("name", ["jpeg", "png"])
def test_peak_memory_is_about_eight_bytes_for_a_pixel(tmp_path, name):
    path = tmp_path / "large"
    Image.new("RGB", (5000, 4000), (10, 200, 30)).save(path, name)
    code = (
        "import re, sys\n"
        "from forensics.media import open_media\n"
        "import numpy, cv2, PIL.JpegImagePlugin, PIL.PngImagePlugin\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
        "before = peak(); open_media(sys.argv[1]).pixels\n"
        "print((peak() - before) * 1024 / 20e6)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True)
    assert float(done.stdout) < 9.5


# --- every format, mutated -----------------------------------------------------------------------------


def seeds():
    pixels = np.random.default_rng(0).integers(0, 255, (24, 32, 3)).astype(np.uint8)
    for name in ("jpeg", "png", "webp", "avif", "gif", "tiff", "bmp"):
        yield encode(pixels, name)
    for name in ("png", "webp", "gif"):
        yield encode_frames([pixels, pixels[::-1]], name)
    yield encode(pixels, "jpeg", progressive=True)


def mutated(data, rng):
    """Flip bits, cut, or splice."""
    kind = rng.integers(3)
    if kind == 0:
        out = bytearray(data)
        for place in rng.integers(0, len(data), rng.integers(1, 12)):
            out[place] ^= 1 << rng.integers(8)
        return bytes(out)
    if kind == 1:
        return data[: rng.integers(1, len(data))]
    a, b = sorted(rng.integers(0, len(data), 2))
    at = rng.integers(0, len(data))
    return data[:at] + data[a:b] + data[at:]


def test_mutated_files_have_typed_outcomes():
    rng = np.random.default_rng(11)
    outcomes = set()
    for seed in seeds():
        for _ in range(40):
            try:
                outcomes |= everything(mutated(seed, rng)) or {"read"}
            except MediaError as error:
                outcomes.add(error.code)
    assert {"read", "corrupt", "truncated", "unsupported"} <= outcomes


def test_a_decoder_error_keeps_its_cause():
    data = encode(np.zeros((9, 9, 3), np.uint8), "png")
    with pytest.raises(CorruptMedia) as caught:
        _ = open_bytes(data[:40] + bytes(8) + data[48:]).pixels
    assert caught.value.__cause__ is not None
