"""The detector `residual`: residuals of neighbouring pixels, by a network that keeps the grid."""

from __future__ import annotations

from typing import ClassVar

from forensics.detectors.base import DETECTORS, DetectorInfo
from forensics.detectors.learned.detector import TileDetector
from forensics.detectors.learned.findings import info_of

__all__ = ["Residual"]


@DETECTORS.register("residual")
class Residual(TileDetector):
    """Residuals of neighbouring pixels, by a network that keeps the grid."""

    what = "residuals as decoders leave them"
    info: ClassVar[DetectorInfo] = info_of(
        "residual",
        "Residuals of neighbouring pixels, by a network that keeps the grid",
        "Tan et al. 2024, arXiv:2312.10461; Corvi et al. 2022, arXiv:2211.00680",
    )
