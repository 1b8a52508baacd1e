"""How a file relates to a recorded one, as far as bytes and samples prove it."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from forensics.errors import ForensicsError
from forensics.evidence import Model
from forensics.provenance.restoring.coded import coded_digest, coded_spans, family_of

if TYPE_CHECKING:
    from forensics.watermark.pictures.source import Samples

__all__ = ["Imprint", "Relation", "imprint_of", "relation", "sample_digest"]

_ROWS = 64


class Relation(StrEnum):
    """What the comparison of two files proves."""

    IDENTICAL = "identical"  # the same bytes
    STRIPPED = "metadata differ, coded picture bit-exact"
    RECODED = "encoded anew without loss, pixels bit-exact"
    DIFFERENT = "different"  # the pixels differ
    UNKNOWN = "cannot be told"  # the coded data differ, and the samples of one of them could not be read


class Imprint(Model):
    """Digests by which a file, its coded picture and its pixels are known again.

    Attributes:
        sha256: Of the file, in hex.
        coded_sha256: Of the family's name and its coded parts, in hex; "" where it is not taken apart.
        samples_sha256: What `sample_digest` gave, in hex; "" for clips and what cannot be decoded here.
    """

    sha256: str
    coded_sha256: str = ""
    samples_sha256: str = ""


def imprint_of(data: bytes) -> Imprint:
    """Return the digests of a file.

    The digest of the samples of a lossy picture holds for decoders that round alike.

    Args:
        data: The whole file, of any type.
    """
    return Imprint(
        sha256=hashlib.sha256(data).hexdigest(), coded_sha256=_coded(data), samples_sha256=_samples(data)
    )


def relation(data: bytes, imprint: Imprint) -> Relation:
    """Compare a file with a recorded one; samples are decoded only if nothing else decides.

    Args:
        data: The whole file.
        imprint: What `imprint_of` gave for the recorded one.
    """
    if hashlib.sha256(data).hexdigest() == imprint.sha256:
        return Relation.IDENTICAL
    if imprint.coded_sha256 and _coded(data) == imprint.coded_sha256:
        return Relation.STRIPPED
    samples = _samples(data) if imprint.samples_sha256 else ""
    if not samples:
        return Relation.UNKNOWN
    return Relation.RECODED if samples == imprint.samples_sha256 else Relation.DIFFERENT


def sample_digest(frames: tuple[Samples, ...]) -> str:
    """Return the SHA-256 of what can be seen, in hex: 16-bit RGBA, whatever the file stored.

    Grey counts as equal red, green and blue, no alpha as full alpha, 8 bits as the same share of 16, and the
    colour of a pixel without any opacity as black.

    Args:
        frames: (H, W, C) uint8 or uint16 each, C = 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.

    Example:
        >>> grey = np.full((2, 3, 1), 7, np.uint8)
        >>> sample_digest((grey,)) == sample_digest((np.full((2, 3, 3), 7 * 257, np.uint16),))
        True
    """
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(f"{frame.shape[0]}x{frame.shape[1]}:".encode())
        for row in range(0, frame.shape[0], _ROWS):
            digest.update(_rgba(frame[row : row + _ROWS]).tobytes())
    return digest.hexdigest()


def _rgba(rows: Samples) -> Samples:
    wide = rows.astype("<u2") * np.uint16(257 if rows.dtype.itemsize == 1 else 1)
    colour, alpha = (wide[..., :-1], wide[..., -1:]) if rows.shape[2] in (2, 4) else (wide, None)
    full = np.full((*rows.shape[:2], 4), 0xFFFF, "<u2")
    full[..., :3] = colour
    if alpha is not None:
        full[..., 3:] = alpha
        full[alpha[..., 0] == 0] = 0
    return full


def _coded(data: bytes) -> str:
    try:
        family = family_of(data)
        spans = coded_spans(data, family)
    except ForensicsError:
        return ""
    digest = hashlib.sha256(f"{family}:".encode() + coded_digest(data, spans))
    return digest.hexdigest() if spans else ""


def _samples(data: bytes) -> str:
    from forensics.watermark.pictures import load_bytes_for_marking

    try:
        return sample_digest(load_bytes_for_marking(data).frames)
    except ForensicsError:
        return ""
