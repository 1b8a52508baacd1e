"""The detector `reconstruction`: error of an autoencoder, against that of a copy."""

from __future__ import annotations

from typing import ClassVar

from forensics.detectors.base import DetectorInfo
from forensics.detectors.learned.detector import TileDetector
from forensics.detectors.learned.findings import LIMITS, calibration_of
from forensics.evidence import Question
from forensics.media import Kind

__all__ = ["Reconstruction"]


class Reconstruction(TileDetector):
    """Error of an autoencoder, against that of a copy."""

    what = "what an autoencoder gives back too well"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="reconstruction",
        version="1",
        title="Error of an autoencoder, against that of a copy",
        questions=(Question.SYNTHETIC,),
        kinds=(Kind.IMAGE, Kind.ANIMATION),
        needs="cpu",
        source="Ricker et al. 2024, arXiv:2401.17879",
        calibration=calibration_of("reconstruction"),
        limits=LIMITS,
    )
