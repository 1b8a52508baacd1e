"""The detector `two_stream`: edges of splices, by what tiles show and by their noise."""

from __future__ import annotations

from typing import ClassVar

from forensics.detectors.base import (
    DETECTORS,
    UNCALIBRATED,
    Detector,
    DetectorInfo,
    few_colours,
    not_applicable,
)
from forensics.detectors.buckets import quality_of
from forensics.detectors.calibrating.table import CalibrationTable
from forensics.detectors.learned.findings import calibration_of
from forensics.detectors.learned.model import shipped, table_of
from forensics.detectors.two_stream.model import LEAST_TILES, Seen, SpliceModel, open_splice_model
from forensics.errors import MissingExtra
from forensics.evidence import Evidence, EvidenceMap, Grade, Measurement, Question, Status
from forensics.media import Kind, Media

__all__ = ["TwoStream"]

_SIGNAL = 0.7  # log10: five times as likely


@DETECTORS.register("two_stream")
class TwoStream(Detector):
    """Edges of splices.

    Args:
        model: Of the user's own (`splice_model_of`); what comes with the suite if None.
        table: What its scores weigh; what comes with the suite's model if None, and else nothing.
    """

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="two_stream",
        version="1",
        title="Edges of splices, by colours and noise together",
        questions=(Question.ALTERED,),
        kinds=(Kind.IMAGE,),
        needs="ONNX Runtime (the extra cpu)",
        source="Zhou et al. 2018, arXiv:1803.11276 and arXiv:1805.04953",
        calibration=calibration_of("two_stream"),
        limits="Learned of splices that were made up. A part with the same noise, sharpness and compression "
        "as its host is not seen, nor is anything that a later save or scaling has levelled; shallow focus, "
        "text and overlays can look like a splice. Looks at 320 tiles at most: small parts of large pictures "
        "may lie between them. On splices of others the network that ships did no better than chance: it "
        "weighs nothing before it is calibrated on pictures of your own.",
    )

    def __init__(self, model: SpliceModel | None = None, table: CalibrationTable | None = None) -> None:
        self._model, self._table = model, table

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        """Look at tiles of a picture."""
        if self._model is None and not shipped(self.info.name):
            reason = "No model of this detector comes with the suite; `forensics train two_stream`."
            return (self._nothing(reason),)
        if few_colours(media):
            return (self._nothing("The picture was reduced to few colours, which hides its noise."),)
        try:
            model = self._model or open_splice_model()
        except MissingExtra as error:
            return (self._nothing(f"{error}."),)
        seen = model.look(media.pixels)
        if len(seen.logits) < LEAST_TILES:
            side = model.side
            reason = f"Fewer than {LEAST_TILES} tiles of {side} x {side} pixels are neither flat nor clipped."
            return (self._nothing(reason),)
        return (self._told(media, seen),)

    def _told(self, media: Media, seen: Seen) -> Evidence:
        table = self._table if self._model is not None else table_of(self.info.name)
        quality = quality_of(media)
        llr = table.llr(seen.score, quality) if table else 0.0
        signal = llr >= _SIGNAL
        summary = (
            "Colours and noise change along an edge as they do around a splice."
            if signal
            else "No edge along which colours and noise change as they do around a splice."
        )
        if not table:
            summary = "Tiles were looked at; what their score means was not calibrated."
        return Evidence(
            detector=self.info.name,
            version=self.info.version,
            code="two_stream.edge",
            question=Question.ALTERED,
            grade=Grade.OPINION,
            status=Status.SIGNAL if signal else Status.CLEAR,
            summary=summary,
            llr=llr,
            calibration=table.to_calibration(quality) if table else UNCALIBRATED,
            limits=self.info.limits,
            measurements=(
                Measurement(name="score", value=round(seen.score, 4)),
                Measurement(name="tiles", value=len(seen.logits)),
            ),
            maps=(
                EvidenceMap(
                    name="edges",
                    caption="Bright: tiles through which the edge of a splice may go",
                    values=seen.map(),
                ),
            )
            if signal
            else (),
        )

    def _nothing(self, reason: str) -> Evidence:
        return not_applicable(self.info, Question.ALTERED, reason)
