"""Measures of the first layer: signed metadata that says how the file was made."""

from __future__ import annotations

from forensics.article50.records import Finding, Outcome
from forensics.article50.subject import Subject
from forensics.evidence import Measurement
from forensics.provenance import AiSignalKind, Chain, CredentialReport, CredentialState, ListKind

__all__ = ["NOTHING_READ", "declared", "holds", "inputs", "signed", "time_stamped"]

NOTHING_READ = (CredentialState.NONE, CredentialState.REMOTE_DECLARED)
_INTACT = (CredentialState.VALID_UNTRUSTED, CredentialState.TRUSTED)
_MODEL = (AiSignalKind.FULLY, AiSignalKind.PARTLY)
_OTHERWISE = {
    AiSignalKind.NONE: "The credentials do not say how it was made.",
    AiSignalKind.CAPTURED: "The credentials declare a capture by a camera, not the output of a model.",
    AiSignalKind.HUMAN: "The credentials declare the work of people or plain software, not that of a model.",
    AiSignalKind.AMBIGUOUS: "The credentials are ambiguous about the part a model had.",
}


def holds(report: CredentialReport) -> bool:
    """Whether credentials are intact with everything they rest on, whoever signed them."""
    return report.state in _INTACT and report.chain is not Chain.BROKEN


def signed(subject: Subject) -> Finding:
    """Say whether there are credentials that hold, of a signer whom the policy trusts."""
    report, trust = subject.credentials, subject.settings.trust
    evidence = _state(report)
    if report.proof:
        return Finding(outcome=Outcome.PASS, reason=report.message, evidence=evidence)
    if report.state is CredentialState.REMOTE_DECLARED:
        return Finding(outcome=Outcome.UNKNOWN, reason=report.message, evidence=evidence)
    nobody = not any(entry.trusted for entry in trust.of_kind(ListKind.SIGNER))
    if report.state is CredentialState.VALID_UNTRUSTED and holds(report) and nobody:
        reason = f"{report.message} Your trust policy names no signers: give one with --trust."
        return Finding(outcome=Outcome.UNKNOWN, reason=reason, evidence=evidence)
    return Finding(outcome=Outcome.FAIL, reason=report.message, evidence=evidence)


def time_stamped(subject: Subject) -> Finding:
    """Say whether an authority that the policy trusts vouches for the time of the signature."""
    report, trust = subject.credentials, subject.settings.trust
    if report.signer is None:
        reason = "There is no signature that could bear a time stamp."
        return Finding(outcome=Outcome.NOT_APPLICABLE, reason=reason)
    if not holds(report):
        reason = "The credentials do not hold, so what stamps them counts for nothing."
        return Finding(outcome=Outcome.FAIL, reason=reason)
    time = report.signed_time
    if time is None:
        reason = "The signature bears no time stamp: name a time-stamping authority when you sign (RFC 3161)."
        return Finding(outcome=Outcome.FAIL, reason=reason)
    evidence = (Measurement(name="time", value=time.value), Measurement(name="trusted", value=time.trusted))
    if time.trusted:
        reason = f"The signature was time-stamped at {time.value} by an authority of your trust policy."
        return Finding(outcome=Outcome.PASS, reason=reason, evidence=evidence)
    if not trust.of_kind(ListKind.TSA):
        reason = "There is a time stamp, but your trust policy names no time-stamping authorities."
        return Finding(outcome=Outcome.UNKNOWN, reason=reason, evidence=evidence)
    reason = "There is a time stamp, but no authority of your trust policy vouches for it."
    return Finding(outcome=Outcome.FAIL, reason=reason, evidence=evidence)


def declared(subject: Subject) -> Finding:
    """Say whether the signer declares that a model made the file, or parts of it."""
    report = subject.credentials
    signal = report.ai_signal
    if report.state is CredentialState.REMOTE_DECLARED:
        return Finding(outcome=Outcome.UNKNOWN, reason=report.message)
    if report.state is CredentialState.NONE:
        return Finding(outcome=Outcome.FAIL, reason=_unsigned(subject))
    evidence = tuple(Measurement(name=said.where, value=said.value) for said in signal.sources[:4])
    if not holds(report):
        reason = "The credentials do not hold, so what they declare counts for nothing."
        return Finding(outcome=Outcome.FAIL, reason=reason, evidence=evidence)
    if signal.kind not in _MODEL:
        return Finding(outcome=Outcome.FAIL, reason=_OTHERWISE[signal.kind], evidence=evidence)
    if report.proof and not signal.trusted:
        reason = "The signer only passes on that a model had a part in it, and does not vouch for it."
        return Finding(outcome=Outcome.FAIL, reason=reason, evidence=evidence)
    share = "it" if signal.kind is AiSignalKind.FULLY else "parts of it"
    reason = f"The credentials declare that a model made {share}."
    return Finding(outcome=Outcome.PASS, reason=reason, evidence=evidence)


def inputs(subject: Subject) -> Finding:
    """Say whether the credentials of what the file was made from are kept and hold."""
    report = subject.credentials
    parts = [part for manifest in report.manifests for part in manifest.ingredients]
    if not parts:
        reason = "It names nothing that it was made from."
        return Finding(outcome=Outcome.NOT_APPLICABLE, reason=reason)
    failed = [part for part in parts if part.failed]
    evidence = tuple(Measurement(name=part.title, value=", ".join(part.failed)) for part in failed[:4])
    if report.chain is Chain.BROKEN or failed:
        reason = "The credentials of something that it was made from do not hold."
        return Finding(outcome=Outcome.FAIL, reason=reason, evidence=evidence)
    if not any(part.manifest for part in parts):
        reason = "Nothing that it was made from had credentials."
        return Finding(outcome=Outcome.NOT_APPLICABLE, reason=reason)
    return Finding(outcome=Outcome.PASS, reason="The credentials of what it was made from are kept and hold.")


def _state(report: CredentialReport) -> tuple[Measurement, ...]:
    rows = [Measurement(name="state", value=report.state.value)]
    if report.signer:
        rows.append(Measurement(name="signer", value=report.signer.subject))
    if report.trust_list:
        rows.append(Measurement(name="trust list", value=report.trust_list))
    if report.failures:
        rows.append(Measurement(name="failures", value=", ".join(report.failures)))
    return tuple(rows)


def _unsigned(subject: Subject) -> str:
    from forensics.detectors.metadata.sources import find_source_types
    from forensics.evidence import Origin

    models = (Origin.SYNTHETIC, Origin.COMPOSITE)
    plain = [f.term for f in find_source_types(subject.media.metadata) if f.origin in models]
    if plain:
        return f"Plain metadata says {plain[0]}, but nobody signed that: anyone can write or remove it."
    return "No signed metadata says that a model made it."
