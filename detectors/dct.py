"""The detector `dct`: coefficients of the cosine transform."""

from __future__ import annotations

from typing import ClassVar

from forensics.detectors.base import DETECTORS, DetectorInfo
from forensics.detectors.learned.detector import TileDetector
from forensics.detectors.learned.findings import info_of

__all__ = ["Cosine"]


@DETECTORS.register("dct")
class Cosine(TileDetector):
    """Coefficients of the cosine transform."""

    what = "cosine coefficients as layers that enlarge leave them"
    info: ClassVar[DetectorInfo] = info_of(
        "dct", "Coefficients of the cosine transform", "Frank et al. 2020, arXiv:2003.08685"
    )
