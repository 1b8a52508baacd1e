"""What files carry beside their pixels, through marking: kept, or named as lost."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from forensics.media import Media, Tag, open_bytes
from forensics.media.quant import STANDARD_CHROMA, STANDARD_LUMA, ijg_table
from forensics.watermark.pictures import encode_marked, load_bytes_for_marking, load_for_marking

from .picture_files import (
    IPTC,
    RESOURCES,
    SIDES,
    XMP,
    chunk,
    exif_of,
    pixels_of,
    profile,
    saved,
    segment,
    wide_png,
)

SIGNED = Path(__file__).parents[1] / "data" / "c2pa" / "CIE-sig-CA.jpg"
RESIDUAL = np.random.default_rng(8).integers(-4, 5, SIDES).astype(np.float32)
STORAGE = {
    "ImageWidth", "ImageLength", "BitsPerSample", "Compression", "PhotometricInterpretation", "StripOffsets",
    "SamplesPerPixel", "RowsPerStrip", "StripByteCounts", "PlanarConfiguration", "ExtraSamples", "Predictor",
    "SampleFormat",
}  # fmt: skip


def tags(media: Media) -> set[Tag]:
    """All metadata but how a TIFF stores its samples."""
    assert media.metadata.problems == ()
    # An AVIF is turned by a box; whether its EXIF says so too does not matter.
    left_out = STORAGE | ({"Orientation"} if media.container.format == "avif" else set())
    return {t for t in media.metadata.tags if t.name not in left_out}


def exif_tags(media: Media) -> set[Tag]:
    return {t for t in tags(media) if t.group in ("exif", "gps")}


def marked(data: bytes, target: str | None = None, **options: int) -> tuple[Media, Media, tuple[str, ...]]:
    encoded = encode_marked(load_bytes_for_marking(data).with_residual(RESIDUAL), target, **options)
    before, after = open_bytes(data), open_bytes(encoded.data)
    assert not np.array_equal(before.pixels, after.pixels)
    return before, after, encoded.notes


def jpeg(*, exif: bytes | None = None, **options: object) -> bytes:
    """A JPEG with a density, EXIF, a profile in two parts, XMP in three, resources and a comment."""
    data = saved(pixels_of(3), "JPEG", dpi=(240, 240), **{"quality": 93, **options})
    behind = data[20:]  # SOI and JFIF
    icc = profile()
    parts = icc[:300], icc[300:]
    extended = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><!--" + b"long " * 20000 + b"--></x:xmpmeta>"
    name = hashlib.md5(extended, usedforsecurity=False).hexdigest().upper().encode()
    pieces = (
        name + struct.pack(">II", len(extended), at) + extended[at : at + 60000]
        for at in range(0, len(extended), 60000)
    )
    return b"".join(
        [
            data[:20],
            segment(0xE1, b"Exif\x00\x00" + (exif_of() if exif is None else exif)),
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + XMP),
            *(segment(0xE1, b"http://ns.adobe.com/xmp/extension/\x00" + p) for p in pieces),
            *(segment(0xE2, b"ICC_PROFILE\x00" + bytes([i, 2]) + p) for i, p in enumerate(parts, 1)),
            segment(0xED, b"Photoshop 3.0\x00" + RESOURCES),
            segment(0xFE, b"made by hand"),
            behind,
        ]
    )


def png(*, samples: bytes | None = None, xmp: bytes = XMP) -> bytes:
    """A PNG with text of all three kinds, EXIF, a profile, XMP, a density, a gamma and a time."""
    data = saved(pixels_of(3), "PNG") if samples is None else samples
    extra = [
        chunk(b"gAMA", struct.pack(">I", 45455)),
        chunk(b"iCCP", b"icc\x00\x00" + zlib.compress(profile())),
        chunk(b"pHYs", struct.pack(">IIB", 9449, 9449, 1)),
        chunk(b"tIME", bytes([7, 230, 1, 2, 3, 4, 5])),
        chunk(b"eXIf", exif_of(">", 3)),
        chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + xmp),
        chunk(b"tEXt", b"parameters\x00a cat, steps: 20"),
        chunk(b"zTXt", b"workflow\x00\x00" + zlib.compress(b"{}")),
        chunk(b"iTXt", b"Title\x00\x00\x00de\x00Titel\x00" + "Käse".encode()),
    ]
    return data[:33] + b"".join(extra) + data[33:]


def tiff() -> bytes:
    """A TIFF with everything."""
    fields = Image.Exif()
    fields.load(b"Exif\x00\x00" + exif_of())
    fields[700], fields[34377], fields[33723] = XMP, RESOURCES, IPTC
    fields[270] = "a description"
    return saved(pixels_of(3), "TIFF", exif=fields, icc_profile=profile())


def packed_tiff() -> bytes:
    """A compressed TIFF, into which Pillow cannot put directories of their own."""
    fields = TiffImagePlugin.ImageFileDirectory_v2()
    fields[270], fields[271], fields[305], fields[274] = "a description", "ACME", "by hand", 5
    return saved(pixels_of(3), "TIFF", tiffinfo=fields, icc_profile=profile(), compression="tiff_lzw")


def big_endian_tiff() -> bytes:
    pixels = pixels_of(3)
    height, width = pixels.shape[:2]
    body = pixels.tobytes()
    fields = [
        (256, 3, 1, struct.pack(">H", width)),
        (257, 3, 1, struct.pack(">H", height)),
        (258, 3, 3, struct.pack(">3H", 8, 8, 8)),
        (259, 3, 1, struct.pack(">H", 1)),
        (262, 3, 1, struct.pack(">H", 2)),
        (270, 2, 14, b"a description\x00"),
        (273, 4, 1, struct.pack(">I", 8)),
        (274, 3, 1, struct.pack(">H", 8)),
        (277, 3, 1, struct.pack(">H", 3)),
        (278, 3, 1, struct.pack(">H", height)),
        (279, 4, 1, struct.pack(">I", len(body))),
        (282, 5, 1, struct.pack(">II", 600, 2)),
        (283, 5, 1, struct.pack(">II", 600, 2)),
        (318, 5, 2, struct.pack(">4I", 3127, 10000, 329, 1000)),
    ]
    at = 8 + len(body)
    table, values = struct.pack(">H", len(fields)), b""
    behind = at + 6 + 12 * len(fields)
    for tag, kind, count, raw in fields:
        place = raw.ljust(4, b"\x00")
        if len(raw) > 4:
            place = struct.pack(">I", behind + len(values))
            values += raw
        table += struct.pack(">HHI", tag, kind, count) + place
    return b"MM\x00*" + struct.pack(">I", at) + body + table + b"\x00" * 4 + values


def carried() -> dict[str, bytes]:
    return {"exif": b"Exif\x00\x00" + exif_of(), "xmp": XMP, "icc_profile": profile()}


def webp(*, lossless: bool = True) -> bytes:
    return saved(pixels_of(3), "WEBP", lossless=lossless, **carried())


def avif() -> bytes:
    return saved(pixels_of(3), "AVIF", quality=95, **carried())


FILES = {
    "jpeg": jpeg(),
    "jpeg big-endian": jpeg(exif=exif_of(">")),
    "png": png(),
    "png wide": png(samples=wide_png(pixels_of(3).astype(np.uint16) * 257)),
    "tiff": tiff(),
    "tiff lzw": packed_tiff(),
    "tiff big-endian": big_endian_tiff(),
    "webp": webp(),
    "webp lossy": webp(lossless=False),
    "avif": avif(),
}


@pytest.mark.parametrize("name", FILES)
def test_everything_is_kept_in_the_same_format(name: str) -> None:
    before, after, notes = marked(FILES[name])
    assert len(tags(before)) >= 4
    assert tags(after) == tags(before)
    assert notes == ()
    assert before.image is not None
    assert after.image is not None
    assert (after.image.orientation, after.image.icc) == (before.image.orientation, before.image.icc)
    assert (after.image.mode, after.image.bits) == (before.image.mode, before.image.bits)
    sources = [load_bytes_for_marking(m.data).baggage for m in (before, after)]
    assert sources[0].icc == sources[1].icc
    assert sources[0].xmp == sources[1].xmp
    assert sources[0].dpi == sources[1].dpi


def test_blocks_stay_byte_for_byte() -> None:
    """Notes of a camera's maker hold offsets of their own: whoever rewrites the block breaks them."""
    for name in ("jpeg", "jpeg big-endian", "png", "webp"):
        before, after, _ = marked(FILES[name])
        blocks = [load_bytes_for_marking(m.data).baggage for m in (before, after)]
        assert blocks[0].exif == blocks[1].exif != b""
        assert blocks[0].resources == blocks[1].resources
    assert b"maker-notes!" in after.data


