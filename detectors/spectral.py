"""The detector `spectral`: azimuthal profile of the power spectrum, in cycles per pixel."""

from __future__ import annotations

from typing import ClassVar

from forensics.detectors.base import DETECTORS, DetectorInfo
from forensics.detectors.learned.detector import TileDetector
from forensics.detectors.learned.findings import info_of

__all__ = ["Spectral"]


@DETECTORS.register("spectral")
class Spectral(TileDetector):
    """Azimuthal profile of the power spectrum, in cycles per pixel."""

    what = "a spectrum as layers that enlarge leave it, with too much or too little at its fine end"
    info: ClassVar[DetectorInfo] = info_of(
        "spectral",
        "Azimuthal profile of the power spectrum, in cycles per pixel",
        "Durall et al. 2020, arXiv:2003.01826",
    )
