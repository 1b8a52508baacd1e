"""The scores of one file: from any evidence of any detector, present or to come."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable

from forensics.detectors.base import Detector
from forensics.detectors.buckets import Quality, quality_of
from forensics.errors import ForensicsError
from forensics.evidence import Evidence, Grade, Model, Question, Status
from forensics.media import Media

__all__ = ["SCORE", "Score", "Scored", "score_media", "score_of"]

log = logging.getLogger(__name__)

SCORE = "score"
"""Name of the measurement by which a detector gives the number that its weight was made from."""


class Score(Model):
    """What one finding gave."""

    code: str
    detector: str
    version: str
    value: float


class Scored(Model):
    """What all findings on one question gave of one file.

    Attributes:
        codec: See `Quality`.
        jpeg_quality: Likewise.
        pixels: Likewise.
        resampled: Likewise.
        soft: Likewise.
        scores: Of the findings that apply to it.
        failed: Detectors that failed on it, with the reason.
    """

    codec: str
    jpeg_quality: int | None
    pixels: int
    resampled: bool | None
    soft: bool | None
    scores: tuple[Score, ...]
    failed: tuple[str, ...] = ()

    @property
    def quality(self) -> Quality:
        """What the file is, as calibration needs it."""
        return Quality(self.codec, self.jpeg_quality, self.pixels, self.resampled, self.soft)


def score_of(evidence: Evidence) -> float | None:
    """Return the raw score of a piece of evidence, higher for yes; None where it has none.

    That is the measurement called "score"; else the likelihood ratio that the detector ships, which is a map
    of its score; else -log10 of its p-value. Proof and claims have none, nor what did not apply.
    """
    if evidence.grade is not Grade.OPINION or evidence.status not in (Status.SIGNAL, Status.CLEAR):
        return None
    for measurement in evidence.measurements:
        value = measurement.value
        if measurement.name == SCORE and isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
    if evidence.llr is not None:
        return evidence.llr
    return None if evidence.p_value is None else -math.log10(max(evidence.p_value, 1e-300))


def score_media(
    media: Media, detectors: Iterable[Detector], question: Question, *, resampling: bool = True
) -> Scored:
    """Let detectors look at a file, and keep the scores of their findings on one question.

    Of findings that a detector gives twice, the highest counts. A detector that fails costs only itself.

    Args:
        media: The file.
        detectors: Those to ask.
        question: Which findings to keep.
        resampling: Whether the quality says if the grid was interpolated.

    Raises:
        MediaError: The file cannot be decoded.
    """
    quality = quality_of(media, resampling=resampling)
    found: dict[str, Score] = {}
    failed = []
    for detector in detectors:
        info = detector.info
        if media.container.kind not in info.kinds or question not in info.questions:
            continue
        try:
            evidence = detector.examine(media)
        except (ForensicsError, MemoryError, ArithmeticError, LookupError, ValueError, TypeError) as error:
            log.debug("%s failed on %r", info.name, media.name, exc_info=True)
            failed.append(f"{info.name}: {type(error).__name__}: {error}")
            continue
        for e in evidence:
            value = score_of(e) if e.question is question else None
            if value is not None and (e.code not in found or value > found[e.code].value):
                found[e.code] = Score(code=e.code, detector=info.name, version=info.version, value=value)
    return Scored(
        codec=quality.codec,
        jpeg_quality=quality.jpeg_quality,
        pixels=quality.pixels,
        resampled=quality.resampled,
        soft=quality.soft,
        scores=tuple(found[code] for code in sorted(found)),
        failed=tuple(failed),
    )
