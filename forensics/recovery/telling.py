"""What a comparison with an original is worth: how often others come as near, how far copies may lie.

Both were measured: benchmarks/calibrate_recovery.py. Agreement has a p-value. Disagreement needs an argument
of its own, for little is left to agree with in a small crop: a picture is called another one only where it
lies farther from the original than any of the copies did that were made for the calibration, as far as they
were cropped, with a margin, and only where others mostly lie so far.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from forensics.recovery.placing import Nearness

__all__ = ["AGREES", "Band", "Comparison", "bands", "judged"]

AGREES = 1e-3  # p-value, all entries compared with counted
_MARGIN = 4.0  # bits beyond the farthest copy that was measured
_LEAST_SHARE = 0.5  # of the original, for a picture to be called another one


@dataclass(frozen=True)
class Band:
    """What was measured of pictures that show about so much of an original.

    Attributes:
        share: Least share of the original's area.
        copies: Copies that were made, none of them turned.
        farthest: Bits of the one that lay farthest from its own original.
        pairs: Pairs of a copy and another picture.
        tries: Places that were tried with one copy, the median.
        log10_p: 257 values: logarithm of the chance that another picture lies less than so many bits, and
            one, away at the best of all places.
    """

    share: float
    copies: int
    farthest: float
    pairs: int
    tries: int
    log10_p: tuple[float, ...]


@dataclass(frozen=True)
class Comparison:
    """A picture compared with the fingerprint of an entry.

    Attributes:
        bits: Bits of 256 in which they differ, the mean over four windows.
        share: Share of the original that the picture can show, in [0, 1].
        p_value: Chance that another picture comes as near, everything counted that was compared.
        farthest: Bits beyond which no copy lay that shows as much; infinite where nothing is said of that.
        copies: How many copies that was measured on; 0 where nothing is said.
    """

    bits: float
    share: float
    p_value: float
    farthest: float = math.inf
    copies: int = 0

    @property
    def agrees(self) -> bool:
        """Whether this is the entry's picture, but for the p-value."""
        return self.p_value <= AGREES

    @property
    def disagrees(self) -> bool:
        """Whether this is another picture: no copy looked so."""
        return not self.agrees and self.bits > self.farthest


@cache
def bands() -> tuple[Band, ...]:
    """Return what was measured, the largest share first."""
    record = json.loads((files("forensics.recovery") / "chance.json").read_text(encoding="utf-8"))
    return tuple(
        Band(
            share=one["share"], copies=one["upright"], farthest=one["upright_most"], pairs=one["pairs"],
            tries=one["tries"], log10_p=tuple(one["log10_p"]),
        )
        for one in sorted(record["bands"], key=lambda one: -one["share"])
    )  # fmt: skip


def judged(near: Nearness, share: float, entries: int, *, telling: bool = True) -> Comparison:
    """Return what it is worth that a picture comes so near to an original.

    Args:
        near: How near.
        share: Share of the original that the picture can show.
        entries: How many entries it was compared with.
        telling: Whether the geometry is known well enough to call it another picture.
    """
    band = next((band for band in bands() if share >= band.share), bands()[-1])
    # The union bound over entries, and over places where there were more than in the calibration.
    more = max(1.0, near.tries / band.tries) * entries
    log10_p = min(0.0, band.log10_p[math.floor(near.bits)] + math.log10(more))
    if not telling or share < _LEAST_SHARE:
        return Comparison(near.bits, share, 10.0**log10_p)
    return Comparison(near.bits, share, 10.0**log10_p, band.farthest + _MARGIN, band.copies)
