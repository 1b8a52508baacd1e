"""`--text-encoder`, from training to drawing and changing pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from forensics.generators.adapters import text_encoders

from ..generators.encoders import FakeEncoder, write_clip
from .commands import opened, run

FEW = ("--preset", "smoke", "--data", "shapes", "--most", "40", "--steps", "2")


@pytest.fixture(params=["made-up", "clip"])
def encoder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a text encoder."""
    if request.param == "clip":
        pytest.importorskip("transformers", reason="transformers is not installed; a made-up encoder stands")
        return write_clip(tmp_path / "encoder")
    monkeypatch.setattr(
        text_encoders, "PretrainedText", lambda folder, device=None: FakeEncoder(folder.name, length=12)
    )
    (tmp_path / "encoder").mkdir()
    return tmp_path / "encoder"


@pytest.mark.filterwarnings("default")  # what transformers imports warns of itself
def test_encoder_is_trained_with_and_drawn_with(
    encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, reads = str(tmp_path / "model"), ("--text-encoder", str(encoder))
    assert run("train", "flow", model, *FEW, "--captions", *reads, "--json") == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert metrics["largest difference of ONNX and PyTorch"] < 1e-4
    command = json.loads((tmp_path / "model" / "card.json").read_text())["command"]
    assert "--text-encoder encoder --steps 2 --most 40 --captions" in command
    prompt = ("--prompt", "a red disc", "--guidance", "2", "--steps", "2")
    out = tmp_path / "drawn"
    assert run("generate", model, "-o", str(out), "-n", "2", *prompt, *reads) == 0
    settings = json.loads((out / "settings.json").read_text())
    assert settings["text_encoder"].startswith("encoder ")
    assert len(settings["text_encoder"]) == len("encoder ") + 64
    assert opened(out / "000001.png").shape == (16, 16, 3)
    picture = tmp_path / "picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(picture)
    mask = tmp_path / "mask.png"
    Image.fromarray(np.repeat(np.array([[0, 255]], np.uint8), 8, 1).repeat(16, 0)).save(mask)
    for name, more in (
        ("edited", ("--from", str(picture), "--strength", "0.5")),
        ("painted", ("--inpaint", str(picture), "--mask", str(mask), "--rounds", "1")),
    ):
        assert run("generate", model, "-o", str(tmp_path / name), "-n", "1", *prompt, *more, *reads) == 0
        assert opened(tmp_path / name / "000000.png").shape == (16, 16, 3)
    inverted = ("reconstruct", model, str(picture), "-o", str(tmp_path / "back"), "--steps", "2")
    assert run(*inverted, "--prompt", "a red disc", *reads) == 0
    capsys.readouterr()
    assert run("generate", model, "-o", str(tmp_path / "plain"), "-n", "1", "--steps", "2") == 0
    assert "text_encoder" not in json.loads((tmp_path / "plain" / "settings.json").read_text())
    for refused in (("generate", model, "-o", str(tmp_path / "no"), *prompt), (*inverted, *prompt[:2])):
        assert run(*refused) in (2, 3)
        said = capsys.readouterr()
        assert "by the text encoder encoder; name its folder with --text-encoder" in said.err + said.out


def test_wrong_uses_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, folder = str(tmp_path / "out"), tmp_path / "encoder"
    folder.mkdir()
    reads = ("--text-encoder", str(folder))
    for command, reason in (
        (("flow", out, *FEW, *reads), "--text-encoder needs --captions"),
        (("gan", out, *FEW, *reads), "the preset smoke has no use for --text-encoder; leave it out"),
        (("flow", out, *FEW, "--captions", *reads), "is no folder of a text encoder"),
        (("flow", out, *FEW, "--text-encoder", str(tmp_path / "none")), "does not exist"),
    ):
        assert run("train", *command) == 2
        assert reason in capsys.readouterr().err
    assert run("train", "flow", out, *FEW, "--captions") == 0
    monkeypatch.setattr(text_encoders, "PretrainedText", lambda folder, device=None: FakeEncoder())
    drawn = ("-o", str(tmp_path / "drawn"), "-n", "1")
    for model, reason in (
        (out, "the model has no use for a text encoder"),
        ("module:anything:draw", "only models of the suite are told texts by a text encoder of yours"),
    ):
        assert run("generate", model, *drawn, *reads) == 2
        assert reason in capsys.readouterr().err
