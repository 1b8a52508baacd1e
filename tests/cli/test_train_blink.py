"""`forensics train blink`, end to end."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from .commands import run


def eyes(folder: Path) -> Path:
    """Write eyes of three persons: dark discs, and lines."""
    for number in range(24):
        crop = np.full((48, 48), 160, np.uint8)
        shut = number % 2
        cv2.ellipse(crop, (24, 24), (14, 1 if shut else 9), 0, 0, 360, 40, -1)
        name = f"s{number % 3 + 1:04d}_{number:05d}_0_0_{1 - shut}_0_1_01.png"
        cv2.imwrite(str(folder / name), crop)
    return folder


def test_training_ends_in_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    data, folder = tmp_path / "eyes", tmp_path / "model"
    data.mkdir()
    eyes(data)
    command = [
        "train",
        "blink",
        str(folder),
        "--data",
        str(data),
        "--preset",
        "smoke",
        "--steps",
        "2",
        "--json",
    ]
    assert run(*command, "--test", str(data), "--licence", "drawn") == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert metrics["largest difference of ONNX and PyTorch"] < 1e-4
    card = json.loads((folder / "card.json").read_text())
    assert card["licence"] == "drawn"
    assert card["command"] == (
        "forensics train blink FOLDER --data eyes --preset smoke --seed 0 --steps 2 --test eyes"
    )
    assert {p.name for p in folder.iterdir()} == {
        "card.json", "card.md", "checkpoint.safetensors", "eyes.onnx", "log.csv", "loss.svg",
    }  # fmt: skip


def test_what_does_not_fit_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    (tmp_path / "empty").mkdir()
    assert run("train", "blink", str(tmp_path / "model"), "--data", str(tmp_path / "empty")) == 2
    assert "closed and open eyes" in capsys.readouterr().err
    assert (
        run("train", "blink", str(tmp_path / "model"), "--data", str(tmp_path / "empty"), "--download") == 2
    )
    assert "--preset published" in capsys.readouterr().err


def test_missing_pytorch_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.startswith(("forensics.training", "forensics.detectors.train"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run("train", "blink", str(tmp_path / "model"), "--data", str(tmp_path)) == 2
    assert "synthetic-media-forensics[train]" in capsys.readouterr().err
