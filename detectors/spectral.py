"""The detector `spectral`: azimuthal profile of the power spectrum, in cycles per pixel."""

from __future__ import annotations

from typing import ClassVar

from forensics.detectors.base import DetectorInfo
from forensics.detectors.learned.detector import TileDetector
from forensics.detectors.learned.findings import LIMITS, calibration_of
from forensics.evidence import Question
from forensics.media import Kind

__all__ = ["Spectral"]


class Spectral(TileDetector):
    """Azimuthal profile of the power spectrum, in cycles per pixel."""

    what = "a spectrum as layers that enlarge leave it, with too much or too little at its fine end"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="spectral",
        version="1",
        title="Azimuthal profile of the power spectrum, in cycles per pixel",
        questions=(Question.SYNTHETIC,),
        kinds=(Kind.IMAGE, Kind.ANIMATION),
        needs="cpu",
        source="Durall et al. 2020, arXiv:2003.01826",
        calibration=calibration_of("spectral"),
        limits=LIMITS,
    )
