"""Models on disk, opened without PyTorch; hostile ones are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.adversarial import Adversarial
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.opening import open_pipeline
from forensics.generators.pipelines.recipe import RECIPE, Recipe, read_recipe, recipe_text
from forensics.runtime.store import open_bundle

from ...bundles import written


def test_recipe_is_read_as_it_was_written(tmp_path: Path) -> None:
    recipe = Recipe("gan", (7,), ("a", "b"), {"steps": 3, "path": "linear"})
    folder = written(tmp_path / "m", {RECIPE: recipe_text(recipe).encode()})
    assert read_recipe(open_bundle(folder)) == recipe


@pytest.mark.parametrize("text", ["", "[]", "3", '{"family": "gan"}', '{"family": 1, "shape": 2}', "{" * 9])
def test_other_recipes_are_refused(tmp_path: Path, text: str) -> None:
    folder = written(tmp_path / "m", {RECIPE: text.encode()})
    with pytest.raises(ModelError, match="is no recipe"):
        open_pipeline(folder)


def test_models_that_draw_nothing_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "m", {RECIPE: recipe_text(Recipe("codec", (1,))).encode()})
    with pytest.raises(ModelError, match="draws no pictures"):
        open_pipeline(folder)
    with pytest.raises(UsageError, match="no model"):
        open_pipeline("nothing of that name")
    (folder / RECIPE).write_text("{}")
    with pytest.raises(ModelError, match="not the file"):
        open_pipeline(folder)


def test_missing_and_broken_networks_are_refused(tmp_path: Path) -> None:
    recipe = recipe_text(Recipe("gan", (4,))).encode()
    with pytest.raises(ModelError, match="names no file"):
        open_pipeline(written(tmp_path / "a", {RECIPE: recipe}))
    pytest.importorskip("onnxruntime")
    with pytest.raises(ModelError, match="cannot be run"):
        open_pipeline(written(tmp_path / "b", {RECIPE: recipe, "generator.onnx": b"no network"}))


def test_gan_draws_in_one_step() -> None:
    def network(noise: np.ndarray, labels: np.ndarray) -> np.ndarray:
        level = np.tanh(noise.mean(1)) + labels
        return np.broadcast_to(level[:, None, None, None], (len(noise), 3, 4, 4)).astype(np.float32)

    pipeline = Adversarial(Recipe("gan", (6,), ("dark", "bright")), network)
    drawn = list(pipeline.sample(Request(5, label=0, batch=2)))
    np.testing.assert_array_equal(drawn, list(pipeline.sample(Request(5, label=0, batch=5))))
    assert len({int(picture[0, 0, 0]) for picture in drawn}) == 5
    assert np.mean(list(pipeline.sample(Request(5, label=1)))) > np.mean(drawn)
    for request in (Request(steps=3), Request(sampler="heun"), Request(guidance=2.0)):
        with pytest.raises(UsageError, match="one step"):
            next(pipeline.sample(request))
    with pytest.raises(UsageError, match="without classes"):
        next(Adversarial(Recipe("gan", (6,)), network).sample(Request(label=1)))
    with pytest.raises(UsageError, match="no class of number 2"):
        next(pipeline.sample(Request(label=2)))
