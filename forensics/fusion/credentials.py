"""Content Credentials as evidence: one piece, with the claims that take part in the matrix."""

from __future__ import annotations

from forensics.evidence import Claim, ClaimSource, Evidence, Grade, Measurement, Origin, Question, Status
from forensics.provenance.report import (
    HARD_BINDING_FAILURES,
    TAMPER_FAILURES,
    AiSignalKind,
    Chain,
    CredentialReport,
    CredentialState,
)

__all__ = ["CONTENT_CHANGED", "credential_evidence"]

CONTENT_CHANGED = "credentials.content_changed"

ORIGINS = {
    AiSignalKind.FULLY: Origin.SYNTHETIC,
    AiSignalKind.PARTLY: Origin.COMPOSITE,
    AiSignalKind.CAPTURED: Origin.CAPTURED,
    AiSignalKind.HUMAN: Origin.EDITED,
}
QUESTIONS = {
    AiSignalKind.FULLY: Question.SYNTHETIC,
    AiSignalKind.PARTLY: Question.ALTERED,
    AiSignalKind.CAPTURED: Question.CAPTURED,
}
WORDS = {
    AiSignalKind.NONE: "says nothing about how it was made",
    AiSignalKind.CAPTURED: "declares a capture",
    AiSignalKind.HUMAN: "declares human work without a model",
    AiSignalKind.PARTLY: "declares that a model made parts of it",
    AiSignalKind.FULLY: "declares that a model made it",
    AiSignalKind.AMBIGUOUS: "is ambiguous about the part a model had",
}
CHANGED_LIMITS = (
    "Harmless software may have changed it, and anyone can attach a credential of another picture: weigh who "
    "signed, and whether a thumbnail shows this picture."
)
LIMITS = {
    CredentialState.NONE: "Most files carry none, and anyone can strip them: absence says nothing.",
    CredentialState.REMOTE_DECLARED: "Nothing was fetched; what the address holds is unknown.",
    CredentialState.VALID_UNTRUSTED: "Anyone can sign with a certificate of their own making.",
    CredentialState.TRUSTED: "It proves who signed what, not that the scene in front of the lens was real.",
}


def credential_evidence(report: CredentialReport) -> Evidence:
    """Return what the credentials of a file amount to.

    A trusted, unbroken credential and a failed hard binding are proof; a credential of an unknown signer is
    a claim that anyone could have written.
    """
    kind = report.ai_signal.kind
    usable = report.chain is not Chain.BROKEN and _content_vouched_for(report)
    return Evidence(
        detector="credentials",
        code=CONTENT_CHANGED if report.content_changed else f"credentials.{_code(report)}",
        question=_question(report),
        grade=Grade.PROOF if report.proof or report.content_changed else Grade.CLAIM,
        status=_status(report),
        summary=_summary(report) + _where(report),
        limits=CHANGED_LIMITS if report.content_changed else LIMITS.get(report.state, ""),
        claims=_claims(report) if usable else (),
        measurements=(
            Measurement(name="state", value=report.state.value),
            Measurement(name="chain", value=report.chain.value),
            Measurement(name="ai_signal", value=kind.value),
            *((Measurement(name="sidecar", value=report.sidecar),) if report.sidecar else ()),
        ),
    )


def _content_vouched_for(report: CredentialReport) -> bool:
    """Whether what the manifest says is at least what its signer wrote about these very bytes."""
    failures = set(report.own_failures)
    return not failures & (HARD_BINDING_FAILURES | TAMPER_FAILURES)


def _code(report: CredentialReport) -> str:
    return "broken_chain" if report.chain is Chain.BROKEN else report.state.value


def _question(report: CredentialReport) -> Question:
    if report.content_changed:
        return Question.ALTERED
    if report.chain is Chain.BROKEN or not _content_vouched_for(report):
        return Question.HISTORY
    return QUESTIONS.get(report.ai_signal.kind, Question.HISTORY)


def _status(report: CredentialReport) -> Status:
    if report.state is CredentialState.NONE:
        return Status.CLEAR
    return Status.ERROR if report.state is CredentialState.MALFORMED else Status.SIGNAL


def _summary(report: CredentialReport) -> str:
    signer = report.signer.subject if report.signer else "an unnamed signer"
    said = WORDS[report.ai_signal.kind]
    if report.content_changed:
        unknown = any(c.code == "signingCredential.untrusted" for c in report.codes)
        whom = f"{signer}, unknown to the policy," if unknown else signer
        return f"The content is not what {whom} signed: changed since, or the credential was moved here."
    if report.chain is Chain.BROKEN and report.state is not CredentialState.INVALID:
        return f"The credential of {signer} rests on an ingredient whose own credential does not verify."
    return {
        CredentialState.NONE: "It carries no Content Credentials.",
        CredentialState.REMOTE_DECLARED: f"It names a credential at {report.remote_url}; it was not fetched.",
        CredentialState.MALFORMED: "Its credential cannot be read.",
        CredentialState.INVALID: f"The credential of {signer} does not verify: {', '.join(report.failures)}.",
        CredentialState.VALID_UNTRUSTED: f"An intact credential of {signer}, unknown to the policy, {said}.",
        CredentialState.TRUSTED: f"An intact credential of {signer}, trusted by {report.trust_list}, {said}.",
    }[report.state]


def _where(report: CredentialReport) -> str:
    """Return what the manifest store beside the file has to do with it, "" if none was looked at."""
    if not report.sidecar:
        return ""
    if report.state in (CredentialState.NONE, CredentialState.REMOTE_DECLARED):
        return (
            f" The sidecar {report.sidecar} does not fit it: it belongs to another file of that name, or "
            "this file was changed since; which cannot be told."
        )
    return f" It stands in the sidecar {report.sidecar}."


def _claims(report: CredentialReport) -> tuple[Claim, ...]:
    """One claim for each origin that the chain names."""
    origin = ORIGINS.get(report.ai_signal.kind)
    if origin is None:
        return ()
    source = ClaimSource.C2PA_TRUSTED if report.ai_signal.trusted else ClaimSource.C2PA_UNTRUSTED
    text = report.ai_signal.sources[0].value if report.ai_signal.sources else report.ai_signal.kind.value
    return (Claim(source=source, origin=origin, text=text[:200]),)
