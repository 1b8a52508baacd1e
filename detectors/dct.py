"""The detector `dct`: coefficients of the cosine transform."""

from __future__ import annotations

from typing import ClassVar

from forensics.detectors.base import DetectorInfo
from forensics.detectors.learned.detector import TileDetector
from forensics.detectors.learned.findings import LIMITS, calibration_of
from forensics.evidence import Question
from forensics.media import Kind

__all__ = ["Cosine"]


class Cosine(TileDetector):
    """Coefficients of the cosine transform."""

    what = "cosine coefficients as layers that enlarge leave them"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="dct",
        version="1",
        title="Coefficients of the cosine transform",
        questions=(Question.SYNTHETIC,),
        kinds=(Kind.IMAGE, Kind.ANIMATION),
        needs="cpu",
        source="Frank et al. 2020, arXiv:2003.08685",
        calibration=calibration_of("dct"),
        limits=LIMITS,
    )
