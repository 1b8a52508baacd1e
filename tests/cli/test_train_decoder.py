"""`forensics train decoder`, end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .commands import run


def test_training_ends_in_a_decoder_that_signs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnxruntime")
    folder = tmp_path / "signing"
    command = ["train", "decoder", str(folder), "--preset", "smoke", "--most", "16", "--side", "64", "--json"]
    assert run(*command, "--steps", "2") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["contract"].startswith("not measured")
    assert record["metrics"]["largest difference of ONNX and PyTorch"] < 1e-4
    card = json.loads((folder / "card.json").read_text())
    assert card["images"] == 4
    assert card["command"].endswith("--data procedural --most 16 --side 64 --steps 2 --seed 0")
    assert {p.name for p in folder.iterdir()} == {
        "card.json", "card.md", "checkpoint.safetensors", "log.csv", "loss.svg", "signing.json",
        "signing.onnx", "weights.safetensors",
    }  # fmt: skip
    assert run(*command, "--steps", "2") == 0  # nothing is left to be done
    assert json.loads(capsys.readouterr().out)["metrics"] == record["metrics"]
    assert run(*command, "--steps", "3") == 2  # a run of other settings


def test_what_cannot_sign_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    for model in ("video", "nothing"):
        assert run("train", "decoder", str(tmp_path / "signing"), "--of", model, "--most", "16") == 2
    assert "no model 'nothing'" in capsys.readouterr().err
    assert not (tmp_path / "signing").exists()
