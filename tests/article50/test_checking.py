"""One file in, one checklist out: whatever the file is, and whatever breaks on the way."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from forensics.article50 import CheckReport, DetectionReport, Outcome, Settings, check, detection_report
from forensics.article50.records import NOTICE
from forensics.errors import StoreLocked, UsageError
from forensics.provenance.manifests import made_by_model
from forensics.provenance.signing import sign
from forensics.provenance.store import ManifestStore, Mark, recorded
from forensics.provenance.trust import TrustPolicy
from forensics.watermark.video import Coding, embed_clip
from forensics.watermark.watermarker import Watermarker

from ..marked_files import KEY, PAYLOAD, Workshop, binding
from ..provenance.conftest import Pki
from ..watermark.clip_files import moving, written


@pytest.fixture(scope="session")
def pki() -> Pki:
    return Pki()


@pytest.fixture(scope="module")
def stamped(tsa: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Settings]]:
    """A file that is as it should be, and the settings that trust its authorities."""
    made = Workshop(tmp_path_factory.mktemp("stamped"), tmp_path_factory.mktemp("by"))
    path = made.stamp("stamped.png", tsa.url, tsa.root_pem)
    with ManifestStore(made.place) as store:
        yield path, Settings(trust=TrustPolicy.load(made.trust_file), keys=(KEY,), store=store)


def named(report: CheckReport) -> dict[str, Outcome]:
    return {result.measure: result.outcome for result in report.results}


def test_a_file_that_is_as_it_should_be_passes(stamped: tuple[Path, Settings]) -> None:
    report = check(*stamped)
    assert report.outcome is Outcome.PASS, report
    assert report.named(Outcome.NOT_APPLICABLE) == ("inputs",)
    assert (report.notice, report.mime, len(report.sha256)) == (NOTICE, "image/png", 64)


def test_without_a_time_stamp_it_fails(workshop: Workshop, settings: Settings) -> None:
    report = check(workshop["whole.png"], settings)
    assert report.outcome is Outcome.FAIL
    assert report.named(Outcome.FAIL) == ("time_stamped",)


def test_what_cannot_be_read_says_so(workshop: Workshop, settings: Settings, tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("no picture")
    for path, code in (
        (workshop["unreadable.png"], "corrupt"),
        (tmp_path / "missing.png", "not_a_file"),
        (tmp_path, "not_a_file"),
        (text, "unsupported"),
    ):
        report = check(path, settings)
        assert (report.outcome, report.results) == (None, ())
        assert report.reason
        assert report.error == code or path == workshop["unreadable.png"]


def test_a_zero_byte_in_a_name_is_no_failure_of_ours(settings: Settings) -> None:
    assert check("a\0b.png", settings).error == "not_a_file"


def test_a_fault_of_ours_is_told_and_ends_nothing(
    workshop: Workshop, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("forensics.article50.subject.read", broken)
    report = check(workshop["signed.png"], settings)
    assert (report.outcome, report.error) == (None, "internal")
    assert "ZeroDivisionError: oops" in (report.reason or "")


def test_a_store_that_cannot_be_asked_leaves_its_measures_undecided(
    workshop: Workshop, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise StoreLocked("the store is busy")

    monkeypatch.setattr(ManifestStore, "by_asset", locked)
    report = check(workshop["whole.png"], replace(settings, quick=True))
    assert {name for name, outcome in named(report).items() if outcome is Outcome.UNKNOWN} == {
        "registered",
        "layers",
    }


def test_checklists_follow_their_schema(workshop: Workshop, settings: Settings) -> None:
    validator = Draft202012Validator(CheckReport.model_json_schema(mode="serialization"))
    for name in ("whole.png", "unsigned.png", "unreadable.png"):
        report = check(workshop[name], replace(settings, quick=True))
        document = json.loads(report.model_dump_json())
        validator.validate(document)
        assert CheckReport.model_validate(document) == report
        assert KEY.secret.hex() not in report.model_dump_json()


def test_detections_follow_their_schema(workshop: Workshop, tmp_path: Path) -> None:
    validator = Draft202012Validator(DetectionReport.model_json_schema(mode="serialization"))
    for path in (workshop["stripped.png"], workshop["unsigned.png"], tmp_path / "missing.png"):
        text = detection_report(path, [KEY]).model_dump_json()
        validator.validate(json.loads(text))
        assert KEY.secret.hex() not in text
    document = json.loads(text)
    document["watermark"] = {"detected": True}
    assert not validator.is_valid(document)


def test_a_detection_says_what_others_need(workshop: Workshop) -> None:
    report = detection_report(workshop["stripped.png"], [KEY])
    found, file = report.watermark, report.file
    assert found is not None
    assert file is not None
    assert found.scheme is not None
    assert found.payload is not None
    assert found.transform is not None
    assert found.detected
    assert found.scheme.id == "synthetic-media-forensics.spread.1"
    assert (found.key_id, found.payload.hex, found.payload.authenticated) == (KEY.id, PAYLOAD, True)
    assert found.payload.bits == f"{0xC0FFEE:036b}"
    assert found.log10_p_value < -6
    assert found.p_value <= found.false_alarm_rate
    assert (found.copied_from_another, found.transform.mirrored) == (False, False)
    assert (file.width, file.height, file.bytes) == (320, 320, workshop["stripped.png"].stat().st_size)


def test_nothing_detected_names_no_scheme_and_no_key(workshop: Workshop) -> None:
    found = detection_report(workshop["other key.png"], [KEY]).watermark
    assert found is not None
    assert (found.detected, found.scheme, found.key_id, found.payload) == (False, None, None, None)


@pytest.mark.parametrize(("keys", "rate"), [((), 1e-6), ((KEY,), 0.0), ((KEY,), 1.0)])
def test_a_detection_without_key_or_rate_is_refused(keys: tuple[Any, ...], rate: float) -> None:
    with pytest.raises(UsageError):
        detection_report(os.devnull, keys, rate=rate)


def test_a_clip_is_checked_like_a_picture(workshop: Workshop, settings: Settings, tmp_path: Path) -> None:
    raw = written(tmp_path / "raw.mp4", moving(12))
    embed_clip(raw, tmp_path / "marked.mp4", Watermarker(KEY), PAYLOAD, Coding())
    manifest = made_by_model("sketch", soft_bindings=(binding(),))
    sign(tmp_path / "marked.mp4", tmp_path / "clip.mp4", manifest, workshop.signer, policy=workshop.trust)
    report = check(tmp_path / "clip.mp4", replace(settings, clip_copies=("h264:23",)))
    assert report.error is None, report.reason
    assert report.named(Outcome.FAIL) == ("time_stamped", "registered")
    results = {result.measure: result for result in report.results}
    assert [row.name for row in results["survives"].evidence] == ["metadata stripped, 12 frames", "h264:23"]
    assert results["survives"].outcome is Outcome.PASS
    assert results["bound"].outcome is Outcome.PASS
    record = recorded(tmp_path / "clip.mp4", mark=Mark("spread", KEY.id, PAYLOAD))
    with ManifestStore(tmp_path / "clips.sqlite", create=True) as store:
        store.add(record)
        known = replace(settings, store=store, quick=True)
        found = {result.measure: result for result in check(tmp_path / "marked.mp4", known).results}
    assert found["registered"].reason == "It is registered, found by its watermark."
    assert found["survives"].outcome is Outcome.NOT_APPLICABLE
