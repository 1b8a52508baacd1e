"""The detector: is a region of the picture there twice?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from forensics.detectors.base import DETECTORS, Detector, DetectorInfo, few_colours, not_applicable
from forensics.detectors.calibration import load
from forensics.detectors.copy_move.align import moved
from forensics.detectors.copy_move.mask import Match, picture_of
from forensics.detectors.copy_move.search import find, score
from forensics.evidence import Evidence, EvidenceMap, Grade, Measurement, Question, Status
from forensics.media import Kind, Media

__all__ = ["LIMITS", "CopyMove"]

MOST_SIDE = 32_766  # OpenCV keeps coordinates of regions in 16 bits
MIN_SIDE = 48
MIN_BLOCKS = 64
_MAP_SIDE = 1024
SIGNAL = 0.5  # log10: three times as likely
LIMITS = (
    "Reads luma only. Copies of flat, clipped or one-directional areas (sky, walls, straight edges) leave "
    "nothing to compare and are missed; so are small ones (below about 24x24 px, in pictures above "
    "1 megapixel about 64x64; those above 64 are searched from half their size), blended, stretched or "
    "strongly compressed ones, and copies that cover part of their own source. Windows, lettering and "
    "patterns are told from copies by their noise and compression: "
    "exact repeats in renderings and noise-free graphics are no fraud. Nothing found says nothing of "
    "other edits."
)


@DETECTORS.register("copy_move")
class CopyMove(Detector):
    """Regions copied within the picture, shifted, turned, mirrored or scaled."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="copy_move",
        version="1",
        title="Regions that appear twice in the picture, down to their noise",
        questions=(Question.ALTERED,),
        kinds=(Kind.IMAGE, Kind.ANIMATION),
        needs="",
        source="Popescu & Farid, Dartmouth TR2004-515; Amerini et al., IEEE TIFS 6(3), 2011",
        calibration=load("copy_move").to_calibration(),
        limits=LIMITS,
    )

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        """Look at the first frame."""
        reason = _reason_against(media)
        if reason:
            return (not_applicable(self.info, Question.ALTERED, reason),)
        luma = media.luma
        search = find(luma)
        if search.blocks < MIN_BLOCKS:
            reason = "Hardly any part of the picture has texture in two directions: copies could not be told."
            return (not_applicable(self.info, Question.ALTERED, reason),)
        calibration = load("copy_move")
        llrs = [calibration.llr(score(m)) for m in search.matches]
        believed = tuple(m for m, llr in zip(search.matches, llrs, strict=True) if llr >= SIGNAL)
        return (self._found(believed, luma.shape) if believed else self._clear(max(llrs, default=0.0)),)

    def _found(self, matches: tuple[Match, ...], shape: tuple[int, ...]) -> Evidence:
        calibration = load("copy_move")
        best = matches[0]
        more = "" if len(matches) == 1 else f" So do {len(matches) - 1} more pairs of regions."
        return Evidence(
            detector=self.info.name,
            version=self.info.version,
            code="copy_move.duplicate",
            question=Question.ALTERED,
            grade=Grade.OPINION,
            status=Status.SIGNAL,
            summary=sentence(best) + more,
            llr=calibration.llr(score(best)),
            calibration=calibration.to_calibration(),
            limits=LIMITS,
            measurements=measurements(best, len(matches)),
            maps=(_map(matches, shape),),
        )

    def _clear(self, llr: float) -> Evidence:
        """Return evidence of little weight, and of none against: most edits leave no copies to find."""
        alike = "Two regions of the picture are alike, as things alike in a scene are."
        return Evidence(
            detector=self.info.name,
            version=self.info.version,
            code="copy_move.duplicate",
            question=Question.ALTERED,
            grade=Grade.OPINION,
            status=Status.CLEAR,
            summary=alike if llr > 0 else "No region of the picture was found twice.",
            llr=max(0.0, llr),
            calibration=load("copy_move").to_calibration(),
            limits=LIMITS,
        )


