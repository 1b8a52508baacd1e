"""The page: the chain of manifests stays small, whatever a file claims to be made from."""

from __future__ import annotations

import re

from forensics.audit_report import AuditReport, MediaSummary
from forensics.evidence import Verdict
from forensics.provenance.report import CredentialReport, CredentialState, Ingredient, ManifestReport
from forensics.report.html import DEPTH, render_html


def manifest(label: str, *parts: str) -> ManifestReport:
    ingredients = tuple(
        Ingredient(title=f"by {label}", relationship="componentOf", manifest=p) for p in parts
    )
    return ManifestReport(label=label, title=f"title {label}", active=label == "0", ingredients=ingredients)


def page(*manifests: ManifestReport) -> str:
    report = AuditReport(
        path="a.jpg",
        sha256="",
        media=MediaSummary(format="jpeg"),
        verdict=Verdict.INCONCLUSIVE,
        rule="none",
        because="",
        reasons=(),
        llr=0.0,
        opinions=(),
        threshold=2.0,
        evidence=(),
        credentials=CredentialReport(state=CredentialState.VALID_UNTRUSTED, manifests=manifests),
        contradictions=(),
        errors=(),
    )
    return render_html([(report, None)])


def drawn(text: str) -> list[str]:
    return re.findall(r"<strong>title (\w+)</strong>", text)


def test_a_manifest_that_many_are_made_from_is_drawn_once() -> None:
    """Each manifest names the next one four times: as a tree that is 4^7 boxes at the lowest level."""
    levels = 8
    chain = [manifest(str(i), *[str(i + 1)] * 4) for i in range(levels - 1)]
    text = page(*chain, manifest(str(levels - 1)))
    assert drawn(text) == [str(i) for i in range(levels)]
    assert text.count("drawn elsewhere in this chain") == 3 * (levels - 1)


def test_a_diamond_shows_both_ways_to_its_foot() -> None:
    text = page(manifest("0", "1", "2"), manifest("1", "3"), manifest("2", "3"), manifest("3"))
    assert drawn(text) == ["0", "1", "3", "2"]
    assert text.count("drawn elsewhere in this chain") == 1


def test_a_cycle_is_cut() -> None:
    text = page(manifest("0", "1"), manifest("1", "0", "1"))
    assert drawn(text) == ["0", "1"]
    assert text.count("drawn elsewhere in this chain") == 2


def test_depth_is_bounded() -> None:
    chain = [manifest(str(i), str(i + 1)) for i in range(3 * DEPTH)]
    text = page(*chain, manifest(str(3 * DEPTH)))
    assert drawn(text) == [str(i) for i in range(DEPTH)]
    assert text.count("not drawn: too deep") == 1


def test_what_is_not_drawn_is_told_apart() -> None:
    text = page(manifest("0", "", "gone"))
    assert text.count("no credential of its own") == 1
    assert text.count("its credential is missing") == 1
