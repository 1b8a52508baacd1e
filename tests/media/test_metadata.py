"""IPTC, PNG text, comments and profiles, made by hand or by Pillow, and broken blocks."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from forensics.media import Limits, Metadata, open_bytes
from forensics.media._budget import Budget
from forensics.media.icc import icc_description
from forensics.media.iptc import read_iptc

from .helpers import chunk, encode, encode_frames, ifd, insert, insert_chunks, segment, tiff_header


def dataset(record, number, value):
    return bytes([0x1C, record, number]) + struct.pack(">H", len(value)) + value


def resource(number, data):
    return (
        b"8BIM"
        + struct.pack(">H", number)
        + b"\x00\x00"
        + struct.pack(">I", len(data))
        + data
        + b"\x00" * (len(data) & 1)
    )


def test_iptc_in_a_jpeg(photo):
    records = (
        dataset(1, 90, b"\x1b%G") + dataset(2, 0, b"\x00\x04") + dataset(2, 110, "Zoë".encode())
        + dataset(2, 25, b"cat") + dataset(2, 25, b"dog") + dataset(2, 116, b"\xa9 me")
        + dataset(2, 230, b"x")
    )  # fmt: skip
    block = b"Photoshop 3.0\x00" + resource(0x0425, b"odd") + resource(0x0404, records)
    found = open_bytes(insert(encode(photo, "jpeg"), segment(0xED, block))).metadata
    assert [(t.name, t.value) for t in found.group("iptc")] == [
        ("Credit", "Zoë"), ("Keywords", "cat"), ("Keywords", "dog"), ("CopyrightNotice", "© me"),
        ("2:230", "x"),
    ]  # fmt: skip


def test_iptc_agrees_with_pillow(photo):
    from PIL import IptcImagePlugin

    block = b"Photoshop 3.0\x00" + resource(0x0404, dataset(2, 5, b"Title") + dataset(2, 80, b"Jane"))
    data = insert(encode(photo, "jpeg"), segment(0xED, block))
    with Image.open(io.BytesIO(data)) as picture:
        reference = IptcImagePlugin.getiptcinfo(picture)
    found = open_bytes(data).metadata
    assert reference == {
        (2, 5): found.get("iptc", "ObjectName").encode(),
        (2, 80): found.get("iptc", "By-line").encode(),
    }


def test_png_text(photo):
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a cat\nSteps: 20, Seed: 1")
    info.add_text("workflow", '{"nodes": []}' * 100, zip=True)
    info.add_itxt("prompt", "ein Bär", zip=True)
    info.add_itxt("Software", "NovelAI")
    found = open_bytes(encode(photo, "png", pnginfo=info)).metadata
    assert [(t.name, t.value) for t in found.group("png")] == [
        ("parameters", "a cat\nSteps: 20, Seed: 1"),
        ("workflow", '{"nodes": []}' * 100),
        ("prompt", "ein Bär"),
        ("Software", "NovelAI"),
    ]


def test_png_text_behind_the_pixels_and_in_utf_8(photo):
    data = encode(photo, "png")
    data = (
        data[:-12]
        + chunk(b"tEXt", b"Comment\x00" + "Zoë".encode())
        + chunk(b"tEXt", b"b\x00Zo\xeb")
        + data[-12:]
    )
    found = open_bytes(data).metadata
    assert (found.get("png", "Comment"), found.get("png", "b")) == ("Zoë", "Zoë")


def test_png_raw_profile(photo):
    block = tiff_header() + ifd([(271, 2, 6, b"Maker\x00")])
    text = f"\nexif\n{len(block) + 6:8d}\n{(b'Exif' + bytes(2) + block).hex()}\n".encode()
    for kind, body in ((b"tEXt", text), (b"zTXt", b"\x00" + zlib.compress(text))):
        data = insert_chunks(encode(photo, "png"), chunk(kind, b"Raw profile type exif\x00" + body))
        assert open_bytes(data).metadata.get("exif", "Make") == "Maker"
    broken = insert_chunks(encode(photo, "png"), chunk(b"tEXt", b"Raw profile type exif\x00\nexif\n3\nxyz"))
    assert "raw profile" in open_bytes(broken).metadata.problems[0]


def test_a_text_bomb_is_cut(photo):
    bomb = zlib.compress(bytes(200 << 20), 9)
    data = insert_chunks(
        encode(photo, "png"),
        chunk(b"zTXt", b"a\x00\x00" + bomb),
        chunk(b"iTXt", b"b\x00\x01\x00\x00\x00" + bomb),
        chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + bomb),
        chunk(b"iCCP", b"p\x00\x00" + bomb),
    )
    found = open_bytes(data, limits=Limits(metadata_bytes=1000)).metadata
    assert {t.name: len(t.value) for t in found.group("png")} == {"a": 1000, "b": 1000}
    assert sum("cut to 1000" in p for p in found.problems) == 2


@pytest.mark.parametrize(
    "body",
    [
        (b"zTXt", b"a\x00\x00nothing"),
        (b"tEXt", b"no separator"),
        (b"iTXt", b"a\x00\x00\x00"),
        (b"iCCP", b"p\x00\x00x"),
    ],
)
def test_broken_png_text_is_a_problem(photo, body):
    found = open_bytes(insert_chunks(encode(photo, "png"), chunk(*body))).metadata
    assert "broken" in found.problems[0]


def test_comments(photo):
    jpeg = open_bytes(encode(photo, "jpeg", comment="made by hand")).metadata
    gif = open_bytes(encode_frames([photo, photo[::-1]], "gif", comment="animated by hand" * 40)).metadata
    assert jpeg.get("comment", "Comment") == "made by hand"
    assert gif.get("comment", "Comment") == "animated by hand" * 40
    assert jpeg.get("jfif", "Version") == "1.01"


def test_descriptions_of_profiles():
    head = bytes(128) + struct.pack(">I", 1) + b"desc" + struct.pack(">II", 144, 90)
    old = b"desc" + bytes(4) + struct.pack(">I", 5) + b"sRGB\x00"
    new = (
        b"mluc"
        + bytes(4)
        + struct.pack(">II", 1, 12)
        + b"enUS"
        + struct.pack(">II", 8, 28)
        + "sRGB".encode("utf-16-be")
    )
    assert icc_description(head + old) == icc_description(head + new) == "sRGB"
    assert icc_description(b"") == icc_description(head) == "unnamed"


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_noise_in_every_block_is_survived(noise):
    records = read_iptc(b"\x1c\x02" + noise, Budget(Limits()))
    assert all(t.group == "iptc" for t in records)
    assert isinstance(icc_description(bytes(128) + noise), str)
    data = (
        b"\xff\xd8"
        + segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04" + noise)
        + segment(0xE0, b"JFIF\x00" + noise[:3])
    )
    assert isinstance(open_bytes(data + b"\xff\xd9").metadata, Metadata)
    for name, start in (
        ("webp", b"RIFF\x00\x00\x00\x00WEBP"),
        ("avif", b"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00"),
    ):
        media = open_bytes(start + noise)
        assert media.container.format == name
        assert isinstance(media.metadata, Metadata)