def test_jpeg_keeps_the_order_of_its_segments_and_its_long_xmp() -> None:
    before, after, _ = marked(FILES["jpeg"])
    assert before.jpeg is not None
    assert after.jpeg is not None
    kinds = ["APP0:JFIF", "APP1:Exif", "APP1:XMP", "APP13:Photoshop", "APP1:ExtendedXMP"]
    assert list(dict.fromkeys(after.jpeg.markers))[1:6] == kinds
    assert [len(x) for x in load_bytes_for_marking(after.data).baggage.xmp] == [len(XMP), 100055]
    with Image.open(io.BytesIO(after.data)) as picture:
        assert picture.info["dpi"] == (240, 240)
        assert picture.info["icc_profile"] == profile()
        assert picture.getexif()[274] == 6


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_keeps_tables_sampling_and_scans(subsampling: str, progressive: bool) -> None:
    tables = [[2 + i // 9 for i in range(64)], [3 + i // 8 for i in range(64)]]  # of nobody's scale
    data = saved(pixels_of(3), "JPEG", qtables=tables, subsampling=subsampling, progressive=progressive)
    before, after, notes = marked(data)
    assert before.jpeg is not None
    assert after.jpeg is not None
    assert not before.jpeg.quality_exact
    for name in ("tables", "sampling", "progressive", "quality"):
        assert getattr(after.jpeg, name) == getattr(before.jpeg, name)
    assert notes == ()


def test_jpeg_is_not_written_below_ninety_unasked() -> None:
    coarse = saved(pixels_of(3), "JPEG", quality=60)
    _, after, notes = marked(coarse)
    assert after.jpeg is not None
    assert after.jpeg.tables[0].values == ijg_table(STANDARD_LUMA, 90)
    assert after.jpeg.tables[1].values == ijg_table(STANDARD_CHROMA, 90)
    assert any("60" in n and "90" in n for n in notes)
    for quality in (40, 97):
        _, after, notes = marked(coarse, quality=quality)
        assert after.jpeg is not None
        assert after.jpeg.quality == quality
        assert notes == ()


@pytest.mark.parametrize("quality", [40, 97])
def test_jpeg_has_the_quality_that_is_asked_for(quality: int) -> None:
    _, after, notes = marked(FILES["jpeg"], quality=quality)
    assert after.jpeg is not None
    assert (after.jpeg.quality, after.jpeg.quality_exact) == (quality, True)
    assert notes == ()


def test_grey_and_rgb_jpegs_stay_what_they_are() -> None:
    before, after, _ = marked(saved(pixels_of(1), "JPEG", quality=95))
    assert after.jpeg is not None
    assert after.jpeg.components == 1
    before, after, _ = marked(saved(pixels_of(3), "JPEG", quality=95, keep_rgb=True))
    assert before.jpeg is not None
    assert after.jpeg is not None
    assert (before.jpeg.adobe_transform, after.jpeg.adobe_transform) == (0, 0)
    assert np.abs(after.pixels.astype(int) - before.pixels).mean() < 4


@pytest.mark.parametrize("target", ["jpeg", "png", "tiff", "webp", "avif"])
@pytest.mark.parametrize("name", ["jpeg", "png", "tiff", "tiff big-endian", "webp", "avif"])
def test_exif_xmp_and_profile_go_along_into_other_formats(name: str, target: str) -> None:
    before, after, _ = marked(FILES[name], target)
    first, second = exif_tags(before), exif_tags(after)
    # Densities may come from elsewhere, and an AVIF says how it is turned in a box.
    others = {t for t in first | second if "Resolution" in t.name or t.name == "Orientation"}
    assert second - others == first - others
    assert before.image is not None
    assert after.image is not None
    assert after.image.orientation == before.image.orientation
    blocks = [load_bytes_for_marking(m.data).baggage for m in (before, after)]
    assert blocks[1].xmp[:1] == blocks[0].xmp[:1]
    assert blocks[1].icc == blocks[0].icc
    assert blocks[1].orientation == blocks[0].orientation


@pytest.mark.parametrize("target", ["jpeg", "png", "tiff", "bmp"])
@pytest.mark.parametrize("name", ["jpeg", "png", "tiff big-endian"])
def test_density_goes_along(name: str, target: str) -> None:
    wanted = load_bytes_for_marking(FILES[name]).baggage.dpi
    found = load_bytes_for_marking(marked(FILES[name], target)[1].data).baggage.dpi
    assert wanted is not None
    assert found == pytest.approx(wanted, abs=0.5)


@pytest.mark.parametrize("target", ["jpeg", "png", "tiff"])
def test_captions_go_along(target: str) -> None:
    for name in ("jpeg", "tiff"):
        _, after, _ = marked(FILES[name], target)
        assert after.metadata.get("iptc", "Caption-Abstract") == "caption" or any(
            t.group == "iptc" and t.value == "caption" for t in after.metadata.tags
        )


def test_what_cannot_go_along_is_named() -> None:
    _, _, notes = marked(FILES["png"], "jpeg")
    assert any("parameters, workflow, Title" in n for n in notes)
    _, _, notes = marked(FILES["jpeg"], "bmp")
    assert any("EXIF" in n and "colour profile" in n and "XMP" in n for n in notes)
    assert any("turned" in n for n in notes)
    _, _, notes = marked(FILES["jpeg"], "webp")
    assert any("Photoshop" in n and "comment" in n and "extended XMP" in n for n in notes)
    _, after, notes = marked(png(xmp=b"x" * 70000), "jpeg")
    assert any("XMP of 70000 bytes" in n for n in notes)
    assert load_bytes_for_marking(after.data).baggage.xmp == ()


def test_a_grey_profile_does_not_go_with_colour() -> None:
    grey = profile()[:16] + b"GRAY" + profile()[20:]
    data = saved(pixels_of(1), "PNG", icc_profile=grey)
    assert load_bytes_for_marking(marked(data, "tiff")[1].data).baggage.icc == grey
    _, after, notes = marked(data, "webp")
    assert load_bytes_for_marking(after.data).baggage.icc == b""
    assert any("grey profile" in n for n in notes)


def test_broken_exif_is_left_out_and_named() -> None:
    broken = jpeg(exif=b"not a TIFF header at all")
    for target in ("jpeg", "png", "webp", "avif", "tiff"):
        _, after, notes = marked(broken, target)
        assert any("EXIF is broken" in n for n in notes)
        assert exif_tags(after) <= {t for t in exif_tags(after) if "Resolution" in t.name}


def test_an_orientation_of_the_wrong_type_does_no_harm() -> None:
    """Pillow cannot read an AVIF whose EXIF has no whole number there."""
    odd = bytearray(exif_of())
    place = odd.index(struct.pack("<HHI", 274, 3, 1))
    odd[place : place + 8] = struct.pack("<HHI", 274, 2, 2)
    for target in ("jpeg", "png", "webp", "avif", "tiff"):
        _, after, _ = marked(jpeg(exif=bytes(odd)), target)
        assert after.metadata.get("exif", "Make") == "ACME 42"
        assert after.image is not None
        assert after.image.orientation == 1


def test_a_heif_becomes_another_format() -> None:
    heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    heif.from_pillow(Image.fromarray(pixels_of(3))).save(buffer, quality=90, exif=exif_of(orientation=1))
    before, after, _ = marked(buffer.getvalue(), "png")
    assert before.container.format == "heif"
    assert exif_tags(after) >= {t for t in exif_tags(before) if t.name == "Make"}
    source = load_bytes_for_marking(buffer.getvalue())
    assert np.array_equal(source.pixels, before.pixels)


def test_credentials_are_not_carried_over_and_it_is_said() -> None:
    source = load_for_marking(SIGNED)
    assert source.baggage.credentials
    height, width = source.pixels.shape[:2]
    encoded = encode_marked(source.with_residual(np.ones((height, width))))
    assert any("Content Credentials" in n for n in encoded.notes)
    assert b"c2pa" not in encoded.data
    assert not load_bytes_for_marking(encoded.data).baggage.credentials
    chunked = png()
    chunked = chunked[:33] + chunk(b"caBX", b"jumb c2pa") + chunked[33:]
    _, after, notes = marked(chunked)
    assert any("Content Credentials" in n for n in notes)
    assert b"caBX" not in after.data


def test_what_hangs_behind_a_jpeg_is_left_out_and_named() -> None:
    _, after, notes = marked(FILES["jpeg"] + b"\x00\x00\x00\x18ftypmp42" + bytes(200))
    assert any("mp4" in n for n in notes)
    assert b"ftyp" not in after.data


def test_the_small_copy_in_a_tiff_is_left_out() -> None:
    """A thumbnail would show the picture without its mark."""
    data = bytearray(tiff())
    second = len(data)
    small = struct.pack("<HHHII", 1, 254, 4, 1, 1) + b"\x00" * 4
    first = struct.unpack_from("<I", data, 4)[0]
    end = first + 2 + 12 * struct.unpack_from("<H", data, first)[0]
    data[end : end + 4] = struct.pack("<I", second)
    _, after, notes = marked(bytes(data) + small)
    assert any("smaller copy" in n for n in notes)
    assert after.image is not None
    assert after.image.frames == 1