def sentence(match: Match) -> str:
    """Return where the two regions are, in words."""
    points = match.region.points()
    box = match.region.extent()
    width, height = box.size
    dx, dy = (round(float(v)) for v in (moved(points, match.matrix) - points).mean(axis=0))
    steps = [
        f"{abs(step)} px {side[step > 0]}"
        for step, side in ((dx, ("to the left", "to the right")), (dy, ("up", "down")))
        if step
    ]
    how = _turn_in_words(match)
    where = f"{width}x{height} px at ({box.left}, {box.top})"
    return f"A region of {where} appears again {' and '.join(steps)}{how}."


def measurements(match: Match, pairs: int) -> tuple[Measurement, ...]:
    """Return the numbers behind a finding."""
    points = match.region.points()
    dx, dy = (float(v) for v in (moved(points, match.matrix) - points).mean(axis=0))
    turn = turn_of(match.matrix)
    return (
        Measurement(name="pairs of regions", value=pairs),
        Measurement(name="shift to the right", value=round(dx, 1), unit="px"),
        Measurement(name="shift down", value=round(dy, 1), unit="px"),
        Measurement(name="area", value=match.area, unit="px"),
        Measurement(name="area with texture", value=match.textured, unit="px"),
        Measurement(name="rotation", value=round(turn.degrees, 1), unit="deg"),
        Measurement(name="scale", value=round(turn.scale, 3)),
        Measurement(name="mirrored", value=turn.mirrored),
        Measurement(name="found by", value=match.candidate.way),
        Measurement(name="matched blocks or keypoints", value=match.candidate.votes),
        Measurement(name="log10 of matches by chance", value=round(match.candidate.log10_nfa, 1)),
        Measurement(name="correlation of detail", value=round(match.correlation, 3)),
        Measurement(name="correlation of finest detail", value=round(match.fine, 3)),
    )


@dataclass(frozen=True)
class Turn:
    """How a map turns.

    Attributes:
        degrees: Clockwise as seen.
        scale: Change of size.
        mirrored: Whether left and right are exchanged first.
    """

    degrees: float
    scale: float
    mirrored: bool


def turn_of(matrix: npt.NDArray[np.float64]) -> Turn:
    """Return the rotation, scale and mirroring nearest to the linear part of a (2, 3) map."""
    linear = matrix[:, :2]
    mirrored = bool(np.linalg.det(linear) < 0)
    if mirrored:
        linear = linear @ np.diag([-1.0, 1.0])
    angle = math.degrees(math.atan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]))
    return Turn(angle, abs(float(np.linalg.det(linear))) ** 0.5, mirrored)


def _turn_in_words(match: Match) -> str:
    turn = turn_of(match.matrix)
    words = ["mirrored"] if turn.mirrored else []
    if abs(turn.degrees) >= 1:
        words.append(f"turned by {round(turn.degrees)} degrees")
    if abs(turn.scale - 1) >= 0.02:
        words.append(f"at {round(100 * turn.scale)} % of its size")
    return ", " + ", ".join(words) if words else ""


def _reason_against(media: Media) -> str:
    """Return why a file cannot be examined, "" where it can."""
    if few_colours(media):
        return "The picture has a palette: dithering and drawings repeat without any copying."
    height, width = media.luma.shape
    if min(height, width) < MIN_SIDE:
        return f"The picture is too small ({width}x{height} px): {MIN_SIDE} px each way are needed."
    if max(height, width) > MOST_SIDE:
        return f"The picture is too long ({width}x{height} px): at most {MOST_SIDE} px are compared."
    return ""


def _map(matches: tuple[Match, ...], shape: tuple[int, ...]) -> EvidenceMap:
    import cv2

    factor = min(1.0, _MAP_SIDE / max(shape))
    size = (max(1, round(shape[1] * factor)), max(1, round(shape[0] * factor)))
    seen = picture_of(matches, shape).astype(np.float32)
    values = np.clip(cv2.resize(seen, size, interpolation=cv2.INTER_AREA), 0.0, 1.0)
    return EvidenceMap(
        name="duplicates",
        caption="Bright: regions that appear twice, source and copy alike; which is which cannot be told.",
        values=np.asarray(values, np.float32),
    )
