"""The few facts that the verdict rules look at, drawn from all evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from forensics.evidence import ClaimSource, Evidence, Grade, Origin, Question, Status
from forensics.fusion.opinions import FusedOpinion
from forensics.provenance.report import (
    TAMPER_FAILURES,
    AiSignalKind,
    CredentialReport,
    CredentialState,
)

__all__ = ["MARK_COPIED", "MARK_ELSEWHERE", "SUPPORT", "Facts", "gather", "passes"]

MARK_ELSEWHERE = "recovery.mark_elsewhere"
MARK_COPIED = "recovery.mark_copied"
_PROVING = (ClaimSource.WATERMARK, ClaimSource.STORE)

SUPPORT = 0.5  # log10: what is found must make it three times as likely, whatever the prior


@dataclass(frozen=True)
class Facts:
    """What is known about a file, as yes or no.

    Attributes:
        readable: The pixels could be decoded.
        state: State of the credentials.
        hard_binding_failed: The content was changed under an otherwise good signature.
        credential_tampered: The credential itself was changed.
        chain_broken: An ingredient's credential does not verify.
        trusted_fully_ai: A trusted, unbroken chain says a model made the whole.
        trusted_partly_ai: A trusted, unbroken chain says a model made parts.
        trusted_capture: A trusted, unbroken chain says a camera captured it, and no model anywhere.
        watermark_proof: A generator's watermark at a declared false-alarm rate.
        watermark_partly: That of a model that changes pictures.
        recovered_ai: It is a copy of a registered file that a trusted signer says a model made.
        recovered_partly_ai: The same of a file of which a model made parts.
        mark_elsewhere: Its mark is that of another picture, by what is registered.
        mark_copied: The same, and the mark itself shows that it was copied.
        claimed_ai: An unknown signer or plain metadata says a model made it.
        claimed_partly_ai: The same for parts of it.
        opinion_synthetic: The fused opinion passes the threshold for "synthetic".
        opinion_altered: The fused opinion passes the threshold for "altered".
        unstable: An opinion passes the threshold, and falls when the picture is delivered again.
        decisive_contradiction: The matrix holds a decisive contradiction.
    """

    readable: bool = True
    state: CredentialState = CredentialState.NONE
    hard_binding_failed: bool = False
    credential_tampered: bool = False
    chain_broken: bool = False
    trusted_fully_ai: bool = False
    trusted_partly_ai: bool = False
    trusted_capture: bool = False
    watermark_proof: bool = False
    watermark_partly: bool = False
    recovered_ai: bool = False
    recovered_partly_ai: bool = False
    mark_elsewhere: bool = False
    mark_copied: bool = False
    claimed_ai: bool = False
    claimed_partly_ai: bool = False
    opinion_synthetic: bool = False
    opinion_altered: bool = False
    unstable: bool = False
    decisive_contradiction: bool = False


def gather(
    credentials: CredentialReport,
    evidence: Iterable[Evidence],
    opinions: Iterable[FusedOpinion],
    *,
    readable: bool,
    threshold: float,
) -> Facts:
    """Draw the facts from everything found.

    Args:
        credentials: Report on the Content Credentials.
        evidence: Evidence of all methods, the credentials' own included.
        opinions: The fused opinions.
        readable: Whether the pixels could be decoded.
        threshold: log10 posterior odds from which an opinion counts.
    """
    found = [e for e in evidence if e.status is Status.SIGNAL]
    passed = {o.question for o in opinions if passes(o, threshold)}
    tampered = bool(TAMPER_FAILURES.intersection(credentials.own_failures))
    proven = credentials.proof and credentials.ai_signal.trusted
    kind = credentials.ai_signal.kind
    return Facts(
        readable=readable,
        state=credentials.state,
        hard_binding_failed=credentials.content_changed,
        credential_tampered=credentials.state is CredentialState.INVALID and tampered,
        chain_broken=credentials.chain.value == "broken",
        trusted_fully_ai=proven and kind is AiSignalKind.FULLY,
        trusted_partly_ai=proven and kind is AiSignalKind.PARTLY,
        trusted_capture=proven and kind is AiSignalKind.CAPTURED,
        watermark_proof=_proven(found, ClaimSource.WATERMARK, Origin.SYNTHETIC),
        watermark_partly=_proven(found, ClaimSource.WATERMARK, Origin.COMPOSITE),
        recovered_ai=_proven(found, ClaimSource.STORE, Origin.SYNTHETIC),
        recovered_partly_ai=_proven(found, ClaimSource.STORE, Origin.COMPOSITE),
        mark_elsewhere=any(e.code == MARK_ELSEWHERE for e in found),
        mark_copied=any(e.code == MARK_COPIED for e in found),
        claimed_ai=_claimed(found, Origin.SYNTHETIC),
        claimed_partly_ai=_claimed(found, Origin.COMPOSITE),
        opinion_synthetic=Question.SYNTHETIC in passed,
        opinion_altered=Question.ALTERED in passed,
    )


def passes(opinion: FusedOpinion, threshold: float) -> bool:
    """Return whether an opinion counts; a prior never accuses by itself, nor with the slightest of findings.

    Args:
        opinion: The opinion.
        threshold: log10 posterior odds from which it counts.
    """
    return opinion.llr >= SUPPORT and opinion.log10_posterior_odds >= threshold


def _proven(found: Iterable[Evidence], source: ClaimSource, origin: Origin) -> bool:
    """Whether a watermark, or a registered manifest, proves so."""
    claims = (c for e in found if e.grade is Grade.PROOF for c in e.claims)
    return any(c.source is source and c.origin is origin for c in claims)


def _claimed(found: Iterable[Evidence], origin: Origin) -> bool:
    """Whether anything that is no proof says so: metadata, an unknown signer, a mark that may be a copy."""
    return any(
        c.origin is origin and c.source is not ClaimSource.C2PA_TRUSTED
        for e in found
        for c in e.claims
        if not (c.source in _PROVING and e.grade is Grade.PROOF)
    )
