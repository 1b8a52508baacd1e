"""Drawing after another picture, with a network whose answer is known: no PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.controlled import Controlled
from forensics.generators.pipelines.denoising import DenoisingSettings
from forensics.generators.pipelines.recipe import Recipe

SETTINGS = {**vars(DenoisingSettings(steps=3)), "rule": "grey", "scale": 2}


def follow(z: np.ndarray, t: np.ndarray, shown: np.ndarray, *labels: np.ndarray) -> np.ndarray:
    """Say that the picture is what is shown, at half of its size; brighter by its class."""
    small = shown.mean(1, keepdims=True).reshape(len(z), 1, z.shape[2], 2, z.shape[3], 2).mean((3, 5))
    brighter = labels[0][:, None, None, None] / 4 if labels else 0.0
    return np.broadcast_to(2 * small - 1 + brighter, z.shape).astype(np.float32)


def recipe(labels: tuple[str, ...] = (), **settings: object) -> Recipe:
    return Recipe("control", (3, 4, 6), labels, {**SETTINGS, **settings})


def test_what_is_shown_is_drawn() -> None:
    pipeline = Controlled(recipe(), follow)
    assert pipeline.size == (8, 12)
    picture = np.zeros((16, 24, 3), np.uint8)
    picture[:, 12:] = 200
    drawn = list(pipeline.after(picture).sample(Request(5, batch=2)))
    assert len(drawn) == 5
    for each in drawn:
        assert each.shape == (4, 6, 3)
        np.testing.assert_allclose(each[:, 3:], 200, atol=1)
        np.testing.assert_allclose(each[:, :3], 0, atol=1)


def test_picture_that_is_ready_is_shown_as_it_is() -> None:
    seen: list[np.ndarray] = []

    def look(z: np.ndarray, t: np.ndarray, shown: np.ndarray) -> np.ndarray:
        seen.append(shown)
        return np.zeros_like(z)

    sketch = np.zeros((8, 12, 3), np.uint8)
    sketch[3] = 255
    pipeline = Controlled(recipe(rule="canny"), look)
    list(pipeline.after(sketch, ready=True).sample(Request()))
    np.testing.assert_array_equal(seen[0][0, 0], sketch[..., 0] / 255)
    list(pipeline.after(sketch).sample(Request()))
    assert (seen[-1] != seen[0]).any()


def test_classes_are_told_too() -> None:
    pipeline = Controlled(recipe(("a", "b")), follow)
    assert pipeline.recipe.label("b") == 1
    flat = pipeline.after(np.full((8, 12, 3), 100, np.uint8))
    dark, bright = (next(flat.sample(Request(label=label))).mean() for label in (0, 1))
    assert bright - dark == pytest.approx(255 / 8, abs=1)


def test_holes_need_a_model_that_knows_them() -> None:
    seen: list[np.ndarray] = []

    def look(z: np.ndarray, t: np.ndarray, shown: np.ndarray) -> np.ndarray:
        seen.append(shown)
        return np.zeros_like(z)

    picture, hole = np.full((8, 12, 3), 100, np.uint8), np.zeros((8, 12), bool)
    hole[:, 6:] = True
    pipeline = Controlled(recipe(rule="mask"), look)
    list(pipeline.after(picture, hole).sample(Request(2)))
    assert seen[0].shape == (2, 4, 8, 12)
    np.testing.assert_array_equal(seen[0][1, 3], ~hole)
    with pytest.raises(UsageError, match="needs a mask"):
        pipeline.after(picture)
    with pytest.raises(UsageError, match="goes with no mask"):
        pipeline.after(picture, hole, ready=True)
    with pytest.raises(UsageError, match="takes no mask"):
        Controlled(recipe(), follow).after(picture, hole)


def test_what_cannot_be_done_is_said() -> None:
    with pytest.raises(UsageError, match="draws after a picture"):
        next(iter(Controlled(recipe(), follow).sample(Request())))
    for settings in ({"rule": "magic"}, {"scale": 0}, {"scale": "x"}, {"path": "crooked"}):
        with pytest.raises(ModelError, match="the recipe is none"):
            Controlled(recipe(**settings), follow)
    with pytest.raises(ModelError, match="none of a side branch"):
        Controlled(Recipe("control", (3, 4, 6), settings=vars(DenoisingSettings())), follow)
