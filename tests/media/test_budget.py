"""Metadata in many blocks: all of one file share one budget, and what is left out is said."""

from __future__ import annotations

import struct
import tracemalloc
import zlib

import numpy as np
import pytest

from forensics.media import Limits, open_bytes
from forensics.media import _budget as budget_module
from forensics.media import image as image_module
from forensics.media import png as png_module
from forensics.media._budget import Budget
from forensics.media.iptc import photoshop_resources, read_iptc

from .helpers import chunk, encode, ifd, insert, insert_chunks, segment, tiff_header

MEGABYTES = 110
SMALL = np.zeros((16, 16, 3), np.uint8)
XMP_CHUNK = b"XML:com.adobe.xmp\x00\x01\x00\x00\x00"
XMP_APP1 = b"http://ns.adobe.com/xap/1.0/\x00"
RDF = b"<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:o='o/'>%b</r:RDF>"
ELEMENTS = b"<a>" + b"<b/>" * 95_000 + b"</a>"


def png(*chunks):
    return insert_chunks(encode(SMALL, "png"), *chunks)


def jpeg(*segments):
    return insert(encode(SMALL, "jpeg"), *segments)


def xmp_chunks(packet, count):
    return png(*[chunk(b"iTXt", XMP_CHUNK + zlib.compress(packet, 9))] * count)


def box(kind, body):
    return struct.pack(">I", len(body) + 8) + kind + body


def webp(*chunks):
    body = b"VP8X" + struct.pack("<I", 10) + bytes(10)
    return b"RIFF\xff\xff\xff\x00WEBP" + body + b"".join(k + struct.pack("<I", len(d)) + d for k, d in chunks)


def avif(payload, items, parts=1):
    kind = b"mime\x00application/rdf+xml\x00"
    infe = b"".join(box(b"infe", b"\x02\x00\x00\x00" + struct.pack(">HH", i, 0) + kind) for i in range(items))
    iinf = box(b"iinf", bytes(4) + struct.pack(">H", items) + infe)
    start = b"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00"

    def whole(at):
        place = struct.pack(">H", parts) + struct.pack(">II", at, len(payload)) * parts
        iloc = bytes(4) + b"\x44\x00" + struct.pack(">H", items)
        iloc += b"".join(struct.pack(">HH", i, 0) + place for i in range(items))
        return start + box(b"meta", bytes(4) + iinf + box(b"iloc", iloc)) + struct.pack(">I4s", 0, b"mdat")

    return whole(len(whole(0))) + payload


def resource(body):
    return b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(body)) + body


def tiff():
    """A directory that names the same packet nine hundred times."""
    at = 8 + 2 + 12 * 900 + 4
    field = struct.pack("<HHII", 700, 1, len(ELEMENTS), at)
    return tiff_header() + struct.pack("<H", 900) + field * 900 + bytes(4) + ELEMENTS


def exif_flood():
    values = ifd([(0x9000 + i, 2, 60_000, bytes(5)) for i in range(400)])
    return jpeg(*[segment(0xE1, b"Exif\x00\x00" + (tiff_header() + values).ljust(65_000, b"x"))] * 400)


def flat(count):
    return RDF % (b"<r:Description " + b" ".join(b"o:a%d='1'" % i for i in range(count)) + b"/>")


