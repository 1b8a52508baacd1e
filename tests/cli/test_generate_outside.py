"""Generators of somebody else's on the command line: drawn with, marked and evaluated, end to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.generators.pipelines.outside import GENERATORS, register

from .commands import opened, run
from .conftest import Answer

CODE = """
from forensics.datasets.procedural import camera

def draw(count, seed, prompt="", side=256):
    return camera(seed, side, side)[None]

def small(count, seed):
    return draw(count, seed, side=32)
"""


@pytest.fixture
def painter(tmp_path: Path) -> Path:
    path = tmp_path / "made_up_cameras.py"
    path.write_text(CODE)
    return path


def test_function_of_a_file_draws_and_its_pictures_are_marked(
    painter: Path,
    tmp_path: Path,
    key_file: Path,
    watermark: Callable[..., Answer],
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "drawn"
    assert run("generate", f"module:{painter}:draw", "-o", str(out), "-n", "1", "--prompt", "a scene") == 0
    settings = json.loads((out / "settings.json").read_text())
    assert (settings["model"], settings["prompt"]) == ("made_up_cameras.py:draw", "a scene")
    marked = tmp_path / "marked.png"
    capsys.readouterr()
    answer = watermark("embed", out / "000000.png", marked, "--keys", key_file, "--payload", "beef", "--json")
    assert answer.record["status"] == "marked"
    assert opened(marked).shape == (256, 256, 3)


def test_pictures_of_a_function_are_evaluated(
    painter: Path, tmp_path: Path, own_settings: None, capsys: pytest.CaptureFixture[str]
) -> None:
    made, real = tmp_path / "made", tmp_path / "real"
    assert run("generate", f"module:{painter}:small", "-o", str(made), "-n", "8", "--seed", "1") == 0
    real.mkdir()
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3), np.uint8)):
        Image.fromarray(pixels).save(real / f"{number}.png")
    capsys.readouterr()
    assert run("evaluate", "generator", str(made), str(real), "--splits", "2", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["sources"]["made"]["squares"] == 8
    (spectra,) = (each for each in record["measures"] if each["name"] == "spectral_distance")
    assert spectra["beyond"]


def test_registered_generator_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GENERATORS, "_members", {})
    register("mine", lambda count, seed: np.full((count, 8, 8, 3), seed, np.uint8))
    assert run("generate", "mine", "-o", str(tmp_path / "out"), "-n", "3") == 0
    assert [int(opened(tmp_path / "out" / f"{i:06d}.png").max()) for i in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("size", [(9, 12), (8, 11), (8, 8)])
def test_clips_of_any_size_are_written(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    av = pytest.importorskip("av")
    monkeypatch.setattr(GENERATORS, "_members", {})
    register("clips", lambda count, seed: np.full((count, 3, *size, 3), 90, np.uint8))
    assert run("generate", "clips", "-o", str(tmp_path / "out"), "-n", "1") == 0
    with av.open(str(tmp_path / "out" / "000000.mp4")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert [frame.shape for frame in frames] == [(*size, 3)] * 3
    assert np.abs(np.stack(frames).astype(int) - 90).max() < 6


def test_wrong_usage_is_said(painter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.py").write_text("def draw(count, seed):\n    return 3\n")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "model_index.json").write_text("{}")
    (tmp_path / "code" / "pipeline.py").write_text("raise SystemExit(9)\n")
    for number, (model, options, reason, status) in enumerate(
        (
            (f"module:{painter}:draw", ("--steps", "3"), "takes no steps", 2),
            (f"module:{painter}:draw", ("--label", "cat"), "no class 'cat'", 2),
            (f"module:{painter}:draw", ("--download",), "only pipelines of diffusers", 2),
            (f"module:{painter}:nothing", (), "has no 'nothing'", 2),
            (f"module:{tmp_path / 'broken.py'}:draw", (), "instead of (1, H, W, 3) uint8", 4),
            (f"diffusers:{tmp_path / 'none'}", (), "no folder of a pipeline of diffusers", 2),
            (
                f"diffusers:{tmp_path / 'code'}",
                (),
                "brings code of its own, which is not run: pipeline.py",
                2,
            ),
        )
    ):
        assert run("generate", model, "-o", str(tmp_path / f"out{number}"), *options) == status, model
        assert reason in capsys.readouterr().err
