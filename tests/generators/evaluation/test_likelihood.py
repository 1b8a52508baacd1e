"""Likelihoods, against those of scipy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax
from scipy.stats import multivariate_normal

from forensics.errors import UsageError
from forensics.generators.evaluation.likelihood import (
    bits_of_flow,
    bits_of_levels,
    bits_of_patches,
    bits_of_tokens,
    code_lengths,
    dequantised,
)
from forensics.generators.pipelines.chance import Chance
from forensics.generators.pipelines.flowing import PatchFlowing, patch_by_patch, to_noise
from forensics.generators.pipelines.recipe import Recipe

PATCH, ROWS = 2, 2
VALUES = 3 * PATCH**2
ORDERS = {"forwards": False, "backwards": True}


def layer(seed: int):
    """A layer whose shifts are linear in the patches before, and whose scales are constant."""
    rng = np.random.default_rng(seed)
    weights = 0.3 * rng.standard_normal((VALUES, VALUES))
    log_scale = 0.4 * rng.standard_normal((ROWS**2, VALUES))
    log_scale[0] = 0.0

    def said(x: np.ndarray) -> np.ndarray:
        before = np.concatenate([np.zeros_like(x[:, :1]), x[:, :-1]], axis=1)
        scales = np.broadcast_to(log_scale, x.shape)
        return np.concatenate([before @ weights, scales], axis=-1).astype(np.float32)

    return said


def flow() -> PatchFlowing:
    settings = {"patch": PATCH, "rows": ROWS}
    return PatchFlowing(Recipe("tarflow", (ROWS**2, VALUES), settings=settings), [layer(1), layer(2)])


@pytest.mark.parametrize("backwards", ORDERS.values(), ids=list(ORDERS))
def test_to_noise_is_undone_patch_by_patch(backwards: bool, rng: np.random.Generator) -> None:
    x = rng.standard_normal((3, ROWS**2, VALUES)).astype(np.float32)
    z, log_det = to_noise(layer(1), x, backwards=backwards)
    np.testing.assert_allclose(patch_by_patch(layer(1), z, backwards=backwards), x, atol=1e-5)
    assert log_det.shape == (3,)


def test_linear_flow_is_a_gaussian(rng: np.random.Generator) -> None:
    """The flow is linear: noise through its matrix has a covariance, and scipy knows the density."""
    model, size = flow(), 3 * (PATCH * ROWS) ** 2
    whole = (3, PATCH * ROWS, PATCH * ROWS)
    matrix = np.empty((size, size))
    for column, x in enumerate(np.eye(size, dtype=np.float32).reshape(-1, *whole)):
        z = model._parts(x[None])
        for number, said in enumerate(model.layers):
            z, _ = to_noise(said, z, backwards=number % 2 == 1)
        matrix[:, column] = z.ravel()
    x = rng.standard_normal((4, *whole)).astype(np.float32)
    found = model.log_prob(x)
    covariance = np.linalg.inv(matrix.T @ matrix)
    expected = multivariate_normal(np.zeros(size), covariance).logpdf(x.reshape(4, -1))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    picture = (x + 1.0) / 2.0
    bits = 8.0 - (expected + size * np.log(2.0)) / (size * np.log(2.0))
    np.testing.assert_allclose(bits_of_patches(model, picture), bits, rtol=1e-5)


def test_densities_of_what_is_bent_otherwise_are_refused() -> None:
    settings = {"patch": 1, "rows": 2, "bend": "mixture"}
    model = PatchFlowing(Recipe("tarflow", (12, 1), settings=settings), [lambda x: np.zeros((1, 12, 14))])
    with pytest.raises(UsageError, match="scales and shifts"):
        model.log_prob(np.zeros((1, 3, 2, 2), np.float32))


def test_patches_of_a_picture_are_put_together_again(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 3, PATCH * ROWS, PATCH * ROWS)).astype(np.float32)
    np.testing.assert_array_equal(flow()._whole(flow()._parts(x)), x)


def test_even_noise_takes_eight_bits_and_stays_in_its_level() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (3, 4, 4, 3), dtype=np.uint8)
    x = dequantised(pixels, Chance(2, range(3)))
    assert x.shape == (3, 3, 4, 4)
    np.testing.assert_array_equal(np.floor(x * 256.0), np.moveaxis(pixels, -1, 1))
    np.testing.assert_array_equal(dequantised(pixels[2:], Chance(2, [2])), x[2:])
    even = bits_of_flow(lambda x: np.full(len(x), 8.0, np.float32), x)
    np.testing.assert_array_equal(even, [8.0] * 3)


def test_bits_of_what_is_drawn_are_those_of_its_chance(rng: np.random.Generator) -> None:
    logits = (50.0 + 9.0 * rng.standard_normal((2, 3, 5))).astype(np.float32)
    found = rng.integers(0, 5, (2, 3))
    expected = -np.take_along_axis(log_softmax(logits.astype(float), -1), found[..., None], -1)[..., 0]
    np.testing.assert_allclose(code_lengths(logits, found), expected / np.log(2.0), rtol=1e-6)
    np.testing.assert_allclose(code_lengths(np.log([[0.5, 0.25, 0.25]]), np.array([1])), [2.0])


def test_bits_of_tokens_and_grey_levels_are_means_of_pictures() -> None:
    chances = np.log(np.array([0.5, 0.25, 0.125, 0.125], np.float32))

    def network(tokens: np.ndarray) -> np.ndarray:
        return np.broadcast_to(chances, (*tokens.shape, 4))

    tokens = np.array([[0, 0, 1, 2], [3, 3, 2, 2]])
    np.testing.assert_allclose(bits_of_tokens(network, tokens), [(1 + 1 + 2 + 3) / 4, 3.0])
    levels = np.array([0, 1, 0, 1, 2, 2, 0, 0, 0, 0, 0, 0]).reshape(1, 3, 2, 2)
    np.testing.assert_allclose(bits_of_levels(network, levels), [(8 + 2 * 2 + 2 * 3) / 12])