BOMBS = {
    "XMP chunks": lambda: xmp_chunks(ELEMENTS, 2000),
    "XMP of namespaces": lambda: xmp_chunks(
        b"<a " + b" ".join(b"xmlns:n%d='u'" % i for i in range(300_000)) + b"/>", 2
    ),
    "XMP of attributes": lambda: xmp_chunks(flat(200_000), 10),
    "XMP of line ends": lambda: xmp_chunks(b"<a>" + b"\n" * (8 << 20) + b"</a>", 30),
    "XMP of comments": lambda: xmp_chunks(b"<a>" + b"<!---->" * 1_000_000 + b"</a>", 30),
    "XMP of entities": lambda: xmp_chunks(b"<a>" + b"&lt;" * 2_000_000 + b"</a>", 30),
    "XMP of one long value": lambda: xmp_chunks(
        RDF % (b"<r:Description o:a='" + "\U0001f600".encode() + b"x" * (11 << 20) + b"'/>"), 30
    ),
    "XMP of long names": lambda: xmp_chunks(
        RDF
        % (b"<r:Description><o:%b>%b</o:%b></r:Description>")
        % (b"n" * (1 << 20), b"<o:x>y</o:x>" * 4000, b"n" * (1 << 20)),
        1,
    ),
    "XMP segments": lambda: jpeg(*[segment(0xE1, XMP_APP1 + b"<a>" + b"<b/>" * 16_000 + b"</a>")] * 400),
    "extended XMP": lambda: jpeg(
        *[
            segment(
                0xE1,
                b"http://ns.adobe.com/xmp/extension/\x00%032d" % i + bytes(8) + b"<a>" + b"<b/>" * 16_000,
            )
            for i in range(400)
        ]
    ),
    "XMP in WebP": lambda: webp(*[(b"XMP ", ELEMENTS + b" ")] * 60),
    "XMP items": lambda: avif(ELEMENTS, 4000),
    "items in many parts": lambda: avif(bytes(4 << 20), 60, 250),
    "XMP fields": tiff,
    "texts": lambda: png(*[chunk(b"zTXt", b"a\x00\x00" + zlib.compress(b"x" * (1 << 20), 9))] * 1800),
    "international texts": lambda: png(
        *[chunk(b"iTXt", b"a\x00\x01\x00\x00\x00" + zlib.compress(bytes(16 << 20), 9))] * 300
    ),
    "XMP chunks of zeros": lambda: xmp_chunks(bytes(16 << 20), 300),
    "profiles": lambda: png(*[chunk(b"iCCP", b"p\x00\x00" + zlib.compress(bytes(16 << 20), 9))] * 800),
    "profiles that break at their end": lambda: png(
        *[chunk(b"iCCP", b"p\x00\x00" + zlib.compress(bytes(10 << 20), 9)[:-4] + b"none")] * 800
    ),
    "raw profiles": lambda: png(
        *[
            chunk(
                b"zTXt",
                b"Raw profile type exif\x00\x00" + zlib.compress(b"\nexif\n 3\n" + b"0 " * (8 << 20), 9),
            )
        ]
        * 400
    ),
    "EXIF segments": exif_flood,
    "IPTC segments": lambda: jpeg(
        *[segment(0xED, b"Photoshop 3.0\x00" + resource(b"\x1c\x03\x19\x00\x00" * 12_000))] * 400
    ),
    "comments": lambda: jpeg(*[segment(0xFE, b"\xff" * 65_000)] * 400),
}


@pytest.mark.parametrize("name", BOMBS)
def test_metadata_of_any_file_end_with_the_budget(name, monkeypatch):
    """A reader that takes nothing from the budget leaves nothing out, and needs minutes for some of these."""
    monkeypatch.setattr(budget_module, "_MOST_ENTRIES", 20_000)
    found = open_bytes(BOMBS[name]()).metadata
    assert found.problems
    assert sum(len(tag.name) + len(tag.value) for tag in found.tags) < 32 << 20


@pytest.mark.parametrize(
    "name",
    [
        "XMP of attributes",
        "XMP of comments",
        "XMP of long names",
        "XMP of one long value",
        "international texts",
        "items in many parts",
        "raw profiles",
        "texts",
    ],
)
def test_metadata_of_any_file_take_little_memory(name):
    media = open_bytes(BOMBS[name]())
    tracemalloc.start()
    try:
        _ = media.metadata
        assert tracemalloc.get_traced_memory()[1] / 1e6 < MEGABYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["XMP chunks", "XMP segments", "texts", "XMP items", "comments"])
def test_what_is_left_out_is_said_first(name):
    assert "of one file" in open_bytes(BOMBS[name]()).metadata.problems[0]


def test_metadata_within_the_budget_are_whole_and_beyond_it_are_cut():
    texts = [chunk(b"tEXt", b"t%d\x00" % i + b"x" * 1000) for i in range(4)]
    for total, kept in ((4000, 4), (3999, 4), (3000, 3), (2500, 3), (1, 1)):
        found = open_bytes(png(*texts), limits=Limits(metadata_total=total)).metadata
        assert len(found.tags) == kept
        assert sum(len(tag.value) for tag in found.tags) == total
        assert bool(found.problems) == (total < 4000)


