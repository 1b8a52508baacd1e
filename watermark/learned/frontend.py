"""The trained front end: where to hide a mark, and how to see it again.

Encoder and extractor of HiDDeN (Zhu et al. 2018, arXiv:1807.09937), with one difference: the carriers
between them are drawn from a key and not learned. The networks know no key, so that whoever has them can
neither read nor write marks, and the signs of the carriers stay independent of all that they compute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forensics.runtime.sessions import Session
from forensics.runtime.store import Bundle

__all__ = ["ENCODER", "EXTRACTOR", "Learned"]

ENCODER, EXTRACTOR = "encoder.onnx", "extractor.onnx"
_TILE = 1024  # pixels each way that are looked at in one go
_MARGIN = 64  # more than the networks see around a pixel

Floats = npt.NDArray[np.float32]


class Learned:
    """A front end of two networks.

    Args:
        bundle: Their files.
    """

    name = "learned"

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def amplitude(self, luma: Floats) -> Floats:
        """Return how strong a mark may be at each pixel, by the encoder."""
        return _run(self._encoder, luma)

    def residual(self, luma: Floats) -> Floats:
        """Return what the extractor makes of a picture."""
        return _run(self._extractor, luma)

    @cached_property
    def _encoder(self) -> Session:
        return Session(self.bundle.read(ENCODER))

    @cached_property
    def _extractor(self) -> Session:
        return Session(self.bundle.read(EXTRACTOR))


def _run(session: Session, luma: Floats) -> Floats:
    """Run a network over a picture, part by part: memory stays bounded."""
    height, width = luma.shape
    if min(luma.shape) < _MARGIN or height % 2 or width % 2:
        more = [(0, max(n % 2, _MARGIN - n)) for n in luma.shape]
        return _run(session, np.pad(luma, more, mode="edge"))[:height, :width]
    out = np.empty((height, width), np.float32)
    for rows in _parts(height):
        for columns in _parts(width):
            part = np.ascontiguousarray(luma[rows.seen, columns.seen], np.float32)
            (found,) = session(part[None, None])
            out[rows.kept, columns.kept] = found[0, 0, rows.inner, columns.inner]
    return out


@dataclass(frozen=True)
class _Part:
    """A part of one side: what is kept, what is looked at for it, and where the first lies in the second."""

    kept: slice
    seen: slice

    @property
    def inner(self) -> slice:
        return slice(self.kept.start - self.seen.start, self.kept.stop - self.seen.start)


def _parts(size: int) -> Iterator[_Part]:
    for start in range(0, size, _TILE):
        stop = min(start + _TILE, size)
        yield _Part(slice(start, stop), slice(max(0, start - _MARGIN), min(size, stop + _MARGIN)))
