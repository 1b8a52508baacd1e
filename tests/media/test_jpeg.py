"""The marker parser against Pillow's tables, libjpeg's formula and files made by hand."""

from __future__ import annotations

import contextlib
import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from forensics.errors import CorruptMedia, LimitExceeded, MediaError, TruncatedMedia
from forensics.media import open_bytes
from forensics.media.jpeg import parse_jpeg
from forensics.media.quant import STANDARD_CHROMA, STANDARD_LUMA, ZIGZAG, estimate_quality, ijg_table

from .helpers import JPEG_QUALITIES, encode, ifd, insert, segment, tiff_header


def tables_by_pillow(data):
    with Image.open(io.BytesIO(data)) as picture:
        return picture.quantization


@pytest.mark.parametrize("quality", JPEG_QUALITIES)
def test_tables_and_quality(photo, quality):
    data = encode(photo, "jpeg", quality=quality)
    found = parse_jpeg(data)
    assert {t.identifier: list(t.values) for t in found.tables} == tables_by_pillow(data)
    assert (found.quality, found.quality_exact) == (quality, True)
    assert found.tables[0].values == ijg_table(STANDARD_LUMA, quality)
    assert found.tables[1].values == ijg_table(STANDARD_CHROMA, quality)


def test_every_quality_is_told_from_the_others():
    for quality in range(1, 101):
        luma, chroma = ijg_table(STANDARD_LUMA, quality), ijg_table(STANDARD_CHROMA, quality)
        assert estimate_quality(luma, chroma).quality == quality
        assert estimate_quality(luma, None).exact


def test_a_changed_table_is_near_but_not_exact():
    luma = list(ijg_table(STANDARD_LUMA, 80))
    luma[5] += 1
    found = estimate_quality(tuple(luma), ijg_table(STANDARD_CHROMA, 80))
    assert (found.quality, found.exact) == (80, False)


def test_sixteen_bit_tables():
    wide = ijg_table(STANDARD_LUMA, 5, baseline=False)
    assert max(wide) > 255
    assert estimate_quality(wide, ijg_table(STANDARD_CHROMA, 5, baseline=False)).exact
    zigzag = [wide[i] for i in ZIGZAG]
    data = (
        b"\xff\xd8"
        + segment(0xDB, b"\x10" + struct.pack(">64H", *zigzag))
        + segment(0xC1, b"\x08\x00\x08\x00\x08\x01\x01\x11\x00")
        + b"\xff\xd9"
    )
    found = parse_jpeg(data)
    assert (found.tables[0].bits, found.tables[0].values, found.quality) == (16, wide, 5)


