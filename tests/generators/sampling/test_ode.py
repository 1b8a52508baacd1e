"""Solvers converge to the exact solution, each at its order."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from forensics.errors import UsageError
from forensics.generators.sampling.base import last, start
from forensics.generators.sampling.ode import euler, heun, midpoint, rk45
from forensics.generators.sampling.paths import PATHS, Linear
from forensics.generators.sampling.targets import Estimate, velocity
from forensics.generators.sampling.times import uniform

from .gaussian import exact, gaussian

FROM, TO = 0.15, 0.9  # the ends of some paths are steep


def error(sampler: Callable, name: str, noise: np.ndarray, steps: int) -> float:
    path = PATHS[name]
    z = path.at(FROM).mix(np.zeros_like(noise), noise)
    found = last(sampler(gaussian(path), z, uniform(steps, FROM, TO), path))
    return float(np.abs(found - exact(path, z, FROM, TO)).max())


@pytest.mark.parametrize("name", ["linear", "cosine", "vp"])
@pytest.mark.parametrize(("sampler", "order"), [(euler, 1), (heun, 2), (midpoint, 2)])
def test_errors_fall_at_the_order(sampler: Callable, order: int, name: str, noise: np.ndarray) -> None:
    errors = [error(sampler, name, noise, steps) for steps in (40, 80, 160)]
    for more, fewer in pairwise(errors):
        assert np.log2(more / fewer) > order - 0.25  # on the straight path, the midpoint is of the third


@pytest.mark.parametrize("name", ["linear", "cosine", "vp"])
def test_adaptive_steps_keep_the_tolerance(name: str, noise: np.ndarray) -> None:
    errors = [
        error(lambda d, z, t, p, tol=tol: rk45(d, z, t, p, tol), name, noise, 1) for tol in (1e-3, 1e-5, 1e-7)
    ]
    assert errors[0] < 1e-2
    assert errors[1] < 1e-4
    assert errors[2] < 1e-6


def test_adaptive_steps_are_those_of_scipy_nearly(noise: np.ndarray) -> None:
    path, shape = Linear(), (1, 12)
    z = noise.reshape(-1)[:12].reshape(shape)
    denoise = gaussian(path)

    def field(t: float, flat: np.ndarray) -> np.ndarray:
        return velocity(denoise(flat.reshape(shape), t), path.at(t)).ravel()

    expected = solve_ivp(field, (0, 1), z.ravel(), method="RK45", rtol=1e-8, atol=1e-8).y[:, -1]
    taken = list(rk45(denoise, z, uniform(1), path, 1e-7))
    np.testing.assert_allclose(taken[-1].ravel(), expected, atol=1e-6)
    assert len(taken) < 60


def test_adaptive_steps_give_up(noise: np.ndarray) -> None:
    path = Linear()

    def rough(z: np.ndarray, t: float) -> Estimate:
        return Estimate(z, z * np.nan)

    with pytest.raises(UsageError, match="not solved"):
        last(rk45(rough, noise, uniform(1), path))


@pytest.mark.parametrize("sampler", [euler, heun, midpoint])
def test_straight_paths_need_one_step(sampler: Callable, noise: np.ndarray) -> None:
    x = np.full_like(noise, 0.3)

    def perfect(z: np.ndarray, t: float) -> Estimate:
        return Estimate(x, noise)

    np.testing.assert_allclose(last(sampler(perfect, noise, uniform(1), Linear())), x, atol=1e-12)


def test_way_back_ends_where_it_began(noise: np.ndarray) -> None:
    path = PATHS["linear"]
    there = last(heun(gaussian(path), noise, uniform(200, 0.0, 0.999), path))
    back = last(heun(gaussian(path), there, uniform(200, 0.999, 0.0), path))
    np.testing.assert_allclose(back, noise, atol=1e-3)


def test_every_step_is_seen(noise: np.ndarray) -> None:
    path = Linear()
    seen = list(euler(gaussian(path), start(noise, path, 0.0), uniform(5), path))
    assert len(seen) == 5
    assert seen[-1].std() < seen[0].std()


def test_times_outside_are_refused(noise: np.ndarray) -> None:
    with pytest.raises(UsageError, match="between 0"):
        last(euler(gaussian(Linear()), noise, [0.0, 1.2], Linear()))
    with pytest.raises(UsageError, match="two times"):
        last(euler(gaussian(Linear()), noise, [0.0], Linear()))
