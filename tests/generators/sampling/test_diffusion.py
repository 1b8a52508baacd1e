"""Samplers of diffusion models against the exact answer, and against each other."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.generators.sampling.base import last, start
from forensics.generators.sampling.diffusion import Churn, ancestral, ddim, dpmpp_2m, edm, invert
from forensics.generators.sampling.ode import euler
from forensics.generators.sampling.paths import PATHS, Path, VarianceExploding
from forensics.generators.sampling.solvers import dpmpp_2s
from forensics.generators.sampling.targets import Estimate, denoiser
from forensics.generators.sampling.times import karras, log_snr, reversed_times, uniform

from .gaussian import DEVIATION, MEAN, exact, gaussian

NAMES = sorted(PATHS)
Draw = Callable[[np.ndarray], np.ndarray]


def begun(path: Path, noise: np.ndarray, times: list[float]) -> np.ndarray:
    return path.at(times[0]).mix(np.full_like(noise, MEAN), noise)


def test_ddim_is_euler_in_sigma(noise: np.ndarray) -> None:
    path = VarianceExploding(20.0, 1.0)  # time is linear in sigma
    times = uniform(12, 0.0, 0.95)
    z = start(noise, path, 0.0)
    for one, other in zip(
        ddim(gaussian(path), z, times, path), euler(gaussian(path), z, times, path), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_ddim_gives_the_same_on_all_paths(name: str, noise: np.ndarray) -> None:
    """Only the ratio of noise to picture counts."""
    found = []
    for path in (PATHS["ve"], PATHS[name]):
        times = karras(10, path, 0.01, 20)
        at = path.at(times[0])
        found.append(last(ddim(gaussian(path), noise * at.sigma, times, path)))
    np.testing.assert_allclose(found[1], found[0], atol=1e-6)


# Song et al. 2020, eqs. 12 and 16, by hand.
def test_ddim_is_its_formula(noise: np.ndarray, drawn: Draw) -> None:
    path, (t, after), eta = PATHS["vp"], (0.4, 0.6), 0.7
    here, there = path.at(t).alpha ** 2, path.at(after).alpha ** 2
    denoise = gaussian(path)
    e = denoise(noise, t).noise
    sigma = eta * math.sqrt((1 - there) / (1 - here)) * math.sqrt(1 - here / there)
    fresh = drawn(noise)
    expected = (
        math.sqrt(there) * (noise - math.sqrt(1 - here) * e) / math.sqrt(here)
        + math.sqrt(1 - there - sigma**2) * e
        + sigma * fresh
    )
    found = last(ddim(denoise, noise, (t, after), path, eta, lambda _: fresh))
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_noise_is_needed_where_some_is_drawn(noise: np.ndarray) -> None:
    with pytest.raises(UsageError, match="drawn from"):
        last(ddim(gaussian(PATHS["vp"]), noise, (0.4, 0.6), PATHS["vp"], 0.7))


# Ho et al. 2020, algorithm 2, by hand.
@pytest.mark.parametrize("variance", ["posterior", "forward"])
def test_ancestral_is_its_formula(variance: str, noise: np.ndarray, drawn: Draw) -> None:
    path, (t, after) = PATHS["vp"], (0.5, 0.503)
    here, there = path.at(t).alpha ** 2, path.at(after).alpha ** 2
    alpha, beta = here / there, 1 - here / there
    e, fresh = gaussian(path)(noise, t).noise, drawn(noise)
    sigma = math.sqrt(beta if variance == "forward" else beta * (1 - there) / (1 - here))
    expected = (noise - beta / math.sqrt(1 - here) * e) / math.sqrt(alpha) + sigma * fresh
    found = last(ancestral(gaussian(path), noise, (t, after), path, lambda _: fresh, variance))  # type: ignore[arg-type]
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("name", ["linear", "cosine", "vp"])
def test_random_samplers_draw_from_the_distribution(name: str, rng: np.random.Generator, drawn: Draw) -> None:
    path = PATHS[name]
    noise = rng.standard_normal((1, 20_000))
    for sampler in (
        lambda z, times: ancestral(gaussian(path), z, times, path, drawn),
        lambda z, times: ddim(gaussian(path), z, times, path, 0.5, drawn),
        lambda z, times: ddim(gaussian(path), z, times, path),
    ):
        times = log_snr(150, path, 0.005, 50)
        found = last(sampler(begun(path, noise, times), times))
        assert found.mean() == pytest.approx(MEAN, abs=0.02)
        assert found.std() == pytest.approx(DEVIATION, abs=0.02)


def test_large_variance_is_larger(noise: np.ndarray) -> None:
    path, none = PATHS["vp"], np.zeros_like
    fresh = np.ones_like(noise)
    parts = [
        last(ancestral(gaussian(path), noise, (0.4, 0.5), path, lambda _: fresh, v))
        - last(ancestral(gaussian(path), noise, (0.4, 0.5), path, none, v))
        for v in ("posterior", "forward")
    ]
    assert (parts[1] > parts[0]).all()


def test_no_noise_is_drawn_at_the_end(noise: np.ndarray) -> None:
    path = PATHS["linear"]

    def never(_: np.ndarray) -> np.ndarray:
        raise AssertionError

    for steps in (
        ancestral(gaussian(path), noise, (0.9, 1.0), path, never),
        ddim(gaussian(path), noise, (0.9, 1.0), path, 1.0, never),
    ):
        np.testing.assert_allclose(last(steps), gaussian(path)(noise, 0.9).x)


@pytest.mark.parametrize("name", NAMES)
def test_last_step_is_what_the_model_says(name: str, noise: np.ndarray) -> None:
    """On all paths: without noise, and without what the steps before had found."""
    path, times, asked = PATHS[name], log_snr(8, PATHS[name]), []

    def denoise(z: np.ndarray, t: float) -> Estimate:
        asked.append(Estimate(np.full_like(z, t), z))
        return asked[-1]

    fresh = np.ones_like
    for steps in (
        ancestral(denoise, noise, times, path, fresh, "forward"),
        dpmpp_2m(denoise, noise, times, path),
        dpmpp_2s(denoise, noise, times, path),
    ):
        np.testing.assert_array_equal(last(steps), asked[-1].x)
        assert asked[-1].x.max() == times[-2]


@pytest.mark.parametrize("name", NAMES)
def test_no_noise_is_left_of_a_picture_that_is_known(name: str, noise: np.ndarray) -> None:
    """Also where the last steps are nearer to the picture than a network is asked."""
    path = PATHS[name]
    denoise = denoiser(lambda z, t: np.full_like(z, MEAN), "x", path)
    for sampler, times in ((edm, karras(18, path)), (dpmpp_2m, log_snr(18, path)), (ddim, karras(18, path))):
        np.testing.assert_allclose(last(sampler(denoise, noise, times, path)), MEAN, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_heun_of_edm_is_of_second_order(name: str, noise: np.ndarray) -> None:
    path, errors = PATHS[name], []
    for steps in (20, 40, 80):
        times = karras(steps, path, 0.05, 20, 7, clean=False)
        at = path.at(times[-1])
        z = begun(path, noise, times)
        x = exact(path, z, times[0])
        expected = (
            at.alpha * MEAN + np.sqrt((at.alpha * DEVIATION) ** 2 + at.sigma**2) * (x - MEAN) / DEVIATION
        )
        errors.append(np.abs(last(edm(gaussian(path), z, times, path)) - expected).max())
    assert np.log2(errors[1] / errors[2]) == pytest.approx(2, abs=0.3)


def test_churn_keeps_the_distribution(rng: np.random.Generator, drawn: Draw) -> None:
    path = PATHS["ve"]
    noise = rng.standard_normal((1, 20_000))
    times = karras(60, path, 0.005, 50)
    plain = last(edm(gaussian(path), begun(path, noise, times), times, path))
    found = last(edm(gaussian(path), begun(path, noise, times), times, path, Churn(30.0, drawn)))
    assert found.mean() == pytest.approx(MEAN, abs=0.02)
    assert found.std() == pytest.approx(DEVIATION, abs=0.02)
    assert abs(np.corrcoef(plain[0], found[0])[0, 1]) < 0.9  # it is another draw
    nowhere = Churn(30.0, drawn, between=(1e3, 1e4))
    again = last(edm(gaussian(path), begun(path, noise, times), times, path, nowhere))
    np.testing.assert_array_equal(again, plain)


def test_edm_needs_some_picture_to_start_with(noise: np.ndarray) -> None:
    path = PATHS["linear"]
    with pytest.raises(UsageError, match="some picture"):
        last(edm(gaussian(path), noise, uniform(5), path))


@pytest.mark.parametrize("name", NAMES)
def test_multistep_beats_ddim_at_ten_steps(name: str, noise: np.ndarray) -> None:
    path = PATHS[name]
    times = log_snr(10, path, 0.01, 20)
    z = begun(path, noise, times)
    expected = exact(path, z, times[0])
    second, first = (
        np.abs(last(s(gaussian(path), z, times, path)) - expected).max() for s in (dpmpp_2m, ddim)
    )
    assert second < 0.7 * first


def test_multistep_is_of_second_order(noise: np.ndarray) -> None:
    path, errors = PATHS["cosine"], []
    for steps in (20, 40, 80):
        times = log_snr(steps, path, 0.05, 20)[:-1]
        z = begun(path, noise, times)
        at, x = path.at(times[-1]), exact(path, z, times[0])
        expected = (
            at.alpha * MEAN + np.sqrt((at.alpha * DEVIATION) ** 2 + at.sigma**2) * (x - MEAN) / DEVIATION
        )
        errors.append(np.abs(last(dpmpp_2m(gaussian(path), z, times, path)) - expected).max())
    assert np.log2(errors[1] / errors[2]) == pytest.approx(2, abs=0.4)


def test_multistep_starts_from_noise_alone(noise: np.ndarray) -> None:
    path = PATHS["linear"]
    found = last(dpmpp_2m(gaussian(path), noise, uniform(30), path))
    np.testing.assert_allclose(found, exact(path, noise, 0.0), atol=0.05)


# Survey eq. 130 by hand, with cumulative alphas.
def test_inversion_is_its_formula(noise: np.ndarray) -> None:
    path, (t, after) = PATHS["vp"], (0.8, 0.75)
    here, there = path.at(t).alpha ** 2, path.at(after).alpha ** 2
    e = gaussian(path)(noise * math.sqrt(here), t).noise
    expected = math.sqrt(there) * (
        noise + (math.sqrt((1 - there) / there) - math.sqrt((1 - here) / here)) * e
    )
    found = last(invert(gaussian(path), noise, (t, after), path))
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("name", ["linear", "cosine", "vp"])
def test_inversion_then_reconstruction_returns_the_picture(name: str, noise: np.ndarray) -> None:
    path, x, errors = PATHS[name], MEAN + DEVIATION * noise, []
    for steps in (50, 400, 4000):
        times = log_snr(steps, path, 0.002, 20)
        back = last(invert(gaussian(path), x, reversed_times(times[:-1]), path))
        again = last(ddim(gaussian(path), back, times, path))
        errors.append(float(np.sqrt(np.mean((again - x) ** 2))))
    assert errors[2] < errors[1] < errors[0]
    assert errors[2] < 1e-3


def test_inversion_with_a_known_noise_is_exact(noise: np.ndarray, rng: np.random.Generator) -> None:
    path, x, e = PATHS["cosine"], rng.normal(size=noise.shape), noise

    def known(z: np.ndarray, t: float) -> Estimate:
        return Estimate((z - path.at(t).sigma * e) / path.at(t).alpha, e)

    times = uniform(10, 0.1, 0.999)
    back = last(invert(known, x, reversed_times(times), path))
    again = last(ddim(known, back, times, path)) / path.at(times[-1]).alpha
    np.testing.assert_allclose(again, x, atol=1e-9)
