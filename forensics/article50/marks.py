"""Measures of the second layer: an imperceptible watermark, and that the credentials name it."""

from __future__ import annotations

from forensics.article50.metadata import NOTHING_READ, holds
from forensics.article50.records import Finding, Outcome
from forensics.article50.scheme import is_ours, names
from forensics.article50.subject import Subject
from forensics.evidence import Measurement
from forensics.watermark.detection import Detection

__all__ = ["NO_KEYS", "bound", "marked", "soft_bindings"]

NO_KEYS = "There are no watermark keys to look with: give one with --keys, or fill your key ring."
_ACTIONS = ("c2pa.watermarked", "c2pa.watermarked.bound", "c2pa.watermarked.unbound")


def marked(subject: Subject) -> Finding:
    """Say whether there is a watermark of one of the keys, at the declared false-alarm rate."""
    from forensics.watermark.watermarker import LEAST_SIDE

    found = subject.detection
    if found is None:
        return Finding(outcome=Outcome.UNKNOWN, reason=NO_KEYS)
    evidence = _evidence(subject, found)
    if found.detected and found.copied:
        reason = "The watermark was copied here from another picture: it says nothing about this one."
        return Finding(outcome=Outcome.FAIL, reason=reason, evidence=evidence)
    if found.detected:
        said = f"payload {found.payload.identity}" if found.payload else "too weak to be read"
        moved = "" if found.copied is False else " Whether it was copied here cannot be told."
        reason = (
            f"A watermark is there: p = 10^{found.log10_p:.1f} at a rate of {found.rate:g}, {said}.{moved}"
        )
        return Finding(outcome=Outcome.PASS, reason=reason, evidence=evidence)
    foreign = [alg for alg, _ in soft_bindings(subject) if not is_ours(alg)]
    if foreign:
        reason = (
            f"No watermark of your keys was found; that of {foreign[0]}, which it names, was not looked for."
        )
        return Finding(outcome=Outcome.UNKNOWN, reason=reason, evidence=evidence)
    height, width = subject.media.pixels.shape[:2]
    if min(height, width) < LEAST_SIDE:
        reason = (
            f"At {width} x {height} it is too small for a watermark: that takes {LEAST_SIDE} pixels a side."
        )
        return Finding(outcome=Outcome.NOT_APPLICABLE, reason=reason, evidence=evidence)
    reason = f"No watermark of your keys was found (p = 10^{found.log10_p:.1f}, rate {found.rate:g})."
    return Finding(outcome=Outcome.FAIL, reason=reason, evidence=evidence)


def bound(subject: Subject) -> Finding:
    """Say whether the credentials name the watermark that was found."""
    report = subject.credentials
    if report.state in NOTHING_READ or subject.active is None:
        reason = "There are no credentials that could name a watermark."
        return Finding(outcome=Outcome.NOT_APPLICABLE, reason=reason)
    named = soft_bindings(subject)
    evidence = _named(subject, named)
    found = subject.detection
    if not holds(report):
        reason = "The credentials do not hold, so the watermark that they name counts for nothing."
        return Finding(outcome=Outcome.FAIL if named else Outcome.NOT_APPLICABLE, reason=reason)
    if found is None:
        return Finding(outcome=Outcome.UNKNOWN, reason=NO_KEYS, evidence=evidence)
    outcome, reason = _agreement(named, found)
    return Finding(outcome=outcome, reason=reason, evidence=evidence)


def soft_bindings(subject: Subject) -> tuple[tuple[str, str], ...]:
    """Return algorithm and value of every soft binding of the active manifest."""
    texts = subject.active.soft_bindings if subject.active else ()
    return tuple((alg, value) for alg, _, value in (text.partition(":") for text in texts))


def _agreement(named: tuple[tuple[str, str], ...], found: Detection) -> tuple[Outcome, str]:
    """Compare what the credentials name with what the pixels hold."""
    ours = [value for alg, value in named if is_ours(alg)]
    if found.detected and ours:
        return _compared(ours, found)
    if found.detected:
        return Outcome.FAIL, "The credentials do not name the watermark that was found (c2pa.soft-binding)."
    if ours:
        return Outcome.FAIL, f"The credentials name a watermark, {ours[0]}, and it is not there."
    if named:
        reason = f"The credentials name a watermark of {named[0][0]}, which is not looked for here."
        return Outcome.UNKNOWN, reason
    return Outcome.NOT_APPLICABLE, "The credentials name no watermark, and none was found."


def _compared(ours: list[str], found: Detection) -> tuple[Outcome, str]:
    """Compare payloads."""
    if found.payload is None:
        return Outcome.UNKNOWN, "The watermark is too weak to be read, so it cannot be compared."
    if found.copied:
        return Outcome.FAIL, "The watermark that was found was copied here from another picture."
    identity = found.payload.identity
    if any(names(value, found) for value in ours):
        return Outcome.PASS, f"The credentials name the watermark that was found, {identity}."
    return (
        Outcome.FAIL,
        f"The credentials name {ours[0]}, and the watermark says {identity}, key {found.key}.",
    )


def _named(subject: Subject, named: tuple[tuple[str, str], ...]) -> tuple[Measurement, ...]:
    rows = [Measurement(name="soft binding", value=f"{alg}: {value}") for alg, value in named[:4]]
    actions = subject.active.actions if subject.active else ()
    done = [action.name for action in actions if action.name in _ACTIONS]
    return (*rows, Measurement(name="action", value=done[0] if done else "none"))


def _evidence(subject: Subject, found: Detection) -> tuple[Measurement, ...]:
    rows = [
        Measurement(name="log10 p-value", value=round(found.log10_p, 2)),
        Measurement(name="false-alarm rate", value=found.rate),
        Measurement(name="keys looked with", value=len(subject.settings.keys)),
    ]
    if found.detected:
        name = next((key.name for key in subject.settings.keys if key.id == found.key), "")
        rows += [Measurement(name="key", value=f"{name} ({found.key})")]
        rows += [Measurement(name="codec", value=found.codec)]
        rows += [Measurement(name="geometry", value=str(found.geometry))] if found.geometry else []
    return tuple(rows)
