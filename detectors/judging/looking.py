"""What detectors, and all of them together, say of one picture in every way it is delivered."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forensics.detectors.base import Detector
from forensics.detectors.calibrating.corpus import Sample
from forensics.detectors.calibrating.journal import Line
from forensics.detectors.calibrating.scoring import score_of
from forensics.detectors.judging.deliveries import AS_IS, Delivered, Delivery, deliver
from forensics.errors import ForensicsError, MediaError, UsageError
from forensics.evidence import Evidence, Model, Question
from forensics.files import encodable
from forensics.media import Kind, Media

__all__ = ["FUSED", "Fused", "Judge", "Looked", "Said", "Shown", "key_of", "look"]

log = logging.getLogger(__name__)

FUSED = "fused"
"""The row of all findings together."""


class Said(Model):
    """What one finding said of one picture.

    Attributes:
        code: The finding.
        detector: Whose it is.
        score: What is ranked: the raw score, or the ratio where there is none.
        llr: log10 likelihood ratio; None where the finding gives a p-value alone.
    """

    code: str
    detector: str
    score: float
    llr: float | None


class Looked(Line):
    """One picture in one delivery.

    Attributes:
        delivery: The way.
        delivered: SHA-256 of the file that came out.
        size: Its bytes.
        pixels: Their number.
        format: Of that file.
        changed: Whether its pixels are others than those of the picture.
        said: Of the findings that apply to it, sorted by code.
        fused: log10 likelihood ratio of all together; None where no finding says anything.
        failed: Detectors that failed on it, with the reason.
    """

    delivery: str
    delivered: str = ""
    size: int = 0
    pixels: int = 0
    format: str = ""
    changed: bool = False
    said: tuple[Said, ...] = ()
    fused: float | None = None
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """A picture of which the truth is known, and what was said of it in one delivery."""

    sample: Sample
    looked: Looked


@dataclass(frozen=True)
class Fused:
    """What all findings together say.

    Attributes:
        llr: log10 likelihood ratio.
        terms: Number of findings that took part.
    """

    llr: float
    terms: int


@dataclass(frozen=True)
class Judge:
    """Those who look, and how their findings are weighed: as an audit does it.

    Attributes:
        detectors: Those to ask.
        question: Which of their findings count.
        weighed: Gives evidence its weight, for a file.
        fused: Sums evidence on the question.
        made_with: What the scores depend on: versions, weights, calibration.
    """

    detectors: Sequence[Detector]
    question: Question
    weighed: Callable[[list[Evidence], Media], list[Evidence]]
    fused: Callable[[Sequence[Evidence]], Fused]
    made_with: str


def look(media: Media, sample: Sample, delivery: Delivery, judge: Judge) -> Looked:
    """Deliver a picture and let all detectors look at what comes out.

    A picture that cannot be delivered so, and one that cannot be decoded, has a `problem`. A detector that
    fails costs only itself.

    Args:
        media: The picture.
        sample: What is known of it.
        delivery: The way.
        judge: Who looks.

    Raises:
        ForensicsError: The encoder did something else than was asked for.
    """
    name = key_of(sample, delivery)
    try:
        if media.container.kind is Kind.VIDEO:
            raise UsageError("a clip: only pictures are delivered")
        given = deliver(media, delivery, sample.source)
        return _told(given, name, media.sha256, delivery, judge)
    except (MediaError, UsageError, MemoryError) as error:
        problem = encodable(str(error)) or type(error).__name__
        return Looked(file=name, sha256=media.sha256, delivery=delivery.name, problem=problem)


def key_of(sample: Sample, delivery: Delivery) -> str:
    """Return the name of a picture in a delivery, as the journal has it."""
    return sample.name if delivery.name == AS_IS else f"{sample.name} {delivery.name}"


def _told(given: Delivered, name: str, sha256: str, delivery: Delivery, judge: Judge) -> Looked:
    media = given.media
    height, width = media.pixels.shape[:2]
    found, failed = _examined(media, judge)
    evidence = [e for e in judge.weighed(found, media) if e.question is judge.question]
    fused = judge.fused(evidence)
    return Looked(
        file=name,
        sha256=sha256,
        delivery=delivery.name,
        delivered=media.sha256,
        size=given.size,
        pixels=height * width,
        format=media.container.format,
        changed=given.changed,
        said=_said(evidence),
        fused=fused.llr if fused.terms else None,
        failed=tuple(failed),
    )


def _examined(media: Media, judge: Judge) -> tuple[list[Evidence], list[str]]:
    found: list[Evidence] = []
    failed: list[str] = []
    for detector in judge.detectors:
        if media.container.kind not in detector.info.kinds:
            continue
        try:
            found += detector.examine(media)
        except (ForensicsError, MemoryError, ArithmeticError, LookupError, ValueError, TypeError) as error:
            log.debug("%s failed on %r", detector.info.name, media.name, exc_info=True)
            failed.append(encodable(f"{detector.info.name}: {type(error).__name__}: {error}"))
    return found, failed


def _said(evidence: Sequence[Evidence]) -> tuple[Said, ...]:
    """Return what each finding said; of one that is given twice, the highest."""
    found: dict[str, Said] = {}
    for e in evidence:
        score = score_of(e)
        if score is None or not math.isfinite(score):
            continue
        if e.code not in found or score > found[e.code].score:
            found[e.code] = Said(code=e.code, detector=e.detector, score=score, llr=e.llr)
    return tuple(found[code] for code in sorted(found))
