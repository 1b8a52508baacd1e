"""Only small JPEG and bounded PNG reach the page; sizes agree with another decoder."""

from __future__ import annotations

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from forensics.scan.page.pictures import PREVIEW_SIDE, jpeg_size, map_text, png_size, preview_text

from .samples import jpeg, png


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"exif": b"Exif\0\0" + bytes(3000)}, {"comment": b"x" * 500}]
)
@pytest.mark.parametrize("size", [(1, 1), (17, 31), (192, 100), (100, 193), (3000, 2)])
def test_size_of_a_jpeg(size: tuple[int, int], options: dict[str, object]) -> None:
    data = jpeg(*size, **options)
    assert jpeg_size(data) == Image.open(io.BytesIO(data)).size == size


@pytest.mark.parametrize("size", [(1, 1), (300, 7)])
def test_size_of_a_png(size: tuple[int, int]) -> None:
    assert png_size(png(*size)) == size


def test_a_small_jpeg_and_a_map_pass_as_they_are() -> None:
    assert base64.b64decode(preview_text(jpeg(PREVIEW_SIDE, 5))) == jpeg(PREVIEW_SIDE, 5)
    assert base64.b64decode(map_text(png())) == png()


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"\xff\xd8\xff",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a" + bytes(50),
        png(),
        jpeg(PREVIEW_SIDE + 1, 1),
        jpeg(1, PREVIEW_SIDE + 1),
        jpeg()[:30],
        jpeg() + bytes(300_000),
        b"\xff\xd8\xff\xe0" + bytes(40),
    ],
)
def test_anything_else_is_no_preview(data: bytes | None) -> None:
    assert preview_text(data) == ""


@pytest.mark.parametrize("data", [b"", b"<svg/>", jpeg(), png(4097, 1), png()[:20], png() + bytes(9 << 20)])
def test_anything_else_is_no_map(data: bytes) -> None:
    assert map_text(data) == ""


@given(st.binary(max_size=200))
def test_no_bytes_break_the_look_into_a_header(data: bytes) -> None:
    jpeg_size(b"\xff\xd8\xff" + data)
    png_size(png()[:16] + data)
