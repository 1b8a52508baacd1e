"""The detector that asks a network of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from forensics.detectors.base import SIGNAL, UNCALIBRATED, Detector, DetectorInfo, few_colours, not_applicable
from forensics.detectors.buckets import quality_of
from forensics.detectors.calibrating.table import CalibrationTable
from forensics.detectors.own.model import Looked
from forensics.evidence import Evidence, EvidenceMap, Grade, Measurement, Question, Status
from forensics.media import Media

__all__ = ["FINDINGS", "Look", "OwnDetector", "own_detector"]

Look = Callable[[npt.NDArray[np.uint8]], Looked]

FINDINGS = {Question.SYNTHETIC: "generated", Question.ALTERED: "altered"}


class OwnDetector(Detector):
    """A network of the user's own; `own_detector` makes them.

    Args:
        look: Asks it about (H, W, 3) uint8 RGB pixels.
        table: What its scores weigh; nothing if None.
    """

    def __init__(self, look: Look, table: CalibrationTable | None = None) -> None:
        self._look, self._table = look, table

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        """Look at the first frame."""
        if few_colours(media):
            return (self._nothing("The picture was reduced to few colours, which hides what is looked for."),)
        found = self._look(media.pixels)
        if not len(found.scores):
            return (self._nothing(found.shown.reason),)
        return (self._told(found, media),)

    def _nothing(self, reason: str) -> Evidence:
        return not_applicable(self.info, self.info.questions[0], reason)

    def _told(self, found: Looked, media: Media) -> Evidence:
        table, question = self._table, self.info.questions[0]
        quality = quality_of(media, resampling=table.needs_resampling) if table else None
        llr = table.llr(found.score, quality) if table and quality else 0.0
        signal = llr >= SIGNAL
        finding = FINDINGS[question]
        return Evidence(
            detector=self.info.name,
            version=self.info.version,
            code=f"{self.info.name}.{finding}",
            question=question,
            grade=Grade.OPINION,
            status=Status.SIGNAL if signal else Status.CLEAR,
            summary=self._summary(found.score, signal, finding),
            llr=llr,
            calibration=table.to_calibration(quality) if table and quality else UNCALIBRATED,
            limits=self.info.limits,
            measurements=(
                Measurement(name="score", value=float(f"{found.score:.6g}")),
                Measurement(name="pieces", value=len(found.scores)),
            ),
            maps=_maps(found, media.pixels.shape[:2]) if signal else (),
        )

    def _summary(self, score: float, signal: bool, finding: str) -> str:
        if self._table is None:
            return f"{self.info.title}: a score of {score:.4g}, and nothing is known of what that weighs."
        told = "speaks" if signal else "does not speak"
        return f"{self.info.title}: its score {told} for a picture that was {finding}."


def own_detector(made: DetectorInfo, look: Look, table: CalibrationTable | None = None) -> OwnDetector:
    """Return a detector of the user's own.

    Args:
        made: What is listed of it.
        look: Asks the network.
        table: What its scores weigh; nothing if None.
    """

    class Own(OwnDetector):
        info: ClassVar[DetectorInfo] = made

    return Own(look, table)


def _maps(found: Looked, size: tuple[int, ...]) -> tuple[EvidenceMap, ...]:
    """Return where the pieces with the largest scores lie, if they lie apart."""
    corners = found.shown.corners
    if corners is None or len(corners) < 2:
        return ()
    side = found.shown.pixels.shape[1]
    values: npt.NDArray[np.float32] = np.zeros((max(1, size[0] // side), max(1, size[1] // side)), np.float32)
    low, high = float(found.scores.min()), float(found.scores.max())
    for (y, x), score in zip(corners, found.scores, strict=True):
        values[y // side, x // side] = (score - low) / (high - low) if high > low else 1.0
    return (EvidenceMap(name="pieces", caption="Bright: pieces with the highest scores", values=values),)