def test_xmp_is_read_up_to_where_it_is_cut_or_broken():
    many = b"<r:Description o:first='1'><o:second>2</o:second>" + b"<o:x/>" * 300_000 + b"</r:Description>"
    found = open_bytes(xmp_chunks(RDF % many, 1)).metadata
    assert [(t.name, t.value) for t in found.group("xmp")] == [("o:first", "1"), ("o:second", "2")]
    assert any("cut" in p for p in found.problems)
    broken = RDF.partition(b"%b")[0] + b"<r:Description o:first='1'><o:second>2</o:second><o:third>3\xff"
    found = open_bytes(xmp_chunks(broken, 1)).metadata
    assert [(t.name, t.value) for t in found.group("xmp")] == [("o:first", "1"), ("o:second", "2")]
    assert "broken" in found.problems[0]


def test_a_few_large_packets_are_read_whole():
    """More than any writer leaves: a packet of two megabytes with fifty thousand list entries."""
    entries = b"".join(b"<r:li>xmp.did:%030d</r:li>" % i for i in range(50_000))
    packet = RDF % (b"<r:Description><o:ancestors><r:Bag>%b</r:Bag></o:ancestors>" % entries)
    found = open_bytes(xmp_chunks(packet.replace(b"</r:RDF>", b"</r:Description></r:RDF>"), 1)).metadata
    assert found.problems == ("XMP: only the first 4096 properties are kept",)


def test_time_is_bounded_as_well():
    found = open_bytes(xmp_chunks(ELEMENTS, 3), limits=Limits(seconds=0.0)).metadata
    assert "longer" in found.problems[0]


def test_problems_are_counted_beyond_some():
    texts = [chunk(b"zTXt", b"t%d\x00\x00" % i + zlib.compress(b"x" * 50)) for i in range(300)]
    found = open_bytes(png(*texts), limits=Limits(metadata_bytes=10)).metadata
    assert found.problems[0] == "100 more problems of the metadata are not listed"
    assert len(found.problems) == 201


def test_iptc_shares_the_entries():
    budget = Budget(Limits())
    budget.entries = 5
    assert len(read_iptc(b"\x1c\x02\x19\x00\x01k" * 9, budget)) == 5
    assert list(photoshop_resources(resource(b"") * 3, budget)) == []
    assert budget.problem


def test_describing_a_picture_expands_one_profile_only(monkeypatch):
    calls = []
    inflate = png_module.inflate
    monkeypatch.setattr(png_module, "inflate", lambda *given: calls.append(given) or inflate(*given))
    packed = zlib.compress(bytes(1000))
    data = png(
        *[chunk(b"zTXt", b"a\x00\x00" + packed)] * 5,
        *[chunk(b"iTXt", XMP_CHUNK + packed)] * 5,
        *[chunk(b"iCCP", b"p\x00\x00" + packed)] * 5,
        *[chunk(b"zTXt", b"Raw profile type xmp\x00\x00" + packed)] * 5,
    )
    assert open_bytes(data).image.icc == "unnamed"
    assert len(calls) == 1
    _ = open_bytes(data).metadata
    assert len(calls) == 21


def test_the_pixels_do_not_wait_for_the_metadata(monkeypatch):
    """The decoder never sees the blocks that cost it much."""
    seen = []
    plugin = image_module.plugin_of("gif")
    monkeypatch.setattr(
        image_module, "plugin_of", lambda name: lambda file: seen.append(len(file.getvalue())) or plugin(file)
    )
    plain = encode(SMALL[..., 0], "gif")
    at = 13 + 3 * (2 << (plain[10] & 7))
    comment = b"\x21\xfe" + b"\xff" + b"x" * 255
    data = plain[:at] + comment.ljust(1000, b"\x00") + plain[at:]
    many = plain[:at] + b"\x21\xfe\x05hello\x00" * 1000 + b"\x21\xff\x0bXMP DataXMP\x00" + plain[at:]
    assert np.array_equal(open_bytes(many).pixels, open_bytes(plain).pixels)
    assert seen == [len(plain)] * 2
    assert open_bytes(data).metadata.get("comment", "Comment") == "x" * 255
