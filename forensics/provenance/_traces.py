"""Traces that credentials leave in the bytes of a file, whatever is wrong with it otherwise.

Most pictures carry none, and that is seen a dozen times sooner than by taking them apart: a manifest store
stands in the file as it is, in boxes of type `jumb` with the label `c2pa` (C2PA 2.2, 11.1), and one that lies
elsewhere is named by the property `provenance` of the XMP (appendix A.4).
"""

from __future__ import annotations

from typing import BinaryIO

from forensics.media.sniff import HEAD
from forensics.provenance.formats import content_type

__all__ = ["bare", "has_store"]

_CHUNK = 1 << 20
_MOST = 32 << 20  # bytes; what is longer is read in part only by who takes it apart
_STORE = b"jumb"
_XMP = {
    "image/avif": b"provenance",
    "image/gif": b"provenance",
    "image/jpeg": b"http://ns.adobe.com/x",  # any XMP at all: it may come in pieces that part the word
    "image/png": b"XML:com.adobe.xmp",  # likewise: it may be compressed
    "image/webp": b"provenance",
}


def bare(stream: BinaryIO) -> bool:
    """Whether a picture certainly has no credentials in it, and no address of any.

    Args:
        stream: The file, opened for reading.

    Returns:
        False also where that cannot be told without taking the file apart.
    """
    stream.seek(0)
    data = stream.read(HEAD)
    xmp = _XMP.get(content_type(data) or "")
    if xmp is None:
        return False
    data += stream.read(_MOST - len(data) + 1)
    return len(data) <= _MOST and _STORE not in data and xmp not in data


def has_store(stream: BinaryIO) -> bool:
    """Whether the file holds the words that every manifest store begins with."""
    stream.seek(0)
    seen = {b"jumb": False, b"c2pa": False}
    tail = b""
    while chunk := stream.read(_CHUNK):
        window = tail + chunk
        seen = {word: found or word in window for word, found in seen.items()}
        if all(seen.values()):
            return True
        tail = window[-3:]
    return False
