"""The detector that all trained models of tiles share: look, weigh, say where and how sure."""

from __future__ import annotations

import math
from abc import abstractmethod

import numpy as np
import numpy.typing as npt

from forensics.detectors.base import SIGNAL, UNCALIBRATED, Detector, few_colours, not_applicable
from forensics.detectors.buckets import Quality, quality_of, sized
from forensics.detectors.calibrating.table import CalibrationTable
from forensics.detectors.learned.model import Tiled, TileModel, open_tile_model, shipped, table_of
from forensics.errors import MissingExtra
from forensics.evidence import Evidence, EvidenceMap, Grade, Measurement, Question, Status
from forensics.media import Media

__all__ = ["TileDetector"]

# Generators of kinds that nobody calibrated on leave no trace that is known: 3 to 1, and no more, against.
_LEAST = -0.5
# Large photos are smoother, pixel by pixel, than small ones: beyond the sizes that were calibrated nothing is
# said that could accuse.
_OTHER_SIZES = 1.0


class TileDetector(Detector):
    """A trained model of tiles, with the table that says what its scores weigh."""

    @property
    @abstractmethod
    def what(self) -> str:
        """What it finds where a decoder was at work: the end of "The picture shows ..."."""

    def model(self) -> TileModel:
        """Return the model.

        Raises:
            MissingExtra: ONNX Runtime is not installed.
            ModelError: Its files are not those of its card.
        """
        return open_tile_model(self.info.name)

    def table(self) -> CalibrationTable | None:
        """Return what its scores weigh; None where nothing was calibrated yet."""
        return table_of(self.info.name)

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        """Look at the first frame."""
        if not shipped(self.info.name):
            return (self._nothing("No model of this detector comes with this installation."),)
        if few_colours(media):
            return (self._nothing("The picture was reduced to few colours, which hides what is looked for."),)
        try:
            model = self.model()
        except MissingExtra as error:
            return (self._nothing(str(error)),)
        found = model.look(media.pixels)
        if not len(found.logits):
            side = model.side
            reason = f"No square of {side} x {side} pixels is neither flat nor clipped."
            return (self._nothing(reason),)
        return (self._told(found, quality_of(media), media.pixels.shape[:2], model.side),)

    def _nothing(self, reason: str) -> Evidence:
        return not_applicable(self.info, Question.SYNTHETIC, reason)

    def _told(self, found: Tiled, quality: Quality, size: tuple[int, ...], side: int) -> Evidence:
        table = self.table()
        score = found.score
        llr = _weight(table, score, quality)
        signal = llr >= SIGNAL
        name = self.info.name
        summary = f"The picture shows {self.what}." if signal else f"The picture does not show {self.what}."
        return Evidence(
            detector=name,
            version=self.info.version,
            code=f"{name}.generated",
            question=Question.SYNTHETIC,
            grade=Grade.OPINION,
            status=Status.SIGNAL if signal else Status.CLEAR,
            summary=summary,
            llr=llr,
            calibration=table.to_calibration(quality) if table else UNCALIBRATED,
            limits=self.info.limits,
            measurements=(
                Measurement(name="score", value=round(score, 4)),
                Measurement(name="tiles", value=len(found.logits)),
                Measurement(name="share of tiles above 0", value=round(float((found.logits > 0).mean()), 3)),
            ),
            maps=(_map(found, size, side),) if signal else (),
        )


def _weight(table: CalibrationTable | None, score: float, quality: Quality) -> float:
    if table is None:
        return 0.0
    most = math.inf if sized(table.of(quality).bucket) else _OTHER_SIZES
    return min(most, max(_LEAST, table.llr(score, quality)))


def _map(found: Tiled, size: tuple[int, ...], side: int) -> EvidenceMap:
    """Return where the tiles with the largest logits lie, at one value for each place of a tile."""
    rows, columns = max(1, size[0] // side), max(1, size[1] // side)
    values: npt.NDArray[np.float32] = np.zeros((rows, columns), np.float32)
    shares = 1.0 / (1.0 + np.exp(-np.clip(found.logits, -30.0, 30.0)))
    for (y, x), share in zip(found.tiles.corners, shares, strict=True):
        values[y // side, x // side] = share
    return EvidenceMap(name="tiles", caption="Bright: tiles that look made by a decoder", values=values)
