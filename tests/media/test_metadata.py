"""Tags of every kind of block, made by hand or by Pillow, and blocks that are broken on purpose."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational

from forensics.media import Limits, Metadata, open_bytes
from forensics.media.exif import read_exif
from forensics.media.icc import icc_description
from forensics.media.iptc import read_iptc
from forensics.media.xmp import read_xmp

from .helpers import chunk, encode, encode_frames, ifd, insert, insert_chunks, segment, tiff_header

TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
PACKET = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Toolkit 1">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Paint &amp; more"
    xmlns:ext="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:own="http://example.org/own/"
    xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:mm="http://ns.adobe.com/xap/1.0/mm/"
    xmlns:e="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#">
   <ext:DigitalSourceType>{TRAINED}</ext:DigitalSourceType>
   <own:Thing rdf:resource="http://example.org/x"/>
   <dc:subject><rdf:Bag><rdf:li>cat</rdf:li><rdf:li>dog</rdf:li></rdf:Bag></dc:subject>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Zoë</rdf:li></rdf:Alt></dc:title>
   <mm:History><rdf:Seq><rdf:li rdf:parseType="Resource"><e:action>created</e:action></rdf:li>
     <rdf:li e:action="saved" e:softwareAgent="Tool"/></rdf:Seq></mm:History>
   <mm:DerivedFrom><rdf:Description e:action="derived"/></mm:DerivedFrom>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()
EXPECTED = {
    ("x:xmptk", "Toolkit 1"),
    ("xmp:CreatorTool", "Paint & more"),
    ("Iptc4xmpExt:DigitalSourceType", TRAINED),
    ("own:Thing", "http://example.org/x"),
    ("dc:subject", "cat"),
    ("dc:subject", "dog"),
    ("dc:title", "Zoë"),
    ("xmpMM:History/stEvt:action", "created"),
    ("xmpMM:History/stEvt:action", "saved"),
    ("xmpMM:History/stEvt:softwareAgent", "Tool"),
    ("xmpMM:DerivedFrom/stEvt:action", "derived"),
}


def pairs(metadata: Metadata, group: str):
    return {(t.name, t.value) for t in metadata.group(group)}


# --- XMP -----------------------------------------------------------------------------------------------


def test_xmp_is_flattened_with_the_usual_prefixes():
    found = read_xmp(PACKET, 1 << 20)
    assert pairs(found, "xmp") == EXPECTED
    assert found.problems == ()


def test_xmp_in_utf_16_and_with_padding():
    text = PACKET.decode().replace("\ufeff", "")
    assert pairs(read_xmp(text.encode("utf-16"), 1 << 20), "xmp") == EXPECTED
    assert pairs(read_xmp(PACKET + b"\x00" * 50, 1 << 20), "xmp") == EXPECTED


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "tiff", "avif"])
def test_xmp_in_every_container(photo, name):
    small = photo[:32, :32]
    if name == "png":
        data = insert_chunks(
            encode(small, "png"), chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + PACKET)
        )
    elif name == "tiff":
        data = encode(small, "tiff", tiffinfo={700: PACKET})
    else:
        data = encode(small, name, xmp=PACKET)
    assert pairs(open_bytes(data).metadata, "xmp") == EXPECTED


def test_xmp_in_a_gif(photo):
    plain = encode(photo[:16, :16], "gif")
    ramp = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
    block = b"\x21\xff\x0bXMP DataXMP" + PACKET + ramp
    at = 13 + 768
    assert plain[at : at + 1] in (b"\x2c", b"\x21")
    assert pairs(open_bytes(plain[:at] + block + plain[at:]).metadata, "xmp") == EXPECTED


def test_extended_xmp_is_put_together(photo):
    head = b"http://ns.adobe.com/xmp/extension/\x00" + b"0" * 32 + struct.pack(">I", len(PACKET))
    half = len(PACKET) // 2
    first = segment(0xE1, head + struct.pack(">I", 0) + PACKET[:half])
    second = segment(0xE1, head + struct.pack(">I", half) + PACKET[half:])
    for order in ((first, second), (second, first)):
        assert pairs(open_bytes(insert(encode(photo, "jpeg"), *order)).metadata, "xmp") == EXPECTED


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<x xmlns="y">&b;</x>"""


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (LAUGHS, "entities"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "entities"),
        (b"<x><y></x>", "broken"),
        (b"", "broken"),
        (b"\xff\xfe\x00", "broken"),
        (b"<?xml version='1.0' encoding='nonsense'?><x/>", "broken"),
        (b"<a>" * 100_000, "nested"),
        (b"<a>" + b"<b/>" * 400_000 + b"</a>", "too many"),
    ],
)
def test_hostile_xmp_is_a_problem_and_not_an_error(packet, words):
    found = read_xmp(packet, 1 << 20)
    assert found.tags == ()
    assert words in found.problems[0]


def test_deep_structures_and_many_tags_are_cut():
    wrap = (
        b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:o='o/'><rdf:Description>%b"
    )
    close = b"</rdf:Description></rdf:RDF>"
    deep = wrap % (b"<o:a>" * 50 + b"x" + b"</o:a>" * 50 + close)
    assert any("deeply" in p for p in read_xmp(deep, 100).problems)
    many = read_xmp(wrap % (b"<o:a>x</o:a>" * 5000 + close), 100)
    assert len(many.tags) == 4096
    long = read_xmp(wrap % (b"<o:a>" + b"x" * 500 + b"</o:a>" + close), 100)
    assert long.tags[0].value == "x" * 100
    assert "cut" in long.problems[0]


# --- EXIF ----------------------------------------------------------------------------------------------


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


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"II*\x00", b"MM\x00*", b""]))
def test_any_exif_is_read_without_an_error(noise, start):
    block = read_exif(start + noise)
    assert all(isinstance(t.value, str) for t in block.tags())
    assert 1 <= block.orientation <= 8


# --- IPTC, PNG text, comments, profiles ----------------------------------------------------------------


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
    assert sum("cut" in p for p in found.problems) == 2


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


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_noise_in_every_block_is_survived(noise):
    records = read_iptc(b"\x1c\x02" + noise, 100)
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
