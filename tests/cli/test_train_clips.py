"""`forensics train video --preset unet`, end to end: from a U-Net of pictures to films."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from .commands import opened, run

FEW = ("--most", "30", "--steps", "2", "--batch", "2")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "flow"
    assert run("train", "flow", str(folder), "--preset", "unet", "--data", "shapes", *FEW) == 0
    return folder


def test_a_unet_of_clips_begins_with_one_of_pictures(pictures: Path, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    model, out = tmp_path / "model", tmp_path / "drawn"
    command = ("train", "video", str(model), "--preset", "unet", "--data", "sprites", *FEW)
    assert run(*command, "--begin", str(pictures)) == 0
    card = json.loads((model / "card.json").read_text())
    assert card["config"]["model"]["multiples"] == [1, 2, 2]
    assert "--begin flow" in card["command"]
    assert card["metrics"]["largest difference of ONNX and PyTorch"] < 1e-4
    assert run("generate", str(model), "-o", str(out), "-n", "2", "--steps", "2", "--more", "1") == 0
    with av.open(str(out / "000001.mp4")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert (len(frames), frames[0].shape) == (14, (32, 32, 3))
    assert opened(out / "grid.png").shape[0] == 64


def test_models_of_another_kind_are_refused(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = ("train", "video", str(tmp_path / "model"), *FEW)
    assert run("train", "diffusion", str(tmp_path / "curved"), "--preset", "unet", *FEW) == 0
    capsys.readouterr()
    for preset, begin, reason in (
        ("pixels", pictures, "its network is a U-Net, not a transformer"),
        ("unet", tmp_path / "curved", "it predicts noise along the path 'cosine'"),
    ):
        assert run(*clips, "--preset", preset, "--begin", str(begin)) == 2
        assert reason in capsys.readouterr().err
