"""The detector `blink`: how the eyes of a clip open and close."""

from __future__ import annotations

from typing import ClassVar

from forensics.detectors.base import DETECTORS, Detector, DetectorInfo, not_applicable
from forensics.detectors.faces import telling
from forensics.detectors.faces.watching import Refusal, watch
from forensics.errors import MissingExtra
from forensics.evidence import Evidence, Question
from forensics.media import Kind, Media

__all__ = ["BlinkDetector"]


@DETECTORS.register("blink")
class BlinkDetector(Detector):
    """Blinks: how many, how long, how regular, and whether the clip is long enough to miss any."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="blink",
        version="1",
        title="Blinks of the person who is seen longest: number, length, regularity",
        questions=(Question.SYNTHETIC, Question.HISTORY),
        kinds=(Kind.VIDEO, Kind.ANIMATION),
        needs="ONNX Runtime (the extra cpu) and PyAV (video)",
        source="Li, Chang & Lyu, arXiv 1806.02877; Bentivoglio et al., Movement Disorders 12(6), 1997",
        calibration=telling.CALIBRATION,
        limits=telling.LIMITS,
    )

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        """Look at all frames, up to a bound on time."""
        try:
            watched = watch(media)
        except MissingExtra as error:
            return (not_applicable(self.info, Question.SYNTHETIC, f"{error}."),)
        if isinstance(watched, Refusal):
            return (not_applicable(self.info, Question.SYNTHETIC, watched.reason),)
        return telling.too_few(self.info, watched), telling.measured(self.info, watched)
