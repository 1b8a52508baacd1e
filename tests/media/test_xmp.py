"""XMP packets as flat tags, in every container, and hostile ones."""

from __future__ import annotations

import struct

import pytest

from forensics.media import Limits, Metadata, open_bytes
from forensics.media._budget import Budget
from forensics.media.xmp import read_xmp

from .helpers import chunk, encode, insert, insert_chunks, segment

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


def budget(most: int = 1 << 20) -> Budget:
    return Budget(Limits(metadata_bytes=most))


def pairs(metadata: Metadata, group: str):
    return {(t.name, t.value) for t in metadata.group(group)}


def test_xmp_is_flattened_with_the_usual_prefixes():
    found = read_xmp(PACKET, budget())
    assert pairs(found, "xmp") == EXPECTED
    assert found.problems == ()


def test_xmp_in_utf_16_and_with_padding():
    text = PACKET.decode().replace("\ufeff", "")
    assert pairs(read_xmp(text.encode("utf-16"), budget()), "xmp") == EXPECTED
    assert pairs(read_xmp(PACKET + b"\x00" * 50, budget()), "xmp") == EXPECTED


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
    found = read_xmp(packet, budget())
    assert found.tags == ()
    assert words in found.problems[0]


def test_deep_structures_and_many_tags_are_cut():
    wrap = (
        b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:o='o/'><rdf:Description>%b"
    )
    close = b"</rdf:Description></rdf:RDF>"
    deep = wrap % (b"<o:a>" * 50 + b"x" + b"</o:a>" * 50 + close)
    assert any("deeply" in p for p in read_xmp(deep, budget(100)).problems)
    many = read_xmp(wrap % (b"<o:a>x</o:a>" * 5000 + close), budget(100))
    assert len(many.tags) == 4096
    long = read_xmp(wrap % (b"<o:a>" + b"x" * 500 + b"</o:a>" + close), budget(100))
    assert long.tags[0].value == "x" * 100
    assert "cut" in long.problems[0]
