"""Does everything in the file tell the same story of how it was made?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from forensics.article50.metadata import holds
from forensics.article50.records import Finding, Outcome
from forensics.article50.subject import Subject
from forensics.evidence import Measurement, Origin
from forensics.provenance import AiSignalKind
from forensics.provenance.ai_signal import classify

__all__ = ["Declaration", "consistent", "declarations"]

MODELS = (Origin.SYNTHETIC, Origin.COMPOSITE)
_ORIGINS = {
    AiSignalKind.FULLY: Origin.SYNTHETIC,
    AiSignalKind.PARTLY: Origin.COMPOSITE,
    AiSignalKind.CAPTURED: Origin.CAPTURED,
    AiSignalKind.HUMAN: Origin.EDITED,
}
_WORDS = {
    Origin.SYNTHETIC: "made by a model",
    Origin.COMPOSITE: "made by a model in part",
    Origin.CAPTURED: "captured by a camera",
    Origin.EDITED: "edited by people",
    Origin.CREATED: "made without a trained model",
}


@dataclass(frozen=True)
class Declaration:
    """What one place in a file says of how it was made.

    Attributes:
        where: The place, in words.
        origin: What it says.
        text: The entry itself.
    """

    where: str
    origin: Origin
    text: str


def consistent(subject: Subject) -> Finding:
    """Say whether nothing in the file contradicts that a model made it."""
    found = tuple(declarations(subject))
    evidence = tuple(Measurement(name=f"{d.where}: {_WORDS[d.origin]}", value=d.text) for d in found)
    if _chain_disagrees(subject):
        reason = "The manifests of its chain call it both a capture and wholly the output of a model."
        return Finding(outcome=Outcome.FAIL, reason=reason, evidence=evidence)
    models = [said for said in found if said.origin in MODELS]
    if not models:
        reason = "Nothing in it says that a model made it, so nothing can contradict that."
        return Finding(outcome=Outcome.NOT_APPLICABLE, reason=reason, evidence=evidence)
    against = [said for said in found if said.origin not in MODELS and _contradicts(said, models)]
    if against:
        one, other = models[0], against[0]
        said = f"{one.where} says {_WORDS[one.origin]}, {other.where} says {_WORDS[other.origin]}"
        return Finding(outcome=Outcome.FAIL, reason=f"It contradicts itself: {said}.", evidence=evidence)
    places = ", ".join(dict.fromkeys(said.where for said in models))
    reason = f"Nothing contradicts what it declares (in: {places})."
    return Finding(outcome=Outcome.PASS, reason=reason, evidence=evidence)


def declarations(subject: Subject) -> Iterator[Declaration]:
    """Yield what credentials, metadata, EXIF and mark say of how a file was made."""
    yield from _of_credentials(subject)
    yield from _of_metadata(subject)
    mark, key = subject.mark, subject.key
    if mark is not None and key is not None:
        yield Declaration("the watermark", Origin(key.origin), f"key {key.name} ({key.id})")


def _of_credentials(subject: Subject) -> Iterator[Declaration]:
    report = subject.credentials
    origin = _ORIGINS.get(report.ai_signal.kind)
    if origin is not None and holds(report):
        sources = report.ai_signal.sources
        yield Declaration("the credentials", origin, sources[0].value if sources else origin.value)


def _of_metadata(subject: Subject) -> Iterator[Declaration]:
    from forensics.detectors.metadata.exif import find_camera
    from forensics.detectors.metadata.rules import match_rules, shorten
    from forensics.detectors.metadata.sources import find_source_types

    metadata = subject.media.metadata
    for found in find_source_types(metadata):
        if found.origin is not None:
            yield Declaration(f"{found.tag.group} metadata", found.origin, f"{found.tag.name} = {found.term}")
    matches = match_rules(metadata)
    for match in matches:
        if match.rule.origin is not None and "sourcetype" not in match.tag.name.lower():
            text = shorten(f"{match.rule.name}: {match.tag.name}")
            yield Declaration(f"{match.tag.group} metadata", match.rule.origin, text)
    camera = find_camera(metadata)
    if camera is not None and camera.exposure and not any(m.tag.group == "exif" for m in matches):
        named = camera.model.lower().startswith(camera.make.lower())
        yield Declaration("EXIF", Origin.CAPTURED, camera.model if named else f"{camera.make} {camera.model}")


def _contradicts(said: Declaration, models: list[Declaration]) -> bool:
    """A camera in the EXIF is what a picture keeps of which a model changed a part."""
    wholly = any(model.origin is Origin.SYNTHETIC for model in models)
    return wholly or said.where != "EXIF"


def _chain_disagrees(subject: Subject) -> bool:
    report = subject.credentials
    kinds = {classify(source.value) for source in report.ai_signal.sources}
    both = {AiSignalKind.FULLY, AiSignalKind.CAPTURED} <= kinds
    return report.ai_signal.kind is AiSignalKind.AMBIGUOUS and both and holds(report)
