"""The detector `dire_step`: what one step of a diffusion model does not give back."""

from __future__ import annotations

from typing import ClassVar

from forensics.detectors.base import DETECTORS, DetectorInfo
from forensics.detectors.learned.detector import TileDetector
from forensics.detectors.learned.findings import info_of

__all__ = ["DireStep"]


@DETECTORS.register("dire_step")
class DireStep(TileDetector):
    """What one step of a diffusion model does not give back."""

    what = "what a step of a diffusion model gives back too well"
    info: ClassVar[DetectorInfo] = info_of(
        "dire_step",
        "What one step of a diffusion model does not give back",
        "Luo et al. 2024, arXiv:2403.17465; Ma et al. 2023, arXiv:2307.06272",
    )
