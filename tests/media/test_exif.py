"""EXIF and TIFF fields, in every container, of every type, and broken ones."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from forensics.media import Metadata, open_bytes
from forensics.media.exif import read_exif

from .helpers import encode, ifd, tiff_header


def pairs(metadata: Metadata, group: str):
    return {(t.name, t.value) for t in metadata.group(group)}


def sample_exif():
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = "NIKON", "D70", "Ver.1.00"
    exif[0x011A] = 300.0
    detail = exif.get_ifd(0x8769)
    detail[0x829A] = IFDRational(1, 250)
    detail[0x9003] = "2024:01:02 03:04:05"
    detail[0x9000] = b"0230"
    detail[0x927C] = b"\x01\x02Nikon\x00\x00\x00"
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (52.0, 31.0, 12.5)
    return exif


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif"])
def test_exif_in_every_container(photo, name):
    found = open_bytes(encode(photo[:32, :32], name, exif=sample_exif())).metadata
    assert found.problems == ()
    expected = {
        "Make": "NIKON", "Model": "D70", "Software": "Ver.1.00", "XResolution": "300/1",
        "DateTimeOriginal": "2024:01:02 03:04:05", "ExifVersion": "0230", "MakerNote": "<10 bytes>",
        "ExposureTime": "1/250",
    }  # fmt: skip
    assert {k: found.get("exif", k) for k in expected} == expected
    assert (found.get("gps", "GPSLatitudeRef"), found.get("gps", "GPSLatitude")) == ("N", "52/1 31/1 25/2")


@pytest.mark.parametrize("order", ["<", ">"])
def test_fields_of_a_tiff(order):
    at = 8 + len(ifd([(271, 2, 4, b"Me\x00\x00"), (0x8769, 4, 1, b"")]))
    first = [(271, 2, 4, b"Me\x00\x00"), (0x8769, 4, 1, struct.pack(order + "I", at))]
    below = ifd([(0x829A, 5, 1, struct.pack(order + "II", 1, 60))], order=order, at=at)
    found = open_bytes(tiff_header(order) + ifd(first, order=order) + below).metadata
    assert pairs(found, "exif") == {("Make", "Me"), ("ExposureTime", "1/60")}


def exif_of(*entries, order="<"):
    return read_exif(tiff_header(order) + ifd(list(entries), order=order))


@pytest.mark.parametrize("order", ["<", ">"])
def test_types(order):
    block = exif_of(
        (0x0100, 3, 1, struct.pack(order + "H", 640)),
        (0x0102, 3, 3, struct.pack(order + "3H", 8, 8, 8)),
        (0x829A, 5, 1, struct.pack(order + "II", 1, 60)),
        (0x9204, 10, 1, struct.pack(order + "ii", -1, 3)),
        (0x9C9B, 1, 12, "Título".encode("utf-16-le")),
        (0xFDE8, 12, 1, struct.pack(order + "d", 0.25)),
        (0xFDE9, 4, 100, struct.pack(order + "100I", *range(100))),
        order=order,
    )
    values = {t.name: t.value for t in block.tags()}
    assert values == {
        "ImageWidth": "640", "BitsPerSample": "8 8 8", "ExposureTime": "1/60", "ExposureBiasValue": "-1/3",
        "XPTitle": "Título", "0xFDE8": "0.25", "0xFDE9": "<100 values>",
    }  # fmt: skip


@pytest.mark.parametrize(
    "raw",
    [
        b"ASCII\x00\x00\x00Steps: 20",
        b"UNICODE\x00" + "Steps: 20".encode("utf-16-be"),
        b"UNICODE\x00" + "Steps: 20".encode("utf-16-le"),
        b"UNICODE\x00" + "Steps: 20".encode("utf-16"),
        b"\x00" * 8 + b"Steps: 20\x00\x00",
        b"Steps: 20",
    ],
)
def test_user_comment(raw):
    details = ifd([(0x9286, 7, len(raw), raw)], at=8 + 18)
    block = read_exif(tiff_header() + ifd([(0x8769, 4, 1, struct.pack("<I", 26))]) + details)
    assert [t.value for t in block.tags()] == ["Steps: 20"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no TIFF header"),
        (b"II*\x00\xff\xff\xff\xff", "outside"),
        (tiff_header() + struct.pack("<H", 60000), "declares 60000"),
        (tiff_header() + struct.pack("<H", 3) + bytes(10), "cut"),
        (tiff_header() + ifd([(271, 2, 100, struct.pack("<I", 4000))]), "outside"),
        (tiff_header() + ifd([(271, 99, 1, b"")]), "unknown type"),
        (tiff_header() + ifd([(0x8769, 4, 1, struct.pack("<I", 8))]), "loops"),
        (tiff_header() + ifd([], following=8), "loops"),
    ],
)
def test_broken_exif_is_a_problem(data, words):
    assert any(words in p for p in read_exif(data).problems)


def test_overlapping_values_do_not_multiply():
    """A thousand fields that all point at the same megabyte."""
    big = 1 << 20
    entries = [(40000 + i, 7, big, struct.pack("<I", 8 + 2 + 12000 + 4)) for i in range(1000)]
    body = struct.pack("<H", 1000) + b"".join(
        struct.pack("<HHI", tag, kind, count) + raw for tag, kind, count, raw in entries
    )
    block = read_exif(tiff_header() + body + bytes(4) + bytes(big))
    assert sum(len(e.raw) for d in block.directories for e in d.entries) <= 4 * big
    assert any("cut" in p for p in block.problems)


@settings(max_examples=300)
@given(st.binary(max_size=300), st.sampled_from([b"II*\x00", b"MM\x00*", b""]))
def test_any_exif_is_read_without_an_error(noise, start):
    block = read_exif(start + noise)
    assert all(isinstance(t.value, str) for t in block.tags())
    assert 1 <= block.orientation <= 8
