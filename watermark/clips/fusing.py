"""Adding frames up: tiles stand still while the scene moves, so that a sum shows them alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.watermark.clips.sampling import Sample
from forensics.watermark.spread.analysis import normalised, octave, reduced
from forensics.watermark.spread.views import View, views_of

__all__ = ["Part", "parts_of", "whole_of"]

Floats = npt.NDArray[np.float32]

_DEVIATION = 16.0  # grey levels that a sum of residuals is given, to look like a picture
_PART, _MOST_PARTS = 16, 8  # frames of a part, and parts; more frames are counted to the last


@dataclass(frozen=True)
class Part:
    """Frames of one size, added up.

    Attributes:
        shape: Height and width of the frames.
        total: (h, w) sum of their residuals by weight, on the level on which a picture is looked at first.
        frames: How many they are.
        best: The one that counts most.
    """

    shape: tuple[int, ...]
    total: Floats
    frames: int
    best: Sample

    def views(self) -> tuple[View, ...]:
        """Return what detection looks at: the sum as if it were a picture, on all levels."""
        deviation = max(float(self.total.std()), 1e-6)
        picture = np.float32(128.0) + self.total * np.float32(_DEVIATION / deviation)
        return views_of(picture, octave(*self.shape))


def parts_of(frames: Iterable[Sample]) -> list[Part]:
    """Add consecutive frames up, part by part; there is memory for the parts only.

    A frame of another size begins another part. When there are as many parts as may be, further frames go to
    the last part of their size, if there is one.
    """
    parts: list[Part] = []
    for sample in frames:
        here = _part(sample)
        last = max((n for n, part in enumerate(parts) if part.shape == here.shape), default=-1)
        full = len(parts) == _MOST_PARTS
        if last >= 0 and (full or (last == len(parts) - 1 and parts[last].frames < _PART)):
            parts[last] = _joined(parts[last], here)
        elif not full:
            parts.append(here)
    return parts


def whole_of(parts: Sequence[Part]) -> Part:
    """Return the sum of all parts whose frames have the most frequent size."""
    count: dict[tuple[int, ...], int] = {}
    for part in parts:
        count[part.shape] = count.get(part.shape, 0) + part.frames
    shape = max(count, key=lambda s: count[s])
    same = [part for part in parts if part.shape == shape]
    total = np.sum([part.total for part in same], axis=0)
    return Part(shape, total, count[shape], max((p.best for p in same), key=lambda s: s.weight))


def _part(sample: Sample) -> Part:
    shape = sample.luma.shape
    residual = normalised(reduced(sample.luma, octave(*shape)))
    residual *= np.float32(sample.weight)
    return Part(shape, residual, 1, sample)


def _joined(part: Part, other: Part) -> Part:
    total = np.add(part.total, other.total, out=part.total)
    best = max(part.best, other.best, key=lambda s: s.weight)
    return Part(part.shape, total, part.frames + other.frames, best)
