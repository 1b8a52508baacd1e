"""Arithmetic of latents by hand, and through a pipeline of linear networks."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.adversarial import Adversarial
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.latents import analogy, mixed, truncated, way
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.pipelines.styled import Styled


@pytest.fixture
def styles(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((2, 5, 4, 3)).astype(np.float32)


def test_truncation_goes_to_the_mean(styles: np.ndarray) -> None:
    mean = styles[0].mean(axis=(0, 1))
    np.testing.assert_allclose(truncated(styles[0], mean, 1.0), styles[0], atol=1e-6)
    np.testing.assert_allclose(truncated(styles[0], mean, 0.0), np.broadcast_to(mean, (5, 4, 3)), atol=1e-6)
    spread = truncated(styles[0], mean, 0.7).std(axis=(0, 1)) / styles[0].std(axis=(0, 1))
    np.testing.assert_allclose(spread, 0.7, rtol=1e-4)


def test_mixing_changes_over_at_a_layer(styles: np.ndarray) -> None:
    found = mixed(*styles, 3)
    np.testing.assert_array_equal(found[:, :3], styles[0][:, :3])
    np.testing.assert_array_equal(found[:, 3:], styles[1][:, 3:])
    for layer in (0, 4):
        with pytest.raises(UsageError, match="no such layer"):
            mixed(*styles, layer)
    with pytest.raises(UsageError, match="of one shape"):
        mixed(styles[0], styles[1][:1], 2)


def test_analogies_add_and_take_away(styles: np.ndarray) -> None:
    """Latents that are sums: a thing and what it wears."""
    rng = np.random.default_rng(1)
    woman, man, glasses = rng.standard_normal((3, 8)).astype(np.float32)
    noise = 0.1 * rng.standard_normal((2, 500, 8)).astype(np.float32)
    with_glasses, without = man + glasses + noise[0], man + noise[1]
    found = analogy(woman[None], with_glasses, without)
    np.testing.assert_allclose(found[0], woman + glasses, atol=0.03)


def test_ways_are_straight(styles: np.ndarray) -> None:
    first, second = styles[0, 0], styles[1, 0]
    found = way(first, second, 5)
    np.testing.assert_allclose(found[0], first)
    np.testing.assert_allclose(found[-1], second, atol=1e-6)
    np.testing.assert_allclose(
        np.diff(found, axis=0), np.broadcast_to((second - first) / 4, (4, 4, 3)), atol=1e-5
    )
    with pytest.raises(UsageError, match="two ends"):
        way(first, second, 1)


def _mapping(latent: np.ndarray) -> np.ndarray:
    return np.repeat(latent[:, None] + 1.0, 3, axis=1)


def _synthesis(styles: np.ndarray, grain: np.ndarray) -> np.ndarray:
    colours = 0.2 * styles.mean(axis=2)[:, :, None, None]  # one layer for each colour
    return colours + 0.01 * grain.reshape(-1, 1, 2, 2)


def test_pipeline_of_styles() -> None:
    recipe = Recipe("gan", (2 + 4,), settings={"latent": 2, "mean": [1.0, 1.0]})
    pipeline = Styled(recipe, _mapping, _synthesis)
    drawn = list(pipeline.sample(Request(20, seed=3, batch=7)))
    assert len({picture.tobytes() for picture in drawn}) == 20
    np.testing.assert_array_equal(next(pipeline.sample(Request(1, seed=3))), drawn[0])
    usual = np.stack(list(pipeline.sample(Request(20, seed=3, temperature=0.0)))).astype(float)
    assert usual.std(axis=0).max() < 3  # the grain is left
    assert usual.mean() == pytest.approx(255 * 0.6, abs=1)
    styles = pipeline.styles(3, range(2))
    red = list(pipeline.paint(mixed(styles, styles[::-1], 1), 3, range(2)))
    np.testing.assert_array_equal(red[0][..., 0], drawn[0][..., 0])
    assert not np.array_equal(red[0][..., 1], drawn[0][..., 1])
    with pytest.raises(UsageError, match="without classes"):
        next(pipeline.sample(Request(label=0)))
    with pytest.raises(UsageError, match="in one step"):
        next(pipeline.sample(Request(steps=3)))


@pytest.mark.parametrize("styled", [False, True])
def test_any_class_is_one_by_chance(styled: bool) -> None:
    """No generator is trained with pictures of no class: it would draw something between them."""
    seen: list[np.ndarray] = []

    def network(noise: np.ndarray, label: np.ndarray) -> np.ndarray:
        seen.append(np.column_stack([noise[:, 0], label]))
        return _mapping(noise) if styled else np.zeros((len(noise), 3, 2, 2), np.float32)

    recipe = Recipe("gan", (2 + 4,), ("a", "b", "c"), {"latent": 2, "mean": [1.0, 1.0]})
    pipeline = Styled(recipe, network, _synthesis) if styled else Adversarial(recipe, network)

    def drawn(**asked: int) -> np.ndarray:
        seen.clear()
        list(pipeline.sample(Request(300, seed=4, **asked)))
        return np.concatenate(seen)

    free = drawn()
    assert np.bincount(free[:, 1].astype(int), minlength=3).min() > 70
    np.testing.assert_array_equal(drawn(batch=7), free)
    asked = drawn(label=1)
    np.testing.assert_array_equal(asked[:, 1], 1.0)
    np.testing.assert_array_equal(asked[:, 0], free[:, 0])  # the noise is the same


@pytest.mark.parametrize(
    "settings",
    [{}, {"latent": 2}, {"mean": [1.0, 1.0]}, {"latent": "two", "mean": [1.0]}, {"latent": 2, "mean": "m"}],
)
def test_recipes_without_styles_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="none of styles"):
        Styled(Recipe("gan", (6,), settings=settings), _mapping, _synthesis)


def test_plain_generators_paint_latents_too() -> None:
    recipe = Recipe("gan", (3,), ("a", "b"))
    pipeline = Adversarial(
        recipe, lambda z, y: (z + 0.1 * y[:, None])[:, :, None, None] * np.ones((1, 1, 2, 2))
    )
    (picture,) = pipeline.paint(np.array([[0.0, 0.5, -1.0]], np.float32), label=1)
    np.testing.assert_array_equal(picture[0, 0], np.rint(127.5 * (np.array([0.1, 0.6, -0.9]) + 1)))
