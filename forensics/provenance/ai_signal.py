"""What the manifests of a chain say about generative models, by the terms of `forensics.source_types`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from forensics.evidence import Origin
from forensics.provenance._json import entries, mapping, text
from forensics.provenance.chain import Node, Role
from forensics.provenance.report import AiSignal, AiSignalKind, SourceType
from forensics.source_types import find_term

__all__ = ["Statement", "classify", "combine", "statements"]

_FULLY, _PARTLY, _AMBIGUOUS = AiSignalKind.FULLY, AiSignalKind.PARTLY, AiSignalKind.AMBIGUOUS
_HUMAN, _CAPTURED, _NOTHING = AiSignalKind.HUMAN, AiSignalKind.CAPTURED, AiSignalKind.NONE

_KINDS = {
    Origin.SYNTHETIC: _FULLY,
    Origin.COMPOSITE: _PARTLY,
    Origin.CAPTURED: _CAPTURED,
    Origin.EDITED: _HUMAN,
    Origin.CREATED: _HUMAN,
}

DISCLOSURE = "c2pa.ai-disclosure"

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
    term = find_term(uri)
    if term is None or (term.origin is None and not term.empty):
        return _AMBIGUOUS  # a term that nobody knows may mean anything
    return _NOTHING if term.origin is None else _KINDS[term.origin]


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
