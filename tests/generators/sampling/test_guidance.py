"""Guidance: what it leaves alone, and what it does to distributions that are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from forensics.generators.sampling.base import last
from forensics.generators.sampling.diffusion import ddim
from forensics.generators.sampling.guidance import by_gradient, guided, rescaled, thresholded
from forensics.generators.sampling.paths import PATHS
from forensics.generators.sampling.targets import Estimate
from forensics.generators.sampling.times import log_snr

from .gaussian import DEVIATION, MEAN, gaussian

PATH = PATHS["linear"]


def consistent(found: Estimate, z: np.ndarray, t: float) -> None:
    np.testing.assert_allclose(PATH.at(t).mix(found.x, found.noise), z, atol=1e-9)


def test_scales_of_one_and_zero_change_nothing(noise: np.ndarray) -> None:
    one, other = gaussian(PATH, 0.5), gaussian(PATH, -0.5)
    for scale, expected in ((1.0, one), (0.0, other)):
        found, wanted = guided(one, other, scale)(noise, 0.4), expected(noise, 0.4)
        np.testing.assert_allclose(found.x, wanted.x)
        np.testing.assert_allclose(found.noise, wanted.noise)
        assert found.share is None
    assert guided(one, other, 1.0) is one


@pytest.mark.parametrize("scale", [0.0, 0.5, 3.0])
def test_guidance_goes_along_the_difference(scale: float, noise: np.ndarray) -> None:
    one, other = gaussian(PATH, 0.5), gaussian(PATH, -0.5)
    found = guided(one, other, scale)(noise, 0.4)
    consistent(found, noise, 0.4)
    expected = other(noise, 0.4).x + scale * (one(noise, 0.4).x - other(noise, 0.4).x)
    np.testing.assert_allclose(found.x, expected)


def test_stronger_guidance_goes_farther(noise: np.ndarray) -> None:
    times = log_snr(30, PATH)
    means = [
        float(last(ddim(guided(gaussian(PATH, 0.5), gaussian(PATH, -0.5), s), noise, times, PATH)).mean())
        for s in (0.0, 1.0, 2.0)
    ]
    assert means == sorted(means)
    assert means[0] == pytest.approx(-0.5, abs=0.1)
    assert means[1] == pytest.approx(0.5, abs=0.1)


def test_rescaling_takes_the_contrast_back(noise: np.ndarray) -> None:
    one, other = gaussian(PATH, deviation=0.9), gaussian(PATH, deviation=0.3)
    strong = guided(one, other, 6.0)
    plain, loud = one(noise, 0.5).x, strong(noise, 0.5).x
    assert (loud.std(axis=(1, 2, 3)) > 2 * plain.std(axis=(1, 2, 3))).all()
    found = rescaled(one, strong, PATH, 1.0)(noise, 0.5)
    consistent(found, noise, 0.5)
    np.testing.assert_allclose(found.x.std(axis=(1, 2, 3)), plain.std(axis=(1, 2, 3)))
    np.testing.assert_allclose(rescaled(one, strong, PATH, 0.0)(noise, 0.5).x, loud)


def test_thresholding_keeps_pictures_in_range(noise: np.ndarray) -> None:
    found = thresholded(gaussian(PATH, deviation=3.0), PATH, 0.9)(noise, 0.9)
    consistent(found, noise, 0.9)
    plain = gaussian(PATH, deviation=3.0)(noise, 0.9).x
    bound = np.quantile(np.abs(plain.reshape(4, -1)), 0.9, axis=1).clip(1.0)[:, None, None, None]
    np.testing.assert_allclose(found.x, plain.clip(-bound, bound) / bound)
    assert np.abs(found.x).max() <= 1.0
    quiet = gaussian(PATH, 0.0, 0.01)
    np.testing.assert_allclose(thresholded(quiet, PATH)(noise, 0.9).x, quiet(noise, 0.9).x)


def test_gradient_of_a_classifier_moves_the_distribution(rng: np.random.Generator) -> None:
    """A Gaussian prior times a Gaussian likelihood is a Gaussian again, whose denoiser is known."""
    noise = rng.standard_normal((1, 4000))
    wanted, spread = 1.5, 0.8
    variance = 1 / (1 / DEVIATION**2 + 1 / spread**2)
    mean = variance * (MEAN / DEVIATION**2 + wanted / spread**2)

    def gradient(z: np.ndarray, t: float) -> np.ndarray:
        at = PATH.at(t)
        plain = gaussian(PATH)(z, t).x
        left = DEVIATION**2 * at.sigma**2 / ((at.alpha * DEVIATION) ** 2 + at.sigma**2)
        slope = at.alpha * DEVIATION**2 / ((at.alpha * DEVIATION) ** 2 + at.sigma**2)
        return slope * (wanted - plain) / (left + spread**2)

    found = last(ddim(by_gradient(gaussian(PATH), gradient, PATH), noise, log_snr(300, PATH), PATH))
    assert found.mean() == pytest.approx(mean, abs=0.03)
    assert found.std() == pytest.approx(variance**0.5, abs=0.03)


def test_no_gradient_changes_nothing(noise: np.ndarray, drawn: Callable) -> None:
    found = by_gradient(gaussian(PATH), lambda z, _: 0 * z, PATH)(noise, 0.3)
    np.testing.assert_allclose(found.x, gaussian(PATH)(noise, 0.3).x)
    assert np.isfinite(by_gradient(gaussian(PATH), lambda z, _: z, PATH)(noise, 0.0).x).all()
