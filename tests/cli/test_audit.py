"""`forensics audit` and `forensics detectors`, end to end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from forensics.audit_report import AuditReport
from forensics.cli import main

HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m.png"


@pytest.fixture
def photo_file(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    coarse = rng.integers(30, 220, (24, 32, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((512, 384), Image.Resampling.BICUBIC), dtype=float)
    pixels = np.clip(smooth + rng.normal(0, 3, smooth.shape), 0, 255).astype(np.uint8)
    path = tmp_path / "photo.jpg"
    Image.fromarray(pixels).save(path, quality=90)
    return path


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


def test_a_page_that_cannot_be_written_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], photo_file: Path, tmp_path: Path
) -> None:
    code, _, err = run(capsys, "--html", tmp_path / "none" / "x.html", photo_file)
    assert code == 2
    assert "--html" in err


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


def test_a_closed_pipe_ends_quietly(photo_file: Path) -> None:
    program = [sys.executable, "-m", "forensics", "audit", "--json", "--only", "metadata", str(photo_file)]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    process.wait(60)
    assert b"Traceback" not in err


def test_detectors_lists_what_each_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["detectors", "--json"])
    found = {d["name"]: d for d in records(capsys.readouterr().out)}
    assert {"metadata", "jpeg", "periodicity", "copy_move"} <= found.keys()
    assert all(d["limits"] and d["source"] and d["title"] for d in found.values())
    with pytest.raises(SystemExit):
        main(["detectors"])
    assert "copy_move" in capsys.readouterr().out
