"""Marks that are too weak to be read count where an entry that looks alike says what they are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forensics import Auditor
from forensics.audit_report import AuditReport
from forensics.evidence import ClaimSource, Evidence, Grade, Verdict
from forensics.provenance import TrustPolicy
from forensics.provenance.store import ManifestStore, Mark, recorded
from forensics.recovery import Recovery, Relation, Way, recover
from forensics.watermark.attacks import parse_attack
from forensics.watermark.decoders import signature
from forensics.watermark.keyfile import save_keys
from forensics.watermark.keys import Key

helpers = sys.modules["recovery_helpers"]
encoded, scene = helpers.encoded, helpers.scene

IDENTITY = "5eed"
STRENGTH = 1.5  # grey levels: what is left after a crop and a JPEG cannot be read
CHAIN = "crop:0.8+jpeg:70"


def signed(pixels: np.ndarray, key: Key, identity: str = IDENTITY) -> np.ndarray:
    tile = np.tile(signature(key, identity).tile, (2, 2))
    return np.clip(np.rint(pixels + STRENGTH * tile[..., None]), 0, 255).astype(np.uint8)


def copy_of(pixels: np.ndarray) -> bytes:
    return encoded(parse_attack(CHAIN)(pixels, seed=0))


@dataclass(frozen=True)
class Weak:
    """A store with one picture of 128 pixels, whose mark is weak."""

    world: Any
    store: ManifestStore
    plain: np.ndarray

    def asked(self, data: bytes, *keys: Key, store: ManifestStore | None = None) -> Recovery:
        return recover(data, store or self.store, keys=keys or (self.world.key,), policy=self.world.policy)


@pytest.fixture(scope="module")
def weak(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weak]:
    plain = scene(4, 128, 128)
    data = world.signed(signed(plain, world.key), "weak.png")
    with ManifestStore(tmp_path_factory.mktemp("weak") / "store.sqlite", create=True) as store:
        store.add(recorded(data, mark=Mark("spread", world.key.id, IDENTITY)))
        yield Weak(world, store, plain)


@pytest.fixture(scope="module")
def found(weak: Weak) -> Recovery:
    return weak.asked(copy_of(signed(weak.plain, weak.world.key)))


def test_looks_and_a_mark_that_cannot_be_read_name_a_copy_together(found: Recovery) -> None:
    assert found.mark is not None
    assert found.mark.payload is None
    assert found.relation is Relation.TRANSFORMED
    first = found.candidates[0]
    assert first.ways == (Way.CONFIRMED, Way.FINGERPRINT)
    assert first.confirmation is not None
    assert first.confirmation.payload.identity == IDENTITY.rjust(9, "0")
    assert first.confirmation.log10_presence < -10
    assert first.change is not None
    assert first.change.scale == pytest.approx(1.0, abs=0.01)
    assert first.change.kept == pytest.approx(0.8, abs=0.03)
    assert "too weak to be read" in found.reason


def test_what_only_looks_alike_stays_a_candidate(weak: Weak) -> None:
    unmarked = weak.asked(copy_of(weak.plain))
    other = weak.asked(copy_of(signed(weak.plain, weak.world.key, "bad")))
    strange = weak.asked(copy_of(signed(weak.plain, weak.world.key)), Key(bytes(32), "stranger"))
    for one in (unmarked, other, strange):
        assert one.relation is Relation.LOOKS_LIKE
        assert one.candidates[0].confirmation is None


def test_a_mark_is_not_looked_for_in_what_looks_otherwise(weak: Weak) -> None:
    moved = weak.asked(copy_of(signed(scene(5, 128, 128), weak.world.key)))
    assert moved.relation is Relation.UNKNOWN
    assert moved.mark is not None
    assert moved.mark.detected
    assert not any(one.confirmation for one in moved.candidates)


def test_the_right_one_of_several_that_look_alike_is_confirmed(weak: Weak, tmp_path: Path) -> None:
    with ManifestStore(tmp_path / "several.sqlite", create=True) as several:
        for number, identity in enumerate(("a1", "b2", "c3")):
            data = weak.world.signed(signed(weak.plain, weak.world.key, identity), f"several{number}.png")
            mark = Mark("spread", weak.world.key.id, identity.rjust(9, "0"))
            several.add(recorded(data, mark=mark, extra={"layout": "standard", "format": 3}))
        copy = copy_of(signed(weak.plain, weak.world.key, "c3"))
        found = weak.asked(copy, store=several)
    assert (found.relation, found.entry and found.entry.number) == (Relation.TRANSFORMED, 3)
    assert len(found.candidates) == 3


def test_payloads_that_no_layout_holds_are_left_out(weak: Weak, tmp_path: Path) -> None:
    data = weak.world.signed(signed(weak.plain, weak.world.key), "odd.png")
    with ManifestStore(tmp_path / "odd.sqlite", create=True) as odd:
        odd.add(recorded(data, mark=Mark("spread", weak.world.key.id, "no number")))
        found = weak.asked(copy_of(signed(weak.plain, weak.world.key)), store=odd)
    assert found.relation is Relation.LOOKS_LIKE


def audited(weak: Weak, path: Path, *, store: bool = True, trust: TrustPolicy | None = None) -> AuditReport:
    with Auditor(
        trust=trust or weak.world.policy,
        only=["metadata", "watermark"],
        store=weak.store if store else None,
    ) as auditor:
        return auditor.audit(path)


def of(report: AuditReport, detector: str) -> Evidence:
    (evidence,) = (e for e in report.evidence if e.detector == detector)
    return evidence


@pytest.fixture
def copy_file(weak: Weak, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    save_keys([weak.world.key], tmp_path / "keys.toml")
    monkeypatch.setenv("FORENSICS_KEYS", str(tmp_path / "keys.toml"))
    path = tmp_path / "copy.png"
    path.write_bytes(copy_of(signed(weak.plain, weak.world.key)))
    return path


def test_an_audit_has_both_proofs_by_the_store_and_none_without(weak: Weak, copy_file: Path) -> None:
    report = audited(weak, copy_file)
    mark, told = of(report, "watermark"), of(report, "recovery")
    assert (report.verdict, mark.grade, told.grade) == (Verdict.SYNTHETIC, Grade.PROOF, Grade.PROOF)
    assert (mark.code, told.code) == ("watermark.found", "recovery.transformed")
    assert [claim.source for claim in mark.claims] == [ClaimSource.WATERMARK]
    assert "entry 1 of the store" in mark.summary
    assert mark.p_value is not None
    assert mark.p_value < 1e-10
    assert told.p_value is not None
    assert told.p_value < 1e-3
    assert "too weak to be read" in told.summary
    assert {"log10 p of the mark", "log10 p of what it says"} <= {m.name for m in told.measurements}
    without = audited(weak, copy_file, store=False)
    assert (without.verdict, of(without, "watermark").code) == (Verdict.INCONCLUSIVE, "watermark.none")


def test_a_mark_is_no_proof_by_an_entry_of_a_signer_nobody_trusts(weak: Weak, copy_file: Path) -> None:
    report = audited(weak, copy_file, trust=TrustPolicy.default())
    assert report.verdict is Verdict.LIKELY_SYNTHETIC
    assert of(report, "watermark").code == "watermark.none"
    assert of(report, "recovery").grade is Grade.CLAIM
