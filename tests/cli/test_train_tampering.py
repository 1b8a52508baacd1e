"""`forensics train warping|mesonet|two_stream`, end to end."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from .commands import run

FILES = {
    "card.json",
    "card.md",
    "checkpoint.safetensors",
    "classifier.onnx",
    "log.csv",
    "loss.svg",
    "network.json",
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for number in range(24):
        coarse = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(coarse, (128, 128)))
    return folder


@pytest.mark.parametrize("what", ["warping", "two_stream"])
def test_training_on_pictures_ends_in_a_model(
    what: str, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    command = ["train", what, str(tmp_path), "--data", str(photos), "--preset", "smoke", "--json"]
    assert run(*command, "--steps", "2", "--licence", "drawn") == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert metrics["largest difference of ONNX and its model"] < 1e-4
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["licence"] == "drawn"
    assert card["command"].startswith(f"forensics train {what} FOLDER --data photos")
    assert card["command"].endswith("--preset smoke --seed 0 --steps 2")
    assert {p.name for p in tmp_path.iterdir()} == FILES
    assert json.loads((tmp_path / "network.json").read_text())["method"] == what


@pytest.mark.parametrize("network", ["meso4", "mesoinception4"])
def test_meso_learns_of_two_folders(network: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    data = tmp_path / "faces"
    for kind, level in (("real", 60), ("fake", 190)):
        (data / kind).mkdir(parents=True)
        for i in range(10):
            cv2.imwrite(str(data / kind / f"{i}.png"), np.full((64, 64, 3), level + i, np.uint8))
    command = ["train", "mesonet", str(tmp_path / "model"), "--data", str(data), "--preset", "smoke"]
    assert run(*command, "--network", network) == 0
    assert "AUC held out" in capsys.readouterr().out
    card = json.loads((tmp_path / "model" / "card.json").read_text())
    assert card["command"].endswith(f"--network {network}")
    assert card["config"]["network"] == network


def test_what_does_not_fit_is_told(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert run("train", "mesonet", str(tmp_path / "model"), "--data", str(photos)) == 2
    assert "real" in capsys.readouterr().err
    weights = tmp_path / "weights.pth"
    weights.touch()
    assert run("train", "warping", str(tmp_path / "m"), "--data", str(photos), "--weights", str(weights)) == 2
    assert "--preset resnet50" in capsys.readouterr().err


def test_missing_pytorch_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.startswith(("forensics.training", "forensics.detectors.train"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    for what in ("warping", "mesonet", "two_stream"):
        assert run("train", what, str(tmp_path / "model"), "--data", str(tmp_path)) == 2
        assert "synthetic-media-forensics[train]" in capsys.readouterr().err
