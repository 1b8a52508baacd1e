"""What a recovery is worth in an audit: proof, claim or opinion, and what it claims about the picture.

A registered manifest speaks about a file only where the file is shown to be the registered one or a copy of
it. What it then proves is what its own signer vouched for, so a signer whom the policy does not trust makes a
claim and no proof; a revoked entry makes neither.
"""

from __future__ import annotations

from forensics.evidence import (
    Calibration,
    Claim,
    ClaimSource,
    Evidence,
    Grade,
    Measurement,
    Origin,
    Question,
    Status,
)
from forensics.fingerprints import load_chance
from forensics.provenance.ai_signal import classify
from forensics.provenance.reading import read_bytes
from forensics.provenance.report import (
    HARD_BINDING_FAILURES,
    AiSignalKind,
    Chain,
    CredentialReport,
    CredentialState,
)
from forensics.provenance.trust import TrustPolicy
from forensics.recovery.results import Recovery, Relation
from forensics.recovery.telling import bands

__all__ = ["LIMITS", "NAME", "evidence_of"]

NAME = "recovery"
LIMITS = (
    "It is worth what the store is worth: who can write to it decides what is found. A copy may have been "
    "changed since it was registered. That nothing is found says nothing: most files are in no store."
)
_PLAIN = " It is so flat that other pictures have the same pixels: that proves nothing."
_KNOWN = "; the mark is too weak to be read, and is there when it is looked for as the entry has it"
_MOVING = " Only its first frame was compared."
_ORIGINS = {AiSignalKind.FULLY: Origin.SYNTHETIC, AiSignalKind.PARTLY: Origin.COMPOSITE}
_QUESTIONS = {Origin.SYNTHETIC: Question.SYNTHETIC, Origin.COMPOSITE: Question.ALTERED}
_WORDS = {
    Relation.IDENTICAL: "It is the file of entry {number} of the store",
    Relation.STRIPPED: "It is a copy of entry {number} of the store that lost its credentials, bit-exact",
    Relation.RECODED: "It has the very pixels of entry {number} of the store, encoded anew",
    Relation.REENCODED: "It is a copy of entry {number} of the store: mark and looks agree",
    Relation.TRANSFORMED: "It is a copy of entry {number} of the store ({change}): mark and looks agree",
    Relation.COPIED: "It carries the mark of another picture: {reason}",
    Relation.ANOTHER: "It is not registered: {reason}",
    Relation.NOT_COMPARABLE: "A mark leads to the store, and nothing more: {reason}",
    Relation.LOOKS_LIKE: "Something registered looks alike: {reason}",
    Relation.UNKNOWN: "The store does not know it: {reason}",
}


def evidence_of(found: Recovery, policy: TrustPolicy) -> Evidence:
    """Return what a recovery amounts to.

    Args:
        found: The recovery.
        policy: Whom to trust.
    """
    report = _recorded(found, policy)
    origin = _ORIGINS.get(report.ai_signal.kind) if report is not None else None
    trusted = report is not None and _trusted(report)
    revoked = found.entry is not None and found.entry.revoked
    counts = found.found and origin is not None and not revoked and not (_exact(found) and found.plain)
    proof = counts and trusted and not found.moving
    question = _QUESTIONS[origin] if counts and origin is not None else Question.HISTORY
    return Evidence(
        detector=NAME,
        code=_code(found),
        question=question,
        grade=_grade(found, proof=proof),
        status=Status.CLEAR if found.relation is Relation.UNKNOWN else Status.SIGNAL,
        summary=_summary(found, report),
        p_value=_p_value(found),
        calibration=_calibration(found),
        limits=LIMITS,
        claims=(_claim(found, origin),) if counts and origin is not None else (),
        measurements=_measurements(found),
    )


def _code(found: Recovery) -> str:
    if found.relation is Relation.COPIED:
        sure = found.mark is not None and found.mark.copied is True
        return f"{NAME}.mark_copied" if sure else f"{NAME}.mark_elsewhere"
    return f"{NAME}.{found.relation.name.lower()}"


def _recorded(found: Recovery, policy: TrustPolicy) -> CredentialReport | None:
    """Return what the registered manifest says; of the restored file, where there is one."""
    if not found.found or found.entry is None:
        return None
    back = found.restoration
    if back is not None and back.report is not None and back.report.state is not CredentialState.NONE:
        return back.report
    # Its hard binding cannot hold beside a copy: what has to hold is everything else.
    return read_bytes(b"", policy, sidecar=found.entry.record.manifest)


