"""Types come from content, names decide nothing."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.errors import UnsupportedMedia
from forensics.media import Kind, open_bytes
from forensics.media.sniff import CONTAINERS, sniff

from .helpers import encode, encode_frames

FTYP = b"\x00\x00\x00\x18ftyp%b\x00\x00\x00\x00%b%b"

STARTS = [
    (FTYP % (b"isom", b"isom", b"avc1"), "mp4"),
    (FTYP % (b"qt  ", b"qt  ", b"qt  "), "mov"),
    (b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat", "mov"),
    (FTYP % (b"heic", b"mif1", b"heic"), "heif"),
    (FTYP % (b"mif1", b"mif1", b"heic"), "heif"),
    (FTYP % (b"mif1", b"mif1", b"avif"), "avif"),
    (FTYP % (b"avif", b"mif1", b"miaf"), "avif"),
    (FTYP % (b"avis", b"avif", b"msf1"), "avif"),
    (b"\x1a\x45\xdf\xa3\x93\x42\x82\x84webm\x00", "webm"),
    (b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska", "matroska"),
    (b"RIFF\x00\x00\x00\x00AVI LIST", "avi"),
    (b"\xff\x0a\xfa\x00", "jxl"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n\x00\x00", "jxl"),
]


@pytest.mark.parametrize(("start", "name"), STARTS)
def test_signatures(start, name):
    assert sniff(start).format == name


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif", "gif", "tiff", "bmp"])
def test_what_pillow_writes(photo, name):
    container = sniff(encode(photo, name))
    assert container.format == name
    assert container.kind is Kind.IMAGE


@pytest.mark.parametrize(
    ("name", "mime"), [("png", "image/apng"), ("gif", "image/gif"), ("webp", "image/webp")]
)
def test_animations(photo, name, mime):
    container = sniff(encode_frames([photo, photo[::-1], 255 - photo], name))
    assert (container.format, container.mime, container.kind) == (name, mime, Kind.ANIMATION)


def test_avif_sequence(photo):
    assert sniff(encode_frames([photo, photo[::-1]], "avif")).kind is Kind.ANIMATION


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF", "PostScript"),
        (b"\xc5\xd0\xd3\xc6\x1e", "EPS"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?><SVG/>", "SVG"),
        (b"  <!DOCTYPE html>", "HTML"),
        (b"II+\x00\x08\x00\x00\x00", "BigTIFF"),
        (b"8BPS\x00\x01", "Photoshop"),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00", "this content"),
        (FTYP % (b"crx ", b"crx ", b"isom"), "this content"),
        (b"BM is how this letter starts, so it is none", "this content"),
        (b"plain text", "this content"),
        (b"\x00", "this content"),
    ],
)
def test_refused_with_the_reason(start, words):
    with pytest.raises(UnsupportedMedia, match=words):
        sniff(start)


def test_a_lying_name_is_noted_and_not_believed(photo):
    media = open_bytes(encode(photo, "png"), "holiday.JPG")
    assert media.container.format == "png"
    assert not media.extension_matches
    assert np.array_equal(media.pixels, photo)


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "", "noextension"])
def test_fitting_names(photo, name):
    assert open_bytes(encode(photo, "png"), name).extension_matches


def test_extensions_are_lower_case_with_a_dot():
    assert all(e.startswith(".") and e == e.lower() for c in CONTAINERS for e in c.extensions)


@given(
    st.binary(max_size=64),
    st.sampled_from([b"", b"GIF89a", b"RIFF", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\x00"]),
)
def test_any_bytes_are_known_or_refused(tail, start):
    with contextlib.suppress(UnsupportedMedia):
        assert sniff(start + tail) in CONTAINERS
