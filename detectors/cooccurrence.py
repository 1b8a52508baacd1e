"""The detector `cooccurrence`: co-occurrence matrices of red, green and blue."""

from __future__ import annotations

from typing import ClassVar

from forensics.detectors.base import DetectorInfo
from forensics.detectors.learned.detector import TileDetector
from forensics.detectors.learned.findings import LIMITS, calibration_of
from forensics.evidence import Question
from forensics.media import Kind

__all__ = ["Cooccurrence"]


class Cooccurrence(TileDetector):
    """Co-occurrence matrices of red, green and blue."""

    what = "neighbouring values in proportions that decoders leave, in each colour"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="cooccurrence",
        version="1",
        title="Co-occurrence matrices of red, green and blue",
        questions=(Question.SYNTHETIC,),
        kinds=(Kind.IMAGE, Kind.ANIMATION),
        needs="cpu",
        source="Nataraj et al. 2019, arXiv:1903.06836",
        calibration=calibration_of("cooccurrence"),
        limits=LIMITS,
    )
