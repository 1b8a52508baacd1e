"""`forensics audit` and `forensics detectors`, end to end."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from forensics.audit_report import AuditReport
from forensics.cli import main

HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m.png"


@pytest.fixture
def generated_file(tmp_path: Path) -> Path:
    info = PngInfo()
    info.add_text(
        "parameters", "a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64, Model: x"
    )
    path = tmp_path / HOSTILE
    Image.new("RGB", (64, 64), "red").save(path, pnginfo=info)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(["audit", *map(str, arguments)])
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


def records(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_text_leads_with_the_verdict_and_the_reasons(
    capsys: pytest.CaptureFixture[str], photo_file: Path
) -> None:
    code, out, _ = run(capsys, photo_file)
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("INCONCLUSIVE")
    assert any(line.strip().startswith("1. ") for line in lines[:6])


def test_json_is_one_valid_object_per_file(
    capsys: pytest.CaptureFixture[str], photo_file: Path, generated_file: Path
) -> None:
    code, out, _ = run(capsys, "--json", photo_file, generated_file)
    assert code == 0
    validator = Draft202012Validator(AuditReport.model_json_schema(mode="serialization"))
    found = records(out)
    for record in found:
        validator.validate(record)
    assert [r["verdict"] for r in found] == ["inconclusive", "likely_synthetic"]
    required = {
        "path",
        "sha256",
        "media",
        "verdict",
        "llr",
        "evidence",
        "credentials",
        "contradictions",
        "errors",
    }
    assert required <= found[0].keys()
    assert {"state", "chain", "codes", "signer", "ai_signal", "manifests"} <= found[0]["credentials"].keys()


def test_fail_on_names_the_finding(capsys: pytest.CaptureFixture[str], generated_file: Path) -> None:
    assert run(capsys, "--fail-on", "likely_synthetic,altered", generated_file)[0] == 1
    assert run(capsys, "--fail-on", "altered", generated_file)[0] == 0
    code, _, err = run(capsys, "--fail-on", "fake", generated_file)
    assert code == 2
    assert "fake" in err


def test_an_unreadable_file_is_reported_and_does_not_stop_the_others(
    capsys: pytest.CaptureFixture[str], photo_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.png").write_text("not a picture")
    paths = [tmp_path / "missing.jpg", tmp_path / "empty.jpg", tmp_path / "text.png", photo_file]
    code, out, _ = run(capsys, "--json", *paths)
    assert code == 3
    found = records(out)
    assert [r["verdict"] for r in found] == ["unreadable"] * 3 + ["inconclusive"]
    assert [r["errors"][0]["code"] for r in found[:3]] == ["not_a_file", "empty", "unsupported"]


def test_folders_are_searched_in_order(capsys: pytest.CaptureFixture[str], photo_file: Path) -> None:
    folder = photo_file.parent / "sub"
    folder.mkdir()
    (folder / "b.jpg").write_bytes(photo_file.read_bytes())
    (folder / "a.jpg").write_bytes(photo_file.read_bytes())
    code, out, _ = run(capsys, "--json", "--only", "metadata", photo_file.parent)
    assert code == 0
    assert [Path(r["path"]).name for r in records(out)] == ["photo.jpg", "a.jpg", "b.jpg"]


def test_only_and_skip_choose_detectors(capsys: pytest.CaptureFixture[str], photo_file: Path) -> None:
    _, out, _ = run(capsys, "--json", "--only", "metadata", photo_file)
    assert {e["detector"] for e in records(out)[0]["evidence"]} == {"credentials", "metadata"}
    _, out, _ = run(capsys, "--json", "--skip", "copy_move", photo_file)
    assert "copy_move" not in {e["detector"] for e in records(out)[0]["evidence"]}
    code, _, err = run(capsys, "--only", "nonsense", photo_file)
    assert code == 2
    assert "nonsense" in err


def test_html_is_self_contained_and_inert(
    capsys: pytest.CaptureFixture[str], generated_file: Path, photo_file: Path, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    code, _, _ = run(capsys, "--html", page, generated_file, photo_file)
    text = page.read_text(encoding="utf-8")
    assert code == 0
    assert "likely synthetic" in text
    assert "<script" not in text
    assert "<img src=x" not in text
    assert "\x1b" not in text
    assert "&lt;img src=x onerror" in text
    assert "default-src 'none'" in text
    assert text.count("data:image/jpeg;base64,") == 2
    assert not [part for part in text.split('"') if part.startswith("http")]


def test_maps_are_written_and_named(
    capsys: pytest.CaptureFixture[str], photo_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "maps"
    _, out, _ = run(capsys, "--json", "--maps", folder, photo_file)
    named = [m["file"] for e in records(out)[0]["evidence"] for m in e["maps"]]
    assert named
    assert sorted(named) == sorted(p.name for p in folder.iterdir())
    for name in named:
        assert (folder / name).read_bytes().startswith(b"\x89PNG")


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--schema")
    assert code == 0
    Draft202012Validator.check_schema(json.loads(out))


def test_no_file_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--json")[0] == 2


def test_a_name_that_is_not_utf8_does_not_break_the_output(
    capsys: pytest.CaptureFixture[str], photo_file: Path
) -> None:
    strange = Path(str(photo_file.parent) + "/\udcff.jpg")
    strange.write_bytes(photo_file.read_bytes())
    code, out, _ = run(capsys, "--json", "--only", "metadata", strange)
    assert code == 0
    assert records(out)[0]["path"].endswith("\\xff.jpg")
    assert run(capsys, "--only", "metadata", strange)[0] == 0


def test_detectors_lists_what_each_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["detectors", "--json"])
    found = {d["name"]: d for d in records(capsys.readouterr().out)}
    assert {"metadata", "jpeg", "periodicity", "copy_move"} <= found.keys()
    assert all(d["limits"] and d["source"] and d["title"] for d in found.values())
    with pytest.raises(SystemExit):
        main(["detectors"])
    assert "copy_move" in capsys.readouterr().out


def test_an_internal_error_is_our_own_failure(
    capsys: pytest.CaptureFixture[str], photo_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forensics.detectors.metadata import MetadataDetector

    def fail(*_: object) -> None:
        raise ZeroDivisionError("by us")

    monkeypatch.setattr(MetadataDetector, "examine", fail)
    code, out, _ = run(capsys, "--json", "--only", "metadata", photo_file, photo_file.parent / "missing.jpg")
    assert code == 4, "it outweighs the unreadable file"
    assert records(out)[0]["errors"][0]["code"] == "internal"
    assert run(capsys, "--only", "metadata", "--fail-on", "inconclusive", photo_file)[0] == 1


def test_a_crash_of_the_command_is_our_own_failure(
    capsys: pytest.CaptureFixture[str], photo_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError("\x1b[31mby us")

    monkeypatch.setattr("forensics.auditor.Auditor.audit", crash)
    code, _, err = run(capsys, photo_file)
    assert code == 4
    assert err == "forensics: our own failure, please report it: ZeroDivisionError: \\x1b[31mby us\n"
    with pytest.raises(ZeroDivisionError):
        main(["--debug", "audit", str(photo_file)])


def test_max_pixels_holds_for_the_page_too(
    capsys: pytest.CaptureFixture[str], photo_file: Path, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    code, out, _ = run(capsys, "--json", "--max-pixels", 1000, "--html", page, photo_file)
    assert code == 3
    assert {e["code"] for e in records(out)[0]["errors"]} == {"limit"}
    assert "data:image" not in page.read_text(encoding="utf-8")
    assert run(capsys, "--json", "--max-pixels", 512 * 384, "--only", "metadata", photo_file)[0] == 0


def test_the_prior_moves_the_odds(capsys: pytest.CaptureFixture[str], photo_file: Path) -> None:
    def opinions(*arguments: object) -> list[dict[str, Any]]:
        return list(records(run(capsys, "--json", *arguments, photo_file)[1])[0]["opinions"])

    for usual, higher in zip(opinions(), opinions("--prior", 0.9), strict=True):
        assert (usual["prior"], higher["prior"]) == (0.5, 0.9)
        moved = higher["log10_posterior_odds"] - usual["log10_posterior_odds"]
        assert moved == pytest.approx(math.log10(9), abs=1e-3)
    assert run(capsys, "--prior", 1.0, photo_file)[0] == 2


def test_choosing_no_detector_at_all_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], photo_file: Path
) -> None:
    code, out, err = run(capsys, "--only", "jpeg", "--skip", "jpeg", photo_file)
    assert (code, out) == (2, "")
    assert "no detector" in err


def test_a_missing_extra_is_an_unreadable_file_and_the_page_is_written(
    capsys: pytest.CaptureFixture[str], photo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, page = tmp_path / "clip.mp4", tmp_path / "report.html"
    clip.write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(64))
    monkeypatch.setitem(sys.modules, "av", None)  # importing it fails
    code, out, _ = run(capsys, "--html", page, "--only", "metadata", clip, photo_file)
    assert code == 3
    assert out.startswith("UNREADABLE")
    promised = (Path(__file__).parents[2] / "docs" / "install.md").read_text(encoding="utf-8")
    assert out.splitlines()[2].strip() in promised
    text = page.read_text(encoding="utf-8")
    assert "synthetic-media-forensics[video]" in text
    assert text.count("data:image/jpeg;base64,") == 1
