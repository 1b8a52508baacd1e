"""What the manifests of a chain say about generative models, by the vocabulary of the IPTC.

Source: https://cv.iptc.org/newscodes/digitalsourcetype/ (definitions of 2024-09-17), and the two terms of
its own that C2PA 2.x adds under http://c2pa.org/digitalsourcetype/.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from forensics.provenance._json import entries, mapping, text
from forensics.provenance.chain import Node, Role
from forensics.provenance.report import AiSignal, AiSignalKind, SourceType

__all__ = ["VOCABULARY", "Statement", "classify", "combine", "statements"]

_FULLY, _PARTLY, _AMBIGUOUS = AiSignalKind.FULLY, AiSignalKind.PARTLY, AiSignalKind.AMBIGUOUS
_HUMAN, _CAPTURED, _NOTHING = AiSignalKind.HUMAN, AiSignalKind.CAPTURED, AiSignalKind.NONE

VOCABULARY: dict[str, AiSignalKind] = {
    "trainedAlgorithmicMedia": _FULLY,
    "trainedAlgorithmicData": _FULLY,  # C2PA's own
    "compositeWithTrainedAlgorithmicMedia": _PARTLY,
    "compositeSynthetic": _PARTLY,  # at least one element is synthetic
    "composite": _AMBIGUOUS,  # any element may or may not be
    "virtualRecording": _AMBIGUOUS,  # generative and/or captured elements
    "screenCapture": _AMBIGUOUS,  # a screen shows anything
    "digitalCapture": _CAPTURED,
    "computationalCapture": _CAPTURED,
    "compositeCapture": _CAPTURED,
    "negativeFilm": _CAPTURED,
    "positiveFilm": _CAPTURED,
    "print": _CAPTURED,
    "humanEdits": _HUMAN,
    "minorHumanEdits": _HUMAN,  # retired
    "algorithmicallyEnhanced": _HUMAN,
    "algorithmicMedia": _HUMAN,  # an algorithm that was not trained
    "dataDrivenMedia": _HUMAN,
    "digitalCreation": _HUMAN,
    "digitalArt": _HUMAN,  # retired
    "softwareImage": _HUMAN,  # retired
    "empty": _NOTHING,  # C2PA's own: a blank canvas
}
"""Last part of the URI to what it says. A term that is not here may mean anything: ambiguous."""

DISCLOSURE = "c2pa.ai-disclosure"

_PREFIXES = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/",
    "https://cv.iptc.org/newscodes/digitalsourcetype/",
    "http://c2pa.org/digitalsourcetype/",
    "https://c2pa.org/digitalsourcetype/",
)
_ORIGIN_ACTIONS = ("c2pa.created", "c2pa.opened")
_METADATA_KEYS = ("Iptc4xmpExt:DigitalSourceType", "digitalSourceType")
_METADATA_LABELS = ("stds.iptc", "stds.schema-org.CreativeWork", "c2pa.metadata", "cawg.metadata")


@dataclass(frozen=True)
class Statement:
    """One source type, and how it weighs.

    Attributes:
        source: The record for the report.
        kind: What the term says.
        role: How its manifest hangs together with the content.
        origin: Whether it says where the whole of that asset comes from, rather than what one step added.
    """

    source: SourceType
    kind: AiSignalKind
    role: Role
    origin: bool


def classify(uri: str) -> AiSignalKind:
    """Return what a digitalSourceType says.

    Example:
        >>> classify("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia").value
        'fully'
        >>> classify("http://example.org/trainedAlgorithmicMedia").value
        'ambiguous'
    """
    for prefix in _PREFIXES:
        if uri.startswith(prefix):
            return VOCABULARY.get(uri.removeprefix(prefix), _AMBIGUOUS)
    return VOCABULARY.get(uri, _AMBIGUOUS)


def statements(node: Node, *, trusted: bool) -> Iterator[Statement]:
    """Find every source type in one manifest.

    Args:
        node: The manifest.
        trusted: Whether it verifies, its signer is trusted and the chain holds.

    Yields:
        One statement for each, in file order. Those in gathered assertions are never trusted: there the
        signer passes on what somebody else said.
    """
    version = node.manifest.get("claim_version")
    for assertion in entries(node.manifest.get("assertions")):
        vouched = assertion.get("created") is True or version == 1
        for value, where, origin in _found(assertion):
            source = SourceType(value=value, manifest=node.label, where=where, trusted=trusted and vouched)
            kind = _PARTLY if value == DISCLOSURE else classify(value)
            yield Statement(source, kind, node.role, origin)


def combine(found: tuple[Statement, ...]) -> AiSignal:
    """Weigh all statements of a chain into one signal.

    What an input was (inputTo) says nothing about the output, so it is listed but not weighed. A model's
    work in a component or an editing step makes the whole a partly generated one.

    Args:
        found: The statements, the active manifest's first.
    """
    weighed = [s for s in found if s.role is not Role.INPUT and s.kind is not _NOTHING]
    kind, deciding = _decide(weighed)
    if kind in (_FULLY, _PARTLY):
        trusted = any(s.source.trusted for s in deciding)
    else:  # 'no model anywhere' needs every voice
        trusted = bool(weighed) and all(s.source.trusted for s in weighed)
    return AiSignal(
        kind=kind, trusted=trusted and kind is not _AMBIGUOUS, sources=tuple(s.source for s in found)
    )


def _decide(weighed: list[Statement]) -> tuple[AiSignalKind, list[Statement]]:
    """Return the kind, and the statements that make it so."""
    origins = [s for s in weighed if s.role is Role.LINE and s.origin]
    fully = [s for s in origins if s.kind is _FULLY]
    if fully:
        disagree = any(s.kind is _CAPTURED for s in origins)
        return (_AMBIGUOUS if disagree else _FULLY), fully
    model = [s for s in weighed if s.kind in (_FULLY, _PARTLY)]
    if model:
        return _PARTLY, model
    for kind in (_AMBIGUOUS, _HUMAN, _CAPTURED):
        said = [s for s in weighed if s.kind is kind]
        if said:
            return kind, said
    return _NOTHING, []


def _found(assertion: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Yield (value, where, whether it says where the whole comes from) of one assertion."""
    label, data = text(assertion.get("label")), mapping(assertion.get("data"))
    if label.startswith("c2pa.actions"):
        for action in entries(data.get("actions")):
            name, value = text(action.get("action")), text(action.get("digitalSourceType"))
            if value:
                yield value, name, name in _ORIGIN_ACTIONS
    elif label.startswith(DISCLOSURE):
        yield DISCLOSURE, label, False
    elif label.startswith(_METADATA_LABELS):
        for key in _METADATA_KEYS:
            if value := text(data.get(key)):
                yield value, label, True
