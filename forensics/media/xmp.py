"""XMP packets (ISO 16684-1) as flat tags with the usual prefixes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from forensics.media.types import Metadata, Tag

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["read_xmp"]

_MOST_TAGS = 4096
_MOST_DEPTH = 12  # of structures within structures
_MOST_NESTING = 200  # of XML elements
_MOST_EVENTS = 200_000
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TOOLKIT = ("{adobe:ns:meta/}xmpmeta", "{adobe:ns:meta/}xmptk")
_XML = "http://www.w3.org/XML/1998/namespace"
_CONTAINERS = {f"{{{_RDF}}}{name}" for name in ("Bag", "Seq", "Alt")}
_PREFIXES = {
    "adobe:ns:meta/": "x",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://ns.adobe.com/camera-raw-settings/1.0/": "crs",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://ns.adobe.com/lightroom/1.0/": "lr",
    "http://ns.adobe.com/pdf/1.3/": "pdf",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xap/1.0/rights/": "xmpRights",
    "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#": "stEvt",
    "http://ns.adobe.com/xap/1.0/sType/ResourceRef#": "stRef",
    "http://ns.adobe.com/xmp/1.0/DynamicMedia/": "xmpDM",
    "http://ns.adobe.com/xmp/note/": "xmpNote",
    "http://ns.google.com/photos/1.0/camera/": "GCamera",
    "http://ns.google.com/photos/1.0/container/": "Container",
    "http://ns.google.com/photos/1.0/container/item/": "Item",
    "http://ns.useplus.org/ldf/xmp/1.0/": "plus",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    _RDF: "rdf",
    _XML: "xml",
}


class _Reader:
    def __init__(self, most: int) -> None:
        self.most = most
        self.prefixes = dict(_PREFIXES)
        self.tags: list[Tag] = []
        self.problems: list[str] = []

    def add(self, name: str, value: str) -> None:
        if len(self.tags) >= _MOST_TAGS:
            self.note(f"XMP: only the first {_MOST_TAGS} properties are kept")
            return
        if len(value) > self.most:
            self.note(f"XMP: {name} is cut to {self.most} characters")
        self.tags.append(Tag("xmp", name, value[: self.most]))

    def note(self, sentence: str) -> None:
        if sentence not in self.problems:
            self.problems.append(sentence)

    def name(self, qualified: str) -> str:
        """Return "prefix:name" of an ElementTree name."""
        if not qualified.startswith("{"):
            return qualified
        uri, _, local = qualified[1:].partition("}")
        return f"{self.prefixes.get(uri, uri)}:{local}"

    def attributes(self, element: Element, parent: str) -> None:
        for key, value in element.items():
            if key == f"{{{_RDF}}}resource":
                self.add(parent.rstrip("/"), value)
            elif key.startswith("{") and not key.startswith((f"{{{_RDF}}}", f"{{{_XML}}}")):
                self.add(parent + self.name(key), value)

    def properties(self, element: Element, parent: str, depth: int) -> None:
        """Take the properties of a node: its attributes and its child elements."""
        self.attributes(element, parent)
        for child in element:
            self.value(child, parent + self.name(child.tag), depth + 1)

    def value(self, element: Element, name: str, depth: int) -> None:
        """Take one property: a text, a list, a structure or a reference."""
        if depth > _MOST_DEPTH:
            self.note(f"XMP: {name} is nested too deeply")
            return
        self.attributes(element, name + "/")
        children = list(element)
        if not children and (text := (element.text or "").strip()):
            self.add(name, text)
        for child in children:
            if child.tag in _CONTAINERS:
                for item in child:
                    self.value(item, name, depth + 1)
            elif child.tag == f"{{{_RDF}}}Description":
                self.properties(child, name + "/", depth + 1)
            else:
                self.value(child, f"{name}/{self.name(child.tag)}", depth + 1)


def read_xmp(packet: bytes, most: int) -> Metadata:
    """Read an XMP packet; never raises.

    Lists give one tag per entry; fields of structures are named "property/field". Entities and document
    types are refused.

    Args:
        packet: The serialised packet.
        most: Characters of one value that are kept.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException

    reader = _Reader(most)
    try:
        for description in _descriptions(packet, reader):
            reader.properties(description, "", 0)
    except DefusedXmlException:
        reader.note("XMP: the packet defines entities and is not read")
    except (ParseError, ValueError, LookupError) as error:
        reader.note(f"XMP: the packet is broken: {error}")
    return Metadata(tuple(reader.tags), tuple(reader.problems))


def _descriptions(packet: bytes, reader: _Reader) -> Iterator[Element]:
    """Yield the top-level descriptions, noting the prefixes that the packet declares."""
    from defusedxml.ElementTree import iterparse

    depth = inside = seen = 0
    text = packet if packet.startswith((b"\xff\xfe", b"\xfe\xff")) else packet.strip(b"\x00 \t\r\n")
    for event, node in iterparse(io.BytesIO(text), events=("start-ns", "start", "end"), forbid_dtd=True):
        if event == "start-ns":
            reader.prefixes.setdefault(node[1], node[0])
            continue
        depth += 1 if event == "start" else -1
        seen += 1
        if depth > _MOST_NESTING or seen > _MOST_EVENTS:
            raise ValueError("far too many or too deeply nested elements")
        if node.tag == _TOOLKIT[0] and event == "start" and _TOOLKIT[1] in node.attrib:
            reader.add("x:xmptk", node.attrib[_TOOLKIT[1]])
        if node.tag == f"{{{_RDF}}}Description":
            inside += 1 if event == "start" else -1
            if inside == 0:
                yield node
                node.clear()
