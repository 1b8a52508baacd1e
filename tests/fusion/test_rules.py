"""The verdict table, row by row, and the precedence between rows."""

from __future__ import annotations

import pytest

from forensics.evidence import Verdict
from forensics.fusion.facts import Facts
from forensics.fusion.rules import RULES, decide

ROWS = {
    "unreadable": (Facts(readable=False), Verdict.UNREADABLE),
    "altered_since_signing": (Facts(hard_binding_failed=True), Verdict.ALTERED),
    "contradiction": (Facts(decisive_contradiction=True), Verdict.CONTRADICTORY),
    "declared_by_trusted_signer": (Facts(trusted_fully_ai=True), Verdict.SYNTHETIC),
    "watermark": (Facts(watermark_proof=True), Verdict.SYNTHETIC),
    "copy_of_registered": (Facts(recovered_ai=True), Verdict.SYNTHETIC),
    "watermark_of_an_edit": (Facts(watermark_partly=True), Verdict.ALTERED),
    "partly_declared_by_trusted_signer": (Facts(trusted_partly_ai=True), Verdict.ALTERED),
    "copy_of_registered_edit": (Facts(recovered_partly_ai=True), Verdict.ALTERED),
    "declared": (Facts(claimed_ai=True), Verdict.LIKELY_SYNTHETIC),
    "detectors_synthetic": (Facts(opinion_synthetic=True), Verdict.LIKELY_SYNTHETIC),
    "partly_declared": (Facts(claimed_partly_ai=True), Verdict.LIKELY_ALTERED),
    "detectors_altered": (Facts(opinion_altered=True), Verdict.LIKELY_ALTERED),
    "trusted_capture": (Facts(trusted_capture=True), Verdict.CAPTURED),
    "unstable": (Facts(unstable=True), Verdict.INCONCLUSIVE),
    "nothing": (Facts(), Verdict.INCONCLUSIVE),
}


def test_every_row_of_the_table_is_tested() -> None:
    assert list(ROWS) == [rule.name for rule in RULES]


@pytest.mark.parametrize("name", ROWS)
def test_row(name: str) -> None:
    facts, verdict = ROWS[name]
    rule = decide(facts)
    assert rule.name == name
    assert rule.verdict is verdict


PRECEDENCE = [
    (Facts(readable=False, trusted_fully_ai=True), Verdict.UNREADABLE),
    (Facts(hard_binding_failed=True, claimed_ai=True), Verdict.ALTERED),
    (Facts(decisive_contradiction=True, trusted_fully_ai=True), Verdict.CONTRADICTORY),
    (Facts(decisive_contradiction=True, trusted_capture=True), Verdict.CONTRADICTORY),
    (Facts(watermark_proof=True, opinion_altered=True), Verdict.SYNTHETIC),
    (Facts(hard_binding_failed=True, recovered_ai=True), Verdict.ALTERED),
    (Facts(recovered_ai=True, mark_elsewhere=True), Verdict.SYNTHETIC),
    (Facts(trusted_fully_ai=True, opinion_altered=True), Verdict.SYNTHETIC),
    (Facts(claimed_ai=True, opinion_altered=True), Verdict.LIKELY_SYNTHETIC),
    (Facts(unstable=True, opinion_altered=True), Verdict.LIKELY_ALTERED),
    (Facts(unstable=True, trusted_capture=True), Verdict.CAPTURED),
]


@pytest.mark.parametrize(("facts", "verdict"), PRECEDENCE)
def test_precedence(facts: Facts, verdict: Verdict) -> None:
    assert decide(facts).verdict is verdict


def test_opinions_and_claims_never_reach_past_likely() -> None:
    strong = Facts(claimed_ai=True, claimed_partly_ai=True, opinion_synthetic=True, opinion_altered=True)
    assert decide(strong).verdict in (Verdict.LIKELY_SYNTHETIC, Verdict.LIKELY_ALTERED)
