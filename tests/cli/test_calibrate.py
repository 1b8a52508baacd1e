"""`forensics calibrate`, and `forensics audit --calibration` with what it wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .commands import Answer, answered


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, and the same noise at a quarter of its size and enlarged by copying: lines at the eighths."""
    root = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(11)
    for number in range(12):
        smooth = Image.fromarray(rng.integers(60, 190, (32, 32), np.uint8)).resize(
            (320, 320), Image.Resampling.BICUBIC
        )
        for label in ("real", "fake"):
            pixels = np.asarray(smooth, np.float64) + rng.normal(0, 4, (320, 320))
            if label == "fake":
                pixels += np.kron(np.ones((40, 40)), rng.normal(0, 2, (8, 8)))
            (root / label).mkdir(exist_ok=True)
            grey = np.clip(pixels, 0, 255).astype(np.uint8)
            Image.fromarray(grey).save(root / label / f"{number}.png", compress_level=1)
    return root


@pytest.fixture
def forensics(own_settings: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    return lambda *arguments: answered(capsys, *arguments)


def test_calibrate_and_audit_with_it(forensics: Callable[..., Answer], corpus: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    found = forensics("calibrate", corpus, "-o", own, "--only", "periodicity", "--json")
    assert (found.status, found.err) == (0, "")
    (table,) = found.record["tables"]
    assert table["code"] == "periodicity.upsampling"
    assert table["buckets"][0]["figures"]["AUC"]["value"] > 0.95
    assert (found.record["name"], found.record["real"], found.record["fused"]) == ("corpus0", 12, False)
    assert {p.name for p in own.iterdir()} == {"calibration.json", "plots", "scores.jsonl", "tables"}
    assert (own / "plots" / "periodicity.upsampling.tippett.svg").read_bytes().startswith(b"<svg ")

    again = forensics("calibrate", corpus, "-o", own, "--only", "periodicity", "--name", "mine")
    assert again.status == 0
    assert "24 were scored before" in again.out
    assert "periodicity.upsampling" in again.out

    audit = forensics(
        "audit",
        "--json",
        "--no-stability",
        "--only",
        "periodicity",
        "--calibration",
        own,
        corpus / "fake" / "0.png",
    )
    evidence = {e["code"]: e for e in audit.record["evidence"]}
    assert evidence["periodicity.upsampling"]["calibration"]["name"] == "mine"
    assert evidence["periodicity.upsampling"]["llr"] > 0.5


def test_what_cannot_be_read_is_named(forensics: Callable[..., Answer], corpus: Path, tmp_path: Path) -> None:
    lines = ["file,label,source"]
    lines += [f"{corpus}/{label}/{n}.png,{label},{n}" for label in ("real", "fake") for n in range(12)]
    (tmp_path / "manifest.csv").write_text("\n".join([*lines, "lost.png,real,x"]))
    found = forensics("calibrate", tmp_path, "-o", tmp_path / "own", "--only", "periodicity", "--json")
    assert found.status == 3
    assert found.err.startswith("left out lost.png: ")
    assert [x["file"] for x in found.record["left_out"]] == ["lost.png"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only", "copy_move"], "none of these detectors says whether a picture is synthetic"),
        (["--only", "nobody"], "no detector called nobody"),
        (["--split", "train"], "--split needs a manifest.csv"),
        (["--question", "altered", "--only", "copy_move", "--skip", "copy_move"], "none of these detectors"),
    ],
)
def test_wrong_use(
    forensics: Callable[..., Answer], corpus: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    found = forensics("calibrate", corpus, "-o", tmp_path / "own", *options)
    assert (found.status, found.out) == (2, "")
    assert message in found.err


def test_too_few_pictures(forensics: Callable[..., Answer], corpus: Path, tmp_path: Path) -> None:
    for label in ("real", "fake"):
        (tmp_path / label).mkdir()
        for number in range(2):
            (tmp_path / label / f"{number}.png").write_bytes((corpus / label / f"{number}.png").read_bytes())
    found = forensics("calibrate", tmp_path, "-o", tmp_path / "own", "--only", "periodicity")
    assert found.status == 2
    assert "2 real and 2 fake sources gave a score: at least 10 of each are needed" in found.err
    assert not (tmp_path / "own" / "calibration.json").exists()


def test_an_audit_refuses_what_is_no_calibration(forensics: Callable[..., Answer], tmp_path: Path) -> None:
    found = forensics("audit", "--calibration", tmp_path, tmp_path / "p.png")
    assert found.status == 2
    assert "is no calibration: `forensics calibrate DIR" in found.err
