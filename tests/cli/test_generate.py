"""`forensics generate`, end to end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forensics.generators.pipelines.recipe import Recipe, recipe_text

from ..bundles import written
from ..onnx_models import painter
from .commands import opened, run

pytest.importorskip("onnxruntime")
SIDE = 16


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    recipe = recipe_text(Recipe("gan", (3 * SIDE * SIDE,))).encode()
    files = {"recipe.json": recipe, "generator.onnx": painter(SIDE)}
    return written(folder, files)


def test_same_seed_same_pixels(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    assert run("generate", str(model), "-o", str(first), "-n", "5") == 0
    assert "5 pictures and grid.png" in capsys.readouterr().out
    assert run("generate", str(model), "-o", str(second), "-n", "3", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["number"] for line in lines] == [0, 1, 2]
    for number in range(3):
        name = f"{number:06d}.png"
        np.testing.assert_array_equal(opened(first / name), opened(second / name))
    assert opened(first / "grid.png").shape == (16, 80, 3)
    assert opened(first / "000004.png").shape == (16, 16, 3)


def test_pictures_of_other_settings_are_not_mixed(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("generate", str(model), "-o", str(tmp_path / "a"), "-n", "2")
    assert run(*command) == 0
    before = (tmp_path / "a" / "000000.png").stat().st_mtime_ns
    assert run(*command) == 0
    assert (tmp_path / "a" / "000000.png").stat().st_mtime_ns == before
    assert run(*command, "--seed", "1") == 2
    assert "pictures of other settings" in capsys.readouterr().err
    assert run(*command, "--seed", "1", "--overwrite") == 0


def test_pictures_of_another_training_are_not_mixed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model that was trained again stands in the same folder, and draws other pictures."""
    recipe = Recipe("gan", (3 * SIDE * SIDE,))
    files = {"recipe.json": recipe_text(recipe).encode(), "generator.onnx": painter(SIDE)}
    model, out = written(tmp_path / "model", files), tmp_path / "a"
    assert run("generate", str(model), "-o", str(out), "-n", "2") == 0
    assert run("generate", str(model), "-o", str(out), "-n", "2") == 0
    written(model, {**files, "recipe.json": recipe_text(replace(recipe, settings={"again": 1})).encode()})
    assert run("generate", str(model), "-o", str(out), "-n", "2") == 2
    assert "pictures of other settings" in capsys.readouterr().err


def test_wrong_usage_is_said(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "a")
    for command, reason in (
        (("generate", "no such model", "-o", out), "no model"),
        (("generate", str(model), "-o", out, "--steps", "3"), "one step"),
        (("generate", str(model), "-o", out, "--label", "cat"), "no class 'cat'"),
        (("generate", str(model), "-o", out, "--more", "2"), "further pieces"),
        (("generate", str(model)), "Missing option"),
    ):
        assert run(*command) == 2, command
        assert reason in capsys.readouterr().err
    assert run("generate", str(model), "-o", out, "-n", "1") == 0  # nothing was left of what was refused
