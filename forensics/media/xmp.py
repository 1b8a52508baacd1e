"""XMP packets (ISO 16684-1) as flat tags with the usual prefixes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from forensics.errors import LimitExceeded
from forensics.media._budget import Budget
from forensics.media.types import Metadata, Tag

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["read_xmp"]

_MOST_TAGS = 4096
_MOST_DEPTH = 12  # of structures within structures
_MOST_NESTING = 200  # of XML elements
_MOST_NAME = 256  # characters of a prefix or local name
_MARKS = b"<=&\n\r"  # each costs the parser a call or an object
_PIECE = 1 << 18
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


class _Metered(io.BytesIO):
    """A packet that ends once the budget for markup is spent."""

    def __init__(self, packet: bytes, budget: Budget) -> None:
        super().__init__(packet)
        self.budget = budget

    def read(self, size: int | None = -1) -> bytes:
        """Return the next piece, larger than asked for: expat before 2.6 begins every long token anew.

        Raises:
            LimitExceeded: The budget for markup, or for time, is spent.
        """
        piece = super().read(_PIECE)
        self.budget.deadline.check()
        marks = len(piece) - len(piece.translate(None, _MARKS))
        if self.budget.take_entries(marks) < marks:
            raise LimitExceeded("far too many elements")
        return piece


class _Reader:
    def __init__(self, most: int) -> None:
        self.most = most
        self.unfinished: Element | None = None
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
        """Return "prefix:name" of an ElementTree name; names build on each other, so each is cut."""
        if not qualified.startswith("{"):
            return self.cut(qualified)
        uri, _, local = qualified[1:].partition("}")
        return f"{self.cut(self.prefixes.get(uri, uri))}:{self.cut(local)}"

    def cut(self, name: str) -> str:
        """Return a name of bounded length."""
        if len(name) > _MOST_NAME:
            self.note(f"XMP: a name is cut to {_MOST_NAME} characters")
        return name[:_MOST_NAME]

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


def read_xmp(packet: bytes, budget: Budget) -> Metadata:
    """Read an XMP packet, up to where it breaks or the budget ends; never raises.

    Lists give one tag per entry; fields of structures are named "property/field". Entities and document
    types are refused.

    Args:
        packet: The serialised packet.
        budget: How much markup may be read, and how long a value may be.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException

    reader = _Reader(budget.value_bytes)
    try:
        for description in _descriptions(_Metered(_stripped(packet), budget), reader):
            reader.properties(description, "", 0)
    except DefusedXmlException:
        reader.note("XMP: the packet defines entities and is not read")
    except LimitExceeded as error:
        reader.note(f"XMP: the packet is cut: {error}")
    except (ParseError, ValueError, LookupError) as error:
        reader.note(f"XMP: the packet is broken: {error}")
    if reader.unfinished is not None:
        reader.properties(reader.unfinished, "", 0)
    return Metadata(tuple(reader.tags), tuple(reader.problems))


def _stripped(packet: bytes) -> bytes:
    return packet if packet.startswith((b"\xff\xfe", b"\xfe\xff")) else packet.strip(b"\x00 \t\r\n")


def _descriptions(packet: _Metered, reader: _Reader) -> Iterator[Element]:
    """Yield the top-level descriptions, noting the prefixes that the packet declares."""
    from defusedxml.ElementTree import iterparse

    depth = inside = 0
    for event, node in iterparse(packet, events=("start-ns", "start", "end"), forbid_dtd=True):
        if event == "start-ns":
            reader.prefixes.setdefault(node[1], node[0])
            continue
        depth += 1 if event == "start" else -1
        if depth > _MOST_NESTING:
            raise ValueError("far too deeply nested elements")
        if node.tag == _TOOLKIT[0] and event == "start" and _TOOLKIT[1] in node.attrib:
            reader.add("x:xmptk", node.attrib[_TOOLKIT[1]])
        if node.tag == f"{{{_RDF}}}Description":
            inside += 1 if event == "start" else -1
            reader.unfinished = node if inside == 1 and event == "start" else reader.unfinished
            if inside == 0:
                reader.unfinished = None
                yield node
                node.clear()
