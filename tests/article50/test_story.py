"""The check and the audit tell the same story of a file, whatever its type."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from forensics.article50 import Outcome, Settings, check
from forensics.auditor import Auditor
from forensics.provenance.manifests import captured, made_by_model

from ..marked_files import Workshop, binding
from ..watermark.clip_files import moving, written

PASS, FAIL, NONE, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.NOT_APPLICABLE, Outcome.UNKNOWN


@pytest.fixture(scope="module")
def told(workshop: Workshop) -> Workshop:
    """Files that say one thing here and another there."""
    workshop.save("camera, marked.jpg", workshop.marked, captured("camera", soft_bindings=(binding(),)))
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Nikon", "D70"
    exif.get_ifd(0x8769)[0x829A] = 0.01
    Image.fromarray(workshop.plain).save(workshop.beside / "exif.jpg", exif=exif)
    with Image.open(workshop.beside / "exif.jpg") as picture:
        kept = picture.info["exif"]
    workshop.save("camera in EXIF.jpg", workshop.plain, made_by_model("sketch"), exif=kept)
    return workshop


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "verdict", "contradiction", "outcomes"),
    [
        ("whole.png", "synthetic", "", (PASS, PASS, PASS)),
        ("stripped.png", "synthetic", "watermark_without_declaration", (FAIL, PASS, PASS)),
        ("signed.png", "synthetic", "", (PASS, PASS, FAIL)),
        ("unsigned.png", "inconclusive", "", (FAIL, NONE, FAIL)),
        ("camera.jpg", "captured", "", (FAIL, NONE, FAIL)),
        ("camera, marked.jpg", "contradictory", "trusted_capture_vs_watermark", (FAIL, FAIL, PASS)),
        ("contradicting.jpg", "synthetic", "credential_vs_metadata_source_type", (PASS, FAIL, FAIL)),
        ("camera in EXIF.jpg", "synthetic", "ai_credential_vs_camera_exif", (PASS, FAIL, FAIL)),
        ("only says so.jpg", "likely_synthetic", "ai_claim_without_credentials", (FAIL, PASS, FAIL)),
    ],
)
def test_check_and_audit_agree(
    name: str,
    verdict: str,
    contradiction: str,
    outcomes: tuple[Outcome, ...],
    told: Workshop,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORENSICS_KEYS", str(told.key_file))
    audit = Auditor(trust=told.trust, only=["metadata", "watermark"]).audit(told[name])
    assert audit.verdict.value == verdict
    named = [one.name for one in audit.contradictions]
    assert contradiction in named or named == []
    assert bool(contradiction) == bool(named)
    report = check(told[name], replace(settings, quick=True))
    found = {result.measure: result.outcome for result in report.results}
    assert (found["declared"], found["consistent"], found["watermark"]) == outcomes


@pytest.mark.parametrize("ending", ["webp", "tif", "gif", "avif"])
def test_every_type_of_picture_is_stripped_and_looked_at(
    ending: str, workshop: Workshop, settings: Settings
) -> None:
    name = f"typed.{ending}"
    workshop.save(name, workshop.marked, made_by_model("sketch", soft_bindings=(binding(),)))
    report = check(workshop[name], replace(settings, copies=("jpeg:70",)))
    assert report.error is None, report.reason
    (found,) = (result for result in report.results if result.measure == "survives")
    assert found.outcome is PASS, found
    assert [row.name for row in found.evidence] == ["metadata stripped", "jpeg:70"]


def test_a_clip_without_its_decoder_leaves_the_watermark_undecided(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = written(tmp_path / "clip.mp4", moving(2))
    monkeypatch.setitem(sys.modules, "av", None)
    report = check(clip, settings)
    assert report.error is None, report.reason
    found = {result.measure: result for result in report.results}
    assert found["watermark"].outcome is UNKNOWN
    assert "[video]" in found["watermark"].reason
    assert found["signed"].outcome is FAIL
