"""The detector: did one of the user's cameras take this picture, and is its pattern everywhere?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from forensics.detectors.base import DETECTORS, Detector, DetectorInfo, few_colours, not_applicable
from forensics.detectors.calibration import load
from forensics.detectors.prnu import findings
from forensics.detectors.prnu.database import CameraDatabase, own_database
from forensics.evidence import Evidence, Question
from forensics.media import Kind, Media

if TYPE_CHECKING:
    from forensics.detectors.prnu.compare import Comparison

__all__ = ["Prnu"]

_SIDE = 2048  # of the middle part by which cameras are compared: a larger one would cost the audit seconds
_SHOWING = 30.0  # standard deviations at which a pattern has to be expected before its absence says anything
_NOT_THERE = 2.0


@DETECTORS.register("prnu")
class Prnu(Detector):
    """The patterns of the sensors of the cameras that the user has enrolled."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="prnu",
        version="1",
        title="The sensor pattern of the cameras that you have enrolled",
        questions=(Question.CAPTURED, Question.ALTERED, Question.HISTORY),
        kinds=(Kind.IMAGE,),
        needs="cameras (forensics camera enroll)",
        source="Lukas, Fridrich & Goljan 2006 (TIFS 1(2)); Chen et al. 2008 (TIFS 3(1)); Goljan et al. 2009",
        calibration=load("prnu").to_calibration(),
        limits=findings.LIMITS,
    )

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        """Compare the picture with the cameras whose pictures have its size."""
        place = own_database()
        if not place.exists():
            reason = "No cameras are enrolled: `forensics camera enroll` takes their patterns from pictures."
            return (not_applicable(self.info, Question.CAPTURED, reason),)
        reason = _reason_against(media)
        if reason:
            return (not_applicable(self.info, Question.CAPTURED, reason),)
        with CameraDatabase(place) as database:
            return tuple(self._compared(media, database))

    def _compared(self, media: Media, database: CameraDatabase) -> Iterator[Evidence]:
        from forensics.detectors.prnu.compare import comparable, compare
        from forensics.detectors.prnu.models import label_of

        height, width = media.pixels.shape[:2]
        cameras = comparable(database, (height, width))
        if not cameras:
            reason = f"None of your cameras takes pictures of {width}x{height} pixels, so none was compared."
            yield not_applicable(self.info, Question.CAPTURED, reason)
            return
        found = compare(media.pixels, database, cameras, side=_SIDE)
        best = found[0]
        label = label_of(media.metadata)
        if best.log10_p > findings.RARE:
            yield findings.no_camera(self.info, best, len(cameras))
            claimed = next((c for c in found if c.camera.label.same_body(label)), None)
            shows = claimed is not None and claimed.expected >= _SHOWING and claimed.peak.z < _NOT_THERE
            if claimed is not None and shows and not label.edited and not _outside(claimed.camera.flags):
                yield findings.absent(self.info, claimed)
            return
        yield findings.recorded(self.info, best, len(cameras))
        theirs = best.camera.label
        if label.model and theirs.model and not label.same_model(theirs) and "mixed" not in best.camera.flags:
            yield findings.claim_differs(self.info, best, label)
        if best.placement.turns == 0:
            yield from self._regions(media, database, best)

    def _regions(self, media: Media, database: CameraDatabase, best: Comparison) -> Iterator[Evidence]:
        from forensics.detectors.prnu.fingerprint import trace_of
        from forensics.detectors.prnu.power import share_passed
        from forensics.detectors.prnu.regions import regions

        pixels = media.pixels
        seen = None
        if _strong_in_windows(best, pixels.shape):
            seen = regions(trace_of(pixels), share_passed(pixels), database.fingerprint(best.camera))
        if seen is None:
            reason = "The pattern is too weak in this picture to be looked for in parts of it."
            yield not_applicable(self.info, Question.ALTERED, reason)
        else:
            yield findings.tampered(self.info, best, seen)


def _strong_in_windows(best: Comparison, shape: tuple[int, ...]) -> bool:
    """Return whether a window has a standard deviation of the height on average: else none would tell."""
    from forensics.detectors.prnu.regions import WINDOW

    compared = min(shape[0], _SIDE) * min(shape[1], _SIDE)
    return best.peak.z * WINDOW >= math.sqrt(compared)


def _outside(flags: tuple[str, ...]) -> bool:
    return "computational" in flags or "mixed" in flags


def _reason_against(media: Media) -> str:
    from forensics.detectors.prnu.fingerprint import MIN_SIDE

    if few_colours(media):
        return "The picture has few colours: a pattern in the last bits of them is gone."
    height, width = media.pixels.shape[:2]
    if min(height, width) < MIN_SIDE:
        return f"The picture is too small ({width}x{height} px): {MIN_SIDE} px each way are needed."
    return ""
