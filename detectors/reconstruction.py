"""The detector `reconstruction`: error of an autoencoder, against that of a copy."""

from __future__ import annotations

from typing import ClassVar

from forensics.detectors.base import DETECTORS, DetectorInfo
from forensics.detectors.learned.detector import TileDetector
from forensics.detectors.learned.findings import info_of

__all__ = ["Reconstruction"]


@DETECTORS.register("reconstruction")
class Reconstruction(TileDetector):
    """Error of an autoencoder, against that of a copy."""

    what = "what an autoencoder gives back too well"
    info: ClassVar[DetectorInfo] = info_of(
        "reconstruction",
        "Error of an autoencoder, against that of a copy",
        "Ricker et al. 2024, arXiv:2401.17879",
    )
