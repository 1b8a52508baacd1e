"""Painting into pictures: what is known is kept, and what is painted fits to it."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.denoising import Denoising, DenoisingSettings
from forensics.generators.pipelines.inpainting import Inpainting, Scene, around, scene_of
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.sampling.paths import PATHS

PATH = PATHS["linear"]
DEVIATION = 0.3


def one_colour(z: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return E[x | z] where all values of a picture are the same Gaussian number."""
    at = PATH.at(float(t[0]))
    values = z.reshape(len(z), -1)
    many = values.shape[1]
    gain = at.alpha * DEVIATION**2 / (many * at.alpha**2 * DEVIATION**2 + at.sigma**2)
    return np.broadcast_to((gain * values.sum(1)).reshape(-1, 1, 1, 1), z.shape).astype(np.float32)


def model(shape: tuple[int, int, int] = (3, 8, 8), **more: object) -> Denoising:
    recipe = Recipe("flow", shape, settings=vars(DenoisingSettings(steps=30)))
    return Denoising(recipe, one_colour, **more)


@pytest.fixture
def scene(rng: np.random.Generator) -> Scene:
    level = np.full((8, 8, 3), 160, np.uint8)
    hole = np.zeros((8, 8), bool)
    hole[2:6, 4:] = True
    return Scene(level, hole)


def test_known_pixels_are_kept_and_the_others_fit(scene: Scene) -> None:
    painter = Inpainting(model(), scene, rounds=5)
    drawn = list(painter.sample(Request(5, seed=3, batch=2)))
    for picture in drawn:
        np.testing.assert_array_equal(picture[~scene.open_at], 160)
        assert abs(picture[scene.open_at].astype(float).mean() - 160) < 12
    again = list(painter.sample(Request(3, seed=3, batch=3)))
    np.testing.assert_array_equal(again, drawn[:3])
    nothing = Inpainting(model(), Scene(scene.pixels, np.ones((8, 8), bool)), rounds=1)
    first, other = (next(nothing.sample(Request(seed=seed))) for seed in (3, 4))
    assert (first != other).all()


def test_latents_that_are_open_in_part_are_painted() -> None:
    """The codec repeats each value of latents for 2 x 2 pixels."""

    def encode(x: np.ndarray) -> np.ndarray:
        return 2 * x.reshape(len(x), 3, 4, 2, 4, 2).mean((3, 5)) - 1

    def decode(z: np.ndarray) -> np.ndarray:
        return (np.repeat(np.repeat(z, 2, 2), 2, 3) + 1) / 2

    rng = np.random.default_rng(1)
    picture, hole = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8), np.zeros((8, 8), bool)
    hole[3, 3] = True
    painter = Inpainting(model((3, 4, 4), decode=decode), Scene(picture, hole), encode, rounds=1)
    np.testing.assert_array_equal(np.argwhere(painter.canvas.mask[0, 0] == 0), [[1, 1]])
    found = next(painter.sample(Request(steps=3)))
    np.testing.assert_array_equal(found[~hole], picture[~hole])
    with pytest.raises(UsageError, match="codec is not that of the model"):
        Inpainting(model((3, 4, 4), decode=decode), Scene(picture, hole))


def test_pictures_of_other_sizes_are_scaled(scene: Scene) -> None:
    larger = Scene(*(np.repeat(np.repeat(x, 4, 0), 4, 1) for x in (scene.pixels, scene.open_at)))
    painter = Inpainting(model(), larger)
    np.testing.assert_array_equal(painter.open_at, scene.open_at)
    np.testing.assert_array_equal(painter.pixels, scene.pixels)


def test_masks_are_bright_where_there_is_to_be_painted() -> None:
    picture, mask = np.zeros((4, 6, 3), np.uint8), np.zeros((4, 6, 3), np.uint8)
    mask[1, 2] = 255
    np.testing.assert_array_equal(np.argwhere(scene_of(picture, mask).open_at), [[1, 2]])
    with pytest.raises(UsageError, match="6x4 pixels and the mask 5x4"):
        scene_of(picture, mask[:, :5])
    with pytest.raises(UsageError, match="nothing to paint"):
        scene_of(picture, picture)


def test_border_around_a_picture_is_open() -> None:
    picture = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    found = around(picture, 0.25)
    assert found.pixels.shape == (8, 12, 3)
    np.testing.assert_array_equal(found.pixels[2:6, 3:9], picture)
    assert not found.open_at[2:6, 3:9].any()
    assert found.open_at.sum() == 8 * 12 - 4 * 6
    for share in (0.0, 0.5, 1.0):
        with pytest.raises(UsageError, match="less than half"):
            around(picture, share)


def test_what_cannot_be_done_is_said(scene: Scene) -> None:
    painter = Inpainting(model(), scene)
    for request in (Request(sampler="heun"), Request(temperature=0.5)):
        with pytest.raises(UsageError, match="no samplers and no temperature"):
            next(painter.sample(request))
    with pytest.raises(UsageError, match="only clips are gone on with"):
        next(painter.sample(Request(more=1)))
    with pytest.raises(UsageError, match="without classes"):
        next(painter.sample(Request(label=1)))
