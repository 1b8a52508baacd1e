"""Skeletons: what they hold, what they give back, and what hostile ones do, which is nothing."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from forensics.errors import LimitExceeded, MediaError, RestorationError, UnsupportedMedia
from forensics.provenance.restoring import Skeleton, rebuilt, skeleton_of
from forensics.provenance.restoring.coded import Family, Span, coded_digest, coded_spans
from forensics.provenance.restoring.delta import MOST_LITERALS, Delta, Step, difference, unpack
from forensics.provenance.restoring.stripping import bare, rechunked
from forensics.provenance.restoring.strips import tiff_strips

HEAD = 79  # bytes before the packed difference


def picture(form: str, **options: object) -> bytes:
    rng = np.random.default_rng(5)
    out = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8)).save(out, form, **options)
    return out.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@st.composite
def files_in_pieces(draw: st.DrawFn) -> tuple[bytes, list[Span]]:
    data = draw(st.binary(max_size=400))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=12)))
    spans = [Span(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False) if a < b]
    return data, draw(st.permutations(spans))


@given(files_in_pieces())
def test_a_difference_and_its_base_give_the_file(case: tuple[bytes, list[Span]]) -> None:
    data, spans = case
    base = b"".join(data[s.start : s.end] for s in spans)
    delta = difference(data, spans)
    assert unpack(delta.pack()) == delta
    assert delta.applied(base) == data
    assert delta.size == len(data)
    if base:
        assert delta.applied(base[:-1]) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for packed in (raw, zlib.compress(raw)):
        try:
            delta = unpack(packed)
        except RestorationError:
            continue
        made = delta.applied(b"0123456789")
        assert made is None or len(made) <= len(delta.literals) + 10


def test_a_difference_takes_no_byte_of_the_base_more_often_than_there_are_bytes() -> None:
    greedy = Delta(tuple(Step(0, -10, 10) for _ in range(1000)), b"")
    assert greedy.applied(bytes(10)) is None
    assert Delta((Step(0, -1, 1),), b"").applied(b"ab") is None
    assert Delta((Step(0, 1, 1), Step(1, -2, 1)), b"-").applied(b"ab") == b"b-a"


def test_hostile_packed_differences_are_refused() -> None:
    bomb = zlib.compress(bytes(MOST_LITERALS * 2))
    cases = {
        "cut, too large": bomb,
        "too many steps": zlib.compress(b"\xff\xff\xff\x7f"),
        "number in the record is broken": zlib.compress(b"\xff" * 20),
        "does not hold": zlib.compress(b"\x01\x05\x00\x00abc"),
        "cannot be expanded": b"no zlib",
        "goes on behind": zlib.compress(b"\x00") + b"more",
    }
    for words, packed in cases.items():
        with pytest.raises(RestorationError, match=words):
            unpack(packed)


def test_hostile_skeletons_are_refused(signed_rich: Callable[[str], bytes]) -> None:
    good = skeleton_of(signed_rich("rich.png"))
    stripped = bare(signed_rich("rich.png"))
    assert rebuilt(stripped, good) is not None
    for bad in (b"", b"FSKEL", good[:HEAD], good[:-1], b"X" + good[1:], good[:5] + b"\x02" + good[6:]):
        with pytest.raises(RestorationError):
            rebuilt(stripped, bad)
    with pytest.raises(RestorationError, match="version"):
        rebuilt(stripped, good[:6] + b"\x63" + good[7:])
    forged = good[:7] + bytes(32) + good[39:]  # another SHA-256
    assert rebuilt(stripped, forged) is None


@given(data=st.data())
def test_a_flipped_byte_never_gives_a_wrong_file(data: st.DataObject) -> None:
    whole = picture("JPEG", comment=b"x" * 50)
    packed = bytearray(skeleton_of(whole))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = rebuilt(bare(whole), bytes(packed))
    except RestorationError:
        return
    assert found in (None, whole)


@pytest.mark.parametrize("name", ["rich.jpg", "rich.png", "rich.webp", "lossless.webp", "rich.tif"])
def test_a_skeleton_is_the_file_less_its_picture(name: str, signed_rich: Callable[[str], bytes]) -> None:
    whole = signed_rich(name)
    skeleton = Skeleton.of(whole)
    assert Skeleton.unpack(skeleton.pack()) == skeleton
    assert skeleton.coded_size + len(skeleton.delta.literals) == len(whole)
    assert skeleton.around(whole) == whole
    assert len(skeleton.pack()) < len(whole) - skeleton.coded_size + 200


def test_a_png_stream_may_be_cut_anew() -> None:
    whole = picture("PNG", dpi=(72, 72))
    for size in (1, 100, 1 << 20):
        assert rebuilt(rechunked(whole, size), skeleton_of(whole)) == whole


def test_strips_may_lie_elsewhere(signed_rich: Callable[[str], bytes]) -> None:
    whole = signed_rich("rich.tif")
    assert (
        b"".join(whole[a:b] for a, b in tiff_strips(whole))
        == np.asarray(Image.open(io.BytesIO(whole))).tobytes()
    )
    again = io.BytesIO()
    opened = Image.open(io.BytesIO(whole))
    Image.fromarray(np.asarray(opened)).save(again, "TIFF", compression="raw", strip_size=1 << 20)
    assert len(again.getvalue()) < len(whole)
    assert rebuilt(again.getvalue(), skeleton_of(whole)) == whole


def test_labels_tell_streams_apart() -> None:
    data = b"aabb"
    one = [Span(0, 2, b"IDAT"), Span(2, 4, b"fdAT")]
    other = [Span(0, 3, b"IDAT"), Span(3, 4, b"fdAT")]
    assert coded_digest(data, one) != coded_digest(data, other)
    split = [Span(0, 1, b"IDAT"), Span(1, 2, b"IDAT"), Span(2, 4, b"fdAT")]
    assert coded_digest(data, one) == coded_digest(data, split)


def test_metadata_items_are_no_picture() -> None:
    exif = Image.Exif()
    exif[271] = "Example maker"
    whole = picture("AVIF", exif=exif.tobytes())
    spans = coded_spans(whole, Family.ISO)
    assert spans
    assert b"Example maker" in whole
    assert not any(b"Example maker" in whole[s.start : s.end] for s in spans)


def test_jpeg_keeps_tables_and_scans_alone() -> None:
    whole = picture("JPEG", quality=80, progressive=True, comment=b"secret", exif=b"Exif\x00\x00II*\x00")
    coded = b"".join(whole[s.start : s.end] for s in coded_spans(whole, Family.JPEG))
    assert not any(word in coded for word in (b"secret", b"Exif", b"JFIF"))
    assert coded.endswith(b"\xff\xd9")
    Image.open(io.BytesIO(b"\xff\xd8" + coded)).load()


def test_what_is_not_taken_apart_is_refused() -> None:
    for data in (b"", b"plain text", b"%PDF-1.7 "):
        with pytest.raises(UnsupportedMedia):
            skeleton_of(data)
    huge = picture("JPEG") + np.random.default_rng(1).bytes(MOST_LITERALS)
    with pytest.raises(LimitExceeded):
        skeleton_of(huge)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF"])
def test_damaged_files_are_taken_apart_or_refused(form: str) -> None:
    whole, rng = picture(form), np.random.default_rng(9)
    for _ in range(60):
        bad = bytearray(whole[: rng.integers(4, len(whole) + 1)])
        for at in rng.integers(4, min(len(bad), 300), 3) if len(bad) > 4 else ():
            bad[at] = rng.integers(0, 256)
        try:
            packed = skeleton_of(bytes(bad))
        except MediaError:
            continue
        assert rebuilt(bytes(bad), packed) == bad


@pytest.mark.parametrize(("start", "words"), [(b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff", "riff")])
def test_huge_lengths(start: bytes, words: str) -> None:
    skeleton = Skeleton.of(start + bytes(20))
    assert skeleton.family == words
    assert skeleton.coded_size == 20


def test_png_text_is_in_the_skeleton_not_in_the_coded_part() -> None:
    whole = picture("PNG")
    noted = whole[:33] + png_chunk(b"tEXt", b"Comment\x00private") + whole[33:]
    skeleton = Skeleton.of(noted)
    assert b"private" in skeleton.delta.literals
    assert skeleton.coded_sha256 == Skeleton.of(whole).coded_sha256
    assert rebuilt(whole, skeleton.pack()) == noted
