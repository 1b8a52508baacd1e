"""The detector: has a region of the picture other noise than the rest?"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from forensics.detectors.base import DETECTORS, Detector, DetectorInfo, few_colours, not_applicable
from forensics.detectors.calibration import load
from forensics.detectors.noise.outliers import Outliers, directions, distances
from forensics.detectors.noise.windows import WINDOW, Windows, cell_side, look
from forensics.evidence import Evidence, EvidenceMap, Grade, Measurement, Question, Status
from forensics.media import Kind, Media

__all__ = ["LIMITS", "Noise", "refusal"]

MIN_SIDE = 240
LEAST_WINDOWS = 80
LEAST_QUALITY = 70
# Residual, in grey levels, that a third of a picture stays below: below one, it has no noise to compare.
LEAST_STEP = 1.0
# From here on an opinion is shown as a signal.
SIGNAL = 1.0
# Squared distance that is shown half bright: the 97.5th percentile of chi-squared with eight degrees.
HALF_BRIGHT = 17.5
LIMITS = (
    "Weak by itself: content has noise of its own. Backgrounds out of focus, sky, hair, water, lettering, "
    "sharpening or noise reduction of parts by the camera, and honest composites look the same. Where the "
    "picture was saved as a strong JPEG since, or scaled, little is left to compare. Nothing found says "
    "nothing."
)


@DETECTORS.register("noise")
class Noise(Detector):
    """Statistics of the finest residual, window by window, against those of the majority."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="noise",
        version="1",
        title="Regions whose finest noise is unlike that of the rest",
        questions=(Question.ALTERED,),
        kinds=(Kind.IMAGE,),
        needs="",
        source="Cozzolino, Poggi & Verdoliva, Splicebuster, IEEE WIFS 2015; Rousseeuw & Van Driessen 1999",
        calibration=load("noise").to_calibration(),
        limits=LIMITS,
    )

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        """Look at one file; see `Detector.examine`."""
        reason = refusal(media)
        if reason:
            return (not_applicable(self.info, Question.ALTERED, reason),)
        windows = look(media.luma)
        reason = _too_little(windows)
        if reason:
            return (not_applicable(self.info, Question.ALTERED, reason),)
        return (self._evidence(windows, distances(windows, directions())),)

    def _evidence(self, windows: Windows, found: Outliers) -> Evidence:
        calibration = load("noise")
        llr = calibration.llr(found.score)
        signal = llr >= SIGNAL and found.size > 0
        place = _place(found, windows.side)
        return Evidence(
            detector=self.info.name,
            version=self.info.version,
            code="noise.region",
            question=Question.ALTERED,
            grade=Grade.OPINION,
            status=Status.SIGNAL if signal else Status.CLEAR,
            summary=f"The noise of a region around {place} is unlike that of the rest."
            if signal
            else "No region stands out by its noise more than regions of honest pictures do.",
            # Not found is no evidence of honesty: most ways of altering leave the noise alike.
            llr=llr if signal else None,
            # P(LR >= x) <= 1 / x where the hypothesis does not hold (Royall 2000, JASA 95).
            p_value=None if signal else float(min(1.0, 10.0**-llr)),
            calibration=calibration.to_calibration(),
            limits=LIMITS,
            measurements=_numbers(windows, found),
            maps=(
                EvidenceMap(
                    name="noise",
                    caption="Bright: noise unlike the majority's. For the eye only where nothing was found.",
                    values=_shown(found),
                ),
            ),
        )


def refusal(media: Media) -> str:
    """Return why a file cannot be examined, "" where it may."""
    structure = media.jpeg
    if few_colours(media):
        return "The picture was reduced to few colours, which leaves a pattern in place of its noise."
    height, width = media.luma.shape
    if min(height, width) < MIN_SIDE or min(height, width) < WINDOW * 3 * cell_side((height, width)):
        return f"The picture is too small or too narrow ({width}x{height} px) to compare parts of it."
    if structure is not None and structure.tables and structure.quality < LEAST_QUALITY:
        return f"A JPEG of quality {structure.quality} has lost the noise that would be compared."
    return ""


def _too_little(windows: Windows) -> str:
    """Return why windows cannot be compared, "" where they can."""
    if windows.step < LEAST_STEP:
        return "It has hardly any noise: it is drawn, scaled down, smoothed, or a strong JPEG."
    if int(windows.usable.sum()) < LEAST_WINDOWS:
        return "Too much of it is black or white for its noise to be compared."
    return ""


def _numbers(windows: Windows, found: Outliers) -> tuple[Measurement, ...]:
    side = found.size * windows.side
    return (
        Measurement(name="distance of the region, log10", value=round(found.score, 3)),
        Measurement(name="side of the region, about", value=side, unit="px"),
        Measurement(name="windows", value=int(windows.usable.sum())),
        Measurement(name="a third of the residual is below", value=round(windows.step, 2), unit="level"),
    )


def _place(found: Outliers, side: int) -> str:
    column, row = (int((v + found.size / 2) * side) for v in (found.left, found.top))
    return f"({column}, {row})"


def _shown(found: Outliers) -> npt.NDArray[np.float32]:
    return np.asarray(found.distances / (found.distances + HALF_BRIGHT), np.float32)
