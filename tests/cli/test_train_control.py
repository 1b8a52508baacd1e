"""`forensics train control`, end to end: what is trained beside a model is drawn with after a picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from .commands import opened, run


def test_branch_is_trained_and_drawn_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flow, model, out = (str(tmp_path / name) for name in ("flow", "control", "drawn"))
    assert run("train", "flow", flow, "--preset", "smoke", "--most", "40", "--steps", "2") == 0
    few = ("--preset", "smoke", "--most", "40", "--steps", "2")
    for options, reason in (
        ((), "name its folder with --begin"),
        (("--begin", flow, "--rule", "magic"), "no rule 'magic'; there are: canny, edges, low, grey, mask"),
    ):
        assert run("train", "control", model, *few, *options) == 2
        assert reason in capsys.readouterr().err
    assert run("train", "control", model, *few, "--begin", flow, "--rule", "edges", "--json") == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert metrics["largest difference of ONNX and PyTorch"] < 1e-4
    assert "held-out error at 0.5 without the branch" in metrics
    card = json.loads((tmp_path / "control" / "card.json").read_text())
    assert card["command"] == (
        "forensics train control FOLDER --preset smoke --data procedural --seed 0 --rule edges --begin flow "
        "--steps 2 --most 40"
    )
    assert opened(tmp_path / "control" / "samples" / "0000002.png").shape == (32, 128, 3)
    photo = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)).save(photo)
    assert run("generate", model, "-o", out, "-n", "2", "--steps", "2", "--condition", str(photo)) == 0
    assert opened(tmp_path / "drawn" / "000001.png").shape == (16, 16, 3)
    assert run("generate", model, "-o", str(tmp_path / "nothing"), "-n", "2") == 2
    assert "name one with --condition" in capsys.readouterr().err