def test_zigzag_is_the_walk_over_the_anti_diagonals():
    walk = sorted(range(64), key=lambda i: (i // 8 + i % 8, (i % 8) if (i // 8 + i % 8) % 2 == 0 else i // 8))
    assert list(ZIGZAG) == walk


@pytest.mark.parametrize(
    ("option", "name", "sampling"),
    [
        ("4:4:4", "4:4:4", (1, 1)),
        ("4:2:2", "4:2:2", (2, 1)),
        ("4:2:0", "4:2:0", (2, 2)),
        ("4:1:1", "4:1:1", (4, 1)),
    ],
)
def test_subsampling(photo, option, name, sampling):
    data = encode(photo, "jpeg", subsampling=option) if option != "4:1:1" else with_sampling(photo, 0x41)
    found = parse_jpeg(data)
    assert (found.subsampling, found.sampling[0]) == (name, sampling)
    assert found.sampling[1:] == ((1, 1), (1, 1))


def with_sampling(photo, factors):
    data = bytearray(encode(photo, "jpeg", subsampling="4:2:0"))
    data[data.index(b"\xff\xc0") + 11] = factors
    return bytes(data)


@pytest.mark.parametrize(("factors", "name"), [(0x12, "4:4:0"), (0x31, "other"), (0x44, "other")])
def test_rare_subsampling(photo, factors, name):
    assert parse_jpeg(with_sampling(photo, factors)).subsampling == name


def test_size_and_components(photo):
    found = parse_jpeg(encode(photo, "jpeg"))
    assert (found.width, found.height, found.components, found.jfif, found.complete) == (
        256,
        192,
        3,
        True,
        True,
    )
    grey = parse_jpeg(encode(photo[..., 0], "jpeg"))
    assert (grey.components, grey.subsampling) == (1, "grey")
    cmyk = parse_jpeg(encode(photo, "jpeg", mode="CMYK"))
    assert (cmyk.components, cmyk.adobe_transform) == (4, 0)


def test_progressive(photo):
    plain, layered = (parse_jpeg(encode(photo, "jpeg", progressive=p)) for p in (False, True))
    assert (plain.progressive, plain.scans) == (False, 1)
    assert layered.progressive
    assert layered.scans == 10  # libjpeg's script for colour
    assert "SOF2" in layered.markers


def test_arithmetic(photo):
    data = encode(photo, "jpeg").replace(b"\xff\xc0", b"\xff\xc9", 1)
    assert parse_jpeg(data).arithmetic


def test_restart_markers(photo):
    found = parse_jpeg(encode(photo, "jpeg", restart_marker_blocks=4))
    assert (found.restart_interval, found.scans) == (4, 1)
    assert found.markers[-1] == "EOI"


def test_names_of_segments(photo):
    data = insert(
        encode(photo, "jpeg"),
        segment(0xE1, b"Exif\x00\x00"),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00"),
        segment(0xE2, b"MPF\x00"),
        segment(0xEB, b"JP\x00\x01"),
        segment(0xE5, b"?"),
        segment(0xFE, b"hello"),
    )
    names = parse_jpeg(data).markers
    assert names[:8] == (
        "SOI",
        "APP1:Exif",
        "APP1:XMP",
        "APP2:MPF",
        "APP11:JUMBF",
        "APP5",
        "COM",
        "APP0:JFIF",
    )


@pytest.mark.parametrize(
    ("tail", "kind"),
    [
        (b"", ""),
        (b"\x00" * 100, "zeros"),
        (b"\x00" * (1 << 17), "zeros"),
        (b"\x00" * (1 << 17) + b"x", "unknown"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "jpeg"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(50), "mp4"),
        (b"PK\x03\x04" + bytes(50), "zip"),
        (b"\x01\x02\x03" * 20 + b"SEFT", "samsung"),
        (b"hidden message", "text"),
        (bytes(range(128, 200)), "unknown"),
    ],
)
def test_trailing_data(photo, tail, kind):
    found = parse_jpeg(encode(photo, "jpeg") + tail)
    assert (found.trailing, found.trailing_type, found.complete) == (len(tail), kind, True)


def test_trailing_pictures_that_the_header_announces(photo):
    data = insert(encode(photo, "jpeg"), segment(0xE2, b"MPF\x00MM"))
    assert parse_jpeg(data + data).trailing_type == "mpf"


def test_thumbnail(photo):
    small = encode(photo[::2, ::2], "jpeg", quality=60)
    at = 8 + len(ifd([]))
    second = ifd(
        [(0x0201, 4, 1, struct.pack("<I", at + 2 + 24 + 4)), (0x0202, 4, 1, struct.pack("<I", len(small)))],
        at=at,
    )
    block = tiff_header() + ifd([], following=at) + second + small
    data = insert(encode(photo, "jpeg"), segment(0xE1, b"Exif\x00\x00" + block))
    found = parse_jpeg(data)
    assert found.thumbnail == small
    assert found.markers.count("EOI") == 1
    assert parse_jpeg(encode(photo, "jpeg")).thumbnail is None


def test_a_cut_file_keeps_its_structure(photo):
    data = encode(photo, "jpeg", quality=85)
    media = open_bytes(data[: len(data) // 2])
    assert (media.jpeg.quality, media.jpeg.width, media.jpeg.complete) == (85, 256, False)
    assert media.image.width == 256
    assert media.metadata.get("jfif", "Version") == "1.01"
    for name in ("pixels", "luma"):
        with pytest.raises(TruncatedMedia):
            getattr(media, name)


def test_a_missing_end_marker_is_a_cut(photo):
    data = encode(photo, "jpeg")
    assert not parse_jpeg(data[:-2]).complete


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\xff\xd8\xff", TruncatedMedia),
        (b"\xff\xd8\xff\xe0\x00", TruncatedMedia),
        (b"\xff\xd8\xff\xe0\x00\x01", CorruptMedia),
        (b"\xff\xd8\xff\xd9", CorruptMedia),
        (b"\xff\xd8" + segment(0xC0, b"\x08\x00\x08\x00\x08\x03\x01\x11\x00"), CorruptMedia),
        (b"\xff\xd8" + segment(0xC0, b"\x08\x00\x08\x00\x08\x00"), CorruptMedia),
        (b"\xff\xd8\xff" + b"\xff" * (1 << 17), CorruptMedia),
        (b"\xff\xd8\xff" + b"\x00" * (1 << 17), CorruptMedia),
        (b"\xff\xd8" + segment(0xFE, b"") * 5000, LimitExceeded),
        (b"\xff\xd8\xff" + b"\xd0\xff" * 100_000, LimitExceeded),
    ],
)
def test_hopeless_headers(data, error):
    with pytest.raises(error):
        parse_jpeg(data)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8), st.integers(0, 10_000))
def test_mutated_files_are_parsed_or_refused(changes, length):
    data = bytearray(FUZZ_SEED[: max(4, len(FUZZ_SEED) - length)])
    for position, value in changes:
        data[3 + position % (len(data) - 3)] = value
    try:
        found = parse_jpeg(bytes(data))
    except MediaError:
        return
    assert found.components == len(found.sampling) <= 4
    assert 0 <= found.trailing < len(data)
    assert all(len(t.values) == 64 for t in found.tables)


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_noise_is_parsed_or_refused(noise):
    with contextlib.suppress(MediaError):
        assert parse_jpeg(b"\xff\xd8\xff" + noise).components in range(1, 5)


FUZZ_SEED = insert(
    encode(np.arange(48 * 32 * 3, dtype=np.uint8).reshape(32, 48, 3), "jpeg", progressive=True),
    segment(0xE1, b"Exif\x00\x00" + tiff_header() + ifd([(271, 2, 6, b"Maker\x00")])),
)
