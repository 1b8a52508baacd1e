"""The reverse SDE draws from the distribution, and the likelihood of its ODE is that of a closed form."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.generators.sampling.base import last, start
from forensics.generators.sampling.paths import PATHS, SubVariancePreserving, VariancePreserving, ZeroTerminal
from forensics.generators.sampling.sde import log_likelihood, reverse_sde
from forensics.generators.sampling.targets import Estimate
from forensics.generators.sampling.times import log_snr, uniform

from .gaussian import DEVIATION, MEAN, exact, gaussian

Draw = Callable[[np.ndarray], np.ndarray]


@pytest.mark.parametrize("name", ["vp", "sub_vp", "vp_zero", "ve", "linear"])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_draws_have_the_distribution_of_the_pictures(
    name: str, share: float, rng: np.random.Generator, drawn: Draw
) -> None:
    path = PATHS[name]
    times = log_snr(300, path, 0.005, 30)
    begun = start(rng.standard_normal((1, 5000)), path, times[0])
    found = last(reverse_sde(gaussian(path), begun, times, path, drawn, share))
    assert found.mean() == pytest.approx(MEAN, abs=0.05)
    assert found.std() == pytest.approx(DEVIATION, abs=0.05)


def test_without_noise_it_is_the_ode(noise: np.ndarray, drawn: Draw) -> None:
    path = PATHS["vp"]
    times = uniform(4000, 0.05, 0.9)
    z = noise * path.at(0.05).sigma
    found = last(reverse_sde(gaussian(path), z, times, path, drawn, share=0.0))
    np.testing.assert_allclose(found, exact(path, z, 0.05, 0.9), atol=2e-3)


def test_drift_and_noise_of_a_step_are_those_of_the_vp_sde(noise: np.ndarray) -> None:
    """Song et al. 2020, eqs. 10 and 33, by hand: dx = (-beta x / 2 - beta score) dt + sqrt(beta) dw."""
    path, t, after = VariancePreserving(), 0.4, 0.41
    beta = path.least + (1 - t) * (path.most - path.least)
    found = gaussian(path)(noise, t)
    score = -found.noise / path.at(t).sigma
    expected = noise + 0.01 * (beta / 2 * noise + beta * score) + math.sqrt(0.01 * beta) * 0.3
    (made,) = reverse_sde(gaussian(path), noise, (t, after), path, lambda z: np.full_like(z, 0.3))
    np.testing.assert_allclose(made, expected, rtol=1e-6)


def test_noise_alone_is_refused(noise: np.ndarray, drawn: Draw) -> None:
    with pytest.raises(UsageError, match="some picture"):
        next(reverse_sde(gaussian(PATHS["linear"]), noise, (0.0, 1.0), PATHS["linear"], drawn))


def test_nothing_is_left_of_the_picture_and_less_noise_is_added() -> None:
    plain, zero, sub = VariancePreserving(), ZeroTerminal(), SubVariancePreserving()
    assert zero.at(0.0).alpha == pytest.approx(0.0, abs=1e-12)
    assert zero.at(0.0).sigma == pytest.approx(1.0)
    assert plain.at(0.0).alpha > 1e-3
    for t in (0.1, 0.5, 0.9):
        kept = (plain.at(t).alpha - plain.at(0.0).alpha) / (1 - plain.at(0.0).alpha)
        assert zero.at(t).alpha == pytest.approx(kept)  # Lin et al. 2023, algorithm 1
        assert zero.at(t).sigma == pytest.approx(math.sqrt(1 - kept**2))
        assert sub.at(t).alpha == plain.at(t).alpha
        assert sub.at(t).sigma == pytest.approx(plain.at(t).sigma ** 2)


@pytest.mark.parametrize("name", ["vp", "linear", "ve"])
def test_likelihood_is_that_of_the_pictures(name: str, rng: np.random.Generator) -> None:
    """Of independent pixels: the divergence of what is linear and alike is found exactly."""
    path = PATHS[name]
    x = rng.normal(MEAN, DEVIATION, (5, 3, 4))
    probe = rng.choice([-1.0, 1.0], x.shape)
    times = list(reversed(log_snr(200, path, 1e-3, 200)[:-1]))
    found = log_likelihood(gaussian(path), x, times, path, probe)
    standard = (x - MEAN) / DEVIATION
    expected = (-0.5 * standard**2 - math.log(DEVIATION * math.sqrt(2 * math.pi))).sum((1, 2))
    np.testing.assert_allclose(found, expected, atol=0.05)


def test_likelihood_is_right_on_average_where_pixels_hang_together(rng: np.random.Generator) -> None:
    """Of Gaussian pixels with a covariance, whose denoiser is known as well."""
    path = PATHS["linear"]
    root = rng.normal(size=(3, 3))
    covariance = root @ root.T + 0.3 * np.eye(3)

    def denoise(z: np.ndarray, t: float) -> Estimate:
        at = path.at(t)
        x = np.linalg.solve(at.alpha**2 * covariance + at.sigma**2 * np.eye(3), at.alpha * z.T)
        x = (covariance @ x).T
        return Estimate(x, (z - at.alpha * x) / at.sigma)

    x = np.tile(root @ np.array([0.5, -0.3, 1.0]), (2000, 1))
    times = list(reversed(log_snr(60, path, 1e-3, 200)[:-1]))
    found = log_likelihood(denoise, x, times, path, rng.choice([-1.0, 1.0], x.shape))
    square = x[0] @ np.linalg.solve(covariance, x[0])
    expected = -0.5 * (square + np.linalg.slogdet(2 * math.pi * covariance).logabsdet)
    assert found.std() > 0.01
    assert found.mean() == pytest.approx(expected, abs=0.05 + 5 * found.std() / math.sqrt(len(x)))
