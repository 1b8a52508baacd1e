"""The detector `cooccurrence`: co-occurrence matrices of red, green and blue."""

from __future__ import annotations

from typing import ClassVar

from forensics.detectors.base import DETECTORS, DetectorInfo
from forensics.detectors.learned.detector import TileDetector
from forensics.detectors.learned.findings import info_of

__all__ = ["Cooccurrence"]


@DETECTORS.register("cooccurrence")
class Cooccurrence(TileDetector):
    """Co-occurrence matrices of red, green and blue."""

    what = "neighbouring values in proportions that decoders leave, in each colour"
    info: ClassVar[DetectorInfo] = info_of(
        "cooccurrence",
        "Co-occurrence matrices of red, green and blue",
        "Nataraj et al. 2019, arXiv:1903.06836",
    )
