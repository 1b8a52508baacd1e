"""Credentials and evidence to facts, and credentials to evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forensics.evidence import Claim, ClaimSource, Evidence, Grade, Origin, Question, Status
from forensics.fusion.credentials import credential_evidence
from forensics.fusion.facts import MARK_COPIED, MARK_ELSEWHERE, Facts, gather
from forensics.fusion.opinions import FusedOpinion, Term
from forensics.provenance.report import (
    AiSignal,
    AiSignalKind,
    Chain,
    CredentialReport,
    CredentialState,
    StatusCode,
)


def credentials(
    state: CredentialState, kind: AiSignalKind = AiSignalKind.NONE, **changes: object
) -> CredentialReport:
    trusted = state is CredentialState.TRUSTED
    return CredentialReport.model_validate(
        {"state": state, "ai_signal": AiSignal(kind=kind, trusted=trusted), **changes}
    )


def failing(*codes: str) -> tuple[StatusCode, ...]:
    return tuple(StatusCode(code=c, manifest="", failure=True) for c in codes)


def facts(report: CredentialReport, *evidence: Evidence, opinions: tuple[FusedOpinion, ...] = ()) -> Facts:
    everything = (credential_evidence(report), *evidence)
    return gather(report, everything, opinions, readable=True, threshold=2.0)


NONE = credentials(CredentialState.NONE)


@pytest.mark.parametrize(
    ("kind", "fact"),
    [
        (AiSignalKind.FULLY, "trusted_fully_ai"),
        (AiSignalKind.PARTLY, "trusted_partly_ai"),
        (AiSignalKind.CAPTURED, "trusted_capture"),
    ],
)
def test_a_trusted_chain_proves_and_a_broken_one_does_not(kind: AiSignalKind, fact: str) -> None:
    intact = credentials(CredentialState.TRUSTED, kind)
    assert getattr(facts(intact), fact)
    broken = credentials(CredentialState.TRUSTED, kind, chain=Chain.BROKEN)
    found = facts(broken)
    assert found == Facts(state=CredentialState.TRUSTED, chain_broken=True)


def test_an_unknown_signer_only_claims() -> None:
    found = facts(credentials(CredentialState.VALID_UNTRUSTED, AiSignalKind.FULLY))
    assert found == Facts(state=CredentialState.VALID_UNTRUSTED, claimed_ai=True)
    found = facts(credentials(CredentialState.VALID_UNTRUSTED, AiSignalKind.PARTLY))
    assert found == Facts(state=CredentialState.VALID_UNTRUSTED, claimed_partly_ai=True)
    found = facts(credentials(CredentialState.VALID_UNTRUSTED, AiSignalKind.CAPTURED))
    assert found == Facts(state=CredentialState.VALID_UNTRUSTED)


def test_a_failed_hash_under_a_good_signature_means_changed_content() -> None:
    report = credentials(
        CredentialState.INVALID, AiSignalKind.FULLY, codes=failing("assertion.dataHash.mismatch")
    )
    assert facts(report) == Facts(state=CredentialState.INVALID, hard_binding_failed=True)
    evidence = credential_evidence(report)
    assert (evidence.code, evidence.grade) == ("credentials.content_changed", Grade.PROOF)
    assert evidence.question is Question.ALTERED
    assert evidence.claims == ()


@pytest.mark.parametrize("code", ["claimSignature.mismatch", "assertion.hashedURI.mismatch", "claim.missing"])
def test_a_changed_credential_speaks_of_itself_only(code: str) -> None:
    codes = failing("assertion.dataHash.mismatch", code)
    report = credentials(CredentialState.INVALID, AiSignalKind.FULLY, codes=codes)
    assert facts(report) == Facts(state=CredentialState.INVALID, credential_tampered=True)


def test_a_failure_of_an_ingredient_says_nothing_about_the_content() -> None:
    code = StatusCode(code="assertion.dataHash.mismatch", manifest="parent", failure=True)
    report = credentials(CredentialState.INVALID, codes=(code,), chain=Chain.BROKEN)
    assert facts(report) == Facts(state=CredentialState.INVALID, chain_broken=True)


def test_an_expired_certificate_is_neither_change_nor_proof() -> None:
    codes = failing("signingCredential.expired")
    report = credentials(CredentialState.INVALID, AiSignalKind.FULLY, codes=codes)
    assert facts(report) == Facts(state=CredentialState.INVALID, claimed_ai=True)


def test_an_untrusted_signer_alone_is_no_failure() -> None:
    codes = failing("signingCredential.untrusted")
    assert credentials(CredentialState.VALID_UNTRUSTED, codes=codes).failures == ()


@pytest.mark.parametrize("state", list(CredentialState))
@pytest.mark.parametrize("kind", list(AiSignalKind))
def test_every_state_has_a_sentence(state: CredentialState, kind: AiSignalKind) -> None:
    evidence = credential_evidence(credentials(state, kind, codes=failing("general.error")))
    assert evidence.summary.endswith(".")
    assert evidence.llr is None


def mark(grade: Grade, origin: Origin = Origin.SYNTHETIC) -> Evidence:
    claim = Claim(source=ClaimSource.WATERMARK, origin=origin, text="t")
    return Evidence(
        detector="watermark",
        code="watermark.found",
        question=Question.SYNTHETIC,
        grade=grade,
        status=Status.SIGNAL,
        summary="s",
        claims=(claim,),
    )


def test_a_watermark_is_proof_only_when_graded_so() -> None:
    assert facts(NONE, mark(Grade.PROOF)).watermark_proof
    assert not facts(NONE, mark(Grade.CLAIM)).watermark_proof


def test_a_watermark_that_proves_nothing_claims() -> None:
    nothing = facts(NONE)
    assert facts(NONE, mark(Grade.PROOF)) == replace(nothing, watermark_proof=True)  # proof is no mere claim
    assert facts(NONE, mark(Grade.PROOF, Origin.COMPOSITE)) == replace(nothing, watermark_partly=True)
    assert facts(NONE, mark(Grade.CLAIM)) == replace(nothing, claimed_ai=True)
    assert facts(NONE, mark(Grade.CLAIM, Origin.COMPOSITE)) == replace(nothing, claimed_partly_ai=True)


def test_a_registered_manifest_proves_or_claims() -> None:
    def copy(grade: Grade, origin: Origin) -> Evidence:
        claim = Claim(source=ClaimSource.STORE, origin=origin, text="t")
        return mark(grade).model_copy(update={"code": "recovery.stripped", "claims": (claim,)})

    nothing = facts(NONE)
    assert facts(NONE, copy(Grade.PROOF, Origin.SYNTHETIC)) == replace(nothing, recovered_ai=True)
    assert facts(NONE, copy(Grade.PROOF, Origin.COMPOSITE)) == replace(nothing, recovered_partly_ai=True)
    assert facts(NONE, copy(Grade.CLAIM, Origin.SYNTHETIC)) == replace(nothing, claimed_ai=True)


@pytest.mark.parametrize(("code", "fact"), [(MARK_COPIED, "mark_copied"), (MARK_ELSEWHERE, "mark_elsewhere")])
def test_a_mark_of_another_picture_is_a_fact(code: str, fact: str) -> None:
    moved = mark(Grade.CLAIM).model_copy(update={"code": code, "claims": ()})
    assert facts(NONE, moved) == replace(facts(NONE), **{fact: True})


@pytest.mark.parametrize("grade", [Grade.PROOF, Grade.CLAIM])
@pytest.mark.parametrize("origin", [Origin.CAPTURED, Origin.EDITED, Origin.CREATED])
def test_marks_of_others_than_models_accuse_nobody(grade: Grade, origin: Origin) -> None:
    assert facts(NONE, mark(grade, origin)) == facts(NONE)


def test_a_mark_that_is_not_signalled_claims_nothing() -> None:
    quiet = mark(Grade.CLAIM).model_copy(update={"status": Status.CLEAR})
    assert facts(NONE, quiet) == facts(NONE)


def test_opinions_count_from_the_threshold_on() -> None:
    def fused(odds: float, question: Question) -> FusedOpinion:
        term = Term(detector="a", code="a.x", llr=odds, weight=1.0, contribution=odds)
        return FusedOpinion(
            question=question, prior=0.5, terms=(term,), llr=odds, log10_posterior_odds=odds, posterior=0.9
        )

    assert facts(NONE, opinions=(fused(2.0, Question.SYNTHETIC),)).opinion_synthetic
    assert not facts(NONE, opinions=(fused(1.99, Question.SYNTHETIC),)).opinion_synthetic
    assert facts(NONE, opinions=(fused(2.5, Question.ALTERED),)).opinion_altered


@pytest.mark.parametrize("llrs", [(), (0.0,), (-0.3,), (0.4, -0.9), (0.49,)])
@pytest.mark.parametrize("question", [Question.SYNTHETIC, Question.ALTERED])
def test_a_prior_alone_never_accuses(llrs: tuple[float, ...], question: Question) -> None:
    terms = tuple(Term(detector="a", code="a.x", llr=x, weight=1, contribution=x) for x in llrs)
    certain = FusedOpinion(
        question=question, prior=0.9999, terms=terms, llr=sum(llrs), log10_posterior_odds=3.5, posterior=0.999
    )
    found = facts(NONE, opinions=(certain,))
    assert not found.opinion_synthetic
    assert not found.opinion_altered
