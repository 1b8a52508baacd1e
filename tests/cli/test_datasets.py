"""`forensics datasets`, from the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from forensics.datasets.layouts import LAYOUTS, Archive
from tests.cli.commands import answered
from tests.datasets.layouts.trees import grow
from tests.detectors.aligned.photos import folder_of
from tests.detectors.leaks.sets import classes_of, jpeg, png


def test_list_names_every_layout_with_its_terms(capsys: pytest.CaptureFixture[str]) -> None:
    said = answered(capsys, "datasets", "list", "--json")
    assert said.status == 0
    assert [record["name"] for record in said.records] == list(LAYOUTS.names())
    assert all(record["licence"] and record["where"] and record["expects"] for record in said.records)
    plain = answered(capsys, "datasets", "list")
    assert "casia2: CASIA v2.0" in plain.out


def test_show_counts_and_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = grow(tmp_path, "faceforensics")
    said = answered(capsys, "datasets", "show", root, "--layout", "faceforensics", "--json")
    assert said.status == 0
    assert said.record["label"] == {"fake": 4, "real": 4}
    assert said.record["split"] == {"test": 2, "train": 4}
    assert said.record["masks"] == 1
    assert len(said.record["missing"]) == 2
    plain = answered(capsys, "datasets", "show", root, "--layout", "faceforensics")
    assert "missing: splits/val.json" in plain.out


def test_show_refuses_another_tree_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = answered(capsys, "datasets", "show", tmp_path, "--layout", "casia2")
    assert said.status == 2
    assert said.err.count("\n") == 1
    assert "Au/Au_ani_00001.jpg" in said.err


def test_show_says_where_an_archive_is_another_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = replace(LAYOUTS.get("cyclegan"), archives=(Archive("a.zip", "0" * 64, "us"),))
    monkeypatch.setitem(LAYOUTS._members, "cyclegan", layout)
    root = grow(tmp_path, "cyclegan")
    (root / "a.zip").write_bytes(b"x")
    said = answered(capsys, "datasets", "show", root, "--layout", "cyclegan", "--verify")
    assert said.status == 1
    assert "NOT the file" in said.out


def test_build_writes_a_set_and_says_what_is_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, photos = tmp_path / "set", folder_of(tmp_path / "photos")
    options = ["--photos", photos, "--count", 4, "--size", 32, "--codec", "jpeg:80", "--splits", "50,0,50"]
    makers = ["--makers", "nearest2,shuffle2", "--hold-out", "shuffle2", "--degrade", "blur:1"]
    said = answered(capsys, "datasets", "build", out, *options, *makers)
    assert said.status == 0
    assert "4 reals, 4 fakes, jpeg:80:420" in said.out
    assert "blur:1: changed 8 of 8 pictures" in said.out
    again = answered(capsys, "datasets", "build", out, *options, *makers, "--json")
    assert again.record["finished"]
    assert "shuffle2" not in again.record["splits"].get("train", {})
    assert (out / "manifest.csv").read_text(encoding="utf-8").count("\n") == 9


def test_build_lists_makers_and_refuses_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = answered(capsys, "datasets", "build", "--list-makers", "--json")
    assert {"autoencoder", "telea", "gan"} <= {record["name"] for record in listed.records}
    assert answered(capsys, "datasets", "build", tmp_path / "set").status == 2
    wrong = ["--photos", "shapes", "--splits", "most"]
    assert answered(capsys, "datasets", "build", tmp_path / "set", *wrong).status == 2
    assert answered(capsys, "datasets", "build", tmp_path / "set", "--photos", "nowhere").status == 2


def test_audit_finds_a_leak_and_ends_with_one_where_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real, fake = classes_of(tmp_path, jpeg(90), png, 20)
    said = answered(capsys, "datasets", "audit", real, fake)
    assert said.status == 0
    assert "100 % of what a detector can reach here needs no look at the content" in said.out
    assert ".jpg real, .png fake" in said.out
    failed = answered(capsys, "datasets", "audit", real, fake, "--fail-on", "leak", "--json")
    assert failed.status == 1
    assert failed.record["share"] == 1.0
    (real / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    assert answered(capsys, "datasets", "audit", real, fake).status == 3
    assert answered(capsys, "datasets", "audit", real, tmp_path / "nowhere").status == 2
