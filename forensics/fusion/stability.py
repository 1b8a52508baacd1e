"""Does an opinion outlive that the picture is delivered again?

Before detectors alone make a verdict, the picture is saved, scaled and cropped as any chat or site would do,
and those that spoke look again. What hung on chance in a few pixels falls; what is in the picture mostly does
not, though it weakens: so an opinion holds where it still is half as strong as was needed, in log10 odds, and
it has to hold in at least half of the deliveries. A finding that no longer applies there (a method for files
without loss, say, on a JPEG) can neither confirm nor refute, and keeps its weight.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from forensics.detectors.base import Detector
from forensics.errors import ForensicsError
from forensics.evidence import Evidence, Grade, Measurement, Question, Status
from forensics.fusion.opinions import FusedOpinion
from forensics.media import Kind, Media, Pixels, open_bytes

__all__ = [
    "CROP",
    "DELIVERIES",
    "DETECTOR",
    "SAVED",
    "SCALE",
    "SECONDS",
    "Delivery",
    "Retest",
    "stability_evidence",
]

log = logging.getLogger(__name__)

DETECTOR = "stability"
SECONDS = 10.0
"""No further delivery begins after so many seconds."""
SAVED, SCALE, CROP = (
    85,
    0.9,
    (5, 3),
)  # JPEG quality; factor; pixels off top and left, and off bottom and right
_LEAST = 64  # pixels on a side that a delivery leaves


@dataclass(frozen=True)
class Delivery:
    """What was done to the picture, and what the opinion was then.

    Attributes:
        name: What was done.
        llr: The fused log10 likelihood ratio.
        looked: Number of findings that were looked for again.
        holds: Whether the opinion is still there.
    """

    name: str
    llr: float
    looked: int
    holds: bool


@dataclass(frozen=True)
class Retest:
    """How opinions are formed, so that they can be formed again.

    Attributes:
        detectors: Those of the audit.
        weighed: Gives evidence its weight, for a file.
        fused: Sums evidence on a question.
        still: Whether an opinion is still there, if weaker.
        seconds: No further delivery begins after so many.
    """

    detectors: Sequence[Detector]
    weighed: Callable[[list[Evidence], Media], list[Evidence]]
    fused: Callable[[Sequence[Evidence], Question], FusedOpinion]
    still: Callable[[FusedOpinion], bool]
    seconds: float = SECONDS


def stability_evidence(
    media: Media, evidence: Sequence[Evidence], question: Question, retest: Retest
) -> Evidence:
    """Deliver a picture again, and say whether an opinion on it holds.

    Args:
        media: The picture.
        evidence: All that was found of it.
        question: On which the opinion counts.
        retest: How it was formed.

    Returns:
        Evidence on the history, without a weight: a signal if the opinion does not hold in most deliveries,
        clear if it does in at least half, not applicable if nothing could be looked at again.
    """
    if media.container.kind is not Kind.IMAGE:
        return _said(question, Status.NOT_APPLICABLE, "Only still pictures are delivered again.")
    opinion = retest.fused(evidence, question)
    speaking = {t.code: t.detector for t in opinion.terms if t.contribution > 0}
    chosen = [d for d in retest.detectors if d.info.name in speaking.values()]
    start, found, left = time.monotonic(), [], []
    for name, made in DELIVERIES.items():
        if time.monotonic() - start > retest.seconds:
            left.append(name)
            continue
        delivered = _delivered(media, made)
        if delivered is not None:
            found.append(_judged(name, delivered, chosen, speaking.keys(), evidence, question, retest))
    return _told(question, opinion, [d for d in found if d.looked], left)


def _judged(
    name: str,
    media: Media,
    detectors: Sequence[Detector],
    codes: Collection[str],
    evidence: Sequence[Evidence],
    question: Question,
    retest: Retest,
) -> Delivery:
    seen = _again(media, detectors, question, retest)
    looked = {code: e for code, e in seen.items() if code in codes}
    kept = [e for e in evidence if e.question is question and e.code not in looked]
    opinion = retest.fused([*kept, *looked.values()], question)
    return Delivery(name, opinion.llr, len(looked), retest.still(opinion))


def _again(
    media: Media, detectors: Sequence[Detector], question: Question, retest: Retest
) -> dict[str, Evidence]:
    """Return the findings that apply to what was delivered, the strongest of each code."""
    found: dict[str, Evidence] = {}
    for detector in detectors:
        try:
            told = retest.weighed(list(detector.examine(media)), media)
        except (ForensicsError, MemoryError, ArithmeticError, LookupError, ValueError, TypeError):
            log.debug("%s failed on what was delivered again", detector.info.name, exc_info=True)
            continue
        for e in told:
            ran = e.status in (Status.SIGNAL, Status.CLEAR) and e.question is question
            if ran and (e.code not in found or (e.llr or 0.0) > (found[e.code].llr or 0.0)):
                found[e.code] = e
    return found


def _told(
    question: Question, opinion: FusedOpinion, deliveries: Sequence[Delivery], left: Sequence[str]
) -> Evidence:
    measurements = (
        *(
            Measurement(name=f"opinion when {d.name}", value=round(d.llr, 3), unit="log10")
            for d in deliveries
        ),
        *(Measurement(name=f"when {name}", value="no time left") for name in left),
    )
    if not deliveries:
        reason = "Nothing that spoke could be looked for in the picture when it was delivered again."
        return _said(question, Status.NOT_APPLICABLE, reason, measurements)
    fallen = [d for d in deliveries if not d.holds]
    if 2 * len(fallen) <= len(deliveries):
        count = f"in {len(deliveries) - len(fallen)} of {len(deliveries)} ways"
        reason = f"The opinion that it is {question.value} holds when the picture is delivered again {count}."
        return _said(question, Status.CLEAR, reason, measurements)
    worst = min(fallen, key=lambda d: d.llr)
    return _said(
        question,
        Status.SIGNAL,
        f"The opinion that it is {question.value} does not hold when the picture is {worst.name}: it falls "
        f"from {opinion.llr:.2f} to {worst.llr:.2f}.",
        measurements,
    )


def _said(
    question: Question, status: Status, summary: str, measurements: tuple[Measurement, ...] = ()
) -> Evidence:
    return Evidence(
        detector=DETECTOR,
        code=f"{DETECTOR}.{question.value}",
        question=Question.HISTORY,
        grade=Grade.CLAIM,
        status=status,
        summary=summary,
        limits="True traces of some methods do not outlive a save or a change of size either.",
        measurements=measurements,
    )


def _delivered(media: Media, made: Callable[[Media], bytes]) -> Media | None:
    """Return the picture as somebody else would get it; None where it is too small or cannot be made."""
    if min(media.pixels.shape[:2]) * SCALE < _LEAST:
        return None
    try:
        return open_bytes(made(media), "delivered again", media.limits)
    except (ForensicsError, OSError, ValueError):
        log.debug("cannot deliver %r again", media.name, exc_info=True)
        return None


def _saved(media: Media) -> bytes:
    return _encoded(media.pixels, SAVED)


def _scaled(media: Media) -> bytes:
    import cv2

    height, width = media.pixels.shape[:2]
    size = (round(width * SCALE), round(height * SCALE))
    scaled = cv2.resize(media.pixels, size, interpolation=cv2.INTER_AREA)
    return _encoded(np.asarray(scaled, np.uint8), _own(media))


def _cropped(media: Media) -> bytes:
    first, last = CROP
    return _encoded(media.pixels[first:-last, first:-last], _own(media))


def _own(media: Media) -> int | None:
    """Quality that the picture has if it is a JPEG; else None: it is passed on without loss."""
    return None if media.jpeg is None else media.jpeg.quality or SAVED


def _encoded(pixels: Pixels, quality: int | None) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if quality is None:
        picture.save(out, "PNG", compress_level=1)
    else:
        picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


DELIVERIES: dict[str, Callable[[Media], bytes]] = {
    f"saved as JPEG {SAVED}": _saved,
    f"scaled to {round(100 * SCALE)} %": _scaled,
    "cropped by some pixels": _cropped,
}
