"""The `metadata` detector: what a file says of itself, and whether it agrees with itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from forensics.detectors.base import DETECTORS, Detector, DetectorInfo
from forensics.detectors.metadata.exif import Camera, find_camera, find_inconsistencies
from forensics.detectors.metadata.rules import Match, claim, match_rules
from forensics.detectors.metadata.software import ProgramKind, find_programs
from forensics.detectors.metadata.sources import SourceTypeFound, find_source_types
from forensics.evidence import Claim, Evidence, Grade, Measurement, Origin, Question, Status
from forensics.media import Kind, Media, Metadata

__all__ = ["MetadataDetector"]

_ANYONE = "Anyone can write or remove metadata: it shows what the file says, not what is true."
_MODEL = (Origin.SYNTHETIC, Origin.COMPOSITE)
_QUESTIONS = {
    Origin.SYNTHETIC: Question.SYNTHETIC,
    Origin.COMPOSITE: Question.SYNTHETIC,
    Origin.CAPTURED: Question.CAPTURED,
    Origin.EDITED: Question.ALTERED,
    Origin.CREATED: Question.HISTORY,
}


@DETECTORS.register("metadata")
class MetadataDetector(Detector):
    """Reads claims; it weighs nothing, so it needs no calibration and its evidence carries no ratio."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="metadata",
        version="1",
        title="What the file says of itself: generator parameters, IPTC source type, camera, programs",
        questions=(Question.SYNTHETIC, Question.CAPTURED, Question.ALTERED, Question.HISTORY),
        kinds=(Kind.IMAGE, Kind.ANIMATION, Kind.VIDEO),
        needs="",
        source="IPTC Photo Metadata Standard 2025.1; Exif 3.0; GB 45438-2025; the generators' own writers",
        calibration=None,
        limits=_ANYONE,
        needs_pixels=False,
    )

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        """Look at one file's metadata; see `Detector.examine`."""
        metadata = media.metadata
        matches = match_rules(metadata)
        image = media.image
        size = (image.width, image.height) if image is not None else None
        camera = None if _by_generator(matches) else find_camera(metadata)
        return (
            self._generator(matches, metadata),
            *self._source_types(tuple(find_source_types(metadata))),
            *self._camera(camera),
            *self._programs(metadata),
            *self._agreement(metadata, size),
        )

    def _generator(self, matches: tuple[Match, ...], metadata: Metadata) -> Evidence:
        claims = tuple(claim(m.tag, m.rule.origin, m.rule.name) for m in matches if m.rule.origin is not None)
        strongest = tuple(c for c in claims if c.origin in _MODEL)
        names = list(dict.fromkeys(m.rule.name for m in matches))
        measured = tuple(Measurement(name=m.rule.name, value=f"{m.tag.group}/{m.tag.name}") for m in matches)
        if strongest:
            verb = "made" if any(c.origin is Origin.SYNTHETIC for c in strongest) else "changed"
            summary = f"The file itself says a model {verb} it: {', '.join(names)}."
        elif matches:
            summary = f"Traces of generator software that by themselves claim nothing: {', '.join(names)}."
        else:
            summary = (
                f"None of the known generators' marks is among its {len(metadata.tags)} metadata entries."
            )
        status = Status.SIGNAL if strongest else Status.CLEAR
        return self._evidence("generator", Question.SYNTHETIC, status, summary, claims, measured)

    def _source_types(self, found: tuple[SourceTypeFound, ...]) -> Iterator[Evidence]:
        for question in dict.fromkeys(_QUESTIONS[f.origin] for f in found if f.origin is not None):
            here = [f for f in found if f.origin is not None and _QUESTIONS[f.origin] is question]
            terms = ", ".join(dict.fromkeys(f.term for f in here))
            claims = tuple(claim(f.tag, f.origin, "IPTC source type") for f in here if f.origin is not None)
            yield self._evidence(
                "source_type",
                question,
                Status.SIGNAL,
                f"Its metadata gives the IPTC source type {terms}.",
                claims,
            )

    def _camera(self, camera: Camera | None) -> Iterator[Evidence]:
        if camera is None:
            return
        name = (
            camera.model
            if camera.model.lower().startswith(camera.make.lower())
            else f"{camera.make} {camera.model}"
        )
        measured = (
            Measurement(name="camera", value=name),
            Measurement(name="exposure fields", value=", ".join(camera.exposure) or "none"),
        )
        # A name alone is what editors and converters also keep; exposure data make it a claim of a capture.
        if camera.exposure or camera.tag.group == "container":
            claims: tuple[Claim, ...] = (claim(camera.tag, Origin.CAPTURED, "camera"),)
            yield self._evidence(
                "camera",
                Question.CAPTURED,
                Status.SIGNAL,
                f"Its metadata names the camera {name}.",
                claims,
                measured,
            )
        else:
            summary = f"Its metadata names the camera {name}, without exposure data."
            yield self._evidence("camera", Question.HISTORY, Status.CLEAR, summary, (), measured)

    def _programs(self, metadata: Metadata) -> Iterator[Evidence]:
        programs = find_programs(metadata)
        if not programs:
            return
        editors = [p for p in programs if p.kind is ProgramKind.EDITOR]
        claims = tuple(claim(p.tag, Origin.EDITED, "program") for p in editors)
        chain = " → ".join(p.name for p in programs[:8]) + (" → …" if len(programs) > 8 else "")
        measured = tuple(
            Measurement(name=f"program {i}", value=f"{p.name} ({p.kind})") for i, p in enumerate(programs, 1)
        )
        status = Status.SIGNAL if any(p.kind is not ProgramKind.OTHER for p in programs) else Status.CLEAR
        yield self._evidence(
            "software", Question.HISTORY, status, f"Programs named: {chain}.", claims, measured[:32]
        )

    def _agreement(self, metadata: Metadata, size: tuple[int, int] | None) -> Iterator[Evidence]:
        if not metadata.group("exif") and not metadata.problems:
            return
        found = find_inconsistencies(metadata, size)
        status = Status.SIGNAL if found else Status.CLEAR
        text = (
            " ".join(i.text for i in found[:3])
            if found
            else "Its EXIF fields agree with each other and the picture."
        )
        measured = tuple(Measurement(name=i.name, value=i.text) for i in found)
        limits = "Clocks are set wrong, and honest programs rewrite some fields and not others."
        yield self._evidence("consistency", Question.HISTORY, status, text, (), measured, limits)

    def _evidence(
        self,
        code: str,
        question: Question,
        status: Status,
        summary: str,
        claims: Iterable[Claim] = (),
        measured: Iterable[Measurement] = (),
        limits: str = _ANYONE,
    ) -> Evidence:
        return Evidence(
            detector=self.info.name,
            version=self.info.version,
            code=f"{self.info.name}.{code}",
            question=question,
            grade=Grade.CLAIM,
            status=status,
            summary=summary,
            limits=limits,
            claims=tuple(claims),
            measurements=tuple(measured),
        )


def _by_generator(matches: Iterable[Match]) -> bool:
    """Whether the fields that name a camera were filled by a generator."""
    return any(m.tag.group == "exif" and m.tag.name in ("Make", "Model", "Software") for m in matches)
