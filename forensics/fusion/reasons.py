"""The few sentences that a person reads first."""

from __future__ import annotations

from collections.abc import Sequence

from forensics.evidence import Evidence, Grade, Question, Status, Verdict
from forensics.fusion.contradictions import Contradiction
from forensics.fusion.opinions import FusedOpinion
from forensics.fusion.rules import UNSTABLE, Rule
from forensics.fusion.stability import DETECTOR

__all__ = ["REASONS", "llr_of", "reasons_of"]

REASONS = 3


def llr_of(verdict: Verdict, opinions: Sequence[FusedOpinion]) -> float:
    """Return the fused ratio for the question that a verdict answers."""
    altered = verdict in (Verdict.ALTERED, Verdict.LIKELY_ALTERED)
    wanted = Question.ALTERED if altered else Question.SYNTHETIC
    return next(o.llr for o in opinions if o.question is wanted)


def reasons_of(
    rule: Rule, evidence: Sequence[Evidence], contradictions: Sequence[Contradiction]
) -> tuple[str, ...]:
    """Return the strongest reasons: what decided first, then proof, claims and opinions by weight.

    Args:
        rule: The rule that decided.
        evidence: All of it.
        contradictions: Those found.
    """
    decisive = [c.summary for c in contradictions if c.decisive]
    if rule.name == UNSTABLE:
        decisive += [e.summary for e in evidence if e.detector == DETECTOR]
    ordered = sorted(evidence, key=_strength, reverse=True)
    told = [e.summary for e in ordered if e.status is Status.SIGNAL]
    if rule.verdict is Verdict.INCONCLUSIVE:
        told += [e.summary for e in ordered if e.status is Status.CLEAR and _telling(e)]
    rest = [c.summary for c in contradictions if not c.decisive]
    return tuple(dict.fromkeys([*decisive, *told[:2], *rest, *told[2:]]))[:REASONS]


def _strength(evidence: Evidence) -> tuple[bool, int, float]:
    """What only tells of saves and scaling last; then proof, claims, opinions by weight."""
    grades = {Grade.PROOF: 3, Grade.CLAIM: 2, Grade.OPINION: 1}
    return (_telling(evidence), grades[evidence.grade], abs(evidence.llr or 0.0))


def _telling(evidence: Evidence) -> bool:
    return evidence.question is not Question.HISTORY or evidence.detector == "credentials"
