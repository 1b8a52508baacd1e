"""Errors of denoisers, against the posterior variance of Gaussian pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from forensics.generators.evaluation.denoising import NOISE_LEVELS, picture_errors, variance_error
from forensics.generators.pipelines.chance import Chance
from forensics.generators.sampling.paths import PATHS
from forensics.generators.sampling.targets import Estimate

from ..sampling.gaussian import DEVIATION, MEAN, gaussian

COUNT, SHAPE = 24, (3, 16, 16)


@pytest.fixture
def x() -> np.ndarray:
    drawn = np.random.default_rng(5).standard_normal((COUNT, *SHAPE), np.float32)
    return MEAN + np.float32(DEVIATION) * drawn


@pytest.mark.parametrize("path", PATHS.values(), ids=list(PATHS))
def test_error_of_the_best_denoiser_is_the_posterior_variance(path, x: np.ndarray) -> None:
    found = picture_errors(gaussian(path), x, path, Chance(1, range(COUNT)))
    assert found.shape == (COUNT, len(NOISE_LEVELS))
    expected = [DEVIATION**2 * r**2 / (DEVIATION**2 + r**2) for r in NOISE_LEVELS]
    np.testing.assert_allclose(found.mean(0), expected, rtol=0.04)
    np.testing.assert_allclose([variance_error(DEVIATION**2, r) for r in NOISE_LEVELS], expected)


@pytest.mark.parametrize(
    ("denoise", "expected"),
    [
        (lambda z, t: Estimate(np.zeros_like(z), z), lambda x, r: np.square(x)),
        (lambda z, t: Estimate(z / t, z), lambda x, r: np.full_like(x, r**2)),
    ],
    ids=["always black", "as it is"],
)
def test_errors_of_bad_denoisers_are_known_by_hand(
    denoise: Callable, expected: Callable, x: np.ndarray
) -> None:
    """On the straight path, z / t is the picture and noise of the level."""
    levels = (2.0, 0.5)
    found = picture_errors(denoise, x, PATHS["linear"], Chance(1, range(COUNT)), levels)
    for column, level in enumerate(levels):
        np.testing.assert_allclose(found[:, column], expected(x, level).mean((1, 2, 3)), rtol=0.15)


def test_figures_of_a_picture_are_its_own(x: np.ndarray) -> None:
    path = PATHS["cosine"]
    denoise = gaussian(path)
    whole = picture_errors(denoise, x[:5], path, Chance(3, range(5)))
    again = picture_errors(denoise, x[:5], path, Chance(3, range(5)))
    part = picture_errors(denoise, x[4:5], path, Chance(3, [4]))
    np.testing.assert_array_equal(whole, again)
    np.testing.assert_array_equal(whole[4:], part)
    other = picture_errors(denoise, x[:5], path, Chance(4, range(5)))
    assert (other != whole).all()


def test_pictures_of_one_colour_are_known_without_a_model() -> None:
    assert variance_error(0.0, 2.0) == 0.0
    assert variance_error(1.0, 1.0) == 0.5
