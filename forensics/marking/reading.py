"""What a signed file shows, decoded once."""

from __future__ import annotations

from forensics.errors import MediaError
from forensics.media import Pixels
from forensics.provenance.restoring.coded import Family, coded_digest, coded_spans, family_of
from forensics.provenance.store.recording import pixels_in
from forensics.watermark.pictures import Encoded

__all__ = ["seen_in"]

_PLAIN = (Family.JPEG, Family.PNG, Family.RIFF)  # signing adds to these, and changes nothing


def seen_in(data: bytes, encoded: Encoded | None) -> Pixels | None:
    """Return the pixels of a signed picture; None for what is none.

    What was decoded before it was signed is not decoded again where the coded picture is the same, byte for
    byte.

    Args:
        data: The signed file.
        encoded: The file before, with what it decoded to; None if that is not known.

    Raises:
        MediaError: The picture is broken or too large.
        MissingExtra: Its decoder is not installed.
    """
    if encoded is not None and (before := _coded(encoded.data)) and before == _coded(data):
        return encoded.pixels
    return pixels_in(data)


def _coded(data: bytes) -> bytes:
    """Return a digest of the coded picture; b"" where it cannot be told."""
    try:
        family = family_of(data)
        return coded_digest(data, coded_spans(data, family)) if family in _PLAIN else b""
    except MediaError:
        return b""
