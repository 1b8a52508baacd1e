"""`forensics watermark calibrate`, `attack` and `bench`, end to end."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.datasets.procedural import corpus
from forensics.watermark.attacks import ATTACKS, parse_attack
from forensics.watermark.spread.nulls import load


@pytest.fixture
def small(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    folder.mkdir()
    for number, pixels in enumerate(corpus(9, 5, 128, 128)):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize("keys_each", [4, pytest.param(100, marks=pytest.mark.slow)])
def test_a_calibration_is_measured_and_used(
    watermark,
    small: Path,
    pictures: Path,
    key_file: Path,
    tmp_path: Path,
    keys_each: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("forensics.watermark.spread.nulls._LEAST", min(500, 5 * keys_each))
    out = tmp_path / "nulls.json"
    answer = watermark("calibrate", small, "--out", out, "--name", "ours", "--keys-each", keys_each, "--json")
    assert answer.status == 0
    record = answer.record
    assert (record["path"], record["name"]) == (str(out), "ours")
    assert list(record["fronts"]) == ["classical", "learned"][: 2 if find_spec("onnxruntime") else 1]
    for front, searches in record["fronts"].items():
        codecs = 2 if front == "learned" else 1  # whose keys are looked for through it
        for found in searches["together"].values():
            assert 0 < found["share"] <= 1
            assert 0 <= found["decline"] <= 1
        for search in ("own_grid", "lattices"):
            pairs = 5 * keys_each * codecs
            assert (searches[search]["pairs"], searches[search]["pictures"]) == (pairs, 5)
            assert 0 < searches[search]["share"] <= 3.18
            assert searches[search]["misfit"] < (0.2 if keys_each == 100 else 0.5)
    assert [nulls.name for nulls in load(out)] == ["ours"] * len(record["fronts"])
    found, none = watermark("detect", pictures, "--keys", key_file, "--calibration", out, "--json").records
    assert (found["detected"], none["detected"]) == (True, False)


def test_too_few_pictures_calibrate_nothing(watermark, small: Path, tmp_path: Path) -> None:
    answer = watermark("calibrate", small / "0.png", "--out", tmp_path / "nulls.json", "--keys-each", 3)
    assert answer.status == 2
    assert "too few" in answer.err
    assert not (tmp_path / "nulls.json").exists()


def test_a_calibration_replaces_nothing_else(watermark, small: Path, tmp_path: Path) -> None:
    kept = (small / "1.png").read_bytes()
    answer = watermark("calibrate", small, "--out", small / "1.png")
    assert answer.status == 2
    assert "not replaced" in answer.err
    assert (small / "1.png").read_bytes() == kept
    assert watermark("calibrate", small, "--out", tmp_path / "none" / "n.json").status == 2


def test_an_attack_is_done_and_written(watermark, pictures: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.png"
    answer = watermark("attack", pictures / "plain.png", target, "crop:0.25+noise:8", "--seed", 5, "--json")
    assert answer.status == 0
    assert answer.record == {
        "path": str(pictures / "plain.png"), "target": str(target), "attack": "crop:0.25+noise:8",
        "width": 192, "height": 192,
    }  # fmt: skip
    source = np.asarray(Image.open(pictures / "plain.png"))
    expected = parse_attack("crop:0.25+noise:8")(source, seed=5)
    assert (np.asarray(Image.open(target)) == expected).all()


def test_attacks_are_listed(watermark) -> None:
    lines = watermark("attack", "--list").out.splitlines()
    assert len(lines) == len(ATTACKS.names())
    records = watermark("attack", "--list", "--json").records
    assert {record["name"] for record in records} == set(ATTACKS.names())
    assert next(r for r in records if r["name"] == "jpeg")["parameters"] == {"quality": 75, "chroma": "420"}


@pytest.mark.parametrize(
    ("target", "spec", "status"),
    [
        ("out.png", "jpeg:500", 2),
        ("out.png", "nonsense", 2),
        ("out.xyz", "jpeg:50", 2),
        ("pictures/plain.png", "jpeg:50", 2),
        ("pictures/marked.png", "jpeg:50", 2),
        ("none/out.png", "jpeg:50", 2),
    ],
)
def test_wrong_attacks(
    watermark, pictures: Path, tmp_path: Path, target: str, spec: str, status: int
) -> None:
    before = {path: path.read_bytes() for path in pictures.iterdir()}
    assert watermark("attack", pictures / "plain.png", tmp_path / target, spec).status == status
    assert {path: path.read_bytes() for path in pictures.iterdir()} == before
    assert not (tmp_path / "out.png").exists()


def test_an_attack_needs_a_picture(watermark, clip: Path, tmp_path: Path) -> None:
    assert watermark("attack").status == 2
    assert watermark("attack", clip).status == 2
    assert watermark("attack", clip, tmp_path / "out.png", "jpeg:50").status == 3
    assert watermark("attack", tmp_path / "none.png", tmp_path / "out.png", "jpeg:50").status == 3


def test_attacks_are_counted(watermark, pictures: Path) -> None:
    answer = watermark("bench", pictures, "--attack", "jpeg:60", "--attack", "blur:20", "--json")
    assert answer.status == 0  # nothing was demanded
    kept, lost = answer.records
    assert (kept["attack"], kept["pictures"], kept["detected"], kept["exact"]) == ("jpeg:60", 2, 2, 2)
    assert (lost["attack"], lost["detected"]) == ("blur:20", 0)
    assert kept["weakest_log10_p"] <= -6 < lost["weakest_log10_p"]
    assert kept["interval"][1] == 1


def test_a_row_that_falls_short_is_a_finding(watermark, pictures: Path, tmp_path: Path) -> None:
    suites = tmp_path / "suites.toml"
    suites.write_text(
        '[mine]\ntitle = "Ours"\n[[mine.groups]]\nname = "g"\ndemand = 0.9\nattacks = ["none", "blur:20"]\n'
    )
    answer = watermark("bench", pictures / "plain.png", "--suite", "mine", "--suites", suites)
    assert answer.status == 1
    rows = [line for line in answer.out.splitlines() if line.strip().startswith(("none", "blur"))]
    assert "below" not in rows[0]
    assert "below 90%" in rows[1]


def test_a_bench_leaves_out_what_it_cannot_use(watermark, pictures: Path, clip: Path) -> None:
    answer = watermark("bench", pictures / "plain.png", clip, "--attack", "none", "--json")
    assert answer.status == 3
    assert answer.record["pictures"] == 1
    assert f"left out {clip}" in answer.err
    assert watermark("bench", clip).status == 2
    assert watermark("bench", pictures, "--suite", "nonsense").status == 2


def test_a_bench_is_drawn(watermark, pictures: Path, tmp_path: Path) -> None:
    plot = tmp_path / "out.svg"
    answer = watermark(
        "bench", pictures / "plain.png", "--attack", "none", "--attack", "jpeg:50", "--plot", plot
    )
    assert answer.status == 0
    text = plot.read_text(encoding="utf-8")
    assert text.count("<circle") == 2
    assert "jpeg:50" in text
    for wrong in (tmp_path / "out.png", tmp_path / "none" / "out.svg"):
        refused = watermark("bench", pictures / "plain.png", "--attack", "none", "--plot", wrong)
        assert refused.status == 2
        assert not wrong.exists()
