"""Everything of a signed file but its coded picture: what gives the file back when all metadata are gone.

A skeleton holds each byte that is no coded picture: credentials, EXIF, colour profile, XMP, thumbnails, the
structure around them, and what follows the picture. With the coded picture of a stripped copy it makes the
signed file again, byte by byte, or says that it cannot. It is as private as the metadata in it.

A packed skeleton has, in this order: b"FSKEL", version 1, the family's number, the SHA-256 of the file, the
digest of its coded parts, their length in 8 bytes, and a packed difference (see `delta`).
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field

from forensics.errors import MediaError, RestorationError
from forensics.provenance.restoring.coded import Family, coded_digest, coded_spans, family_of
from forensics.provenance.restoring.delta import Delta, difference, unpack

__all__ = ["Skeleton", "rebuilt", "skeleton_of"]

_MAGIC = b"FSKEL"
_VERSION = 1
_HEAD = struct.Struct(">5sBB32s32sQ")
_FAMILIES = (Family.JPEG, Family.PNG, Family.RIFF, Family.GIF, Family.TIFF, Family.ISO, Family.JXL)


@dataclass(frozen=True)
class Skeleton:
    """A signed file without its coded picture.

    Attributes:
        family: How the file is built.
        sha256: SHA-256 of the file, 32 bytes.
        coded_sha256: Digest of its coded parts, 32 bytes; see `coded_digest`.
        coded_size: Bytes of them.
        delta: Everything else, and where they belong.
    """

    family: Family
    sha256: bytes
    coded_sha256: bytes
    coded_size: int
    delta: Delta = field(repr=False)

    @classmethod
    def of(cls, signed: bytes) -> Skeleton:
        """Take a file apart.

        Args:
            signed: The whole file.

        Raises:
            UnsupportedMedia: It is of a type that is not taken apart here.
            LimitExceeded: It is in too many pieces, or too much of it is no picture.
            MediaError: Its structure is broken.
        """
        family = family_of(signed)
        spans = coded_spans(signed, family)
        return cls(
            family,
            hashlib.sha256(signed).digest(),
            coded_digest(signed, spans),
            sum(span.end - span.start for span in spans),
            difference(signed, spans),
        )

    @classmethod
    def unpack(cls, packed: bytes) -> Skeleton:
        """Read a packed skeleton.

        Raises:
            RestorationError: It is no skeleton, of another version, or broken.
        """
        if len(packed) < _HEAD.size or not packed.startswith(_MAGIC):
            raise RestorationError("this is no skeleton of a signed file")
        _, version, number, whole, coded, size = _HEAD.unpack_from(packed)
        if version != _VERSION or number >= len(_FAMILIES):
            raise RestorationError("the skeleton is of another version", expected=_VERSION, actual=version)
        return cls(_FAMILIES[number], whole, coded, size, unpack(packed[_HEAD.size :]))

    def pack(self) -> bytes:
        """Return it as bytes, which `unpack` reads."""
        number = _FAMILIES.index(self.family)
        head = _HEAD.pack(_MAGIC, _VERSION, number, self.sha256, self.coded_sha256, self.coded_size)
        return head + self.delta.pack()

    def around(self, stripped: bytes) -> bytes | None:
        """Return the signed file made from a copy with the same coded picture; None if it is not the same.

        Args:
            stripped: A copy, in whatever metadata it now has.

        Returns:
            A file whose SHA-256 is the recorded one.
        """
        coded = self._coded(stripped)
        found = None if coded is None else self.delta.applied(coded)
        return found if found is not None and hashlib.sha256(found).digest() == self.sha256 else None

    def _coded(self, data: bytes) -> bytes | None:
        """Coded parts of a copy, one after the other; None unless they are those of the signed file."""
        try:
            if family_of(data) is not self.family:
                return None
            spans = coded_spans(data, self.family)
        except MediaError:
            return None
        if sum(span.end - span.start for span in spans) != self.coded_size:
            return None
        if coded_digest(data, spans) != self.coded_sha256:
            return None
        view = memoryview(data)
        return b"".join(view[span.start : span.end] for span in spans)


def skeleton_of(signed: bytes) -> bytes:
    """Return the packed skeleton of a signed file.

    Args:
        signed: The whole file.

    Raises:
        UnsupportedMedia: It is of a type that is not taken apart here.
        LimitExceeded: It is in too many pieces, or more than 16 MiB of it are no picture.
        MediaError: Its structure is broken.
    """
    return Skeleton.of(signed).pack()


def rebuilt(stripped: bytes, skeleton: bytes) -> bytes | None:
    """Return the signed file, made from a stripped copy and the skeleton of the signed one.

    Args:
        stripped: A copy that lost metadata, or has other ones.
        skeleton: What `skeleton_of` gave for the signed file.

    Returns:
        The signed file, whose SHA-256 was compared; None where the coded picture is another one.

    Raises:
        RestorationError: The skeleton is broken or hostile.
    """
    return Skeleton.unpack(skeleton).around(stripped)
