"""Every cell of the matrix, and what the facts contradict by themselves."""

from __future__ import annotations

import pytest

from forensics.evidence import Claim, ClaimSource, Origin
from forensics.fusion.contradictions import MATRIX, Cell, find_contradictions
from forensics.fusion.facts import Facts
from forensics.provenance.report import CredentialState

SIGNED = Facts(state=CredentialState.TRUSTED)


def claim(source: ClaimSource, origin: Origin) -> Claim:
    return Claim(source=source, origin=origin, text="t")


def sides(cell: Cell) -> list[tuple[Claim, Claim]]:
    return [
        (claim(a, x), claim(b, y))
        for a in sorted(cell.one.sources)
        for x in sorted(cell.one.origins)
        for b in sorted(cell.other.sources)
        for y in sorted(cell.other.origins)
    ]


@pytest.mark.parametrize("cell", MATRIX, ids=lambda c: c.name)
def test_each_pair_of_a_cell_is_reported_by_name(cell: Cell) -> None:
    for one, other in sides(cell):
        found = {c.name: c for c in find_contradictions([one, other], SIGNED)}
        assert cell.name in found
        assert found[cell.name].decisive is cell.decisive
        assert set(found[cell.name].sides) == {one, other}


@pytest.mark.parametrize("cell", MATRIX, ids=lambda c: c.name)
def test_one_side_alone_is_no_contradiction(cell: Cell) -> None:
    one, other = sides(cell)[0]
    for alone in ([one], [other]):
        assert cell.name not in {c.name for c in find_contradictions(alone, SIGNED)}


def test_names_are_unique() -> None:
    assert len({cell.name for cell in MATRIX}) == len(MATRIX)


def test_claims_that_agree_are_no_contradiction() -> None:
    claims = [
        claim(s, Origin.CAPTURED) for s in (ClaimSource.C2PA_TRUSTED, ClaimSource.EXIF, ClaimSource.XMP)
    ]
    assert find_contradictions(claims, SIGNED) == ()


@pytest.mark.parametrize(
    ("facts", "claims", "name", "decisive"),
    [
        (Facts(chain_broken=True), [], "broken_chain", True),
        (Facts(credential_tampered=True), [], "credential_tampered", True),
        (Facts(trusted_capture=True, opinion_synthetic=True), [], "trusted_capture_vs_detectors", True),
        (Facts(trusted_capture=True, opinion_altered=True), [], "trusted_capture_vs_detectors", True),
        (Facts(), [claim(ClaimSource.XMP, Origin.SYNTHETIC)], "ai_claim_without_credentials", False),
        (Facts(mark_copied=True), [], "mark_copied", True),
        (Facts(mark_elsewhere=True), [], "mark_copied", False),
        (Facts(), [claim(ClaimSource.WATERMARK, Origin.SYNTHETIC)], "watermark_without_declaration", False),
    ],
)
def test_facts_that_contradict(facts: Facts, claims: list[Claim], name: str, decisive: bool) -> None:
    found = find_contradictions(claims, facts)
    assert [(c.name, c.decisive) for c in found] == [(name, decisive)]


def test_an_ai_claim_beside_credentials_is_not_reported_as_stripped() -> None:
    found = find_contradictions([claim(ClaimSource.XMP, Origin.SYNTHETIC)], SIGNED)
    assert found == ()
