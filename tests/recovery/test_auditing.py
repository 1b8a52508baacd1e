"""What a store changes in an audit: proof of copies, marks that claim nothing, and nothing without one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forensics import Auditor
from forensics.audit_report import AuditReport
from forensics.evidence import ClaimSource, Evidence, Grade, Question, Status, Verdict
from forensics.provenance import TrustPolicy
from forensics.provenance.restoring.stripping import bare
from forensics.provenance.store import ManifestStore, recorded
from forensics.watermark.keyfile import save_keys

helpers = sys.modules["recovery_helpers"]
encoded, scene = helpers.encoded, helpers.scene

Audit = Callable[..., AuditReport]


@pytest.fixture
def audit(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Audit]:
    """Audit bytes with the store of the world, its keys and its trust, unless told otherwise."""
    ring = tmp_path / "keys.toml"
    save_keys([world.key], ring)
    monkeypatch.setenv("FORENSICS_KEYS", str(ring))

    def run(
        data: bytes, store: Any = world.store, trust: TrustPolicy = world.policy, *, marks: bool = False
    ) -> AuditReport:
        path = tmp_path / "file"
        path.write_bytes(data)
        only = ["metadata", "watermark"] if marks else ["metadata"]
        with Auditor(trust=trust, only=only, store=store) as auditor:
            return auditor.audit(path)

    return run


def told(report: AuditReport) -> Evidence:
    (evidence,) = (e for e in report.evidence if e.detector == "recovery")
    return evidence


def names(report: AuditReport) -> set[str]:
    return {contradiction.name for contradiction in report.contradictions}


def test_a_stripped_copy_of_what_a_model_made_is_proven_synthetic(world: Any, audit: Audit) -> None:
    report = audit(bare(world.files["unmarked"]))
    evidence = told(report)
    assert (report.verdict, report.rule) == (Verdict.SYNTHETIC, "copy_of_registered")
    assert (evidence.code, evidence.grade) == ("recovery.stripped", Grade.PROOF)
    assert evidence.question is Question.SYNTHETIC
    assert evidence.p_value is None
    assert [claim.source for claim in evidence.claims] == [ClaimSource.STORE]
    assert {m.name: m.value for m in evidence.measurements}["restorable"] is True
    assert audit(bare(world.files["unmarked"]), store=None).verdict is Verdict.INCONCLUSIVE


def test_equal_pixels_are_proof_without_the_file(world: Any, audit: Audit) -> None:
    report = audit(encoded(world.shown["unmarked"], "WEBP", lossless=True))
    assert told(report).code != "recovery.stripped"
    data = world.signed(world.shown["unmarked"], "lossless.png")
    with ManifestStore(world.folder / "lossless.sqlite", create=True) as store:
        store.add(recorded(data))
        again = audit(encoded(world.shown["unmarked"], "WEBP", lossless=True), store=store)
    assert (told(again).code, again.verdict) == ("recovery.recoded", Verdict.SYNTHETIC)
    assert told(again).grade is Grade.PROOF


def test_mark_and_looks_together_are_proof(world: Any, audit: Audit) -> None:
    report = audit(encoded(world.shown["decoded"], "JPEG", quality=70), marks=True)
    evidence = told(report)
    assert (report.verdict, evidence.code) == (Verdict.SYNTHETIC, "recovery.reencoded")
    assert evidence.grade is Grade.PROOF
    assert evidence.p_value is not None
    assert evidence.p_value < 1e-6
    assert evidence.calibration is not None
    assert evidence.calibration.negatives > 10**5
    without = audit(encoded(world.shown["decoded"], "JPEG", quality=70), store=None, marks=True)
    assert without.verdict is Verdict.LIKELY_SYNTHETIC  # nothing binds the mark of a decoder to its picture


def test_looks_alone_are_an_opinion_that_moves_nothing(world: Any, audit: Audit) -> None:
    report = audit(encoded(world.shown["unmarked"], "JPEG", quality=70))
    evidence = told(report)
    assert (report.verdict, evidence.code) == (Verdict.INCONCLUSIVE, "recovery.looks_like")
    assert (evidence.grade, evidence.claims, evidence.question) == (Grade.OPINION, (), Question.HISTORY)


@pytest.mark.parametrize(
    ("name", "code", "verdict"),
    [
        ("marked", "recovery.mark_copied", Verdict.CONTRADICTORY),
        ("decoded", "recovery.mark_elsewhere", Verdict.INCONCLUSIVE),
    ],
)
def test_a_copied_mark_is_a_contradiction_and_accuses_nobody(
    world: Any, audit: Audit, name: str, code: str, verdict: Verdict
) -> None:
    height, width = world.plain[name].shape[:2]
    report = audit(encoded(world.moved(name, scene(50, height, width))), marks=True)
    assert (told(report).code, report.verdict) == (code, verdict)
    assert names(report) == {"mark_copied"}
    assert not [claim for e in report.evidence for claim in e.claims]


def test_a_signer_nobody_trusts_makes_a_claim_and_no_proof(world: Any, audit: Audit) -> None:
    report = audit(bare(world.files["unmarked"]), trust=TrustPolicy.default())
    assert (told(report).grade, report.verdict) == (Grade.CLAIM, Verdict.LIKELY_SYNTHETIC)
    report = audit(
        encoded(world.shown["decoded"], "JPEG", quality=70), trust=TrustPolicy.default(), marks=True
    )
    assert (told(report).grade, report.verdict) == (Grade.CLAIM, Verdict.LIKELY_SYNTHETIC)


def test_a_revoked_entry_does_not_count(world: Any, audit: Audit, tmp_path: Path) -> None:
    with ManifestStore(tmp_path / "revoked.sqlite", create=True) as store:
        record = recorded(world.files["unmarked"])
        store.add(record)
        store.revoke(record.manifest_id, "no model made it")
        report = audit(bare(world.files["unmarked"]), store=store)
    assert (report.verdict, told(report).claims) == (Verdict.INCONCLUSIVE, ())
    assert "no model made it" in told(report).summary


def test_a_flat_picture_proves_nothing_by_its_pixels(world: Any, audit: Audit, tmp_path: Path) -> None:
    black = np.zeros((160, 160, 3), np.uint8)
    with ManifestStore(tmp_path / "flat.sqlite", create=True) as store:
        store.add(recorded(world.signed(black, "black.png")))
        report = audit(encoded(black, "GIF"), store=store)
    assert told(report).code == "recovery.recoded"
    assert (report.verdict, told(report).claims) == (Verdict.INCONCLUSIVE, ())
    assert "flat" in told(report).summary


def test_a_file_the_store_does_not_know_is_as_it_was(audit: Audit) -> None:
    data = encoded(scene(90), "JPEG", quality=85)
    with_store, without = audit(data), audit(data, store=None)
    assert (told(with_store).code, told(with_store).status) == ("recovery.unknown", Status.CLEAR)
    assert with_store.verdict is without.verdict is Verdict.INCONCLUSIVE
    assert not [e for e in without.evidence if e.detector == "recovery"]
    assert "store" not in {timing.step for timing in without.timings}


@pytest.mark.parametrize(
    ("content", "code"), [(None, "store_missing"), (b"this is no store at all" * 100, "store")]
)
def test_a_store_that_cannot_be_read_is_a_problem_of_the_report(
    audit: Audit, tmp_path: Path, content: bytes | None, code: str
) -> None:
    place = tmp_path / "broken.sqlite"
    if content:
        place.write_bytes(content)
    report = audit(encoded(scene(90), "JPEG", quality=85), store=place)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert [(problem.where, problem.code) for problem in report.errors] == [("store", code)]
    assert place.exists() is bool(content)


def test_a_changed_signed_file_stays_altered(world: Any, audit: Audit) -> None:
    changed = bytearray(world.files["decoded"])
    changed[-200] ^= 0x55
    report = audit(bytes(changed))
    assert (report.verdict, report.rule) == (Verdict.ALTERED, "altered_since_signing")
    assert told(report).code == "recovery.reencoded"
