"""HEIF and JPEG XL: through their decoders where installed, and what is said where not."""

from __future__ import annotations

import io
import struct
import sys
import types

import numpy as np
import pytest
from PIL import Image

from forensics.errors import (
    CorruptMedia,
    LimitExceeded,
    MissingExtra,
    UnsupportedMedia,
)
from forensics.media import open_bytes
from forensics.media.jxl import size as jxl_size

from .helpers import encode, ifd, tiff_header


def test_heif(photo):
    heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    heif.from_pillow(Image.fromarray(photo)).save(buffer, quality=95)
    media = open_bytes(buffer.getvalue())
    assert media.container.format == "heif"
    assert np.abs(media.pixels.astype(int) - photo).mean() < 8
    assert (media.image.width, media.image.height) == (256, 192)


def jxl_header(width, height):
    """A bare codestream whose size header uses the 30-bit form (ISO 18181-1, D.2)."""
    bits = 0 | 3 << 1 | (height - 1) << 3 | 0 << 33 | 3 << 36 | (width - 1) << 38
    return b"\xff\x0a" + bits.to_bytes(12, "little")


def test_jxl_needs_its_extra_and_never_decodes_what_is_too_large():
    with pytest.raises(LimitExceeded, match="40000 x 30000"):
        _ = open_bytes(jxl_header(40000, 30000)).pixels
    try:
        import pillow_jxl  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtra, match=r"\[jxl\]"):
            _ = open_bytes(jxl_header(40, 30)).pixels
    else:
        with pytest.raises(CorruptMedia):
            _ = open_bytes(jxl_header(40, 30)).pixels


def test_missing_heif_names_the_extra(photo, monkeypatch):
    heif = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(MissingExtra, match=r"\[heif\]") as caught:
        _ = open_bytes(heif).pixels
    assert caught.value.extra == "heif"


class FakeDecoder:
    """Stands in for the decoder of the extra: same call, same five results."""

    answer = (False, types.SimpleNamespace(mode="RGB", width=2, height=1), bytes(range(6)), b"", [])

    def __init__(self, num_threads):
        assert num_threads > 0

    def __call__(self, data):
        return self.answer


@pytest.fixture
def fake_jxl(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_jxl", types.SimpleNamespace(Decoder=FakeDecoder))
    return monkeypatch


def test_jxl_samples(fake_jxl):
    media = open_bytes(jxl_header(2, 1))
    assert media.pixels.tolist() == [[[0, 1, 2], [3, 4, 5]]]
    assert (media.image.width, media.image.height, media.image.mode) == (2, 1, "rgb")


def test_jxl_that_keeps_a_jpeg(fake_jxl, photo):
    jpeg = encode(photo, "jpeg")
    fake_jxl.setattr(FakeDecoder, "answer", (True, None, jpeg, b"", []))
    assert np.array_equal(open_bytes(jxl_header(256, 192)).pixels, open_bytes(jpeg).pixels)


def test_jxl_of_floats_or_of_nothing(fake_jxl):
    info = types.SimpleNamespace(mode="F", width=2, height=1)
    fake_jxl.setattr(FakeDecoder, "answer", (False, info, bytes(8), b"", []))
    with pytest.raises(UnsupportedMedia):
        _ = open_bytes(jxl_header(2, 1)).pixels
    info.mode = "RGB"
    fake_jxl.setattr(FakeDecoder, "answer", (False, info, b"", b"", []))
    with pytest.raises(CorruptMedia):
        _ = open_bytes(jxl_header(2, 1)).pixels


def test_jxl_of_the_extra(photo):
    jxl = pytest.importorskip("pillow_jxl")
    assert jxl
    assert np.array_equal(open_bytes(encode(photo, "jxl", lossless=True)).pixels, photo)


@pytest.mark.parametrize(
    ("bits", "size"),
    [
        (1 | 2 << 1 | 0 << 6 | 4 << 9, (40, 24)),  # small: multiples of eight
        (1 | 2 << 1 | 5 << 6, (24 * 16 // 9, 24)),  # small, width by the ratio 16:9
        (0 | 1 << 1 | 999 << 3 | 7 << 16, (2000, 1000)),  # 13 bits, ratio 2:1
    ],
)
def test_jxl_size_header(bits, size):
    stream = b"\xff\x0a" + bits.to_bytes(12, "little")
    boxed = b"\x00\x00\x00\x0cJXL \r\n\x87\n" + struct.pack(">I", len(stream) + 8) + b"jxlc" + stream
    parted = boxed[:12] + struct.pack(">I", len(stream) + 12) + b"jxlp\x80\x00\x00\x00" + stream
    assert jxl_size(stream) == jxl_size(boxed) == jxl_size(parted) == size
    assert jxl_size(boxed[:20]) is None


def test_metadata_of_jxl_boxes():
    exif = tiff_header() + ifd([(271, 2, 6, b"Maker\x00")])
    xmp = b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description xmlns:xmp="
    xmp += b"'http://ns.adobe.com/xap/1.0/' xmp:CreatorTool='Tool'/></rdf:RDF>"
    data = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
    for kind, body in ((b"Exif", bytes(4) + exif), (b"xml ", xmp), (b"brob", b"Exif...")):
        data += struct.pack(">I", len(body) + 8) + kind + body
    found = open_bytes(data).metadata
    assert (found.get("exif", "Make"), found.get("xmp", "xmp:CreatorTool")) == ("Maker", "Tool")
    assert "Brotli" in found.problems[0]
    assert open_bytes(jxl_header(2, 1)).metadata.tags == ()
