"""The detector `residual`: residuals of neighbouring pixels, by a network that keeps the grid."""

from __future__ import annotations

from typing import ClassVar

from forensics.detectors.base import DetectorInfo
from forensics.detectors.learned.detector import TileDetector
from forensics.detectors.learned.findings import LIMITS, calibration_of
from forensics.evidence import Question
from forensics.media import Kind

__all__ = ["Residual"]


class Residual(TileDetector):
    """Residuals of neighbouring pixels, by a network that keeps the grid."""

    what = "residuals as decoders leave them"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="residual",
        version="1",
        title="Residuals of neighbouring pixels, by a network that keeps the grid",
        questions=(Question.SYNTHETIC,),
        kinds=(Kind.IMAGE, Kind.ANIMATION),
        needs="cpu",
        source="Tan et al. 2024, arXiv:2312.10461; Corvi et al. 2022, arXiv:2211.00680",
        calibration=calibration_of("residual"),
        limits=LIMITS,
    )
