"""Measures of the file as a whole: how many layers there are, and whether they can be detected."""

from __future__ import annotations

from forensics.article50.marks import marked
from forensics.article50.metadata import declared, signed
from forensics.article50.records import Finding, Layer, Outcome, overall
from forensics.article50.registry import registered
from forensics.article50.subject import Subject
from forensics.evidence import Measurement

__all__ = ["detectable", "layered"]

_LEAST = 2


def layered(subject: Subject) -> Finding:
    """Say whether at least two machine-readable layers hold."""
    layers = {
        Layer.METADATA: overall((signed(subject), declared(subject))),
        Layer.WATERMARK: marked(subject).outcome,
        Layer.REGISTRY: registered(subject).outcome,
    }
    evidence = tuple(Measurement(name=layer.value, value=said.value) for layer, said in layers.items())
    hold = [layer.value for layer, said in layers.items() if said is Outcome.PASS]
    open_ones = [layer.value for layer, said in layers.items() if said is Outcome.UNKNOWN]
    there = ", ".join(hold) or "none"
    if len(hold) >= _LEAST:
        return Finding(outcome=Outcome.PASS, reason=f"Layers that hold: {there}.", evidence=evidence)
    if len(hold) + len(open_ones) >= _LEAST:
        reason = f"Layers that hold: {there}. Not decided: {', '.join(open_ones)}."
        return Finding(outcome=Outcome.UNKNOWN, reason=reason, evidence=evidence)
    reason = f"Layers that hold: {there}; at least {_LEAST} are asked for."
    return Finding(outcome=Outcome.FAIL, reason=reason, evidence=evidence)


def detectable(subject: Subject) -> Finding:
    """Say with what the marks of this file are detected."""
    rows, said = [], []
    if subject.credentials.manifests:
        rows.append(Measurement(name="credentials", value="any C2PA validator; forensics credentials verify"))
        said.append("any C2PA validator reads its credentials")
    if subject.mark is not None:
        rows.append(
            Measurement(name="watermark", value="forensics watermark detect; forensics marking report")
        )
        said.append("this suite finds its watermark with the key, which you let use whom you like")
    if not rows:
        reason = "There is nothing in it that a detector could find, as far as was looked."
        return Finding(outcome=Outcome.NOT_APPLICABLE, reason=reason)
    reason = f"Free detectors are there: {'; '.join(said)}."
    return Finding(outcome=Outcome.PASS, reason=reason, evidence=tuple(rows))
