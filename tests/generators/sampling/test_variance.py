"""Variances of a step, by the formulas of DDPM, and what the ancestral sampler does with learned ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forensics.generators.sampling.base import last
from forensics.generators.sampling.diffusion import ancestral, consistency
from forensics.generators.sampling.guidance import guided, rescaled, thresholded
from forensics.generators.sampling.paths import PATHS
from forensics.generators.sampling.targets import Estimate, denoiser, split
from forensics.generators.sampling.times import uniform
from forensics.generators.sampling.variance import (
    forward_variance,
    learned_variance,
    posterior_mean,
    posterior_variance,
)

from .gaussian import DEVIATION, MEAN, exact, gaussian

PATH = PATHS["vp"]
T, AFTER = 0.4, 0.41


def test_variances_and_mean_are_those_of_ddpm(rng: np.random.Generator) -> None:
    """Ho et al. 2020, eq. 7, by hand, with cumulative alphas."""
    here, there = PATH.at(T), PATH.at(AFTER)
    now, before = here.alpha**2, there.alpha**2
    beta = 1 - now / before
    tilde = (1 - before) / (1 - now) * beta
    assert forward_variance(here, there) == pytest.approx(beta, rel=1e-9)
    assert posterior_variance(here, there) == pytest.approx(tilde, rel=1e-9)
    x, z = rng.standard_normal((2, 3, 4))
    mean = math.sqrt(before) * beta / (1 - now) * x + math.sqrt(1 - beta) * (1 - before) / (1 - now) * z
    np.testing.assert_allclose(posterior_mean(x, z, here, there), mean, atol=1e-12)


def test_learned_variance_lies_between() -> None:
    here, there = PATH.at(T), PATH.at(AFTER)
    found = learned_variance(np.array([0.0, 0.5, 1.0]), here, there)
    least, most = posterior_variance(here, there), forward_variance(here, there)
    np.testing.assert_allclose(found, [least, math.sqrt(least * most), most], rtol=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_ancestral_sampler_draws_with_what_the_model_says(share: float, rng: np.random.Generator) -> None:
    z, x = rng.standard_normal((2, 1, 40_000))
    here, there = PATH.at(0.1), PATH.at(0.3)

    def denoise(z: np.ndarray, t: float) -> Estimate:
        return Estimate(x, (z - PATH.at(t).alpha * x) / PATH.at(t).sigma, np.full_like(z, share))

    found = last(ancestral(denoise, z, (0.1, 0.3), PATH, lambda z: rng.standard_normal(z.shape)))
    apart = found - posterior_mean(x, z, here, there)
    wanted = posterior_variance(here, there) ** (1 - share) * forward_variance(here, there) ** share
    assert apart.mean() == pytest.approx(0, abs=0.02)
    assert apart.var() == pytest.approx(wanted, rel=0.03)


def test_output_of_twice_the_channels_is_split() -> None:
    found = np.stack([np.full((2, 2), value) for value in (5.0, 6.0, -1.0, 1.0)])[None]
    predicted, share = split(found)
    assert predicted[0, :, 0, 0].tolist() == [5, 6]
    assert share[0, :, 0, 0].tolist() == [0, 1]
    said = denoiser(lambda *_: found, "x", PATH, learned=True)(np.zeros((1, 2, 2, 2)), 0.5)
    np.testing.assert_array_equal(said.x, predicted)
    np.testing.assert_array_equal(said.share, share)
    assert denoiser(lambda *_: found, "x", PATH)(found, 0.5).share is None


def test_guidance_leaves_the_variance_alone(noise: np.ndarray) -> None:
    def plain(z: np.ndarray, t: float) -> Estimate:
        return gaussian(PATH)(z, t)._replace(share=np.full_like(z, 0.25))

    for denoise in (
        guided(plain, gaussian(PATH), 2.0),
        thresholded(plain, PATH),
        rescaled(gaussian(PATH), plain, PATH),
    ):
        np.testing.assert_array_equal(denoise(noise, 0.5).share, np.full_like(noise, 0.25))


@pytest.mark.parametrize("steps", [1, 2, 4])
@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_consistency_draws_from_the_distribution(name: str, steps: int, rng: np.random.Generator) -> None:
    """With a perfect model: it says where the way of the probability-flow ODE ends."""
    path = PATHS[name]

    def ends(z: np.ndarray, t: float) -> Estimate:
        return Estimate(exact(path, z, t), z)

    z = rng.standard_normal((1, 40_000))
    found = last(consistency(ends, z, uniform(steps), path, lambda z: rng.standard_normal(z.shape)))
    assert found.mean() == pytest.approx(MEAN, abs=0.015)
    assert found.std() == pytest.approx(DEVIATION, rel=0.02)
    if steps == 1:
        np.testing.assert_allclose(found, exact(path, z, 0.0), atol=1e-9)
