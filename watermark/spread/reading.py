"""Reading the code word of a tile that was found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, Layout, Payload, read_message
from forensics.watermark.spread.carriers import Plan, make_plan
from forensics.watermark.spread.embedding import Placement, read_bits

__all__ = ["Word", "read_words"]

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]

_RINGS = np.linspace(1.0, 17.0, 9)  # cycles per tile
_PRIOR = 6.0  # bins' worth of belief that all rings are alike
_LEAST_GAIN = 0.05


@dataclass(frozen=True)
class Word:
    """A code word as read.

    Attributes:
        payload: What it says.
        likelihoods: (n,) soft bits, positive for +1, in units of their noise.
        correlation: Agreement of the soft bits with the code word, 1 if all agree.
    """

    payload: Payload
    likelihoods: Floats
    correlation: float


def read_words(
    key: Key, spectrum: Complex, place: Placement, *, alternating: bool = False
) -> tuple[Word, ...]:
    """Return the likeliest word of each layout; if one has the right tag, only that.

    Args:
        key: The secret.
        spectrum: Of the mean tile, oriented.
        place: Variant and offset.
        alternating: The tile alternates.
    """
    words = []
    for quick in (True, False):
        for layout in LAYOUTS.values():
            plan = make_plan(key, layout.code.size[0], alternating=alternating)
            word = _read(key, plan, spectrum, place, layout, quick)
            if word.payload.verified:
                return (word,)
            words.append(word)
    return tuple(sorted(words[len(LAYOUTS) :], key=lambda word: -word.correlation))


def _read(key: Key, plan: Plan, spectrum: Complex, place: Placement, layout: Layout, quick: bool) -> Word:
    gains = ring_gains(spectrum, plan, place)[1]
    soft = read_bits(spectrum, plan, place, layout.code.size[0], gains)
    best = layout.code.decode(soft, quick=quick)[0]
    return Word(read_message(key, best.message, layout), soft, best.correlation)


# Maximum-ratio combining: each bin counts by the amplitude that the known bins of its ring show.
def ring_gains(spectrum: Complex, plan: Plan, place: Placement) -> tuple[float, Floats]:
    """Return the mean amplitude of the synchronising bins, and that to expect of each data bin, (M,)."""
    seen = plan.seen(spectrum, plan.sync, place.row, place.column)
    gains = (seen * np.conj(plan.sync_phases[place.variant])).real
    mean = max(float(gains.mean()), _LEAST_GAIN)
    ring = np.digitize(plan.bins.radius[plan.sync], _RINGS)
    total = np.bincount(ring, gains, len(_RINGS) + 1) + _PRIOR * mean
    count = np.bincount(ring, minlength=len(_RINGS) + 1) + _PRIOR
    per_ring = np.maximum(total / count, 0.0)
    return mean, np.asarray(per_ring[np.digitize(plan.bins.radius[plan.data], _RINGS)], np.float32)
