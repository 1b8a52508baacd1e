"""`forensics train watermark`, end to end."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from .commands import run


def test_training_ends_in_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnxruntime")
    folder = tmp_path / "model"
    command = [
        "train",
        "watermark",
        str(folder),
        "--preset",
        "smoke",
        "--steps",
        "2",
        "--most",
        "24",
        "--json",
    ]
    assert run(*command) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["metrics"]["largest difference of ONNX and PyTorch"] < 1e-4
    card = json.loads((folder / "card.json").read_text())
    assert card["images"] == 8
    assert card["command"].endswith("--model learned --preset smoke --data procedural --seed 0 --steps 2")
    assert {p.name for p in folder.iterdir()} == {
        "card.json", "card.md", "checkpoint.safetensors", "encoder.onnx", "extractor.onnx", "log.csv",
        "loss.svg",
    }  # fmt: skip


def test_signing_extractor_is_trained_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnxruntime")
    folder = tmp_path / "model"
    command = ["train", "watermark", str(folder), "--model", "signing", "--preset", "smoke", "--steps", "2"]
    assert run(*command, "--most", "24") == 0
    assert "accuracy none" in capsys.readouterr().out
    assert json.loads((folder / "card.json").read_text())["name"] == "watermark-signing"


def test_missing_pytorch_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.startswith(("forensics.training", "forensics.watermark.train"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run("train", "watermark", str(tmp_path / "model")) == 2
    assert "synthetic-media-forensics[train]" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()
