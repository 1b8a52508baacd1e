"""The detector `temporal`: cycles of a few frames, repeated frames, and how the face changes over time."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from forensics.detectors.base import DETECTORS, Detector, DetectorInfo, not_applicable
from forensics.detectors.faces.people import SIDE, Clip
from forensics.detectors.faces.reading import rate_of
from forensics.detectors.faces.rhythm import Cadence, cadence, changes, flicker, repeated, xt_slice
from forensics.detectors.faces.watching import people_of
from forensics.evidence import (
    Calibration,
    Evidence,
    EvidenceMap,
    Grade,
    Measurement,
    Plot,
    Question,
    Series,
    Status,
)
from forensics.media import Kind, Media

__all__ = ["TemporalDetector"]

Floats = npt.NDArray[np.float64]

_RARE = 0.002
_POINTS = 600
_ROW = 0.38  # of the eyes in the square of a face
_LIMITS = (
    "No evidence of a generator: encoders, conversion of the frame rate and pulsed light leave cycles too. "
    "There are no generated clips to calibrate on, so that neither cycles nor flicker weigh anything."
)
_CALIBRATION = Calibration(
    name="frames in another order",
    negatives=0,
    positives=0,
    note="999 orders drawn within groups of sixteen frames; corrected for the seven periods looked at.",
)


@DETECTORS.register("temporal")
class TemporalDetector(Detector):
    """Cycles of two to eight frames, as a part of what was done to a clip."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="temporal",
        version="1",
        title="Cycles of a few frames, repeated frames, flicker of the face",
        questions=(Question.HISTORY,),
        kinds=(Kind.VIDEO, Kind.ANIMATION),
        needs="PyAV (the extra video)",
        source="X-T slices: arXiv 2401.12945; Monte Carlo tests: Davison & Hinkley 1997",
        calibration=_CALIBRATION,
        limits=_LIMITS,
    )

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        """Look at all frames, up to a bound on time."""
        clip = people_of(media)
        steps = changes(clip.thumbs)
        found = cadence(steps) if repeated(steps) < 1 else None
        if found is None:
            reason = f"{len(clip.seconds)} frames, or frames that are all alike, have no cycles to look for."
            return (not_applicable(self.info, Question.HISTORY, reason),)
        return (self._evidence(clip, steps, found),)

    def _evidence(self, clip: Clip, steps: Floats, found: Cadence) -> Evidence:
        cycle = found.p_value <= _RARE
        return Evidence(
            detector=self.info.name,
            version=self.info.version,
            code="temporal.cadence",
            question=Question.HISTORY,
            grade=Grade.OPINION,
            status=Status.SIGNAL if cycle else Status.CLEAR,
            summary=(
                f"Every {found.period} frames the clip changes alike: groups of frames of an encoder or a "
                "generator, or another frame rate."
                if cycle
                else "No cycle of two to eight frames."
            ),
            p_value=found.p_value,
            calibration=_CALIBRATION,
            limits=_LIMITS,
            measurements=_numbers(clip, repeated(steps), found),
            maps=_slices(clip),
            plots=(_plot(clip.seconds[1:], steps),),
        )


def _numbers(clip: Clip, same: float, found: Cadence) -> tuple[Measurement, ...]:
    person = clip.people[0] if clip.people and len(clip.people[0].frames) > 2 else None
    of_face = flicker(person.faces) if person else None
    of_all = flicker(clip.thumbs)
    optional = (("flicker of the face, held still", of_face), ("flicker of the picture", of_all))
    return (
        Measurement(name="period", value=found.period, unit="frames"),
        Measurement(name="share of the changes that it explains", value=round(found.strength, 4)),
        Measurement(name="repeated frames", value=round(same, 4)),
        Measurement(name="frames per second", value=round(rate_of(clip.seconds), 2)),
        *(Measurement(name=name, value=round(value, 4)) for name, value in optional if value is not None),
    )


def _slices(clip: Clip) -> tuple[EvidenceMap, ...]:
    """Return the X-T slice of the picture's middle row, and that of the face through its eyes."""
    slices = [("xt", "the middle row of the picture", xt_slice(clip.thumbs, 0.5))]
    if clip.people:
        slices.append(("xt_face", "the row of the eyes", xt_slice(clip.people[0].faces, _ROW)[:, :SIDE]))
    return tuple(
        EvidenceMap(
            name=name,
            caption=f"X-T slice, {what} over time downwards (not a map of the picture)",
            values=(rows[:_POINTS] / 255).astype(np.float32),
        )
        for name, what, rows in slices
    )


def _plot(seconds: Floats, steps: Floats) -> Plot:
    return Plot(
        title="Changes from frame to frame",
        x_label="seconds",
        y_label="mean difference (grey levels)",
        series=(
            Series(
                name="whole picture",
                x=tuple(round(float(v), 3) for v in seconds[:_POINTS]),
                y=tuple(round(float(v), 3) for v in steps[:_POINTS]),
            ),
        ),
    )
