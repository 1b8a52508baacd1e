"""The user's own watermarks: what a mark found with a key of the key ring proves."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary

from forensics.detectors.base import DETECTORS, Detector, DetectorInfo, not_applicable
from forensics.evidence import (
    Calibration,
    Claim,
    ClaimSource,
    Evidence,
    EvidenceMap,
    Grade,
    Measurement,
    Origin,
    Question,
    Status,
)
from forensics.media import Kind, Media

if TYPE_CHECKING:
    from forensics.watermark.detection import Detection
    from forensics.watermark.keys import Key

__all__ = ["LIMITS", "RATE", "OnGrid", "Watermark"]

MODELS = (Origin.SYNTHETIC, Origin.COMPOSITE)
RATE = 1e-6  # false alarms per picture, for all keys together
LIMITS = (
    "Finds marks of your own keys only. A mark can be removed (by strong compression of a small picture, "
    "regeneration with a model, or by whoever has the key), so that none found says nothing. Whoever has the "
    "key can forge it. A copy from another picture is recognised by its content where enough of the mark is "
    "left; where not, the mark counts as a claim and not as proof."
)


@DETECTORS.register("watermark")
class Watermark(Detector):
    """Marks of the keys in the user's key ring."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="watermark",
        version="1",
        title="Imperceptible marks of the keys in your key ring",
        questions=(Question.SYNTHETIC, Question.HISTORY),
        kinds=(Kind.IMAGE, Kind.ANIMATION, Kind.VIDEO),
        needs="keys (forensics watermark keygen)",
        source="Cox et al. 1997; Kutter, SPIE 3528, 1998; Pinelis, EJP 17, 2012",
        calibration=Calibration(
            name="the randomness of the keys",
            negatives=0,
            positives=0,
            note="That bounds the p-value in every picture. How many of the hypotheses are as good as "
            "independent was measured on unmarked pictures: see the calibration of the evidence.",
        ),
        limits=LIMITS,
    )

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        """Look for the marks of all keys in the picture, or in frames from all over a clip."""
        if not self._keys:
            reason = "There are no watermark keys: `forensics watermark keygen` makes one."
            return (not_applicable(self.info, Question.SYNTHETIC, reason),)
        self._seen[media] = found = self._look(media)
        return (self._evidence(found),)

    def seen(self, media: Media) -> Detection | None:
        """Return what `examine` found in a file that is still open; None if it was not asked or failed."""
        return self._seen.get(media)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys whose marks are looked for."""
        return self._keys

    def at_home(
        self, evidence: Evidence, *, key: str, identity: str, log10_p: float, entry: int, read: bool
    ) -> Evidence:
        """Return the evidence of a mark of which a manifest store shows that it belongs to this picture.

        Args:
            evidence: As it was without the store.
            key: Public id of the key.
            identity: What the mark says.
            log10_p: log10 of the chance that a picture without a mark looks so.
            entry: Number of the entry that this picture is a copy of.
            read: It was read, without knowing it.
        """
        name = next((one.name for one in self._keys if one.id == key), key)
        head = f"A mark of the key {name} is there (p = 10^{log10_p:.0f}), payload {identity}"
        claim = self._claimed(key, f" says {identity}")
        how = "" if read else " It is too weak to be read, and was found as the store says what it would be."
        return evidence.model_copy(
            update={
                "code": "watermark.found",
                "question": Question.SYNTHETIC if claim.origin in MODELS else Question.HISTORY,
                "grade": Grade.PROOF,
                "status": Status.SIGNAL,
                "summary": f"{head}; it belongs to this picture, by entry {entry} of the store.{how}",
                "p_value": 10.0**log10_p,
                "claims": (claim,),
            }
        )

    def _look(self, media: Media) -> Detection:
        from forensics.watermark import video, watermarker
        from forensics.watermark.codecs import available

        if media.container.kind is Kind.VIDEO:
            return video.detect_clip(media, self._keys, rate=RATE)
        return watermarker.detect(media.pixels, self._keys, rate=RATE, codecs=available())

    @property
    def _seen(self) -> WeakKeyDictionary[Media, Detection]:
        """What was found in files that are still open; one table, whichever thread asks first."""
        found: WeakKeyDictionary[Media, Detection] = WeakKeyDictionary()
        return vars(self).setdefault("_found", found)  # type: ignore[no-any-return]

    @cached_property
    def _keys(self) -> tuple[Key, ...]:
        from forensics.watermark.keyfile import key_ring

        return key_ring()

    def _evidence(self, found: Detection) -> Evidence:
        bound = found.detected and found.copied is False
        claims = (self._claim(found),) if found.detected and not found.copied else ()
        of_models = not found.detected or any(claim.origin in MODELS for claim in claims)
        return Evidence(
            detector=self.info.name,
            version=self.info.version,
            code=_code(found),
            question=Question.SYNTHETIC if of_models else Question.HISTORY,
            grade=Grade.CLAIM if found.detected and not bound else Grade.PROOF,
            status=Status.SIGNAL if found.detected else Status.CLEAR,
            summary=self._summary(found),
            p_value=found.p_value,
            calibration=_calibration(found.front),
            limits=LIMITS,
            claims=claims,
            measurements=_measurements(found, self._name(found)),
            maps=_maps(found),
        )

    def _name(self, found: Detection) -> str:
        return next((key.name for key in self._keys if key.id == found.key), "")

    def _claim(self, found: Detection) -> Claim:
        return self._claimed(found.key, f" says {found.payload.identity}" if found.payload else "")

    def _claimed(self, key: str, said: str) -> Claim:
        one = next((one for one in self._keys if one.id == key), None)
        origin, name = (one.origin, one.name) if one is not None else ("synthetic", "")
        text = f"mark of key {name}{said}"
        return Claim(source=ClaimSource.WATERMARK, origin=Origin(origin), text=text)

    def _summary(self, found: Detection) -> str:
        if not found.detected:
            keys = "your key" if len(self._keys) == 1 else f"any of your {len(self._keys)} keys"
            return f"No mark of {keys} was found."
        head = f"A mark of the key {self._name(found)} is there (p = 10^{found.log10_p:.0f})"
        if found.copied:
            return f"{head}, but copied from another picture: it says nothing about this one."
        if found.payload is None:
            return f"{head}, too weak to be read."
        moved = "" if found.copied is False else "; whether it was copied here cannot be told"
        return f"{head}, payload {found.payload.identity}{moved}."


class OnGrid(Watermark):
    """The cheapest look for the same marks: it finds those in pictures that were not scaled, cut or turned.

    For the first stage of a cascade whose last one takes all looks: both together have the false-alarm rate
    of the last alone.
    """

    info: ClassVar[DetectorInfo] = replace(
        Watermark.info,
        title="Marks of the keys in your key ring, on the picture's own grid only",
        kinds=(Kind.IMAGE, Kind.ANIMATION),
        limits=f"It misses marks in pictures that were scaled, cropped or turned. {LIMITS}",
    )

    def _look(self, media: Media) -> Detection:
        from forensics.watermark import watermarker
        from forensics.watermark.codecs import available

        return watermarker.detect(media.pixels, self._keys, rate=RATE, codecs=available(), quick=True)


def _code(found: Detection) -> str:
    if not found.detected:
        return "watermark.none"
    return "watermark.copied" if found.copied else "watermark.found"


def _calibration(front: str) -> Calibration:
    from forensics.watermark.codecs import nulls_of_front

    nulls = nulls_of_front(front)
    note = (
        f"Seen by the {front} front end: {nulls.lattices.pairs} pairs of a picture and a key; the tail "
        "follows from the keys' randomness."
    )
    return Calibration(name=nulls.name, negatives=nulls.lattices.pictures, positives=0, note=note)


def _measurements(found: Detection, name: str) -> tuple[Measurement, ...]:
    if not found.detected or found.geometry is None:
        return ()
    rows = [
        Measurement(name="key", value=f"{name} ({found.key})"),
        Measurement(name="log10 p-value", value=round(found.log10_p, 1)),
        Measurement(name="geometry", value=str(found.geometry)),
    ]
    if found.payload is not None:
        rows.insert(1, Measurement(name="payload", value=found.payload.identity))
    return tuple(rows)


def _maps(found: Detection) -> tuple[EvidenceMap, ...]:
    if found.tampering is None:
        return ()
    caption = "Bright: the mark is missing, by a change or because too little of it fits there."
    return (EvidenceMap(name="missing", caption=caption, values=found.tampering.map),)