def _trusted(report: CredentialReport) -> bool:
    """Whether a trusted signer vouches for a manifest; that it fits the file is shown otherwise."""
    if report.proof:
        return report.ai_signal.trusted
    only_binding = set(report.failures) <= HARD_BINDING_FAILURES
    signed = bool(report.manifests) and report.manifests[0].trusted
    kind = report.ai_signal.kind
    vouched = any(
        action.created and classify(action.source_type) is kind
        for manifest in report.manifests
        for action in manifest.actions
    )
    return only_binding and signed and vouched and report.chain is not Chain.BROKEN


def _exact(found: Recovery) -> bool:
    return found.relation in (Relation.STRIPPED, Relation.RECODED)


def _grade(found: Recovery, *, proof: bool) -> Grade:
    if proof:
        return Grade.PROOF
    return Grade.OPINION if found.relation is Relation.LOOKS_LIKE else Grade.CLAIM


def _claim(found: Recovery, origin: Origin) -> Claim:
    number = found.entry.number if found.entry else 0
    return Claim(source=ClaimSource.STORE, origin=origin, text=f"manifest of entry {number} of the store")


def _summary(found: Recovery, report: CredentialReport | None) -> str:
    number = found.entry.number if found.entry else 0
    text = _WORDS[found.relation].format(number=number, change=found.change, reason=found.reason)
    if _confirmed(found) and not _exact(found) and found.relation is not Relation.IDENTICAL:
        text += _KNOWN
    if report is not None:
        signer = report.signer.subject if report.signer else "an unnamed signer"
        known = "" if _trusted(report) else ", unknown to the policy,"
        kind = report.ai_signal.kind
        said = {
            AiSignalKind.FULLY: "that a model made it",
            AiSignalKind.PARTLY: "that a model made parts of it",
        }
        text += f"; {signer}{known} declared {said[kind]}" if kind in said else ""
    text = f"{text}."
    if found.entry is not None and found.entry.revoked:
        text += f" The entry was revoked and does not count: {found.entry.revocations[-1].reason}"
    if found.plain and _exact(found):
        text += _PLAIN
    return text + _MOVING if found.moving and found.found else text


def _p_value(found: Recovery) -> float | None:
    first = found.candidates[0] if found.entry is not None and found.candidates else None
    if first is None or found.relation in (Relation.IDENTICAL, Relation.STRIPPED, Relation.RECODED):
        return None
    if found.relation is Relation.LOOKS_LIKE:
        return first.chance.p_value if first.chance else None
    if first.comparison is None and first.confirmation is not None:
        return first.chance.p_value if first.chance else None
    return first.comparison.p_value if first.comparison else None


def _confirmed(found: Recovery) -> bool:
    """Whether a mark that could not be read was found, as the entry says what it is."""
    return found.found and found.candidates[0].confirmation is not None


def _calibration(found: Recovery) -> Calibration | None:
    if _p_value(found) is None:
        return None
    if found.relation is Relation.LOOKS_LIKE or found.candidates[0].comparison is None:
        table = load_chance("dct")
        note = f"{table.pairs} pairs of different photos."
        return Calibration(name=table.name, negatives=table.pictures, positives=0, note=note)
    comparison = found.candidates[0].comparison
    band = min(bands(), key=lambda one: abs(one.share - (comparison.share if comparison else 1.0)))
    note = "Pairs of a copy and another picture; copies that show as much of their own original."
    return Calibration(
        name="photos and changed copies", negatives=band.pairs, positives=band.copies, note=note
    )


def _measurements(found: Recovery) -> tuple[Measurement, ...]:
    rows = [Measurement(name="relation", value=found.relation.value)]
    if found.entry is not None:
        rows.append(Measurement(name="entry", value=found.entry.number))
        rows.append(Measurement(name="manifest", value=found.entry.record.manifest_id))
    if found.found:
        rows.append(Measurement(name="restorable", value=found.restorable))
    if found.found and found.change is not None and found.change.any:
        rows.append(Measurement(name="change", value=str(found.change)))
    sure = found.candidates[0].confirmation if _confirmed(found) else None
    if sure is not None:
        rows.append(Measurement(name="log10 p of the mark", value=round(sure.log10_presence, 1)))
        rows.append(Measurement(name="log10 p of what it says", value=round(sure.log10_meant, 1)))
    return tuple(rows)
